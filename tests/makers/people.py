"""Members of staff for tests. Ada coordinates, Tomas installs, Mallory is a stranger."""

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform import clock
from concierge.platform.database import db


def user(
    *,
    name: str = "Ada Lind",
    email: str = "",
    role: Role = Role.CONCIERGE,
    state: AccessState = AccessState.ACTIVE,
    zone: str = "Europe/Zurich",
    language: str = "en",
) -> User:
    """A person, added to the session; the password is not known to anybody."""
    person = User(
        name=name,
        email=email or f"{name.split()[0].lower()}@concierge.example",
        role=role,
        state=state,
        zone=zone,
        language=language,
        password_hash="!" if state is not AccessState.INVITED else None,
        created_at=clock.now(),
    )
    db.session.add(person)
    db.session.flush()
    return person

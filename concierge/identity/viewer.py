"""Who is looking: one frozen value, however they came in."""

from dataclasses import dataclass

from concierge.identity.permissions import MAY, Permission, Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at something, with what they may do, where they live and what they read."""

    user_id: int
    name: str
    role: Role
    zone: str
    language: str
    session_id: int | None = None
    keys_off: bool = False
    """Whether single letters do nothing on a page."""

    def may(self, permission: Permission) -> bool:
        """Whether the viewer's role carries the permission."""
        return permission in MAY[self.role]

    @property
    def sees_all_projects(self) -> bool:
        """Technicians see the projects they have a visit on; everybody else sees all."""
        return self.role is not Role.TECHNICIAN

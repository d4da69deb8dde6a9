"""What happened to people's access."""

from dataclasses import dataclass

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonInvited(Event):
    """Somebody was given access and gets a letter with a secret link."""

    user_id: int
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdded(Event):
    """Somebody was given access with a password of their own, without a letter."""

    user_id: int
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetAsked(Event):
    """Somebody asked for a new password and gets a letter with a secret link."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChosen(Event):
    """A person set a password; every other session of theirs ended."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(Event):
    """A person works in another role from now on; their sessions ended."""

    user_id: int
    role_before: str
    role_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDisabled(Event):
    """A person can no longer sign in; their sessions ended."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRestored(Event):
    """A person can sign in again."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanged(Event):
    """A person's name, time zone or language changed."""

    user_id: int
    name: str
    zone: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A person signed in."""

    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsRevoked(Event):
    """Sign-ins of a person were ended by them or for them."""

    user_id: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterStopped(Event):
    """Somebody stopped a letter before it left."""

    letter_id: int
    key: str
    subject: str
    to_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLetGo(Event):
    """Somebody sent a letter that was stopped before, or did not wait until it left by itself."""

    letter_id: int
    key: str
    subject: str
    to_name: str
    was_stopped: bool

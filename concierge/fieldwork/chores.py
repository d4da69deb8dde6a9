"""What the field does when an hour comes: photos that nothing came for are forgotten."""

from datetime import datetime

from concierge.fieldwork.actions import photos


def forget_photos(at: datetime) -> None:
    """Remove photos whose change has not come for a month."""
    photos.forget_old(at)

"""Forms about people and their access."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Email, EqualTo, InputRequired, Length, ValidationError

from concierge.identity import passwords
from concierge.identity.permissions import Role
from concierge.platform.forms import Form

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The languages of the interface, each in its own words."""

ROLES = {
    Role.CONCIERGE: _l("Concierge"),
    Role.DISPATCHER: _l("Dispatcher"),
    Role.TECHNICIAN: _l("Technician"),
    Role.MANAGER: _l("Manager"),
    Role.ADMINISTRATOR: _l("Administrator"),
}
"""Each role in a word."""


class SignIn(Form):
    """An address and a password."""

    email = StringField(
        _l("Mail address"), validators=[InputRequired(_l("Enter your mail address.")), Length(max=254)]
    )
    password = PasswordField(
        _l("Password"), validators=[InputRequired(_l("Enter your password.")), Length(max=400)]
    )
    next = HiddenField()


class AskForPassword(Form):
    """A mail address that a link is sent to."""

    email = StringField(
        _l("Mail address"),
        validators=[
            InputRequired(_l("Enter your mail address.")),
            Email(_l("Enter a mail address, such as ada@example.com.")),
            Length(max=254),
        ],
    )


class ChoosePassword(Form):
    """A new password, twice."""

    password = PasswordField(
        _l("New password"),
        description=_l("At least 12 characters. Three or four unrelated words are good."),
        validators=[
            InputRequired(_l("Choose a password.")),
            Length(max=400, message=_l("Use at most 400 characters.")),
        ],
    )
    again = PasswordField(
        _l("New password, once more"),
        validators=[
            InputRequired(_l("Type the password once more.")),
            EqualTo("password", _l("Type the same password twice.")),
        ],
    )

    about: tuple[str, ...] = ()
    """What others know of the person; a password must be more than that."""

    def validate_password(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a password that is easy to guess.

        :raises ValidationError: when it is.
        """
        match passwords.weakness(field.data or "", about=self.about):
            case "short":
                raise ValidationError(_("Use at least %(n)s characters.", n=passwords.LEAST))
            case "same":
                raise ValidationError(_("Use more different characters."))
            case "known":
                raise ValidationError(_("Use more than your name and address."))


class ChangePassword(ChoosePassword):
    """A new password for somebody who knows the old one."""

    current = PasswordField(
        _l("Current password"),
        validators=[InputRequired(_l("Enter your current password.")), Length(max=400)],
    )


class Profile(Form):
    """What a person is called, where they live, what they read."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Enter a name.")), Length(max=120)])
    zone = SelectField(
        _l("Time zone"), description=_l("Times are shown in this zone, unless a place is named.")
    )
    language = SelectField(
        _l("Language"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()]
    )
    phone = StringField(_l("Phone"), validators=[Length(max=40)])
    keys_off = BooleanField(
        _l("Switch single keys off"),
        description=_l("Letters such as J, E or G then do nothing by themselves; Ctrl K stays."),
    )
    invited_by_mail = BooleanField(
        _l("Send me each visit by mail"),
        description=_l(
            "With buttons to accept or decline. Without it, only changes within two days come by mail, "
            "when your calendar has not fetched them within the hour."
        ),
    )
    version = HiddenField()

    def __init__(self, **values: Any) -> None:  # Any: what FlaskForm takes
        super().__init__(**values)
        self.zone.choices = zone_choices()


class Invitation(Form):
    """Somebody who gets access."""

    email = StringField(
        _l("Mail address"),
        validators=[
            InputRequired(_l("Enter a mail address.")),
            Email(_l("Enter a mail address, such as tomas@example.com.")),
            Length(max=254),
        ],
    )
    name = StringField(_l("Name"), validators=[InputRequired(_l("Enter a name.")), Length(max=120)])
    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role.value, word) for role, word in ROLES.items()],
        validators=[InputRequired(_l("Choose a role."))],
    )
    zone = SelectField(_l("Time zone"))
    language = SelectField(
        _l("Language"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()]
    )

    def __init__(self, **values: Any) -> None:  # Any: what FlaskForm takes
        super().__init__(**values)
        self.zone.choices = zone_choices()


class ChangeRole(Form):
    """The role a person works in from now on."""

    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role.value, word) for role, word in ROLES.items()],
        validators=[InputRequired(_l("Choose a role."))],
    )


class Nothing(Form):
    """A button: only its token counts."""


@cache
def zone_choices() -> list[SelectChoice]:
    """The time zones that people live in, by name."""
    places = {"Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
    named = sorted(zone for zone in available_timezones() if zone.split("/")[0] in places)
    return [SelectChoice(zone, zone.replace("_", " ")) for zone in ("UTC", *named)]

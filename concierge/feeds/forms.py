"""Forms about calendar addresses: what one shows, and for which device."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from concierge.feeds.plan import Choice
from concierge.feeds.states import CANCELLED_DAYS, HORIZONS, OFFERED, Scope, Shows
from concierge.platform.forms import Form
from concierge.platform.speech import AUTONYMS


class AddressForm(Form):
    """One calendar address: the device it is for, what it shows, and how."""

    device = StringField(
        _l("Device or program"),
        description=_l(
            "What you call it, such as “Phone” or “Outlook at work”. With an address for each you can end one alone."
        ),
        validators=[InputRequired(_l("Name the device, such as “Phone”.")), Length(max=80)],
    )
    what = SelectField(_l("What it shows"))
    titles = RadioField(
        _l("How much it tells"),
        choices=[
            SelectChoice("full", _l("Customer, place and what is to be done")),
            SelectChoice("busy", _l("Only “Busy”, for a calendar that others look at")),
        ],
        default="full",
    )
    has_alarms = BooleanField(_l("Remind me before each entry"))
    cancelled_days = SelectField(
        _l("Cancelled entries stay, marked as cancelled"),
        coerce=int,
        choices=[
            SelectChoice(0, _l("not at all")),
            SelectChoice(7, _l("for 7 days")),
            SelectChoice(30, _l("for 30 days")),
        ],
        default=7,
    )
    horizon_days = SelectField(
        _l("How far ahead"),
        coerce=int,
        choices=[
            SelectChoice(60, _l("2 months")),
            SelectChoice(180, _l("6 months")),
            SelectChoice(400, _l("13 months")),
        ],
        default=400,
    )
    language = SelectField(
        _l("Language"),
        choices=[
            SelectChoice("", _l("as I read Concierge")),
            *(SelectChoice(code, name) for code, name in AUTONYMS.items()),
        ],
    )

    def offer(self, choices: Sequence[tuple[Choice, str]]) -> None:
        """Say what there is to choose from, each with its words."""
        self.what.choices = [SelectChoice(key_of(choice), words) for choice, words in choices]

    @property
    def choice(self) -> Choice:
        """What was chosen. Only for a form without errors."""
        what = choice_from(self.what.data or "")
        assert what is not None  # noqa: S101 # the field takes only what was offered
        is_free_busy = what.shows is Shows.FREE_BUSY
        return Choice(
            shows=what.shows,
            scope=what.scope,
            scope_key=what.scope_key,
            language=self.language.data or "",
            is_busy_only=self.titles.data == "busy" and not is_free_busy,
            has_alarms=bool(self.has_alarms.data) and not is_free_busy,
            cancelled_days=self.cancelled_days.data,
            horizon_days=self.horizon_days.data,
        )

    def fill(self, choice: Choice, device: str) -> None:
        """Show an address as it is."""
        self.device.data = device
        self.what.data = key_of(choice)
        self.titles.data = "busy" if choice.is_busy_only else "full"
        self.has_alarms.data = choice.has_alarms
        self.cancelled_days.data = choice.cancelled_days
        self.horizon_days.data = choice.horizon_days
        self.language.data = choice.language


class ContactAddressForm(Form):
    """A calendar of a project for somebody at the customer."""

    contact_id = SelectField(_l("For whom"), coerce=int, validators=[InputRequired(_l("Choose a person."))])
    shows = SelectField(
        _l("What it shows"),
        choices=[
            SelectChoice(Shows.VISITS.value, _l("Our visits")),
            SelectChoice(Shows.MILESTONES.value, _l("The milestones that customers see")),
        ],
    )


def key_of(choice: Choice) -> str:
    """A calendar as the value of a form's field."""
    return f"{choice.shows.value}|{choice.scope.value}|{choice.scope_key}"


def choice_from(key: str) -> Choice | None:
    """The calendar that a value stands for; None when there is no such calendar."""
    shows, _bar, rest = key.partition("|")
    scope, _bar, scope_key = rest.partition("|")
    return choice_of(shows, scope, scope_key)


def choice_of(shows: str, scope: str, scope_key: str) -> Choice | None:
    """The calendar that words in an address ask for; None when there is no such calendar."""
    try:
        wanted = Choice(shows=Shows(shows), scope=Scope(scope), scope_key=scope_key[:80])
    except ValueError:
        return None
    return wanted if wanted.scope in OFFERED[wanted.shows] else None


def options_in_words(choice: Choice) -> list[str]:
    """How an address shows what it shows, where that is not as usual."""
    said = []
    if choice.is_busy_only:
        said.append(_("only “Busy”"))
    if choice.has_alarms:
        said.append(_("with reminders"))
    if choice.shows is not Shows.FREE_BUSY:
        said.append(
            {
                CANCELLED_DAYS[0]: _("cancelled entries leave at once"),
                CANCELLED_DAYS[1]: _("cancelled entries stay 7 days"),
                CANCELLED_DAYS[2]: _("cancelled entries stay 30 days"),
            }[choice.cancelled_days]
        )
    said.append(
        {
            HORIZONS[0]: _("2 months ahead"),
            HORIZONS[1]: _("6 months ahead"),
            HORIZONS[2]: _("13 months ahead"),
        }[choice.horizon_days]
    )
    if choice.language:
        said.append({"en": "English", "de": "Deutsch"}[choice.language])
    return said

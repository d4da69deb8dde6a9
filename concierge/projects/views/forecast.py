"""How well the forecast does: coverage, groups of past cases, and how many each has."""

from types import SimpleNamespace as Shown

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import MilestoneKind
from concierge.catalogue.words import milestone_words
from concierge.core.forecast import ENOUGH_CASES, PERCENTILES, Level
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform.words import day, instant, listed
from concierge.projects.models import Backtest
from concierge.projects.queries import chances
from concierge.projects.states import Party
from concierge.projects.views.blueprint import bp
from concierge.projects.words import level_words, party_words


@bp.get("/forecast")
@requires(Permission.SEE_PROJECTS)
def forecast() -> str:
    """Show how often what was forecast came true, and what the forecast is taken from."""
    tested = chances.latest_backtest()
    whole = next((one for one in tested if one.group == ""), None)
    groups = chances.groups()
    return render_template(
        "projects/forecast.html",
        said=_sentence(whole),
        whole=_coverage(whole) if whole else [],
        cases=whole.cases if whole else 0,
        without_past=int(whole.detail.get("without_past", 0)) if whole else 0,
        tested_at=instant(whole.ran_at, viewer().zone) if whole else "",
        is_few=whole is not None and whole.cases < ENOUGH_CASES,
        rows=[_row(one) for one in tested if one.group],
        groups=[_group(one) for one in groups],
        total=sum(one.cases for one in groups),
        nights=[_night(one) for one in chances.backtests_of_all(most=14)],
        enough=ENOUGH_CASES,
    )


def _sentence(whole: Backtest | None) -> str:
    if whole is None:
        return _("The forecast has not been compared with finished projects yet; that happens every night.")
    if not whole.cases:
        return _(
            "No finished project could be compared yet: when its plan was approved, too few milestones had "
            "been reached to learn from."
        )
    return ngettext(
        "Of %(num)s finished project, %(p80)s was handed over by the day that the forecast gave eight times "
        "out of ten when its plan was approved.",
        "Of %(num)s finished projects, %(p80)s were handed over by the day that the forecast gave eight times "
        "out of ten when their plans were approved.",
        whole.cases,
        p80=whole.within_p80,
    )


def _coverage(one: Backtest) -> list[Shown]:
    found = (one.within_p50, one.within_p80, one.within_p90)
    return [
        Shown(
            should=share,
            within=within,
            of=one.cases,
            percent=_percent(within, one.cases),
            state=_state(share, within, one.cases),
        )
        for share, within in zip(PERCENTILES, found, strict=True)
    ]


def _state(share: int, within: int, cases: int) -> str:
    """Whether the share that came true is near what was said, as far as so many cases can tell."""
    if cases < ENOUGH_CASES:
        return "idle"
    # Two standard deviations of a share over so many cases.
    margin = 2 * (share / 100 * (1 - share / 100) / cases) ** 0.5
    off = within / cases - share / 100
    return "ok" if abs(off) <= margin else "warn"


def _percent(part: int, whole: int) -> str:
    return _("%(percent)s %%", percent=round(100 * part / whole)) if whole else "–"


def _row(one: Backtest) -> Shown:
    kind, _dot, party = one.group.partition(" · ")
    levels = one.detail.get("levels", {})
    return Shown(
        name=_milestones(MilestoneKind(kind)),
        party=party_words()[Party(party)],
        cases=one.cases,
        shares=[_percent(part, one.cases) for part in (one.within_p50, one.within_p80, one.within_p90)],
        used=listed(
            _("%(level)s (%(count)s)", level=level_words()[Level(level)], count=count)
            for level, count in sorted(levels.items(), key=lambda item: -item[1])
        ),
    )


def _group(one: chances.Group) -> Shown:
    return Shown(
        name=_milestones(one.kind),
        party=party_words()[one.party],
        cases=one.cases,
        median=_taken(one.median, is_moment=one.is_moment),
        high=_taken(one.high, is_moment=one.is_moment),
        models=one.models,
        used=_("its own cases") if one.cases >= ENOUGH_CASES else _("a wider group, for there are too few"),
    )


def _milestones(kind: MilestoneKind) -> str:
    return _("Other milestones") if kind is MilestoneKind.OTHER else milestone_words()[kind]


def _taken(value: float, *, is_moment: bool) -> str:
    if is_moment:
        return ngettext("%(num)s day of waiting", "%(num)s days of waiting", round(value))
    return _("%(percent)s %% of the plan", percent=round(100 * value))


def _night(one: Backtest) -> Shown:
    shares = [_percent(part, one.cases) for part in (one.within_p50, one.within_p80, one.within_p90)]
    return Shown(on=day(one.ran_at), cases=one.cases, shares=shares)

"""The portfolio: the projects that a viewer may see as rows, as lines on one axis, or as a board by stage."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.speech import gettext as _
from concierge.platform.words import country, day, localized
from concierge.projects import queries
from concierge.projects.queries.filtering import COLUMNS, FIELD, GROUPS, ME, NOBODY, Filter
from concierge.projects.states import Health
from concierge.projects.verdict import LOOKS, health_words
from concierge.projects.views import showing
from concierge.projects.views.blueprint import bp


@bp.get("/projects")
@requires(Permission.SEE_PROJECTS)
def projects() -> str | Response:
    """List the projects that the viewer may see."""
    wanted = asked()
    counts = queries.counts_by_health(viewer())
    words, today = showing.Words(), clock.today(viewer().zone)
    context: dict[str, Any] = {  # Any: values for the template
        "wanted": wanted,
        "counts": counts,
        "late": counts.get(Health.LATE, 0),
        "risky": counts.get(Health.AT_RISK, 0),
        "open_count": sum(counts.values()),
        "parts": _parts(counts),
        "chips": _chips(wanted, words),
        "selects": _selects(wanted, words),
        "more": _more(wanted) if _shows_more(wanted) else None,
        "address": wanted.address,
        "most": queries.MOST_COUNTED,
        "hidden": _hidden(wanted),
    }
    if wanted.view == "board":
        found = showing.columns(queries.board(viewer(), wanted), today=today, words=words)
        return render_template("projects/board.html", columns=found, **context)
    page = queries.projects_page(viewer(), wanted)
    context |= {"page": page, "total": showing.counted(page.total)}
    if wanted.view == "lines":
        drawn = showing.picture(page.projects, today=today, words=words) if page.projects else None
        return render_template("projects/lines.html", picture=drawn, **context)
    fields = showing.fields_of(wanted.shown_columns)
    groups = list(dict.fromkeys(row.group for row in page.projects)) if wanted.group else []
    rows = showing.rows(
        page.projects,
        wanted.shown_columns,
        fields=fields,
        today=today,
        words=words,
        group=wanted.group,
        counts=queries.group_counts(viewer(), wanted, groups),
    )
    return render_template(
        "projects/list.html",
        rows=rows,
        heads=showing.heads(wanted.shown_columns, fields, words),
        looks={
            health.value: (*LOOKS[health], words.health[health])
            for health in {row.health for row in page.projects}
        },
        may_act=viewer().may(Permission.EDIT_PROJECTS),
        **context,
    )


@bp.get("/accounts/<int:account_id>/projects")
@requires(Permission.SEE_ACCOUNTS)
def of_account(account_id: int) -> str:
    """The projects of one account, as a part of its page."""
    rows = queries.projects_of_account(viewer(), account_id)
    return render_template("projects/_of_account.html", projects=rows)


def asked() -> Filter:
    """The filter that this page's address says."""
    return queries.filter_of(dict(request.args.lists()))


def _parts(counts: dict[Health, int]) -> list[tuple[str, int, str, str]]:
    return [
        (
            LOOKS[health][0],
            counts[health],
            f"{showing.counted(counts[health])} {health_words(health).lower()}",
            f"/projects?{urlencode({'health': health.value})}",
        )
        for health in (Health.ON_TRACK, Health.DRAFT, Health.ON_HOLD, Health.AT_RISK, Health.LATE)
        if counts.get(health)
    ]


def _selects(wanted: Filter, words: showing.Words) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    healths = [("", _("Open projects")), ("all", _("All projects"))]
    healths += [(health.value, word) for health, word in words.health.items()]
    chosen = wanted.health[0] if len(wanted.health) == 1 else ""
    is_all = not wanted.health and not wanted.only_open
    selects = [
        ("health", _("Health"), healths, "all" if is_all and not wanted.text else chosen),
        (
            "stage",
            _("Stage"),
            [("", _("Every stage")), *((stage.value, word) for stage, word in words.stage.items())],
            wanted.stage,
        ),
    ]
    if wanted.view == "board":
        return selects
    sorts = [
        ("slip", _("Most days lost first")),
        ("handover", _("Next handover first")),
        ("chance", _("Least chance first")),
        ("stage", _("Longest in stage first")),
        ("name", _("By name")),
        ("newest", _("Newest first")),
    ]
    selects.append(("sort", _("Sort"), sorts, wanted.sort if wanted.sort != "slip" else ""))
    if wanted.view == "list":
        groups = {
            "health": _("By health"),
            "stage": _("By stage"),
            "concierge": _("By concierge"),
            "account": _("By account"),
            "country": _("By country"),
            "product": _("By instrument"),
        }
        choices = [("", _("No groups")), *((name, groups[name]) for name in GROUPS)]
        selects.append(("group", _("Groups"), choices, wanted.group))
    return selects


def _shows_more(wanted: Filter) -> bool:
    """Whether the filters that are needed less often are shown."""
    return "more" in request.args or any(
        (
            wanted.concierge not in {"", ME},
            wanted.country,
            wanted.product_id is not None,
            wanted.held,
            wanted.below is not None,
            wanted.from_on,
            wanted.to_on,
            wanted.field,
        )
    )


def _more(wanted: Filter) -> dict[str, Any]:  # Any: values for the template
    """The filters that are needed less often, with what they can be set to."""
    choices = queries.choices()
    people = [("", _("Any concierge")), (ME, _("Mine")), (NOBODY, _("Nobody’s"))]
    people += [(str(person.id), person.name) for person in queries.concierges()]
    countries = [("", _("Any country")), *((code, country(code)) for code in choices.countries)]
    products = [("", _("Any instrument")), *((str(number), name) for number, name in choices.products)]
    fields = [("", _("Any field")), *((key, localized(name)) for key, name in choices.fields)]
    own = [(FIELD + key, localized(name)) for key, name in choices.fields]
    labels = showing.column_words()
    return {
        "selects": [
            ("concierge", _("Concierge"), people, wanted.concierge),
            ("country", _("Country"), countries, wanted.country),
            ("product", _("Instrument"), products, wanted.product_id or ""),
            (
                "held",
                _("Hold"),
                [("", _("Held or not")), ("yes", _("On hold")), ("no", _("Not held"))],
                wanted.held,
            ),
        ],
        "fields": fields if len(fields) > 1 else [],
        "columns": [(name, labels[name], name in wanted.shown_columns) for name in COLUMNS]
        + [(name, text, name in wanted.shown_columns) for name, text in own],
    }


def _hidden(wanted: Filter) -> list[tuple[str, str]]:
    """What stays in the address when a filter is chosen, beside what the form has fields for."""
    kept = [("view", wanted.view)] if wanted.view != "list" else []
    if wanted.account_id is not None:
        kept.append(("account", str(wanted.account_id)))
    if not _shows_more(wanted):
        kept += [("columns", name) for name in wanted.columns]
        kept += [("concierge", wanted.concierge)] if wanted.concierge else []
    return kept


def _chips(wanted: Filter, words: showing.Words) -> list[tuple[str, str]]:
    """The filters in force, each with the address without it."""
    chips = [(f"“{wanted.text}”", {"text": "", "only_open": not wanted.health})] if wanted.text else []
    said: list[tuple[str, dict[str, Any]]] = [*chips]  # Any: fields of a filter
    for value in wanted.health:
        rest = tuple(other for other in wanted.health if other != value)
        said.append(
            (words.health[Health(value)], {"health": rest, "only_open": not rest and not wanted.text})
        )
    if wanted.stage:
        stage = next(word for kind, word in words.stage.items() if kind.value == wanted.stage)
        said.append((stage, {"stage": ""}))
    if wanted.concierge:
        said.append((_concierge(wanted.concierge), {"concierge": ""}))
    if wanted.country:
        said.append((words.country(wanted.country), {"country": ""}))
    if wanted.account_id is not None:
        name = queries.account_named(viewer(), wanted.account_id) or _("One account")
        said.append((name, {"account_id": None}))
    if wanted.product_id is not None:
        said.append((_("One instrument"), {"product_id": None}))
    if wanted.held:
        said.append((_("On hold") if wanted.held == "yes" else _("Not held"), {"held": ""}))
    if wanted.below is not None:
        said.append((_("Chance below %(percent)s %%", percent=wanted.below), {"below": None}))
    if wanted.from_on:
        said.append((_("Handover from %(on)s", on=day(wanted.from_on)), {"from_on": None}))
    if wanted.to_on:
        said.append((_("Handover until %(on)s", on=day(wanted.to_on)), {"to_on": None}))
    if wanted.field:
        said.append((f"{wanted.field}: {wanted.value or _('anything')}", {"field": "", "value": ""}))
    return [(text, "/projects?" + wanted.address(**changes, page=1)) for text, changes in said]


def _concierge(who: str) -> str:
    if who == ME:
        return _("Mine")
    if who == NOBODY:
        return _("Nobody’s")
    return next((person.name for person in queries.concierges() if str(person.id) == who), _("One concierge"))

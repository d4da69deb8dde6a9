"""How all calendar addresses are doing, and what the devices of those who go on a visit know of it."""

from flask import make_response, render_template, request, url_for

from concierge.feeds import health, reach
from concierge.feeds.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.visits import queries as visits


@bp.get("/settings/feeds")
@requires(Permission.MANAGE_FEEDS)
def all_feeds() -> Page:
    """Every calendar address: how it is doing, not what it is."""
    state, sort = request.args.get("state", ""), request.args.get("sort", "")
    program, text = request.args.get("program", "")[:200], request.args.get("q", "").strip()[:100]
    asked = request.args.get("page", "")
    number = (
        min(max(int(asked), 1), 100_000) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    )
    wanted = {
        "state": state if state in health.STATES else "",
        "program": program,
        "text": text,
        "sort": sort if sort in health.SORTS else "name",
    }
    page = health.page(**wanted, number=number, at=clock.now())
    said = {"state": wanted["state"], "program": program, "q": text, "sort": wanted["sort"]}
    kept = {name: value for name, value in said.items() if value and (name, value) != ("sort", "name")}
    return render_template(
        "feeds/all_feeds.html",
        page=page,
        number=number,
        wanted=wanted,
        kept=kept,
        without={gone: _address(kept, gone) for gone in kept},
        page_url=_address(kept, "page").replace("{", "%7B").replace("}", "%7D")
        + ("&" if kept else "?")
        + "page={page}",
        rules=health.last_rules(),
        zone=viewer().zone,
    )


@bp.get("/visits/<int:visit_id>/calendars")
@requires(Permission.SCHEDULE_VISITS)
def of_visit(visit_id: int) -> Page:
    """What the devices of everybody who goes know of a visit; as a part of its page, or as a page."""
    visit = visits.visit_for(viewer(), visit_id)
    is_part = request.headers.get("HX-Request") == "true"
    template = "feeds/_of_visit.html" if is_part else "feeds/of_visit.html"
    page = render_template(
        template, visit=visit, reached=reach.of_visit(visit_id, at=clock.now()), zone=viewer().zone
    )
    answer = make_response(page)
    answer.headers["Vary"] = "HX-Request"
    return answer


def _address(kept: dict[str, str], gone: str) -> str:
    """The page's address without one of the choices."""
    return url_for("feeds.all_feeds", **{name: value for name, value in kept.items() if name != gone})  # type: ignore[arg-type]  # Flask's own keywords are other names

"""Writing the next version of a playbook: its draft on one page, drawn as it is edited."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.catalogue import checking, contents, forms, queries, toml_file, words
from concierge.catalogue.actions import drafting
from concierge.catalogue.actions import playbooks as publishing
from concierge.catalogue.actions.drafting import EditedMeanwhile
from concierge.catalogue.actions.standard import KEY as STANDARD
from concierge.catalogue.contents import Contents, Part, Texts, VisitPart
from concierge.catalogue.models import PlaybookVersion
from concierge.catalogue.states import PlaybookState
from concierge.catalogue.views import picture, telling
from concierge.catalogue.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.clashes import Clash, Met, read_loaded
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import instant, localized

Page = str | Response | tuple[str, int]

EDIT = Permission.EDIT_CATALOGUE


@dataclass(frozen=True, slots=True)
class Draft:
    """An open draft with what its pages show."""

    version: PlaybookVersion
    contents: Contents
    order: picture.SampleOrder

    @property
    def key(self) -> str:
        """The playbook's key."""
        return self.contents.key


@dataclass(frozen=True, slots=True)
class Conflict:
    """One value that somebody else changed, with both."""

    label: str
    theirs: str
    yours: str


@bp.route("/playbooks/new", methods=["GET", "POST"])
@requires(EDIT)
def new_playbook() -> Page:
    """Begin a playbook from nothing."""
    form = forms.NewPlaybook()
    if request.method != "POST":
        return render_template("catalogue/new.html", form=form)
    if not form.validate_on_submit():
        return show_again("catalogue/new.html", form)
    name = form.name.data or ""
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            key = form.key.data or drafting.key_from(name, taken=queries.playbook_keys())
            outcome.led_to = url_for("catalogue.draft", key=key)
            drafting.start_playbook(key=key, name=name, actor_id=viewer().user_id, at=clock.now())
    except Refused as refusal:
        form.key.errors = [refusal.sentence]
        return show_again("catalogue/new.html", form)
    flash(_("The playbook is begun. Add its milestones, then publish it."))
    return redirect(url_for("catalogue.draft", key=key), code=303)


@bp.post("/playbooks/<key>/drafts")
@requires(EDIT)
def begin_draft(key: str) -> Page:
    """Begin the next version as a copy of one."""
    number = request.form.get("number", type=int)
    with unit_of_work():
        version = drafting.start_draft(key, number=number, actor_id=viewer().user_id, at=clock.now())
    flash(_("The draft of version %(number)d is open.", number=version.number))
    return redirect(url_for("catalogue.draft", key=key), code=303)


@bp.get("/playbooks/<key>/draft")
@requires(EDIT)
def draft(key: str) -> Page:
    """Show a draft: drawn, checked, and all its parts."""
    return render_template("catalogue/draft.html", **_page(_draft(key)))


@bp.route("/playbooks/<key>/draft/about", methods=["GET", "POST"])
@requires(EDIT)
def about_draft(key: str) -> Page:
    """Change the playbook's name and the draft's note."""
    found = _draft(key)
    name, note = found.contents.name, found.contents.note
    form = forms.About(name=name, note=note, basis=drafting.about_basis(name, note))
    if request.method != "POST":
        return render_template("catalogue/about.html", form=form, draft=found, conflicts=())
    if not form.validate_on_submit():
        return show_again("catalogue/about.html", form, draft=found, conflicts=())
    try:
        with unit_of_work(), _undoable() as act:
            drafting.describe(
                key,
                name=form.name.data or "",
                note=form.note.data or "",
                basis=form.basis.data or "",
                actor_id=viewer().user_id,
                at=act.at,
            )
    except EditedMeanwhile:
        both = ((_("Name"), name, form.name.data), (_("Note"), note, form.note.data))
        form.basis.data = drafting.about_basis(name, note)
        page = render_template(
            "catalogue/about.html",
            form=form,
            draft=found,
            conflicts=[
                Conflict(label, theirs, yours or "") for label, theirs, yours in both if theirs != yours
            ],
            edited=_last_edit(found, "about", key),
        )
        return page, 409
    undo.tell(act, _("Saved."))
    return redirect(url_for("catalogue.draft", key=key), code=303)


@bp.post("/playbooks/<key>/draft/removal")
@requires(EDIT)
def discard_draft(key: str) -> Page:
    """Throw a draft away."""
    with unit_of_work(), _undoable() as act:
        drafting.discard_draft(key, actor_id=viewer().user_id, at=act.at)
    undo.tell(act, _("The draft is thrown away."))
    is_gone = not queries.playbooks_by_key([key])
    address = url_for("catalogue.playbooks") if is_gone else url_for("catalogue.playbook", key=key)
    return redirect(address, code=303)


@bp.post("/playbooks/<key>/draft/publication")
@requires(EDIT)
def publish_draft(key: str) -> Page:
    """Freeze a draft; new projects use it from now on."""
    found = _draft(key)
    with unit_of_work():
        publishing.publish(
            queries.version_for_change(found.version.id), actor_id=viewer().user_id, at=clock.now()
        )
    flash(
        _(
            "Version %(number)d is published. New projects use it; running ones keep theirs until you offer it.",
            number=found.version.number,
        )
    )
    return redirect(url_for("catalogue.playbook", key=key), code=303)


@bp.post("/playbooks/<key>/instruments")
@requires(EDIT)
def use_playbook(key: str) -> Page:
    """Let orders of an instrument be planned by this playbook."""
    with unit_of_work(), _undoable() as act:
        product = drafting.use_for(
            key, request.form.get("product", "")[:60], actor_id=viewer().user_id, at=act.at
        )
    undo.tell(act, _("New orders of %(name)s are planned by this playbook.", name=product.name))
    return redirect(url_for("catalogue.playbook", key=key), code=303)


@bp.route("/playbooks/<key>/draft/<part>/new", methods=["GET", "POST"])
@requires(EDIT)
def new_part(key: str, part: str) -> Page:
    """Add a milestone, requirement, letter, field or course."""
    return _edit(_draft(key), _collection(part), None)


@bp.route("/playbooks/<key>/draft/<part>/<name>", methods=["GET", "POST"])
@requires(EDIT)
def edit_part(key: str, part: str, name: str) -> Page:
    """Change a milestone, requirement, letter, field or course."""
    found, collection = _draft(key), _collection(part)
    there = next((one for one in found.contents.parts(collection) if one.key == name), None)
    if there is None and request.method != "POST":
        raise NotFound(_("That is no longer in the draft. Somebody took it out."))
    return _edit(found, collection, there, replaces=name)


@bp.post("/playbooks/<key>/draft/<part>/<name>/removal")
@requires(EDIT)
def remove_part(key: str, part: str, name: str) -> Page:
    """Take something out of a draft."""
    found = _draft(key)
    with unit_of_work(), _undoable() as act:
        followers = drafting.remove_part(key, _collection(part), name, actor_id=viewer().user_id, at=act.at)
    said = _("It is taken out.")
    if followers:
        said += " " + ngettext(
            "%(num)s milestone that waited for it waits for what it waited for.",
            "%(num)s milestones that waited for it wait for what it waited for.",
            len(followers),
        )
    undo.tell(act, said)
    return redirect(url_for("catalogue.draft", key=key, **found.order.address), code=303)


@bp.post("/playbooks/<key>/draft/<part>/<name>/place")
@requires(EDIT)
def move_part(key: str, part: str, name: str) -> Page:
    """Put something at another place among its like: `to` counted from 0, or `step` up or down."""
    found, collection = _draft(key), _collection(part)
    keys = [one.key for one in found.contents.parts(collection)]
    step, to = request.form.get("step", type=int), request.form.get("to", type=int)
    if to is None:
        if step not in {-1, 1} or name not in keys:
            raise NotFound
        to = keys.index(name) + (step or 0)
    with unit_of_work(), _undoable() as act:
        drafting.move_part(key, collection, name, to=max(0, to), actor_id=viewer().user_id, at=act.at)
    undo.tell(act, _("It stands at another place now."))
    address = url_for("catalogue.draft", key=key, **found.order.address, _anchor=f"{collection}-{name}")
    return redirect(address, code=303)


def _undoable() -> AbstractContextManager[undo.Act]:
    """Watch an edit of a draft, so that it can be taken back."""
    return undo.undoable(actor_id=viewer().user_id, at=clock.now(), needs=EDIT.value)


def _edit(found: Draft, collection: str, there: Part | None, *, replaces: str = "") -> Page:
    form = forms.FORMS[collection]()
    if request.method != "POST":
        if there is not None:
            form.fill(there)
            _note(form, there)
        return _part_page(found, collection, form, there)
    _offer(found, collection, form, replaces)
    is_drawing = "draw" in request.form or "draw" in request.args
    if is_drawing or "more" in request.form:
        return _part_page(found, collection, form, there, is_drawing=is_drawing)
    if not form.validate_on_submit():
        return _part_page(found, collection, form, there), 422
    return _save(found, collection, form, there, replaces)


def _save(found: Draft, collection: str, form: forms.PartForm, there: Part | None, replaces: str) -> Page:
    key = replaces or _new_key(found, collection, form)
    part = _chosen(form.part(key), there)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome, _undoable() as act:
            outcome.led_to = url_for("catalogue.draft", key=found.key)
            drafting.put_part(
                found.key,
                collection,
                part,
                replaces=replaces,
                basis=form.basis.data or "",
                actor_id=viewer().user_id,
                at=act.at,
            )
    except EditedMeanwhile as conflict:
        return _conflict(found, collection, form, conflict.theirs, part)
    except Refused as refusal:
        form.form_errors = [refusal.sentence]
        return _part_page(found, collection, form, there), 422
    undo.tell(act, _("Saved.") if replaces else _("Added."))
    address = url_for("catalogue.draft", key=found.key, **found.order.address, _anchor=f"{collection}-{key}")
    return redirect(address, code=303)


def _conflict(
    found: Draft, collection: str, form: forms.PartForm, theirs: Part | None, mine: Part
) -> tuple[str, int]:
    """The form as it was filled, with both values of what somebody else changed, to choose field by field."""
    if theirs is None:
        raise NotFound(
            _("Somebody took this out of the draft in the meantime. Add it again if it is needed.")
        )
    base = read_loaded(form.loaded.data)
    labels = telling.value_words()
    differing = tuple(
        Clash(
            name=name,
            label=labels[name],
            theirs=telling.told(name, theirs, found.contents),
            yours=telling.told(name, mine, found.contents),
            raw=(),
            chosen="theirs" if base.get(name) == contents.plain(getattr(mine, name)) else "mine",
            is_text=False,
        )
        for name in telling.differing(theirs, mine)
        if name not in base or base[name] != contents.plain(getattr(theirs, name))
    )
    _note(form, theirs)
    who, when = _last_edit(found, collection, theirs.key) or ("", "")
    by = ", ".join(part for part in (who or _("Somebody"), when) if part)
    return _part_page(found, collection, form, theirs, met=Met(by, differing)), 409


def _note(form: forms.PartForm, saved: Part) -> None:
    """Let a form carry what was saved when it was shown."""
    form.basis.data = contents.fingerprint(saved)
    form.loaded.data = json.dumps(contents.plain(saved), ensure_ascii=False)


def _chosen(mine: Part, saved: Part | None) -> Part:
    """What was typed, with the saved values where those were chosen; texts in other languages stay."""
    if saved is None:
        return mine
    values: dict[str, Any] = {}  # Any: values of the part
    for name in mine.__dataclass_fields__:
        theirs, own = getattr(saved, name), getattr(mine, name)
        if request.form.get(f"choose-{name}") == "theirs":
            values[name] = theirs
        elif isinstance(theirs, dict) and all(isinstance(text, str) for text in theirs.values()):
            values[name] = {
                **own,
                **{code: text for code, text in theirs.items() if code not in toml_file.LANGUAGES},
            }
        elif name == "visits":
            values[name] = _in_all_languages(own, theirs)
    return replace(mine, **values)


def _in_all_languages(mine: Sequence[VisitPart], saved: Sequence[VisitPart]) -> tuple[VisitPart, ...]:
    """Visits and their steps as they were typed, with the texts in languages that the form does not show."""
    by_kind = {visit.kind: visit for visit in saved}
    found = []
    for visit in mine:
        theirs = by_kind.get(visit.kind)
        if theirs is None:
            found.append(visit)
            continue
        by_key = {step.key: step for step in theirs.steps}
        steps = tuple(
            replace(step, text=_with_others(step.text, by_key[step.key].text)) if step.key in by_key else step
            for step in visit.steps
        )
        found.append(replace(visit, title=_with_others(visit.title, theirs.title), steps=steps))
    return tuple(found)


def _with_others(own: Texts, theirs: Texts) -> Texts:
    return {**own, **{code: text for code, text in theirs.items() if code not in toml_file.LANGUAGES}}


def _part_page(
    found: Draft,
    collection: str,
    form: forms.PartForm,
    there: Part | None,
    *,
    is_drawing: bool = False,
    met: Met | None = None,
) -> str:
    key = there.key if there is not None else ""
    _offer(found, collection, form, key)
    shown = None
    if collection == "milestones":
        shown = _drawn(found, _with(found.contents, form, there), open_key=key or "new")
    if isinstance(form, forms.MilestoneForm) and not is_drawing:
        form.add_room(request.form.get("more", ""))
        _offer(found, collection, form, key)
    return render_template(
        "catalogue/part.html",
        draft=found,
        collection=collection,
        form=form,
        part=there,
        sample=shown,
        met=met,
        titles=telling.collection_words(),
        one=telling.part_words(),
        called=telling.called(there) if there is not None else "",
        skills=queries.skills_named(),
        open_steps=_number_in(request.form.get("more", "")),
    )


def _number_in(more: str) -> int | None:
    """Of which visit one more step was asked for, counted from 0."""
    asked, _dash, number = more.rpartition("-")
    return (
        int(number)
        if asked == "steps" and number.isascii() and number.isdigit() and len(number) < 4
        else None
    )


def _with(whole: Contents, form: forms.PartForm, there: Part | None) -> Contents:
    """The draft with the milestone as the form describes it now; as it is where the form cannot be read."""
    if request.method != "POST" or not isinstance(form, forms.MilestoneForm):
        return whole
    try:
        typed = form.part(there.key if there is not None else "new")
    except ValueError:
        return whole
    milestones = [typed if one is there else one for one in whole.milestones]
    if there is None:
        waits = {link.predecessor_key for link in typed.links}
        last = max((n + 1 for n, one in enumerate(milestones) if one.key in waits), default=len(milestones))
        milestones.insert(last, typed)
    return contents.replaced(whole, milestones=tuple(milestones))


def _offer(found: Draft, collection: str, form: forms.PartForm, key: str) -> None:
    """Give a form its choices."""
    names = [(one.key, localized(one.name) or one.key) for one in found.contents.milestones if one.key != key]
    match form:
        case forms.MilestoneForm():
            form.set_choices(names)
        case forms.MessageForm():
            form.set_choices(names)
        case forms.ItemForm():
            instruments = queries.instruments_of(viewer(), found.version.playbook_id)
            sold = queries.options_of(viewer(), (one.id for one in instruments))
            form.set_choices(
                words.section_words(),
                [(one.key, one.name) for one in sold],
                queries.quantities_of(found.version.playbook_id),
                [
                    (one.key, localized(one.requirement) or one.key)
                    for one in found.contents.items
                    if one.key != key
                ],
            )
        case forms.FieldForm() | forms.CourseForm():
            form.set_choices()


def _new_key(found: Draft, collection: str, form: forms.PartForm) -> str:
    names = {"items": "requirement_en", "messages": "subject_en", "courses": "title_en"}
    name = form[names.get(collection, "name_en")].data or ""
    taken = {one.key for one in found.contents.parts(collection)} | drafting.RESERVED
    short = " ".join(name.split()[:5]) if collection == "items" else name
    return drafting.key_from(short, taken=taken)


def _draft(key: str) -> Draft:
    version = queries.draft_by_key(viewer(), key)
    whole = contents.of_version(version, queries.courses_of(version.id))
    return Draft(version, whole, picture.order_from_address())


def _collection(part: str) -> str:
    if part not in contents.COLLECTIONS:
        raise NotFound
    return part


def _drawn(found: Draft, whole: Contents, *, open_key: str = "") -> picture.Sample:
    def address_of(key: str) -> str:
        known = any(one.key == key for one in found.contents.milestones)
        if not known:
            return ""
        return url_for(
            "catalogue.edit_part", key=found.key, part="milestones", name=key, **found.order.address
        )

    start_on = picture.next_monday(clock.today(viewer().zone))
    return picture.drawn(whole, found.order, start_on=start_on, address_of=address_of, open_key=open_key)


def _page(found: Draft) -> dict[str, Any]:  # Any: values for the page
    instruments = queries.instruments_of(viewer(), found.version.playbook_id)
    return {
        "draft": found,
        "sample": _drawn(found, found.contents),
        "before": _before(found),
        "findings": _findings(found, len(instruments)),
        "versions": [
            one
            for one in queries.versions_of(viewer(), found.version.playbook_id)
            if one.state is PlaybookState.PUBLISHED
        ],
        "asked_texts": telling.asked_texts(
            found.contents.items, queries.instruments_with_figures(found.version.playbook_id)
        ),
        "asked_when": {one.key: telling.asked_when(one, found.contents) for one in found.contents.items},
        "titles": telling.collection_words(),
        "one": telling.part_words(),
        "teams": words.team_words(),
        "sections": words.section_words(),
        "gates": words.gate_words(),
        "kinds": words.field_words(),
        "audiences": words.audience_words(),
        "names": {one.key: localized(one.name) or one.key for one in found.contents.milestones},
        "waits": {one.key: telling.waits_of(one, found.contents) for one in found.contents.milestones},
        "lengths": {one.key: telling.length_of(one) for one in found.contents.milestones},
    }


def _before(found: Draft) -> tuple[int, int] | None:
    """The number of the newest published version, and how many days it takes for the same order."""
    try:
        published = queries.contents_of_published(found.key)
    except NotFound:
        return None
    start_on = picture.next_monday(clock.today(viewer().zone))
    number, whole = published
    shown = picture.drawn(whole, found.order, start_on=start_on)
    return (number, shown.days) if shown.rows else None


def _findings(found: Draft, instruments: int) -> Sequence[checking.Finding]:
    return checking.findings(
        found.contents,
        products=queries.product_keys(),
        instruments=instruments,
        always_used=found.key == STANDARD,
        known=queries.figures_of(found.version.playbook_id),
    )


def _last_edit(found: Draft, collection: str, key: str) -> tuple[str, str] | None:
    """Who changed a part last, and when as the viewer's clock says it."""
    last = queries.last_edit_of(found.version.id, collection, key)
    return None if last is None else (last[0], instant(last[1], viewer().zone))


def finding_address(found: checking.Finding, key: str) -> str:
    """Where a finding is mended; empty for the whole playbook."""
    if not found.key:
        return ""
    return url_for("catalogue.edit_part", key=key, part=found.collection, name=found.key)


bp.add_app_template_global(finding_address, "finding_address")

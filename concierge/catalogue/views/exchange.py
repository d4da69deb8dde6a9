"""Playbooks as files: taking one along, and bringing one in after seeing what it would change."""

from collections.abc import Sequence
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import checking, comparing, contents, forms, queries, toml_file
from concierge.catalogue.actions import drafting
from concierge.catalogue.contents import Contents
from concierge.catalogue.views import picture, telling, versions
from concierge.catalogue.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.once import taken_once
from concierge.platform.web import show_again

Page = str | Response | tuple[str, int]


@bp.get("/playbooks/<key>/playbook.toml")
@requires(Permission.SEE_PLAYBOOKS)
def export(key: str) -> Response:
    """Hand out a version as one readable file."""
    number = request.args.get("version", type=int)
    version = queries.playbook_by_key(viewer(), key, number=number)
    whole = contents.of_version(version, queries.courses_of(version.id))
    name = f"{key}-{version.number}.toml"
    return FlaskResponse(
        toml_file.written(whole),
        content_type="application/toml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.route("/playbooks/import", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def import_file() -> Page:
    """Take a playbook's file and show what it would change; nothing is saved."""
    form = forms.ImportFile()
    if request.method != "POST":
        return render_template("catalogue/import.html", form=form, faults=())
    sent = request.files.get("file")
    data = sent.read(toml_file.LARGEST + 1) if sent is not None else b""
    try:
        text = data.decode("utf-8-sig") if data else form.text.data or ""
    except UnicodeDecodeError:
        form.text.errors = [_("The file is not text in UTF-8. Export it again, or save it as UTF-8.")]
        return show_again("catalogue/import.html", form, faults=())
    if not form.validate_on_submit() or not text.strip():
        form.text.errors = [*form.text.errors, _("Choose a file, or paste its text.")][:1]
        return show_again("catalogue/import.html", form, faults=())
    return _shown(form, text)


@bp.post("/playbooks/import/draft")
@requires(Permission.EDIT_CATALOGUE)
def import_draft() -> Page:
    """Make a draft of a file that was looked at."""
    form = forms.ImportFile()
    text = form.text.data or ""
    try:
        whole = toml_file.read(text)
    except toml_file.UnreadableFile as problem:
        return show_again("catalogue/import.html", form, faults=problem.faults)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("catalogue.draft", key=whole.key)
        version = drafting.import_draft(whole, actor_id=viewer().user_id, at=clock.now())
    flash(_("The file is now the draft of version %(number)d.", number=version.number))
    return redirect(url_for("catalogue.draft", key=whole.key), code=303)


def _shown(form: forms.ImportFile, text: str) -> Page:
    try:
        whole = toml_file.read(text)
    except toml_file.UnreadableFile as problem:
        form.text.data = text
        return show_again("catalogue/import.html", form, faults=problem.faults)
    return render_template("catalogue/imported.html", text=text, **_foreseen(whole))


def _foreseen(whole: Contents) -> dict[str, Any]:  # Any: values for the page
    """What a file would change."""
    known = queries.playbooks_by_key([whole.key]).get(whole.key)
    before = queries.contents_or_none(whole.key)
    found = comparing.compared(before, whole) if before is not None else None
    open_versions = queries.versions_of(viewer(), known.id) if known is not None else []
    return {
        "whole": whole,
        "before": before,
        "found": found,
        "told": versions.told(found, before, whole) if found is not None and before is not None else {},
        "titles": telling.collection_words(),
        "is_open": any(one.published_at is None for one in open_versions),
        "findings": _findings(whole, known.id if known is not None else None),
        "sample": picture.drawn(
            whole, picture.SampleOrder(), start_on=picture.next_monday(clock.today(viewer().zone))
        ),
    }


def _findings(whole: Contents, playbook_id: int | None) -> Sequence[checking.Finding]:
    used = len(queries.instruments_of(viewer(), playbook_id)) if playbook_id is not None else 0
    return checking.findings(whole, products=queries.product_keys(), instruments=used)

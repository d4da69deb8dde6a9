"""What a person with a browser does on pages: fill hidden fields as shown, and agree to what is foreseen."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient


def hidden_in(page: str, *, of: str = "") -> dict[str, list[str]]:
    """The hidden fields of a page's form; of the first that holds a field of a name."""
    forms = re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL)
    wanted = next((form for form in forms if not of or f'name="{of}"' in form), "")
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", wanted):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden":
            found.setdefault(attributes["name"], []).append(unescape(attributes.get("value", "")))
    return found


def agree(browser: FlaskClient, answer: Any) -> Any:  # Any: werkzeug's answers
    """Press the button on a page that shows what an act would do; another answer is given back as it is.

    A form that is still being filled in, with a button to look and one to save, is left alone.
    """
    page = answer.get_data(as_text=True)
    form = next(
        (form for form in re.findall(r"<form[^>]*>", page) if _stands_before_agreed(page, form)), None
    )
    if answer.status_code != 200 or form is None:
        return answer
    action = re.search(r'action="([^"]*)"', form)
    assert action
    return browser.post(unescape(action[1]), data=hidden_in(page, of="agreed"))


def _stands_before_agreed(page: str, form: str) -> bool:
    inside = page.split(form, 1)[1].split("</form>", 1)[0]
    return 'name="agreed"' in inside and not re.search(r'<button[^>]* name="act"', inside)

"""Walking through every page, and looking at what a browser would make of it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import html5lib
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.access.test_matrix import TABLE, address, rules

MARK = re.compile("zqx", re.IGNORECASE)
SCHEMES = {"", "http", "https", "mailto", "tel", "webcal"}
TAKES_ADDRESS = {
    "href", "src", "action", "formaction", "poster", "data", "background", "cite", "longdesc", "manifest",
    "ping", "srcset", "profile", "codebase", "xlink:href",
}  # fmt: skip
FOREIGN = {"iframe", "object", "embed", "applet", "base", "frame", "frameset", "math", "marquee", "style"}
SVG_DATA = re.compile(r"data:image/(svg\+xml|png)[;,]")

UNSEEN = {"/readyz", "/healthz", "/static/<path:filename>"}
"""Answers without words of anybody."""

Tree = tuple[str, Mapping[str, str], str]


def elements(page: str) -> Iterator[Tree]:
    """Name, attributes and own text of each element, as an HTML5 parser builds them; comments are `!`."""
    root = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    for element in root.iter():
        if not isinstance(element.tag, str):
            yield "!", {}, element.text or ""
            continue
        attributes = {_plain(name): value for name, value in element.attrib.items()}
        yield _plain(element.tag), attributes, element.text or ""


def faults(page: str, *, own_hosts: Iterable[str] = ()) -> list[str]:
    """What in a page came from a text and is more than text."""
    found = []
    for tag, attributes, text in elements(page):
        if MARK.search(tag) or tag in FOREIGN:
            found.append(f"element {tag}")
        if tag in {"!", "script", "style", "title"} and tag != "title" and MARK.search(text):
            found.append(f"{tag} holds {text[:60]!r}")
        if tag == "script" and not attributes.get("src", "").startswith("/static/"):
            found.append(f"script {attributes}")
        if tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            found.append("meta refresh")
        for name, value in attributes.items():
            if MARK.search(name) or name.startswith(("on", "hx-on")) or name in {"style", "srcdoc"}:
                found.append(f"attribute {name} of {tag}")
            if name in {"id", "class", "hx-get", "hx-post", "hx-target", "data-behaviour"} and MARK.search(
                value
            ):
                found.append(f"{name}={value[:60]!r} of {tag}")
            if name in TAKES_ADDRESS and not _is_harmless(value, own_hosts):
                found.append(f"{name}={value[:80]!r} of {tag}")
    return found


def _is_harmless(value: str, own_hosts: Iterable[str]) -> bool:
    if SVG_DATA.match(value):
        return not MARK.search(value)
    bare = re.sub(r"[\x00-\x20]", "", value)
    parts = urlsplit(bare)
    if parts.scheme.lower() not in SCHEMES:
        return False
    if parts.scheme.lower() in {"mailto", "tel"}:
        return True
    foreign = parts.netloc and parts.netloc.split("@")[-1].split(":")[0] not in own_hosts
    return not (foreign and MARK.search(parts.netloc)) and "evil.example" not in parts.netloc


def _plain(name: str) -> str:
    return name.rsplit("}", 1)[-1].lower()


def walk(
    app: Flask,
    browser: FlaskClient,
    places: Iterable[Mapping[str, object]],
    *,
    more: Iterable[str] = (),
    each: int = 3,
    most: int = 400,
) -> Iterator[tuple[str, TestResponse]]:
    """Every page that can be reached: all routes with the places' parts, then every link found in them.

    :param each: how many pages of one kind, alike but for numbers, are enough
    """
    waiting = [*more]
    for place in places:
        waiting.extend(
            address(rule, place)
            for rule in rules(app)
            if "GET" in (rule.methods or ()) and f"GET {rule}" in TABLE and str(rule) not in UNSEEN
        )
    seen: set[str] = set()
    kinds: Counter[str] = Counter()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "1", path)
        if path in seen or kinds[kind] >= each:
            continue
        seen.add(path)
        kinds[kind] += 1
        answer = browser.get(path)
        yield path, answer
        if answer.mimetype == "text/html":
            waiting.extend(link for link in _links(path, answer.get_data(as_text=True)) if link not in seen)
        answer.close()


def _links(path: str, page: str) -> Iterator[str]:
    for value in re.findall(r'(?:href|hx-get)="([^"#]+)', page):
        target = urlsplit(urljoin(path, value.replace("&amp;", "&")))
        if not target.scheme and not target.netloc and not target.path.startswith("/static/"):
            yield target.path + (f"?{target.query}" if target.query and len(target.query) < 60 else "")

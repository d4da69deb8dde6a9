"""The locks hold what pyproject.toml asks for, with hashes, and name no index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["postgres"]
ASKED = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": RUNTIME + PROJECT["project"]["optional-dependencies"]["dev"],
    "requirements-build.lock": PROJECT["dependency-groups"]["build"],
}


@pytest.mark.parametrize("lock", ASKED)
def test_a_lock_holds_every_package_asked_for(lock: str) -> None:
    locked = _locked(lock)

    for asked in map(Requirement, ASKED[lock]):
        versions = locked.get(canonicalize_name(asked.name), set())

        assert versions, f"{lock} lacks {asked.name}. Type: ./dev lock"
        assert all(asked.specifier.contains(version) for version in versions), (
            f"{lock} holds {asked.name} {versions}, asked for is {asked}. Type: ./dev lock"
        )


@pytest.mark.parametrize("lock", ASKED)
def test_a_lock_has_hashes_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")

    pins = re.split(r"\n(?=[a-z0-9])", text)

    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
    assert "--index" not in text


def test_what_two_locks_share_is_the_same_version() -> None:
    runtime, development, build = (_locked(lock) for lock in ASKED)

    assert {name: development[name] for name in runtime} == runtime
    assert all(development[name] == versions for name, versions in build.items() if name in development)


def test_the_front_end_is_locked_without_an_index() -> None:
    packages = (ROOT / "package.json").read_text("utf-8")
    lock = (ROOT / "deno.lock").read_text("utf-8")

    assert not re.search(r'"[\^~><*]', packages), "package.json names exact versions"
    assert "://" not in lock


def _locked(lock: str) -> dict[str, set[Version]]:
    """Package to versions; several when they differ by Python or system."""
    found: dict[str, set[Version]] = {}
    pins = re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    for name, version in pins:
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found

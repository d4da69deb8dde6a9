"""Prepares what is not committed: the bundled front end and the compiled translations.

`./dev` runs it as a program in a checkout; hatchling runs it as a build hook, so that
`pip install .` gives a wheel that carries templates, assets, migrations and translations.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = "concierge/_shipped"
"""Where the wheel holds the top-level folders; `concierge/platform/paths.py` reads them there."""


class CannotPrepare(Exception):
    """The front end or a translation could not be made; the sentence says what to do."""


class Prepare(BuildHookInterface[Any]):
    """Bundles and compiles before packing, then places the top-level folders inside the package."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Prepare everything that an ordinary build ships; an editable one reads the checkout."""
        if version == "editable":
            return
        root = Path(self.root)
        try:
            compile_translations(root)
            bundle_front_end(root)
        except CannotPrepare as problem:
            raise SystemExit(str(problem)) from problem
        if self.target_name == "wheel":
            build_data["force_include"].update(_shipped_files(root))


def prepare(root: Path) -> None:
    """Compile translations and bundle the front end, saying only what was done.

    :raises CannotPrepare: when a tool is missing or a source is wrong
    """
    compile_translations(root)
    bundle_front_end(root)


def compile_translations(root: Path) -> None:
    """Write the .mo file beside every .po file that is newer than it.

    :raises CannotPrepare: when a catalogue cannot be read
    """
    for source in sorted((root / "concierge" / "translations").glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        try:
            with source.open("rb") as lines:
                catalogue = read_po(lines, locale=source.parts[-3], abort_invalid=True)
        except Exception as problem:
            raise CannotPrepare(f"{source}: {problem}") from problem
        part = compiled.with_suffix(".part")
        with part.open("wb") as target:
            write_mo(target, catalogue)
        part.replace(compiled)
        print(f"Compiled {source.relative_to(root)}")


def bundle_front_end(root: Path) -> None:
    """Bring the libraries of `package.json` and bundle them into `static/vendor/`.

    Without Deno and Node an existing bundle (as in a source distribution) is taken as it is.

    :raises CannotPrepare: when nothing can bundle, or the bundler refuses
    """
    bundled = (root / "static" / "vendor" / "manifest.json").exists()
    if bundled and not (root / ".git").exists() and not (root / "node_modules").exists():
        return
    deno = _deno()
    if deno:
        install = [deno, "install", "--frozen", "--quiet"]
        bundle = [deno, "run", "--allow-read", "--allow-write", "--allow-env", "--allow-run"]
    elif shutil.which("node") and shutil.which("npm"):
        install = [
            "npm",
            "install",
            "--ignore-scripts",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--silent",
        ]
        bundle = ["node"]
    elif bundled:
        return
    else:
        raise CannotPrepare(
            "The front end needs Deno to be bundled and it was not found. "
            "Type: python -m pip install deno   (or install Node 20 or newer), then try again."
        )
    _bring_libraries(root, install)
    _call(root, [*bundle, "static/build.mjs"], "The front end could not be bundled; the lines above say why.")


def _bring_libraries(root: Path, command: list[str]) -> None:
    digest = hashlib.sha256()
    for name in ("package.json", "deno.lock"):
        digest.update((root / name).read_bytes())
    stamp = root / "node_modules" / ".stamp"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    print("Fetching the front-end libraries named in package.json", flush=True)
    _call(
        root,
        command,
        "The front-end libraries could not be fetched from the npm registry. Check the connection "
        "(a registry of your own goes into .npmrc, a proxy into HTTPS_PROXY) and try again.",
    )
    stamp.write_text(digest.hexdigest())


def _deno() -> str | None:
    try:
        from deno import find_deno_bin

        return find_deno_bin()
    except (ImportError, FileNotFoundError):
        return shutil.which("deno")


def _call(root: Path, command: list[str], sentence: str) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
    try:
        done = subprocess.run(command, cwd=root, check=False, env=environment, capture_output=True, text=True)
    except OSError as problem:
        raise CannotPrepare(f"{problem}\n{sentence}") from problem
    if done.returncode:
        raise CannotPrepare(f"{done.stdout}{done.stderr}{sentence}")
    print(done.stdout, end="", flush=True)


def _shipped_files(root: Path) -> dict[str, str]:
    """Map each file of the top-level folders to its place in the wheel; sources of the bundle stay out."""
    sources = (root / "static" / "css", root / "static" / "js", root / "static" / "vendor.new")
    left_out = {root / "static" / "build.mjs", root / "static" / "icons.txt"}
    shipped = {}
    for folder in ("templates", "static", "migrations"):
        for path in sorted((root / folder).rglob("*")):
            if not path.is_file() or path in left_out or "__pycache__" in path.parts:
                continue
            if any(path.is_relative_to(source) for source in sources):
                continue
            shipped[str(path)] = f"{SHIPPED}/{path.relative_to(root).as_posix()}"
    return shipped


if __name__ == "__main__":
    try:
        prepare(Path(__file__).resolve().parent)
    except CannotPrepare as problem:
        sys.exit(str(problem))

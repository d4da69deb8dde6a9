"""The script `dev`."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_command() -> None:
    script = (ROOT / "dev").read_text("utf-8")
    commands = set(re.findall(r"^    ([a-z]+)\)", script, re.MULTILINE))

    said = _dev("help")

    assert said.returncode == 0
    assert commands >= {"run", "test", "check", "bench", "shell"}
    assert all(re.search(rf"^  {command}\b", said.stdout, re.MULTILINE) for command in commands)


def test_an_unknown_command_is_refused_in_words() -> None:
    said = _dev("sing")

    assert said.returncode == 1
    assert 'does not know "sing"' in said.stderr


def test_it_can_be_called_from_anywhere(tmp_path: Path) -> None:
    said = subprocess.run([ROOT / "dev", "help"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert said.returncode == 0


def _dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "dev", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)

"""Each line of the calendars' rules has a test that carries its number: F for feeds, C for what is kept, I for
invitations. A name such as `test_c5_c6_…` stands for both."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
LINES = [
    *(f"f{number}" for number in range(1, 33)),
    *(f"c{number}" for number in range(1, 16)),
    *(f"i{number}" for number in range(1, 23)),
]
_NAME = re.compile(r"test((?:_[fci]\d{1,2})+)_\w")


def lines_of(name: str) -> set[str]:
    """The lines that the name of a test carries."""
    found = _NAME.match(name)
    return {f"{line[0]}{int(line[1:])}" for line in found[1].split("_")[1:]} if found else set()


def named_for_lines() -> dict[str, list[str]]:
    """For each line the tests that carry its number and say something that can fail."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _can_fail(node):
                for line in lines_of(node.name):
                    found[line].append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


def _can_fail(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and re.search(r"raises|live|check|assert", ast.unparse(node.func)))
        for node in ast.walk(function)
    )


FOUND = named_for_lines()


@pytest.mark.parametrize("line", LINES)
def test_each_line_has_a_test_that_carries_its_number(line: str) -> None:
    assert FOUND.get(line), f"No test is named test_{line}_…"


def test_no_test_carries_a_number_that_no_line_has() -> None:
    assert set(FOUND) <= set(LINES)


def test_a_name_is_read_as_it_is_meant() -> None:
    assert lines_of("test_f01_f2_c15_something") == {"f1", "f2", "c15"}
    assert lines_of("test_i21_looking") == {"i21"}
    assert lines_of("test_f31_304_reads") == {"f31"}
    assert lines_of("test_files_of_a_visit") == lines_of("test_f_1") == lines_of("test_f2") == set()

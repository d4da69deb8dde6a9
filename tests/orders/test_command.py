"""`concierge orders import` at a terminal."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from concierge.cli.orders import orders
from concierge.orders.models import Order
from concierge.platform.database import db
from tests.makers.order_documents import ubl_item, ubl_order


def run(app: Flask, *words: str) -> Result:
    return CliRunner().invoke(orders, words, obj=ScriptInfo(create_app=lambda: app), catch_exceptions=False)


@pytest.fixture
def order_file(tmp_path: Path) -> str:
    """An order on the disk."""
    file = tmp_path / "order.xml"
    file.write_bytes(ubl_order())
    return str(file)


def count() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Order.id))) or 0


def test_a_dry_run_says_what_would_happen(app: Flask, order_file: str) -> None:
    done = run(app, "import", "--dry-run", order_file)

    assert done.exit_code == 0
    assert "New order with 1 line." in done.stdout
    assert count() == 0


def test_an_order_is_imported_and_told_as_json(app: Flask, order_file: str) -> None:
    done = run(app, "import", "--json", order_file)

    (told,) = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (told["outcome"], told["number"], told["file"]) == ("create", "PO-7001", "order.xml")
    assert told["url"].endswith(f"/orders/{told['id']}")
    assert told["requested_from"] == "2027-02-15"
    assert told["key"]
    assert told["project_url"].endswith(told["key"])
    again = json.loads(run(app, "import", "--json", order_file).stdout)
    assert again[0]["outcome"] == "unchanged"
    assert again[0]["key"] == told["key"]
    assert count() == 1


def test_files_of_one_order_may_be_given_in_any_order(app: Flask, tmp_path: Path) -> None:
    papers = {
        "a-cancel.xml": ubl_order("X-1", kind="OrderCancellation", reference="PO-7001"),
        "b-change.xml": ubl_order(
            "CH-1", kind="OrderChange", reference="PO-7001", lines=[ubl_item(quantity="2")]
        ),
        "c-order.xml": ubl_order(),
    }
    for name, data in papers.items():
        (tmp_path / name).write_bytes(data)

    done = run(app, "import", "--json", *(str(tmp_path / name) for name in papers))

    assert done.exit_code == 0
    assert [one["outcome"] for one in json.loads(done.stdout)] == ["create", "change", "cancel"]


def test_a_refused_file_ends_with_1_and_its_sentence_and_the_others_are_imported(
    app: Flask, order_file: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_bytes(ubl_order("PO-9", lines=[ubl_item(quantity="-4")]))

    done = run(app, "import", str(bad), order_file)

    assert done.exit_code == 1
    assert "bad.xml, line 10: The quantity -4 is negative." in done.stderr
    assert count() == 1


def test_a_file_that_is_too_large_is_not_read(app: Flask, tmp_path: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.truncate(50_000_000)

    done = run(app, "import", str(huge))

    assert done.exit_code == 1
    assert "huge.xml: The file has 50 MB" in done.stderr


def test_wrong_use_ends_with_2(app: Flask) -> None:
    assert run(app, "import").exit_code == 2
    assert run(app, "import", "/no/such/file.xml").exit_code == 2


def test_the_example_can_be_imported(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "example.csv"
    file.write_text(run(app, "example").stdout, encoding="utf-8")

    assert run(app, "import", str(file)).exit_code == 0
    assert count() == 2

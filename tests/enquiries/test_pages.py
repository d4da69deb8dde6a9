"""The pages on which sales asks, reads and holds, and the stock is kept."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.enquiries.models import Enquiry, StockUnit
from concierge.identity.models import User
from concierge.platform.database import db, unit_of_work
from tests.conftest import csrf_token
from tests.makers.enquiries import NOW, Shop, asked, held, shop, stock
from tests.makers.pages import hidden_in

ON_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def there(app: Flask) -> Shop:
    return shop()


def text(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined]  # werkzeug's answer


def form(there: Shop, **more: str) -> dict[str, str]:
    """One line for the customer's site, as a browser sends the form."""
    return {
        "customer": " halden  biologics ",
        "pace": "each",
        "lines-0-product": str(there.product.id),
        "lines-0-quantity": "2",
        "lines-0-site": str(there.site.id),
        "lines-0-country": "",
        "lines-1-product": "0",
        "lines-1-quantity": "1",
        "lines-1-site": "0",
        "lines-1-country": "",
        **more,
    }


@time_machine.travel(NOW, tick=False)
def test_from_the_question_to_the_held_answer_without_script(
    app: Flask, there: Shop, sign_in: SignIn
) -> None:
    stock(there, "Mon 2026-03-02", "Wed 2026-04-08")
    browser = sign_in(there.seller)
    token = csrf_token(browser, "/enquiries/new")

    more = browser.post("/enquiries/new", data={**form(there), "more": "1", "csrf_token": token})
    assert "Line 3" in text(more)
    assert 'value="2"' in text(more), "what was typed stays"
    answer = browser.post("/enquiries/new", data={**form(there), "csrf_token": token}, follow_redirects=True)
    page = text(answer)

    assert "All units work by Thu 16 Apr, if it is ordered by Mon 9 Mar." in page
    assert "Thu 26 Mar – Fri 27 Mar" in page
    assert "Stock: the unit can be shipped from Wed 8 Apr" in page
    assert "No past case to judge by yet." in page
    code = db.session.scalars(sa.select(Enquiry.code)).one()
    seen = hidden_in(page, of="/hold") if "/hold" in page else {}
    held_ = browser.post(
        f"/enquiries/{code}/hold",
        data={
            "csrf_token": token,
            **{name: values[0] for name, values in seen.items() if name != "csrf_token"},
        },
        follow_redirects=True,
    )
    assert "by Ada Lind" in text(held_)
    assert "Lea Roth" in text(held_)
    assert code in text(browser.get("/stock?kept=kept"))
    assert f"/enquiries/{code}" in text(browser.get("/enquiries?state=held"))

    with time_machine.travel(NOW + timedelta(days=9), tick=False):
        assert "Ended: what was held for" in text(sign_in(there.other).get("/today"))


@ON_SQLITE
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"lines-0-quantity": "0"}, "from 1 to 40"),
        ({"lines-0-quantity": "1000"}, "from 1 to 40"),
        ({"lines-0-product": "987654"}, "Choose one of those that are offered"),
        ({"lines-0-product": "0"}, "Choose what is asked for"),
        ({"lines-0-options": "Warp drive"}, "cannot be sold with it"),
        ({"lines-0-site": "0"}, "a site, or at least a country"),
        ({"wanted_on": "2026-03-01"}, "The wanted day is over"),
        ({"customer": "  "}, "Say who asks"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_what_cannot_be_asked_is_said_in_a_sentence_and_nothing_is_kept(
    app: Flask, there: Shop, sign_in: SignIn, typed: dict[str, str], sentence: str
) -> None:
    browser = sign_in(there.seller)
    token = csrf_token(browser, "/enquiries/new")

    answer = browser.post(
        "/enquiries/new", data={**form(there, note="Keep me"), **typed, "csrf_token": token}
    )

    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "Keep me" in text(answer)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Enquiry.id))) == 0


@ON_SQLITE
@time_machine.travel(NOW, tick=False)
def test_anybody_may_ask_for_a_place_that_is_no_site_yet(app: Flask, there: Shop, sign_in: SignIn) -> None:
    stock(there, "Mon 2026-03-02")
    browser = sign_in(there.seller)
    token = csrf_token(browser, "/enquiries/new")
    typed = {
        "lines-0-quantity": "1",
        "lines-0-site": "0",
        "lines-0-country": "AQ",
        "lines-0-city": "<i>Ross</i>",
    }

    page = text(
        browser.post(
            "/enquiries/new",
            data={**form(there, customer="<b>Polar</b> Labs"), **typed, "csrf_token": token},
            follow_redirects=True,
        )
    )

    assert "&lt;b&gt;Polar&lt;/b&gt; Labs" in page
    assert "&lt;i&gt;Ross&lt;/i&gt;, Antarctica" in page
    assert "Hold these units" in page
    code = db.session.scalars(sa.select(Enquiry.code)).one()
    browser.post(f"/enquiries/{code}/hold", data={"csrf_token": token})
    said = text(browser.post(f"/enquiries/{code}/orders", data={"csrf_token": token}))
    assert "to the accounts, then ask anew" in said


@ON_SQLITE
@time_machine.travel(NOW, tick=False)
def test_what_stands_against_an_answer_is_told_with_its_remedy(
    app: Flask, there: Shop, sign_in: SignIn
) -> None:
    enquiry = asked(there, 2)
    browser = sign_in(there.seller)

    page = text(browser.get(f"/enquiries/{enquiry.code}"))

    assert "0 of 2 units have a day" in page
    assert "Enter units or a supply time on the stock page." in page
    assert "/hold" not in page


@ON_SQLITE
@time_machine.travel(NOW, tick=False)
def test_a_sheet_of_stock_comes_in_as_a_whole_or_not_at_all(app: Flask, there: Shop, sign_in: SignIn) -> None:
    browser = sign_in(there.seller)
    token = csrf_token(browser, "/stock/import")

    def send(*rows: str) -> str:
        data = "\n".join(("Model;Serial No;available_on;country;export_days", *rows)).encode()
        return text(
            browser.post(
                "/stock/import",
                data={"csrf_token": token, "file": (io.BytesIO(data), "stock.csv")},
                content_type="multipart/form-data",
                follow_redirects=True,
            )
        )

    def agreed(page: str, *, status: int = 200) -> str:
        """Agree to what a page says that a sheet does."""
        action = re.search(r'action="(/stock/import/[0-9]+)"', page)
        assert action, page
        answer = browser.post(action[1], data=hidden_in(page, of="form_token"), follow_redirects=True)
        assert answer.status_code == status
        return text(answer)

    def there_are() -> list[tuple[str, str, int]]:
        db.session.rollback()
        rows = db.session.scalars(
            sa.select(StockUnit).order_by(StockUnit.serial).execution_options(populate_existing=True)
        )
        return [(row.serial, row.state.value, row.export_days) for row in rows]

    said = send(
        "spectrometer one;A-1;2026-03-01;ch;0", "Nobody knows;A-2;2026-03-01;CH;0", "ms-one;A-1;never;X;-1"
    )
    assert "No instrument of the catalogue is called “Nobody knows”" in said
    assert "row 4" in said
    assert there_are() == []
    page = send("spectrometer one;A-1;2026-03-01;ch;0", "ms-one;A-2;2026-05-04;US;12")
    assert "2 units would be new, 0 corrected" in page
    assert there_are() == [], "nothing is saved before it is agreed to"
    assert "2 new, 0 corrected, 0 known already." in agreed(page)
    agreed(page)  # the button pressed twice
    assert there_are() == [("A-1", "on hand", 0), ("A-2", "expected", 12)]
    page = send("spectrometer one;A-1;2026-03-01;ch;0", "ms-one;A-2;2026-05-04;US;10")
    assert "0 units would be new, 1 corrected" in page
    assert "days to another country" in page
    with unit_of_work():
        for unit in db.session.scalars(sa.select(StockUnit).where(StockUnit.serial == "A-1")):
            unit.place = "Hall 3"  # meanwhile somebody moved it
    shown = agreed(page, status=409)
    assert "0 units would be new, 2 corrected" in shown, "what it does now is shown first"
    assert there_are() == [("A-1", "on hand", 0), ("A-2", "expected", 12)]
    assert "0 new, 2 corrected, 0 known already." in agreed(shown)

    announced = ("ms-one;;2026-06-01;US;12",) * 2  # two alike, which have no number yet
    assert "2 new" in agreed(send(*announced))
    assert "The sheet says nothing new" in send(*announced)
    assert "1 unit would be new" in send(*announced, announced[0])
    assert len(there_are()) == 4


@ON_SQLITE
@time_machine.travel(NOW, tick=False)
def test_a_unit_is_corrected_kept_and_taken_out(app: Flask, there: Shop, sign_in: SignIn) -> None:
    (unit,) = stock(there, "Mon 2026-03-02")
    enquiry = asked(there)
    hold = held(enquiry)
    browser = sign_in(there.seller)
    at_ = f"/stock/{unit.id}"
    token = csrf_token(browser, f"{at_}/reservation")

    assert f"Held for {enquiry.code}" in text(browser.get(at_))
    refused = browser.post(f"{at_}/reservation", data={"csrf_token": token, "whom": "SO-404"})
    assert "no such order" in text(refused)
    gone = browser.post(
        f"{at_}/gone", data={"csrf_token": token, "reason": "<b>Lent</b>", "version": str(unit.version)}
    )
    assert gone.status_code == 303
    page = text(browser.get(at_))
    assert "&lt;b&gt;Lent&lt;/b&gt;" in page
    assert "no longer in stock" in text(
        browser.post(f"{at_}/gone", data={"csrf_token": token, "reason": "Again", "version": "2"})
    )
    assert hold.expires_at > NOW

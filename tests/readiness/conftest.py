"""German texts are compiled from the catalogue that is committed, never taken from an older compilation."""

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from concierge.platform.paths import translations_dir


@pytest.fixture(autouse=True, scope="session")
def _compiled() -> None:
    for source in translations_dir().glob("*/LC_MESSAGES/messages.po"):
        with source.open("rb") as written, source.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, read_po(written, locale=source.parts[-3]))

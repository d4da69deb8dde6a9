"""What is sold beside the instruments: services that switch on milestones, courses and supplies."""

from __future__ import annotations

from concierge.catalogue.states import ProductKind
from concierge.demo.instruments import gtin
from concierge.demo.values import Article, Text

ARTICLES: tuple[Article, ...] = (
    Article(
        key="iq-oq",
        kind=ProductKind.QUALIFICATION,
        item_id="CV-SVC-IQOQ",
        standard_id=gtin(9100),
        name=Text("Installation and operational qualification", "Installations- und Funktionsqualifizierung"),
        aliases=("IQ/OQ", "IQ OQ service", "Qualification service"),
    ),
    Article(
        key="advanced-training",
        kind=ProductKind.TRAINING,
        item_id="CV-TRN-ADV",
        standard_id=gtin(9320),
        name=Text("Advanced application training", "Vertiefte Applikationsschulung"),
        aliases=("Application training", "Extended training", "Training on site"),
    ),
    Article(
        key="relocation",
        kind=ProductKind.OTHER,
        item_id="CV-SVC-MOVE",
        standard_id=gtin(9430),
        name=Text("Removal of the old instrument", "Abbau des Altgeräts"),
    ),
    Article(
        key="warranty-plus",
        kind=ProductKind.OTHER,
        item_id="CV-SVC-W24",
        standard_id=gtin(9540),
        name=Text("Warranty extension, 24 months", "Garantieverlängerung, 24 Monate"),
    ),
    Article(
        key="starter-lcms",
        kind=ProductKind.SUPPLY,
        item_id="CV-SUP-LCMS",
        standard_id=gtin(9650),
        name=Text(
            "LC-MS starter kit: columns, vials, calibrants", "LC-MS-Starterset: Säulen, Vials, Kalibranten"
        ),
    ),
    Article(
        key="starter-seq",
        kind=ProductKind.SUPPLY,
        item_id="CV-SUP-SEQ",
        standard_id=gtin(9760),
        name=Text(
            "Sequencing starter kit: flow cells and wash",
            "Sequenzier-Starterset: Flusszellen und Waschlösung",
        ),
    ),
    Article(
        key="starter-gc",
        kind=ProductKind.SUPPLY,
        item_id="CV-SUP-GC",
        standard_id=gtin(9870),
        name=Text("GC starter kit: liners, septa, ferrules", "GC-Starterset: Liner, Septen, Ferrulen"),
    ),
    Article(
        key="control-set",
        kind=ProductKind.SUPPLY,
        item_id="CV-SUP-QC",
        standard_id=gtin(9980),
        name=Text("Control and calibrator set", "Kontroll- und Kalibratorset"),
    ),
)

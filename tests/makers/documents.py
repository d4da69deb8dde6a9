"""Documents of checklists with every kind of item, in words of six languages; they need no tables."""

# ruff: noqa: E501 - a table of texts

from dataclasses import replace
from datetime import date, timedelta

from concierge.readiness.document.values import (
    Answered,
    Checklist,
    Deed,
    Evidence,
    Item,
    Reached,
    Section,
    Severity,
    Signature,
    Step,
)
from tests.makers.days import on

DELIVERY = on("Fri 2026-12-11")
COUNTRIES = {"en": "GB", "de": "DE", "fr": "FR", "es": "ES", "ja": "JP", "ar": "AE"}

_WORDS: dict[str, tuple[str, ...]] = {
    "en": ("Dedicated circuit, 20 A", "Mains voltage, measured over 24 hours", "How is the crate unloaded?",
           "Which services are on the bench?", "Who receives the crate?", "Room ready from", "Climate log of the room",
           "Safety officer signs", "The lift carries 680 kg", "Our team brings a pallet truck.",
           "Dock", "Tail lift", "Power", "Network", "Nitrogen",
           "Power", "Access and route", "Your team", "Rue du Lac Clinic", "Main laboratory", "Ada Lind"),
    "de": ("Eigener Stromkreis, 20 A", "Netzspannung, über 24 Stunden gemessen", "Wie wird die Kiste entladen?",
           "Welche Anschlüsse liegen am Tisch?", "Wer nimmt die Kiste entgegen?", "Raum bereit ab",
           "Klimaaufzeichnung des Raums", "Sicherheitsbeauftragte unterschreibt", "Der Aufzug trägt 680 kg",
           "Wir bringen einen Hubwagen mit.", "Rampe", "Hebebühne", "Strom", "Netzwerk", "Stickstoff",
           "Strom", "Zugang und Weg", "Ihr Team", "Klinik am Großen Weiher", "Hauptlabor", "Jürgen Müßig"),
    "fr": ("Circuit dédié, 20 A", "Tension du réseau, mesurée sur 24 heures", "Comment la caisse est-elle déchargée ?",
           "Quelles arrivées sont sur la paillasse ?", "Qui reçoit la caisse ?", "Salle prête à partir du",
           "Relevé climatique de la salle", "Signature du responsable sécurité", "Le monte-charge porte 680 kg",
           "Notre équipe apporte un transpalette.", "Quai", "Hayon", "Courant", "Réseau", "Azote",
           "Électricité", "Accès et trajet", "Votre équipe", "Hôpital de l’Œuvre", "Laboratoire central", "Zoë Lefèvre"),
    "es": ("Circuito propio, 20 A", "Tensión de red, medida durante 24 horas", "¿Cómo se descarga la caja?",
           "¿Qué conexiones hay en la mesa?", "¿Quién recibe la caja?", "Sala lista desde",
           "Registro climático de la sala", "Firma del responsable de seguridad", "El ascensor lleva 680 kg",
           "Nuestro equipo trae una transpaleta.", "Muelle", "Plataforma", "Corriente", "Red", "Nitrógeno",
           "Electricidad", "Acceso y recorrido", "Su equipo", "Clínica Peñón", "Laboratorio principal", "Íñigo Núñez"),
    "ja": ("専用回路（20 A）", "24時間測定した電源電圧", "木箱の荷下ろし方法", "実験台で使える設備", "荷物の受取人", "部屋の準備完了日",
           "室内の温湿度記録", "安全責任者の署名", "エレベーターの耐荷重は680 kg以上", "ハンドリフトは弊社が持参します。",
           "荷捌き場", "テールゲートリフター", "電源", "ネットワーク", "窒素",
           "電源", "搬入経路", "お客様", "東京第一総合病院", "中央検査室", "山田太郎"),
    "ar": ("دائرة كهربائية مستقلة، 20 أمبير", "جهد الشبكة المقيس خلال 24 ساعة", "كيف يتم تفريغ الصندوق؟",
           "ما الخدمات المتوفرة على الطاولة؟", "من يستلم الصندوق؟", "الغرفة جاهزة ابتداءً من", "سجل مناخ الغرفة",
           "توقيع مسؤول السلامة", "المصعد يحمل 680 كغ", "فريقنا يحضر رافعة يدوية.",
           "رصيف", "رافعة خلفية", "كهرباء", "شبكة", "نيتروجين",
           "الكهرباء", "الوصول والمسار", "فريقكم", "مستشفى الأمل العام", "المختبر الرئيسي", "ليلى حدّاد"),
}  # fmt: skip


def document(language: str = "en", country: str = "", *, rows: int = 0, is_record: bool = False) -> Checklist:
    """A checklist with an item of each kind, some answered; with `rows` more of one kind."""
    words = _WORDS[language]
    yes, volts, unload, bench, who, ready, log, safety, lift, truck = words[:10]
    person = words[20]
    told = {"answered_by": person, "answered_on": on("Tue 2026-11-10")}
    power = (
        _point("1.1", "circuit", yes, -21, severity=Severity.SHIP, evidence=Evidence.REQUIRED),
        _point("1.2", "mains-voltage", volts, kind="measure", least=207, most=253, unit="V", quantity="mains_voltage",
               severity=Severity.SHIP, answered=Answered.OUT_OF_RANGE, answer="198 V", typed="198 V", seen=7,
               sample="24 h", **told),
        _point("1.3", "bench", bench, kind="multi", choices=words[12:15], codes=("power", "network", "n2"),
               answered=Answered.UNPROVEN, answer=", ".join(words[12:14]), typed="network power", seen=8,
               comment=f"{person}: {words[19]}", **told),
        _point("1.4", "temperature", log, kind="measure", least=18, most=27, unit="°C", quantity="temperature",
               severity=Severity.INSTALL),
    )  # fmt: skip
    access = (
        _point("2.1", "unload", unload, kind="choice", choices=words[10:12], codes=("dock", "tail-lift"),
               severity=Severity.INSTALL, answered=Answered.UNPROVEN, answer=words[11], typed="tail-lift", seen=9, **told),
        _point("2.2", "receiver", who, kind="text", answered=Answered.UNPROVEN, answer=person, typed=person, seen=10,
               **told),
        _point("2.3", "ready-from", ready, kind="date", severity=Severity.SHIP),
        _point("2.4", "climate-log", log, kind="upload", evidence=Evidence.REQUIRED),
        _point("2.5", "safety", safety, kind="signature"),
        _point("2.6", "lift", lift, answered=Answered.CONFIRMED, answer="✓", typed="yes", is_settled=True,
               files=("lift.jpg",), audit=(Deed("1", person, "2026-11-10"), Deed("2", "Ada Lind", "2026-11-12")), source="Site guide",
               source_revision="rev 2", checked_on=on("Mon 2026-01-05"), **told),
        _point("2.7", "truck", truck, kind="info", severity=Severity.INFO),
        *(_point(f"2.{8 + n}", f"more-{n}", lift, severity=Severity.ADVISORY) for n in range(rows)),
    )  # fmt: skip
    signature = Signature(
        name=person, title="Lab manager", meaning=words[8], signed_at="2026-11-20 10:00 (CET)", hash="5e" * 32
    )
    made = Checklist(
        company="Concierge",
        project_key="HB-2041",
        order_number="PO-77/12",
        account=words[18],
        site=words[19],
        address=("12 Harbour Road", "8005 Zürich"),
        country=country or COUNTRIES[language],
        instruments=("Orbitrap Astral", "2\xa0×\xa0GridION"),
        sections=(
            Section(1, words[15], words[17], power, key="power"),
            Section(2, words[16], words[17], access, key="access", signatures=(signature,)),
        ),
        steps=_steps(),
        language=language,
        contact=person,
        concierge="Maja Olsen",
        concierge_phone="+41 44 555 01 20",
        concierge_mail="maja@concierge.example",
        delivery_on=DELIVERY,
        sign_off_on=on("Fri 2026-11-27"),
        return_address="project+hb-2041.abcdefghijklmnopqrstuvwxyz@concierge.example",
        link="https://concierge.example/checklist/mfrggzdfmztwq2lknnwg23tpoa",
        code="7K3M-Q0ZD",
        revision=3,
        revised_on=on("Sat 2026-11-21"),
    )
    if not is_record:
        return made
    ended = replace(signature, ended="Mains voltage: 198 V")
    return replace(made, is_record=True, data='{"items": []}', signatures=(signature, ended))


def _point(number: str, key: str, requirement: str, offset: int = -14, **more: object) -> Item:
    return Item(
        number,
        requirement,
        key,
        due_on=DELIVERY + timedelta(days=offset),
        offset_days=offset,
        **more,  # type: ignore[arg-type]  # any of its fields
    )


def _steps() -> tuple[Step, ...]:
    names = ("Order", "Preparation", "Delivery", "Installation", "Training", "Handover")
    days: tuple[date | None, ...] = (
        on("Mon 2026-09-14"), on("Fri 2026-11-27"), DELIVERY, on("Tue 2026-12-15"), on("Wed 2026-12-16"), None,
    )  # fmt: skip
    reached = (Reached.DONE, Reached.NOW, *[Reached.NEXT] * 4)
    return tuple(Step(name, day, state) for name, day, state in zip(names, days, reached, strict=True))

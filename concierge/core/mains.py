# ruff: noqa: E501 - a table is read best in its columns
"""What comes out of the wall in each country: voltages, frequency, plugs; and the units people there measure in.

Single-phase supply voltages (phase to neutral, and phase to phase where outlets give that), frequency and plug types in
the terms of IEC's "World plugs" list (iec.ch/world-plugs), which follows IEC TR 60083, and of IEC 60038.

Written down from general knowledge, and in 2026-11 compared row by row with two public lists: an extract of World plugs
(github.com/benjiao/world-plugs, 218 places) and one after worldstandards.eu
(github.com/kai2233/TicketWingMan_backend, data/country.js and country_plug.js). Where both say the same and this table said
something else, theirs was taken; where they differ from each other, the value that stood here stays if one of them has it.
Against both stay 230 V in Russia (GOST 29322-2014), and 120 V in Guam, the US Virgin Islands (ANSI C84.1) and Colombia
(NTC 1340). What a customer answers counts, this only says what to expect.

Letters are those of the list: A, B (NEMA 1-15, 5-15), C (CEE 7/16), D, M (BS 546), E, F (CEE 7/5, 7/3), G (BS 1363), H (SI 32),
I (AS/NZS 3112), J (SEV 1011), K (DS 60884-2-D1), L (CEI 23-50), N (IEC 60906-1, NBR 14136), O (TIS 166).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from concierge.core.units import US_COUNTRIES

TOLERANCE = 0.10
"""How far a supply may lie from its nominal voltage, as a share (IEC 60038)."""
NEAR = 0.15
"""How far a country's voltage may lie from the one that a figure names, as a share, for the figure to be meant."""


@dataclass(frozen=True, slots=True)
class Mains:
    """The supply of a country: nominal voltages, the usual one first; frequencies in Hz; letters of plug types."""

    voltages: tuple[int, ...]
    frequencies: tuple[int, ...]
    plugs: tuple[str, ...]

    @property
    def voltage(self) -> int:
        """The usual voltage of an outlet."""
        return self.voltages[0]


PLUGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "nema-1-15": ("A",), "nema-5-15": ("B",), "nema-5-20": ("B",), "nema-6-15": ("B",), "nema-6-20": ("B",),
        "nema-l6-20": ("B",), "nema-l6-30": ("B",), "europlug": ("C",), "schuko": ("E", "F"), "french": ("E",),
        "bs546": ("D",), "bs546-15": ("M",), "bs1363": ("G",), "si32": ("H",), "as3112": ("I",), "t23": ("J",),
        "t13": ("J",), "dk": ("K",), "cei-23-50": ("L",), "nbr14136": ("N",), "tis166": ("O",),
    }
)  # fmt: skip
"""The codes that plugs are answered by, and the types that they belong to; other codes fit everywhere.

The Schuko plug that is made today (CEE 7/7) fits outlets of type E too.
"""

_230_50 = ((230,), (50,))
_EUROPE = ((230, 400), (50,))
_AMERICA = ((120, 208, 240), (60,))

_TABLE: Mapping[str, tuple[tuple[tuple[int, ...], tuple[int, ...]], str]] = {
    **dict.fromkeys(("DE", "AT", "NL", "SE", "NO", "FI", "EE", "LV", "LT", "LU", "PT", "ES", "GR", "HU", "RO", "BG", "HR",
                     "SI", "RS", "BA", "ME", "MK", "AL", "UA", "MD", "AM", "TR", "RU", "AD", "IS", "XK"), (_EUROPE, "CF")),
    **dict.fromkeys(("BY", "GE", "AZ", "KZ", "KG", "UZ", "TJ", "TM"), (((220, 380), (50,)), "CF")),
    **dict.fromkeys(("FR", "BE", "PL", "CZ", "SK"), (_EUROPE, "CE")), "MC": (_EUROPE, "CDE"),
    "CH": (_EUROPE, "CJ"), "LI": (_EUROPE, "CJ"), "IT": (_EUROPE, "CFL"), "SM": (_EUROPE, "CFL"), "VA": (_EUROPE, "CFL"),
    "DK": (_EUROPE, "CEFK"), "FO": (_EUROPE, "CEFK"), "GL": (_EUROPE, "CEFK"),
    **dict.fromkeys(("GB", "IE", "MT", "CY", "GI", "JE", "GG"), (_EUROPE, "G")), "IM": (_EUROPE, "CG"),
    **dict.fromkeys(("US", "PR", "GU", "VI", "MP"), (_AMERICA, "AB")), "AS": (_AMERICA, "ABFI"),
    "CA": (((120, 208, 240), (60,)), "AB"), "MX": (((127, 220), (60,)), "AB"),
    **dict.fromkeys(("CR", "GT", "HN", "NI", "PA"), (((120, 240), (60,)), "AB")), "SV": (((115, 230), (60,)), "AB"),
    "BZ": (((110, 220), (60,)), "ABG"), "CU": (((110, 220), (60,)), "ABCL"), "DO": (((120, 240), (60,)), "AB"),
    "HT": (((110, 220), (60,)), "AB"), "JM": (((110, 220), (50,)), "AB"), "BS": (((120, 240), (60,)), "AB"),
    "BB": (((115, 230), (50,)), "AB"), "TT": (((115, 230), (60,)), "AB"), "BM": (((120, 240), (60,)), "AB"),
    "CO": (((120, 208), (60,)), "AB"), "VE": (((120, 240), (60,)), "AB"), "EC": (((120, 240), (60,)), "AB"),
    "PE": (((220,), (60,)), "ABC"), "BO": (((230, 115), (50,)), "AC"), "CL": (((220, 380), (50,)), "CL"),
    "AR": (((220, 380), (50,)), "CI"), "UY": (((220,), (50,)), "CFL"), "PY": (((220,), (50,)), "C"),
    "BR": (((127, 220), (60,)), "CN"), "GY": (((240, 120), (60,)), "ABDG"), "SR": (((127, 220), (60,)), "CF"),
    "JP": (((100, 200), (50, 60)), "AB"), "KR": (((220, 380), (60,)), "CF"), "KP": (((220,), (50,)), "CF"),
    "TW": (((110, 220), (60,)), "AB"), "CN": (((220, 380), (50,)), "ACI"), "HK": (((220, 380), (50,)), "G"),
    "MO": (((220,), (50,)), "G"), "MN": (_230_50, "CE"), "IN": (_EUROPE, "CDM"), "PK": (_230_50, "CD"),
    "BD": (((220,), (50,)), "CDG"), "LK": (_230_50, "DG"), "NP": (_230_50, "CDM"), "BT": (_230_50, "CDFG"),
    "MV": (_230_50, "CDGK"), "AF": (((220,), (50,)), "CF"), "MM": (_230_50, "CDFG"), "TH": (((230, 400), (50,)), "ABCO"),
    "LA": (_230_50, "ABCEF"), "KH": (_230_50, "ACG"), "VN": (((220, 380), (50,)), "ABC"), "PH": (((220,), (60,)), "ABC"),
    "MY": (((240, 415), (50,)), "G"), "SG": (_EUROPE, "G"), "BN": (((240,), (50,)), "G"), "ID": (((230, 400), (50,)), "CF"),
    "TL": (((220,), (50,)), "CEFI"), "AU": (((230, 400), (50,)), "I"), "NZ": (((230, 400), (50,)), "I"),
    "PG": (((240,), (50,)), "I"), "FJ": (((240,), (50,)), "I"), "NC": (((220,), (50,)), "CF"), "PF": (((220,), (60,)), "CE"),
    **dict.fromkeys(("AE", "BH"), (((230, 400), (50,)), "G")), "YE": (_230_50, "ADG"),
    **dict.fromkeys(("QA", "OM", "KW"), (((240, 415), (50,)), "G")), "SA": (((230, 127), (60,)), "G"),
    "IL": (_EUROPE, "CHM"), "PS": (_230_50, "CHM"), "JO": (_230_50, "CDFGJ"), "LB": (_230_50, "ABCDG"),
    "SY": (((220,), (50,)), "CEL"), "IQ": (_230_50, "CDG"), "IR": (_230_50, "CF"), "EG": (((220, 380), (50,)), "CF"),
    "MA": (((220, 380), (50,)), "CE"), "DZ": (_230_50, "CF"), "TN": (_230_50, "CE"), "LY": (_230_50, "CDFL"),
    "SD": (_230_50, "CD"), "ET": (((220,), (50,)), "CF"), "KE": (((240, 415), (50,)), "G"), "UG": (((240,), (50,)), "G"),
    "TZ": (_230_50, "DG"), "RW": (_230_50, "CJ"), "BI": (((220,), (50,)), "CE"), "ZA": (_EUROPE, "CDMN"),
    "NA": (((220,), (50,)), "DM"), "BW": (_230_50, "DGM"), "ZW": (_230_50, "DG"), "ZM": (_230_50, "CDG"),
    "MW": (_230_50, "G"), "MZ": (((220,), (50,)), "CFM"), "LS": (((220,), (50,)), "M"), "SZ": (_230_50, "M"),
    "MG": (((220,), (50,)), "CDEJK"), "MU": (_230_50, "CG"), "RE": (_230_50, "E"), "SC": (((240,), (50,)), "G"),
    "NG": (_230_50, "DG"), "GH": (_230_50, "DG"), "LR": (((120, 240), (60,)), "ABCEF"), "SL": (_230_50, "DG"),
    "GM": (_230_50, "G"), "SN": (_230_50, "CDEK"), "ML": (((220,), (50,)), "CE"), "CI": (((220,), (50,)), "CE"),
    "BF": (((220,), (50,)), "CE"), "BJ": (((220,), (50,)), "CE"), "TG": (((220,), (50,)), "C"), "NE": (((220,), (50,)), "CDEF"),
    "TD": (((220,), (50,)), "CDEF"), "CM": (((220,), (50,)), "CE"), "GA": (((220,), (50,)), "C"), "CG": (_230_50, "CE"),
    "CD": (((220,), (50,)), "CDE"), "AO": (((220,), (50,)), "C"), "CV": (_230_50, "CF"), "MR": (((220,), (50,)), "C"),
    "GN": (((220,), (50,)), "CFK"), "GW": (((220,), (50,)), "C"), "DJ": (((220,), (50,)), "CE"), "ER": (_230_50, "CL"),
    "SO": (((220,), (50,)), "C"), "GP": (_230_50, "CDE"), "MQ": (((220,), (50,)), "CDE"), "GF": (((220,), (50,)), "CDE"),
    "AG": (((230,), (60,)), "AB"), "AI": (((110,), (60,)), "AB"), "AW": (((127,), (60,)), "ABF"), "CF": (((220,), (50,)), "CE"),
    "CK": (((240,), (50,)), "I"), "CW": (((127, 220), (50,)), "AB"), "DM": (_230_50, "DG"), "FK": (((240,), (50,)), "G"),
    "FM": (((120,), (60,)), "AB"), "GD": (_230_50, "G"), "GQ": (((220,), (50,)), "CE"), "KI": (((240,), (50,)), "I"),
    "KM": (((220,), (50,)), "CE"), "KN": (((230,), (60,)), "DG"), "KY": (((120,), (60,)), "AB"), "LC": (((240,), (50,)), "G"),
    "MS": (((230,), (60,)), "AB"), "NR": (((240,), (50,)), "I"), "PW": (((120,), (60,)), "AB"), "SB": (((220,), (50,)), "GI"),
    "ST": (((220,), (50,)), "CF"), "TC": (((120,), (60,)), "AB"), "TO": (((240,), (50,)), "I"), "TV": (((220,), (50,)), "I"),
    "VG": (((110,), (60,)), "AB"), "VU": (((220,), (50,)), "I"), "WS": (_230_50, "I"),
}  # fmt: skip

MAINS: Mapping[str, Mains] = MappingProxyType(
    {code: Mains(volts, hertz, tuple(letters)) for code, ((volts, hertz), letters) in _TABLE.items()}
)
"""By country, ISO 3166-1 alpha-2."""


def mains_of(country: str) -> Mains | None:
    """The supply of a country; `None` for one that the list does not have."""
    return MAINS.get(country.upper())


def is_meant(volts: float, country: str) -> bool:
    """Whether a figure that is given for a mains voltage is for the supply of a country."""
    return rank(volts, country) is not None


def rank(volts: float, country: str) -> int | None:
    """Which of a country's voltages a figure is for, 0 the usual one; `None` for none of them."""
    supply = mains_of(country)
    if supply is None or volts <= 0:
        return None
    near = (place for place, there in enumerate(supply.voltages) if abs(there - volts) <= NEAR * volts)
    return next(near, None)


def plugs_for(codes: Collection[str], country: str) -> tuple[str, ...]:
    """Those codes that can be the answer in a country: plugs it has, and what is no plug of a country at all.

    All of them where we do not know the country's plugs.
    """
    supply = mains_of(country)
    if supply is None:
        return tuple(codes)
    return tuple(code for code in codes if code not in PLUGS or set(PLUGS[code]) & set(supply.plugs))


def uses_customary_units(country: str) -> bool:
    """Whether people there measure in US customary units."""
    return country.upper() in US_COUNTRIES

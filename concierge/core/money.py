"""Amounts of money: whole minor units with an ISO 4217 code beside them."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

_MINOR_DIGITS = {
    **dict.fromkeys(
        (
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF", "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents, yen, fils) of a currency.

    :raises ValueError: when the currency is not a code of three capital letters.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise ValueError(f"“{self.currency}” is not a currency code. Use one such as EUR, CHF or USD.")

    @property
    def amount(self) -> Decimal:
        """Return the amount in major units, with the currency's own number of digits."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(
                f"{self.currency} and {other.currency} cannot be added. Convert one of them first."
            )
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + -other

    def times(self, quantity: Decimal | int) -> "Money":
        """Multiply by a quantity and round to whole minor units, halves away from zero."""
        with localcontext() as context:
            context.prec = 40
            return Money(
                int((self.minor * Decimal(quantity)).quantize(Decimal(1), ROUND_HALF_UP)), self.currency
            )

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def minor_digits(currency: str) -> int:
    """Say how many digits a currency has after the point: two, unless ISO 4217 lists another number."""
    return _MINOR_DIGITS.get(currency, 2)


def money(amount: Decimal, currency: str) -> Money:
    """Make money from an amount in major units, rounded to whole minor units, halves away from zero.

    :raises ValueError: when the amount is not a finite number or the currency no code.
    """
    if not amount.is_finite():
        raise ValueError(f"“{amount}” is not an amount of money.")
    with localcontext() as context:
        context.prec = 40
        scaled = amount.scaleb(minor_digits(currency)).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(scaled), currency)

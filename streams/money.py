"""Prices of foreign envelopes become minor units here, at the edge, and are integers ever after."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from features.events import MAX_MONEY_MINOR
from streams.aliases import EXPONENTS
from streams.refusals import refuse

DEFAULT_EXPONENT = 2
MAX_DIGITS_LENGTH = 32


def to_minor(amount: object, currency: object, name: str) -> int:
    """Turn an amount in major units, a number or its digits, into minor units of `currency`.

    Halves are rounded up; an amount is read by the digits it was written with, so 35.79 is 3579.

    Raises
    ------
    MalformedEvent
        `wrong_type`, `not_finite` or `out_of_range`, with `name` in the detail.

    Examples
    --------
    >>> to_minor(35.79, "EUR", "price"), to_minor("1200", "JPY", "price")
    (3579, 1200)
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        refuse("wrong_type", f"{name} must be an amount of money")
    exponent = EXPONENTS.get(currency, DEFAULT_EXPONENT) if isinstance(currency, str) else 2
    if isinstance(amount, int | float) and 0 <= amount < MAX_MONEY_MINOR:
        # Almost every price is this float or integer; the division proves it, the rest is slow.
        scale: int = 10**exponent
        minor = round(amount * scale)
        if minor / scale == amount and minor <= MAX_MONEY_MINOR:
            return minor
    return _exactly(str(amount).strip(), exponent, name)


def _exactly(digits: str, exponent: int, name: str) -> int:
    if len(digits) > MAX_DIGITS_LENGTH:
        refuse("out_of_range", f"{name} must have at most {MAX_DIGITS_LENGTH} digits")
    try:
        value = Decimal(digits)
    except InvalidOperation:
        detail = f"{name} must be an amount of money, was another text"
        refuse("wrong_type", detail)
    if not value.is_finite():
        refuse("not_finite", f"{name} must be finite")
    if value < 0 or value.adjusted() > 12 or value.scaleb(exponent) > MAX_MONEY_MINOR:
        refuse("out_of_range", f"{name} must be 0..{MAX_MONEY_MINOR} minor units")
    return int(value.scaleb(exponent).to_integral_value(rounding=ROUND_HALF_UP))

"""Flags 0 to 31 as scripts write them: numbers in text, and bit masks."""

from typing import Final

from luasip.kemi.context import PvValue
from luasip.kemi.transformations.strings import to_integer

GREATEST_FLAG: Final = 31
FLAGS_MASK: Final = 0xFFFFFFFF


def flag_bit(text: str) -> int:
    """The bit of a flag's number in text, 0 when it is none of 0 to 31."""
    number = to_integer(text)
    return 1 << number if number is not None and 0 <= number <= GREATEST_FLAG else 0


def flags_value(value: PvValue) -> int | None:
    """A flags bit mask from what was assigned: null clears, text must be a number."""
    number = 0 if value is None else to_integer(value)
    return None if number is None else number & FLAGS_MASK

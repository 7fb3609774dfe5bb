"""What a transformation is: a function of a value, and how its arguments are written."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Kind(enum.Enum):
    """How an argument is written and what the function gets. All but CHARACTER and REST may be a
    pseudo-variable.
    """

    NUMBER = "number"
    """An int."""
    TEXT = "text"
    """A str, up to the next comma."""
    COMMA = "comma"
    """As TEXT, but may be a comma itself."""
    CHARACTER = "character"
    """One character or its escape; "\\\\s" is handed on for any white space."""
    REST = "rest"
    """Everything up to the closing brace, with the pseudo-variables in it left for the function."""


@dataclass(frozen=True, slots=True)
class Transformation:
    """One transformation.

    `apply` is called with the value and the arguments and gives a str, an int, or None, which makes the whole
    pseudo-variable null. The value is text, or as it is (int or None too) when `takes_any` is set. With
    `expands` the first argument is a function that replaces pseudo-variables in a text.
    """

    apply: Callable[..., Any]
    parameters: tuple[Kind, ...] = ()
    required: int = 0
    takes_any: bool = False
    expands: bool = False


def plain(apply: Callable[[str], Any]) -> Transformation:
    """A transformation without arguments."""
    return Transformation(apply)


def taking(apply: Callable[..., Any], *parameters: Kind, required: int | None = None) -> Transformation:
    """A transformation with arguments; all are required unless `required` says how many are."""
    return Transformation(apply, parameters, len(parameters) if required is None else required)

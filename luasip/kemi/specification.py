"""The notation of pseudo-variables: `$name`, `$name(inner)`,
`$(name(inner)[index]{class.verb,argument}{…})`, `$$`.

Reads text into values and nothing more: which names exist and what they hold is the registry's business
(`pseudo_variables`), what a transformation does is its own. Inner text, an index and a transformation's
arguments may hold pseudo-variables again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Union

from luasip.errors import LuaSIPError
from luasip.kemi.transformations.signature import Kind, Transformation
from luasip.kemi.transformations.table import TRANSFORMATIONS

NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_BLANK: Final = " \t\n\r"
_DEEPEST: Final = 20
"""How deep pseudo-variables may stand inside one another."""
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "s": "\\s", "w": " "}


class SpecificationError(LuaSIPError):
    """`text` is no pseudo-variable."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text!r}: {why}")


Template = tuple[Union[str, "Specification"], ...]
"""Text with pseudo-variables in it, in order."""

Argument = Union[str, int, "Specification"]


@dataclass(frozen=True, slots=True)
class TransformationCall:
    """One `{class.verb,argument,…}`."""

    name: str
    transformation: Transformation
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Specification:
    """One pseudo-variable as written. `inner` is None when there are no parentheses; name "$" stands for
    `$$`.
    """

    name: str
    inner: str | None = None
    inner_template: Template = ()
    index: Union[int, str, "Specification", None] = None
    transformations: tuple[TransformationCall, ...] = ()


def parse_specification(text: str, is_known: Callable[[str], bool]) -> Specification:
    """The pseudo-variable that `text` is, all of it. Raises SpecificationError.

    `is_known` tells whether a name with dots in it ("err.class") is a pseudo-variable; else the name ends at
    the dot.
    """
    specification, end = read_specification(text, 0, is_known)
    if end != len(text):
        raise SpecificationError(text, f"{text[end:]!r} behind the end of the pseudo-variable")
    return specification


def read_specification(text: str, at: int, is_known: Callable[[str], bool]) -> tuple[Specification, int]:
    """The pseudo-variable that starts at `text[at]`, and where it ends. Raises SpecificationError."""
    return _Reader(text, is_known).specification(at)


def parse_template(text: str, is_known: Callable[[str], bool]) -> Template:
    """Text and the pseudo-variables in it. Raises SpecificationError at the first `$` that starts none."""
    return _Reader(text, is_known).template()


def _parse_inner(text: str, is_known: Callable[[str], bool], depth: int) -> Template:
    return _Reader(text, is_known, depth + 1).template()


class _Reader:
    """Reads one text. Methods take an offset and return what they found and the offset behind it."""

    def __init__(self, text: str, is_known: Callable[[str], bool], depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise SpecificationError(text, "nested too deep")
        self.text = text
        self.is_known = is_known
        self.depth = depth

    def fail(self, why: str) -> SpecificationError:
        return SpecificationError(self.text, why)

    def char(self, at: int) -> str:
        return self.text[at : at + 1]

    def template(self) -> Template:
        parts: list[str | Specification] = []
        at = 0
        while at < len(self.text):
            dollar = self.text.find("$", at)
            if dollar < 0:
                dollar = len(self.text)
            if dollar > at:
                parts.append(self.text[at:dollar])
            if dollar < len(self.text):
                specification, dollar = self.specification(dollar)
                parts.append("$" if specification.name == "$" else specification)
            at = dollar
        return tuple(parts)

    def specification(self, at: int) -> tuple[Specification, int]:
        if self.char(at) != "$":
            raise self.fail("a pseudo-variable starts with '$'")
        following = self.char(at + 1)
        if following == "$":
            return Specification("$"), at + 2
        if following == "(":
            return self.full(at + 2)
        name, at = self.name(at + 1)
        if self.char(at) != "(":
            return Specification(name), at
        inner, at = self.enclosed(at, "(", ")")
        return Specification(name, inner, _parse_inner(inner, self.is_known, self.depth)), at

    def full(self, at: int) -> tuple[Specification, int]:
        """Behind `$(`."""
        name, at = self.name(at)
        inner: str | None = None
        template: Template = ()
        index: int | str | Specification | None = None
        if self.char(at) == "(":
            inner, at = self.enclosed(at, "(", ")")
            template = _parse_inner(inner, self.is_known, self.depth)
        if self.char(at) == "[":
            index_text, at = self.enclosed(at, "[", "]")
            index = self.index(index_text.strip())
        calls: list[TransformationCall] = []
        at = self.skip_blank(at)
        while self.char(at) == "{":
            call, at = self.call(at + 1)
            calls.append(call)
            at = self.skip_blank(at)
        if self.char(at) != ")":
            raise self.fail(
                "')' expected" if at >= len(self.text) else f"unexpected {self.char(at)!r} at {at}"
            )
        return Specification(name, inner, template, index, tuple(calls)), at + 1

    def name(self, at: int) -> tuple[str, int]:
        end = at
        while self.char(end) in NAME and end < len(self.text):
            end += 1
        if end == at:
            raise self.fail("no name behind '$'")
        return self.dotted(at, end)

    def dotted(self, at: int, end: int) -> tuple[str, int]:
        """The longest known name: some have dots, as $err.class; elsewhere a dot ends a sentence."""
        longest = end
        while self.char(longest) == "." and self.char(longest + 1) in NAME and longest + 1 < len(self.text):
            longest += 1
            while self.char(longest) in NAME and longest < len(self.text):
                longest += 1
            if self.is_known(self.text[at:longest]):
                end = longest
        return self.text[at:end], end

    def enclosed(self, at: int, opening: str, closing: str) -> tuple[str, int]:
        """What stands between the bracket at `at` and the one that closes it."""
        depth = 0
        for position in range(at, len(self.text)):
            char = self.text[position]
            if char == opening:
                depth += 1
            elif char == closing:
                depth -= 1
                if depth == 0:
                    if position == at + 1:
                        raise self.fail(f"nothing between {opening!r} and {closing!r}")
                    return self.text[at + 1 : position], position + 1
        raise self.fail(f"{closing!r} missing")

    def index(self, text: str) -> int | str | Specification:
        if text == "*":
            return text
        if text.startswith("$"):
            reader = _Reader(text, self.is_known, self.depth + 1)
            specification, end = reader.specification(0)
            if end == len(text):
                return specification
        digits = text[1:] if text[:1] in ("-", "+") else text
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise self.fail(f"{text!r} is no index")
        return int(text)

    def skip_blank(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in _BLANK:
            at += 1
        return at

    def call(self, at: int) -> tuple[TransformationCall, int]:
        """Behind `{`."""
        end = at
        while end < len(self.text) and self.text[end] not in ",}":
            end += 1
        name = self.text[at:end].strip(_BLANK).lower()
        transformation = TRANSFORMATIONS.get(name)
        if transformation is None:
            raise self.fail(f"unknown transformation {{{name}}}")
        arguments: list[Argument] = []
        for kind in transformation.parameters:
            if self.char(end) != ",":
                break
            argument, end = self.argument(kind, end + 1)
            end = self.skip_blank(end)
            arguments.append(argument)
        if len(arguments) < transformation.required:
            raise self.fail(f"{{{name}}} takes {transformation.required} arguments")
        if self.char(end) != "}":
            raise self.fail(f"{{{name}}}: {'}'!r} expected")
        return TransformationCall(name, transformation, tuple(arguments)), end + 1

    def argument(self, kind: Kind, at: int) -> tuple[Argument, int]:
        if kind is Kind.CHARACTER:
            return self.character(at)
        if kind is Kind.REST:
            return self.rest(at)
        start = at
        at = self.skip_blank(at)
        if self.char(at) == "$":
            reader = _Reader(self.text, self.is_known, self.depth + 1)
            return reader.specification(at)
        end = at
        while end < len(self.text) and self.text[end] not in ",}":
            end += 1
        if kind is Kind.COMMA and end == at and self.char(end) == ",":
            end += 1
        literal = self.text[at:end]
        if kind is Kind.NUMBER:
            return self.number(literal), end
        # An argument of blanks only is what it is, e.g. the separator " ".
        return literal if literal else self.text[start:end], end

    def number(self, literal: str) -> int:
        digits = literal.strip(_BLANK)
        body = digits[1:] if digits[:1] in ("+", "-") else digits
        if not (body.isascii() and body.isdigit() and len(body) < 19):
            raise self.fail(f"{literal!r} is no number")
        return int(digits)

    def character(self, at: int) -> tuple[str, int]:
        """One character, whichever it is, or a backslash and one of n r t s w."""
        char = self.char(at)
        if char != "\\":
            if not char:
                raise self.fail("separator expected")
            return char, at + 1
        escaped = _ESCAPES.get(self.char(at + 1))
        if escaped is None:
            raise self.fail(f"unknown escape \\{self.char(at + 1)}")
        return escaped, at + 2

    def rest(self, at: int) -> tuple[str, int]:
        """Everything up to the brace that closes the transformation; inner braces come in pairs."""
        depth = 1
        for position in range(at, len(self.text)):
            char = self.text[position]
            if char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    return self.text[at:position], position
        raise self.fail("'}' missing")

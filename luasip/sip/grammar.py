"""Character classes and the smallest readers of RFC 3261 §25, shared by every header and URI parser.

It must not know any particular header. Text is wire text: one `str` character per byte (latin-1).

A class is a plain string, made for `str.strip`: `text.strip(TOKEN) == ""` is true exactly when every
character of `text` is in the class. What each message asks is a *table* of 256 bytes instead, for `is_made_of`:
compiled, that reads an array, where `strip` searches its class anew for each character. `i64` says to the compiler
that a number fits a register; to Python it is a name in an annotation that is never looked at.
"""

from types import FunctionType
from typing import TYPE_CHECKING, Final

from librt.strings import read_i64_le

if TYPE_CHECKING:
    from mypy_extensions import i64

ALPHA: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGIT: Final = "0123456789"
ALPHANUM: Final = ALPHA + DIGIT
HEX: Final = "0123456789abcdefABCDEF"
MARK: Final = "-_.!~*'()"
UNRESERVED: Final = ALPHANUM + MARK
RESERVED: Final = ";/?:@&=+$,"

TOKEN: Final = ALPHANUM + "-.!%*_+`'~"
"""token (§25.1)."""

WORD: Final = ALPHANUM + "-.!%*_+`'~()<>:\\\"/[]?{}"
"""word (§25.1), of which a Call-ID is made."""

SPACE: Final = " \t"
"""What may surround a separator. Never `str.strip()` without it: that also strips \\x1c-\\x1f, \\x85 and
\\xa0.
"""

FOLD: Final = " \t\r\n"
"""White space and line folds."""

MAX_UINT32: Final = 0xFFFFFFFF


def table(characters: str) -> bytes:
    """The table of a class (see `is_made_of`)."""
    return bytes([chr(code) in characters for code in range(256)])


_CONTROLS: Final = bytes(range(9)) + bytes(range(10, 32)) + b"\x7f"

TOKEN_TABLE: Final = table(TOKEN)
VISIBLE_TABLE: Final = bytes([code > 0x20 and code != 0x7F and chr(code) not in '<>"' for code in range(256)])
"""Everything but white space, control characters, quotes and angle brackets: needs no enclosing, hides nothing."""


def is_white(code: int) -> bool:
    """True for the code of a character of FOLD."""
    return code == 0x20 or code == 0x09 or code == 0x0D or code == 0x0A


def is_made_of(text: str, allowed: bytes) -> bool:
    """True when every character of `text` is in the class of which `allowed` is the table; also for ""."""
    if not _IS_COMPILED:
        return _is_made_of(text, allowed)
    index: i64 = 0
    length: i64 = len(text)
    while index < length:
        code: i64 = ord(text[index])  # compiled, this makes no object
        if code > 255 or not allowed[code]:
            return False
        index += 1
    return True


def _is_made_of(text: str, allowed: bytes) -> bool:
    """The same without a loop, which is slow where it is interpreted."""
    try:
        return 0 not in text.encode("latin-1").translate(allowed)
    except UnicodeEncodeError:
        return False


_IS_COMPILED: Final = not isinstance(_is_made_of, FunctionType)


def is_token(text: str) -> bool:
    """True when `text` is a token (RFC 3261 §25.1)."""
    return text != "" and is_made_of(text, TOKEN_TABLE)


def is_number(text: str) -> bool:
    """True when `text` is 1*DIGIT in ASCII. (`str.isdigit` alone is true for superscripts of latin-1.)"""
    return text.isdecimal() and text.isascii()


def short_number(text: str) -> int:
    """The value of one to nine digits, which nearly every number in a message is; -1 for any other text."""
    return short_number_in(text, 0, len(text))


def short_number_in(text: str, start: int, end: int) -> int:
    """The same for `text[start:end]`, without that being cut out."""
    index: i64 = start
    length: i64 = end
    if length <= index or length > index + 9:
        return -1
    number: i64 = 0
    while index < length:
        digit: i64 = ord(text[index]) - 0x30
        if digit < 0 or digit > 9:
            return -1
        number = number * 10 + digit
        index += 1
    return number


def has_control(text: str) -> bool:
    """True when `text` has a control character other than TAB that no backslash quotes.

    A quoted-pair may carry any byte but CR and LF (RFC 3261 §25.1, RFC 4475 §3.1.1.2), so a control
    character behind a backslash is left to whoever reads the quoted string.
    """
    if text.isprintable():
        return False
    quoted = False
    for character in text:
        if (character < " " and character != "\t") or character == "\x7f":
            if not quoted or character in "\r\n":
                return True
            quoted = False
        else:
            quoted = character == "\\" and not quoted
    return False


def count_controls(text: str) -> int:
    """How many control characters there are in `text`; TAB is none."""
    data = text.encode("latin-1", "replace")
    if _IS_COMPILED:
        return _count_controls_in_words(data)
    return len(data) - len(data.translate(None, _CONTROLS))


def _count_controls_in_words(data: bytes) -> int:
    """The same, eight bytes at a time: every header section is looked through, and no call of Python's does it faster
    than byte by byte.

    Of each byte the lower seven bits are looked at with an addition that carries into the eighth when they are at
    least 0x20, other than TAB, or 0x7F; a byte that has the eighth bit set itself is no control character.
    """
    padded = data + b"       "
    lower: i64 = 0x7F7F7F7F7F7F7F7F
    ones: i64 = 0x0101010101010101
    up_from_space: i64 = 0x6060606060606060
    tabs: i64 = 0x0909090909090909
    total: i64 = 0
    index: i64 = 0
    end: i64 = len(padded) - 7
    while index < end:
        counts: i64 = 0  # one in each byte, which must not pass 127
        stop: i64 = min(index + 127 * 8, end)
        while index < stop:
            word: i64 = read_i64_le(padded, index)
            bits = word & lower
            is_low = ~(bits + up_from_space)
            is_no_tab = (bits ^ tabs) + lower
            is_delete = bits + ones
            counts += ((((is_low & is_no_tab) | is_delete) & ~word) >> 7) & ones
            index += 8
        while counts > 0:
            total += counts & 0xFF
            counts >>= 8
    return total


def unfold(text: str) -> str:
    """Header text with each line fold (CRLF and the white space around it) turned into one space (§7.3.1)."""
    if "\n" not in text:
        return text
    return " ".join([line.strip(SPACE) for line in text.split("\r\n")]).strip(SPACE)


def skip_quoted(text: str, start: int, end: int) -> int:
    """Offset just behind the quoted string that opens at `text[start] == '"'`, or -1 when it never closes."""
    position = start + 1
    while True:
        quote = text.find('"', position, end)
        if quote < 0:
            return -1
        backslash = text.find("\\", position, quote)
        if backslash < 0:
            return quote + 1
        position = backslash + 2


def unquote(text: str) -> str:
    """The content of a quoted string, quoted-pairs resolved; any other text is returned as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    pieces: list[str] = []
    position = 0
    while True:
        backslash = inner.find("\\", position)
        if backslash < 0 or backslash + 1 >= len(inner):
            pieces.append(inner[position:])
            return "".join(pieces)
        pieces.append(inner[position:backslash])
        pieces.append(inner[backslash + 1])
        position = backslash + 2


def quote(text: str) -> str:
    """`text` as a quoted string: the opposite of `unquote`. CR and LF cannot be quoted and become spaces."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    if not plain.isprintable():
        plain = "".join([_quote_character(character) for character in plain])
    return f'"{plain}"'


def _quote_character(character: str) -> str:
    if character in "\r\n":
        return " "
    if (character < " " and character != "\t") or character == "\x7f":
        return "\\" + character
    return character

"""Cuts Lua source text into tokens: what the script checker reads. Linear in the length; knows no grammar."""

import re
from typing import Final, NamedTuple

_KEYWORDS: Final = """and break do else elseif end false for function goto if in local nil not or repeat
return then true until while"""
KEYWORDS: Final = frozenset(_KEYWORDS.split())

NAME: Final = "name"
KEYWORD: Final = "keyword"
STRING: Final = "string"
NUMBER: Final = "number"
OPERATOR: Final = "operator"
END: Final = "end"


class Token(NamedTuple):
    """One token. `text` is what a string means, and for the others what is written."""

    kind: str
    text: str
    line: int


_LONG = re.compile(r"\[(=*)\[")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v\n]+)
    |(?P<name>[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)
    |(?P<number>0[xX][0-9A-Fa-f.]+(?:[pP][+-]?[0-9]+)?|(?:\.[0-9]|[0-9])[0-9.]*(?:[eE][+-]?[0-9]+)?)
    |(?P<string>"(?:[^"\\\n]|\\(?:z\s*|\r\n|[\s\S]))*"|'(?:[^'\\\n]|\\(?:z\s*|\r\n|[\s\S]))*')
    |(?P<operator>\.\.\.|\.\.|==|~=|<=|>=|<<|>>|//|::|[-+*/%^\#&~|<>=(){}\[\];:,.])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:z\s*|x([0-9A-Fa-f]{2})|([0-9]{1,3})|u\{([0-9A-Fa-f]+)\}|(\r\n|[\s\S]))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, with an END token at last.

    What Lua could not read ends the list too: the Lua compiler says what is wrong there.
    """
    tokens: list[Token] = []
    at, line = _after_shebang(text), 1
    while at < len(text):
        if text.startswith("--", at):
            stop = _comment_end(text, at)
        elif match := _LONG.match(text, at):
            stop = _long_end(text, match)
            tokens.append(Token(STRING, _long_value(text[match.end() : stop - len(match[0])]), line))
        elif found := _TOKEN.match(text, at):
            stop = found.end()
            if found.lastgroup != "space":
                tokens.append(_token(found, line))
        else:
            break
        line += text.count("\n", at, stop)
        at = stop
    tokens.append(Token(END, "", line))
    return tokens


def _token(match: re.Match[str], line: int) -> Token:
    text, kind = match[0], match.lastgroup or ""
    if kind == NAME and text in KEYWORDS:
        return Token(KEYWORD, text, line)
    if kind == STRING:
        return Token(STRING, _ESCAPE.sub(_unescape, text[1:-1]), line)
    return Token(kind, text, line)


def _unescape(match: re.Match[str]) -> str:
    hexadecimal, decimal, code_point, letter = match.groups()
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    if decimal:
        return chr(int(decimal) & 0xFF)
    if code_point:
        number = int(code_point, 16)
        return chr(number).encode("utf-8", "replace").decode("latin-1") if number <= 0x10FFFF else ""
    return _LETTERS.get(letter, letter) if letter else ""


def _after_shebang(text: str) -> int:
    """Lua skips a first line that starts with '#', after a UTF-8 byte order mark."""
    at = 3 if text.startswith("\xef\xbb\xbf") else 0
    if text.startswith("#", at):
        stop = text.find("\n", at)
        return len(text) if stop < 0 else stop
    return at


def _comment_end(text: str, at: int) -> int:
    if match := _LONG.match(text, at + 2):
        return _long_end(text, match)
    stop = text.find("\n", at)
    return len(text) if stop < 0 else stop


def _long_end(text: str, match: re.Match[str]) -> int:
    closing = f"]{match[1]}]"
    stop = text.find(closing, match.end())
    return len(text) if stop < 0 else stop + len(closing)


def _long_value(text: str) -> str:
    """A line break right after the opening bracket does not count."""
    return text.removeprefix("\r").removeprefix("\n")

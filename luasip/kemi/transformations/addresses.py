"""`{nameaddr.…}` and `{tobody.…}`: the parts of a name-addr, cut without checking more than its brackets.

They work on any text (a header, an AVP), so they take what `luasip.sip.values` would refuse, and give
display names as written, quotes included.
"""

from collections.abc import Callable
from dataclasses import dataclass

from luasip.errors import UriError
from luasip.kemi.transformations.parameters import split
from luasip.sip.uri import Uri, parse_uri


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr or addr-spec as written.

    `display_name` keeps its quotes; `uri_start` is where `uri` stands in the text; `parameters` is what
    follows, without the first ";"; `end` is behind the ">" (or the URI).
    """

    display_name: str
    uri: str
    uri_start: int
    parameters: str
    end: int


def cut(text: str) -> Address | None:
    """The parts of `text`; None when a quote or bracket is not closed or there is no URI."""
    at = _behind_quotes(text)
    if at < 0:
        return None
    opening = text.find("<", at)
    if opening < 0:
        return _bare(text) if at == 0 else None
    closing = text.find(">", opening)
    if closing <= opening + 1:
        return None
    parameters = text[closing + 1 :].strip().removeprefix(";").lstrip()
    return Address(text[:opening].strip(), text[opening + 1 : closing], opening + 1, parameters, closing + 1)


def _behind_quotes(text: str) -> int:
    """Where a quoted display name at the start ends, 0 when there is none, -1 when it is not closed."""
    start = len(text) - len(text.lstrip())
    if not text.startswith('"', start):
        return 0
    at = start + 1
    while at < len(text):
        if text[at] == '"':
            return at + 1
        at += 2 if text[at] == "\\" else 1
    return -1


def _bare(text: str) -> Address | None:
    """Without brackets the parameters belong to the header (RFC 3261 §20.10)."""
    start = len(text) - len(text.lstrip())
    uri, _, parameters = text[start:].partition(";")
    uri = uri.rstrip()
    return Address("", uri, start, parameters.strip(), start + len(uri)) if uri else None


def uri(text: str) -> str | None:
    """{nameaddr.uri}: what stands between < and >, or the whole text when there are no brackets."""
    if "<" not in text:
        return text or None
    address = cut(text)
    return None if address is None else address.uri


def name(text: str) -> str | None:
    """{nameaddr.name}"""
    if "<" not in text:
        return "" if text else None
    address = cut(text)
    return None if address is None else address.display_name


def size(text: str) -> int | None:
    """{nameaddr.len}: characters up to and with the ">"."""
    if "<" not in text:
        return len(text) or None
    address = cut(text)
    return None if address is None else address.end


def part(read: Callable[[Address, Uri], str]) -> Callable[[str], str | None]:
    """A {tobody.…}: null unless the text is an address with a readable URI."""

    def transform(text: str) -> str | None:
        address = cut(text)
        if address is None:
            return None
        try:
            return read(address, parse_uri(address.uri))
        except UriError:
            return None

    return transform


def tag(address: Address) -> str:
    """The tag parameter, "" when absent."""
    return next((value for key, value in split(address.parameters) if key.lower() == "tag"), "")

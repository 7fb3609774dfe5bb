"""The values of $uac_req(…) and the request they describe. Knows no module and no transaction."""

from dataclasses import dataclass, field
from typing import Final

from luasip.kemi.context import PvValue
from luasip.kemi.transactions import OwnRequest

TEXTS: Final = frozenset(
    (
        *("method", "ruri", "furi", "turi", "ftag", "ttag", "callid", "hdrs", "body"),
        *("ouri", "sock", "auser", "apasswd", "evparam"),
    )
)
NUMBERS: Final = frozenset(("cseqno", "evcode", "evroute", "evtype", "flags"))

FIRST_CSEQ: Final = 10
"""Kamailio's."""


@dataclass(slots=True)
class RequestValues:
    """What was set so far, by the names of $uac_req(…)."""

    values: dict[str, str | int] = field(default_factory=dict)

    def get(self, name: str) -> PvValue:
        """A value; a text that is not set is None, a number 0. KeyError for an unknown name."""
        if name in NUMBERS:
            return self.values.get(name, 0)
        if name in TEXTS:
            return self.values.get(name)
        if name == "all":
            return self.values.get("flags", 0)
        raise KeyError(name)

    def set(self, name: str, value: PvValue) -> bool:
        """Set one value, or unset it with None; "all" can only be unset. False when it cannot be."""
        if name == "all":
            if value is None:
                self.values.clear()
            return value is None
        if name not in TEXTS and name not in NUMBERS:
            return False
        if value is None or value == "":
            self.values.pop(name, None)
        elif name in TEXTS:
            self.values[name] = str(value)
        elif str(value).isdecimal() and str(value).isascii():
            self.values[name] = int(value)
        else:
            return False
        return True

    def text(self, name: str) -> str:
        """A text, "" when it is not set."""
        return str(self.values.get(name, ""))

    def number(self, name: str) -> int:
        """A number, 0 when it is not set."""
        return int(self.values.get(name, 0))

    def copy(self) -> "RequestValues":
        """An independent copy."""
        return RequestValues(self.values.copy())

    def request(self, call_id: str, tag: str, user_agent: str, socket: str) -> OwnRequest:
        """The request; call_id and tag are used where the script has set none."""
        uri = self.text("ruri")
        to_tag = self.text("ttag")
        lines = [self.text("hdrs").rstrip("\r\n")]
        if user_agent and not _has_header(lines[0], "user-agent"):
            lines.append(f"User-Agent: {user_agent}")
        return OwnRequest(
            method=self.text("method"),
            request_uri=uri,
            from_=f"{_bracketed(self.text('furi') or uri)};tag={self.text('ftag') or tag}",
            to=_bracketed(self.text("turi") or uri) + (f";tag={to_tag}" if to_tag else ""),
            call_id=self.text("callid") or call_id,
            cseq=self.number("cseqno") or FIRST_CSEQ,
            headers="\r\n".join(filter(None, lines)),
            body=self.text("body"),
            next_hop=self.text("ouri"),
            socket=socket,
        )


def _bracketed(uri: str) -> str:
    return uri if "<" in uri else f"<{uri}>"


def _has_header(headers: str, key: str) -> bool:
    return any(line.partition(":")[0].strip().lower() == key for line in headers.split("\n"))

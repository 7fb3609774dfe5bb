"""One accounting record: what is said about a request and its answer, as a line of the log and as a row.

Knows no database, no flags and no settings but those handed to it.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from luasip.kemi.context import PvValue
from luasip.kemi.current import method_of
from luasip.sip.message import Message, Response
from luasip.sip.status import reason_phrase

ANSWERED: Final = "ACC: transaction answered: "
ACKNOWLEDGED: Final = "ACC: request acknowledged: "
MISSED: Final = "ACC: call missed: "
ACCOUNTED: Final = "ACC: request accounted: "

Pairs = list[tuple[str, PvValue]]


@dataclass(frozen=True, slots=True)
class SecondTime:
    """The further time of a record (time_mode)."""

    mode: int
    name: str
    format: str

    def value(self, at: float) -> str | int | float | None:
        """What stands in a record, None when there is none."""
        if self.mode == 1:
            return int(at * 1_000_000) % 1_000_000
        if self.mode == 2:
            return round(at, 3)
        if self.mode in (3, 4):
            return time.strftime(self.format, time.localtime(at) if self.mode == 3 else time.gmtime(at))
        return None


@dataclass(frozen=True, slots=True)
class Record:
    """What a record always says. `code` is "" or three digits, `at` seconds since the epoch."""

    method: str
    from_tag: str
    to_tag: str
    call_id: str
    code: str
    reason: str
    at: float

    def line(self, head: str, second: SecondTime, extra: Pairs) -> str:
        """As a line of the log, the way Kamailio writes it."""
        value = second.value(self.at)
        if isinstance(value, float):
            value = f"{value:.3f}"
        pairs: Pairs = [("timestamp", int(self.at))]
        if value is not None:
            pairs.append((second.name, value))
        pairs += (
            ("method", self.method),
            ("from_tag", self.from_tag),
            ("to_tag", self.to_tag),
            ("call_id", self.call_id),
            ("code", self.code),
            ("reason", self.reason),
        )
        pairs += extra
        return head + ";".join([f"{name}={'' if text is None else text}" for name, text in pairs])

    def row(self, columns: dict[str, str], second: SecondTime, extra: Pairs) -> dict[str, Any]:
        """As a row: values by column, the time as seconds since the epoch."""
        values = {
            "method": self.method,
            "from_tag": self.from_tag,
            "to_tag": self.to_tag,
            "callid": self.call_id,
            "sip_code": self.code,
            "sip_reason": self.reason,
            "time": self.at,
        }
        row: dict[str, Any] = {columns[key]: value for key, value in values.items()}
        value = second.value(self.at)
        if value is not None:
            row[second.name] = value
        row.update((name, str(text) if isinstance(text, int) else text) for name, text in extra)
        return row


def record_of(
    message: Message, answered: Message | None, code: str, reason: str, at: float, swapped: bool = False
) -> Record:
    """The record of a request. Raises SipError when its From, To, Call-ID or CSeq cannot be read.

    Args:
        answered: the message whose To counts, None for the request itself.
        swapped: From and To change places (detect_direction).
    """
    tags = (message.from_.tag, (answered or message).to.tag)
    from_tag, to_tag = reversed(tags) if swapped else tags
    return Record(method_of(message), from_tag, to_tag, message.call_id, code, reason, at)


def reason_of(response: Response | None, status: int, from_header: bool) -> str:
    """The reason of an answer: as it was received, or the usual one for an answer made here."""
    if response is None or response.status != status:
        return reason_phrase(status)
    if from_header:
        line = response.first("reason")
        if line is not None:
            return line.value
    return response.reason


def split_comment(comment: str) -> tuple[str, str]:
    """Code and reason of a script's "404 Not Found"; the code is "" where it does not start with three digits."""
    code = comment[:3]
    if len(code) == 3 and code.isascii() and code.isdigit():
        return code, comment[3:].lstrip()
    return "", comment

"""The two requests a proxy makes from one it has sent: CANCEL (RFC 3261 §9.1) and the ACK for a final
response that is not 2xx (§17.1.1.3).

Both copy lines from the wire text of the branch's request, since only that says what the next hop
saw: the script may have changed From, To or the Routes on the way. This module must not know transactions.
"""

from collections.abc import Sequence
from typing import Final

from luasip.sip.header_names import canonical
from luasip.sip.message import Response

MAX_FORWARDS: Final = "Max-Forwards: 70\r\n"
NO_BODY: Final = "Content-Length: 0\r\n\r\n"


def build_cancel(sent_request: str, *, headers: str = "") -> str:
    """The CANCEL for the request whose wire text is `sent_request`.

    headers: more header lines, each with its CRLF (Reason, RFC 3326).
    """
    lines = _header_lines(sent_request)
    return "".join(
        [
            _start_line(sent_request, "CANCEL"),
            _top_via(lines),
            _all(lines, "route"),
            _first(lines, "from"),
            _first(lines, "to"),
            _first(lines, "call-id"),
            _cseq(lines, "CANCEL"),
            MAX_FORWARDS,
            headers,
            NO_BODY,
        ]
    )


def build_ack(sent_invite: str, response: Response) -> str:
    """The hop-by-hop ACK for `response` (300 to 699) to the INVITE whose wire text is `sent_invite`.

    To is the response's, since its tag is new. Errors: HeaderError when the response has no To.
    """
    lines = _header_lines(sent_invite)
    to = response.required("to")
    return "".join(
        [
            _start_line(sent_invite, "ACK"),
            _top_via(lines),
            _all(lines, "route"),
            _first(lines, "from"),
            response.text[to.start : to.end].rstrip("\r\n") + "\r\n",
            _first(lines, "call-id"),
            _cseq(lines, "ACK"),
            MAX_FORWARDS,
            NO_BODY,
        ]
    )


def _header_lines(text: str) -> list[tuple[str, str]]:
    """(canonical name, whole line with folds, ended by CRLF) of each header.

    Lines that came with a bare LF went out with one, so both ends are taken.
    """
    lines: list[tuple[str, str]] = []
    for raw in text.split("\n")[1:]:
        line = raw.rstrip("\r")
        if not line:
            break
        if line[0] in " \t" and lines:
            key, so_far = lines[-1]
            lines[-1] = (key, f"{so_far}{line}\r\n")
        else:
            lines.append((canonical(line.partition(":")[0].strip()), f"{line}\r\n"))
    return lines


def _start_line(text: str, method: str) -> str:
    line = text.partition("\n")[0].rstrip("\r")
    return f"{method}{line[line.index(' ') :]}\r\n"


def _all(lines: Sequence[tuple[str, str]], key: str) -> str:
    return "".join([line for name, line in lines if name == key])


def _first(lines: Sequence[tuple[str, str]], key: str) -> str:
    return next((line for name, line in lines if name == key), "")


def _top_via(lines: Sequence[tuple[str, str]]) -> str:
    # forward_request writes our Via as a line of its own, and a Via we write has no quoted comma.
    return _first(lines, "via").partition(",")[0].rstrip() + "\r\n"


def _cseq(lines: Sequence[tuple[str, str]], method: str) -> str:
    number = _first(lines, "cseq").partition(":")[2].split()[0]
    return f"CSeq: {number} {method}\r\n"

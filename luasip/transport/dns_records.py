"""SRV and NAPTR records, asked of the system's name servers (RFC 1035, 2782, 3403).

The system's own look-up knows addresses and names only, so these are asked for here: over UDP, and over TCP
when an answer does not fit. `query` blocks for seconds at worst: call it in a pool. Knows no SIP.
"""

import secrets
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from luasip.errors import TransportError

Record = dict[str, str | int]
"""SRV: priority, weight, port, target. NAPTR: order, pref, flags, services, regex, replace."""

TYPES: Final = {"SRV": 33, "NAPTR": 35}

_INTERNET: Final = 1
_HEADER: Final = struct.Struct("!6H")
_FIXED: Final = struct.Struct("!HHIH")
_IS_ANSWER, _TRUNCATED, _RECURSION, _CODE = 0x8000, 0x0200, 0x0100, 0x000F
_NO_SUCH_NAME: Final = 3
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_TRIES: Final = 2

Server = tuple[str, int]


def query(
    name: str, kind: str, servers: Sequence[Server] | None = None, timeout: float = 2.0
) -> list[Record]:
    """The records of a name, as the server sent them; [] when there are none.

    Args:
        name: the whole name, without or with the dot at its end.
        kind: "SRV" or "NAPTR".
        servers: (address, port) of the name servers, None for the system's.
        timeout: seconds to wait for each of them.
    Raises TransportError when the name is none, or no server gives an answer.
    """
    question = _encode_name(name) + struct.pack("!HH", TYPES[kind], _INTERNET)
    problem = "there is no name server"
    for server in (system_servers() if servers is None else list(servers)) * _TRIES:
        number = secrets.randbelow(65536)
        request = _HEADER.pack(number, _RECURSION, 1, 0, 0, 0) + question
        try:
            answer = _ask(server, request, timeout)
            return _read_answer(answer, number, question, TYPES[kind])
        except (OSError, ValueError) as error:
            problem = f"{server[0]}: {error}"
    raise TransportError(f"no {kind} records of {name!r}: {problem}")


def system_servers(path: str = "/etc/resolv.conf") -> list[Server]:
    """The name servers of the system; this machine when it names none."""
    found: list[Server] = []
    try:
        lines = Path(path).read_text("latin-1").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            found.append((words[1], 53))
    return found or [("127.0.0.1", 53)]


def _ask(server: Server, request: bytes, timeout: float) -> bytes:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout)
        asking.connect(server)
        asking.send(request)
        answer = asking.recv(65535)
    if len(answer) >= _HEADER.size and _HEADER.unpack_from(answer)[1] & _TRUNCATED:
        return _ask_by_stream(server, request, timeout)
    return answer


def _ask_by_stream(server: Server, request: bytes, timeout: float) -> bytes:
    with socket.create_connection(server, timeout) as asking:
        asking.sendall(struct.pack("!H", len(request)) + request)
        (length,) = struct.unpack("!H", _read_exactly(asking, 2))
        return _read_exactly(asking, length)


def _read_exactly(asking: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = asking.recv(length - len(data))
        if not part:
            raise ValueError("the connection was closed")
        data += part
    return data


def _encode_name(name: str) -> bytes:
    plain = name.removesuffix(".")
    labels = plain.split(".")
    if len(plain) > _LONGEST_NAME or any(not 0 < len(label) <= _LONGEST_LABEL for label in labels):
        raise TransportError(f"{name!r} is no host name")
    try:
        return b"".join(bytes((len(label),)) + label.encode("latin-1") for label in labels) + b"\0"
    except UnicodeError as error:
        raise TransportError(f"{name!r} is no host name") from error


def _read_answer(data: bytes, number: int, question: bytes, kind: int) -> list[Record]:
    """The records of one kind in an answer. Raises ValueError when it is none to this question, or broken."""
    try:
        identity, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
        asked = data[_HEADER.size : _HEADER.size + len(question)]
        if (
            identity != number
            or not flags & _IS_ANSWER
            or questions != 1
            or asked.lower() != question.lower()
        ):
            raise ValueError("the answer is to another question")
        if flags & _CODE == _NO_SUCH_NAME:
            return []
        if flags & _CODE:
            raise ValueError(f"the server answers with error {flags & _CODE}")
        return _read_records(data, _HEADER.size + len(question), answers, kind)
    except (struct.error, IndexError) as error:
        raise ValueError("the answer is broken") from error


def _read_records(data: bytes, at: int, count: int, kind: int) -> list[Record]:
    found: list[Record] = []
    for _ in range(count):
        _, at = _read_name(data, at)
        its_kind, its_class, _, length = _FIXED.unpack_from(data, at)
        at += _FIXED.size
        # Aliases (CNAME) come along; the records they lead to follow under their own names.
        if its_kind == kind and its_class == _INTERNET:
            found.append(_read_srv(data, at) if kind == TYPES["SRV"] else _read_naptr(data, at))
        at += length
    return found


def _read_srv(data: bytes, at: int) -> Record:
    priority, weight, port = struct.unpack_from("!3H", data, at)
    return {"priority": priority, "weight": weight, "port": port, "target": _read_name(data, at + 6)[0]}


def _read_naptr(data: bytes, at: int) -> Record:
    order, preference = struct.unpack_from("!2H", data, at)
    record: Record = {"order": order, "pref": preference}
    at += 4
    for key in ("flags", "services", "regex"):
        length = data[at]
        if at + 1 + length > len(data):
            raise ValueError("the answer is broken")
        record[key] = data[at + 1 : at + 1 + length].decode("latin-1")
        at += 1 + length
    record["replace"] = _read_name(data, at)[0]
    return record


def _read_name(data: bytes, start: int) -> tuple[str, int]:
    """A name and where what follows it begins. A pointer leads backwards only, so this ends (RFC 1035 §4.1.4)."""
    labels: list[str] = []
    at, after, earliest = start, 0, start
    while data[at]:
        length = data[at]
        if length & 0xC0 == 0xC0:
            after = after or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            if at >= earliest:
                raise ValueError("a name in the answer has no end")
            earliest = at
            continue
        if length & 0xC0 or at + 1 + length >= len(data):
            raise ValueError("a name in the answer is broken")
        labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
        at += 1 + length
    return ".".join(labels), after or at + 1

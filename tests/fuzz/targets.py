"""What is fuzzed: by name, a function that takes any bytes and fails if LuaSIP does not deal with them.

Dealing with them means a value or a typed error (`LuaSIPError`), and that what was read can be written and is read
again as the same. Nothing else may be raised. `test_fuzz` feeds them in the suite, `run` under a fuzzer that follows
the coverage. Whole servers are in `servers`.
"""

import contextlib
import json
import math
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from luasip.control import json_rpc, xml_rpc
from luasip.control.documents import DocumentReader, DocumentTooLong
from luasip.control.registry import Registry
from luasip.errors import FramingError, NotSip, ParseError, SipError
from luasip.kemi.declare import command
from luasip.modules.luasip_jsonrpc.messages import read_answer
from luasip.modules.netstring import NetstringReader, netstring
from luasip.proxy.forward import forward_request, forward_response
from luasip.sip import digest
from luasip.sip.edits import Edits
from luasip.sip.framing import PING, Frame, StreamFramer
from luasip.sip.grammar import unfold
from luasip.sip.message import Message, Request, Response
from luasip.sip.params import parse_comma_params, parse_params, quote, split_items, unquote
from luasip.sip.parser import Limits, parse_message
from luasip.sip.response import build_response
from luasip.sip.sdp import parse_sdp
from luasip.sip.uri import escape_user, parse_uri, unescape, uris_equal
from luasip.sip.validation import check_headers
from luasip.sip.values import bounded_int, parse_cseq, parse_name_addr, parse_qvalue, parse_uint32, parse_via
from luasip.sip.via import received_via, via_target
from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.outputs import NOTHING, TERMINATED
from luasip.transaction.server import NonInviteServer
from luasip.transaction.server_invite import InviteServer
from luasip.transaction.states import State
from luasip.transaction.timers import TransactionTimers

Target = Callable[[bytes], None]

READ = (
    "top_via",
    "vias",
    "from_",
    "to",
    "call_id",
    "cseq",
    "contacts",
    "contact_star",
    "routes",
    "record_routes",
    "paths",
    "max_forwards",
    "expires",
    "content_length",
    "content_type",
    "media_type",
    "user_agent",
)


def datagram(data: bytes) -> None:
    """One datagram, as the server takes it: parsed, validated, answered, forwarded."""
    text = data.decode("latin-1")
    try:
        message: Message = parse_message(text)
    except NotSip:
        return
    except ParseError as error:
        assert error.status in (400, 414, 513)  # noqa: PT017
        if isinstance(error.salvaged, Request):
            _read(error.salvaged)
            _answer(error.salvaged)
        return
    _read(message)
    if isinstance(message, Request):
        with contextlib.suppress(SipError):
            check_headers(message)
        _answer(message)
        _forward(message)
    elif isinstance(message, Response):
        with contextlib.suppress(SipError):
            check_headers(message)
        _forward_response(message)


def _read(message: Message) -> None:
    for line in message.headers:
        shown = message.text[line.start : line.end]
        assert shown.startswith(line.name)
        assert shown.endswith("\r\n") or line.end == len(message.text) + 2 or not message.text.endswith("\r\n")
        assert line.start <= line.value_start <= line.value_end <= line.end
        assert unfold(message.text[line.value_start : line.value_end]) == line.value
        with contextlib.suppress(SipError):
            message.values(line.key)
    for name in READ:
        with contextlib.suppress(SipError):
            getattr(message, name)
    with contextlib.suppress(SipError):
        for address in [*message.contacts, *message.routes]:
            _ = address.q, address.expires, address.tag, address.uri


def _answer(request: Request) -> None:
    try:
        request.top_via_text = received_via(request.top_via, "192.0.2.1", 5060)
        via_target(parse_via(request.top_via_text))
    except SipError:
        pass
    try:
        text = build_response(request, 400, "Bad\r\nRequest", to_tag="t")
    except SipError as error:
        assert "missing" in error.reason  # noqa: PT017
        return
    assert text.count("\r\n\r\n") >= 1
    with contextlib.suppress(SipError):
        answer = parse_message(text)
        assert isinstance(answer, Response)
        assert answer.status == 400
        assert answer.body == ""


def _forward(request: Request) -> None:
    try:
        check_headers(request)
        vias = len(request.vias)
    except SipError:
        return
    edits = Edits()
    for line in request.headers[::3]:
        if line.key not in ("via", "from", "to", "call-id", "cseq", "content-length", "max-forwards"):
            edits.remove_header(line)
    edits.append_header(request, "X-Fuzz: yes\r\n")
    text = forward_request(
        request,
        edits,
        request_uri="sip:next@192.0.2.9",
        via="SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKour",
        max_forwards=69,
        record_routes=["<sip:192.0.2.8;lr>"],
    )
    sent = parse_message(text, Limits(message=10**6, headers=10**4, line=10**6, uri=10**6))
    assert isinstance(sent, Request)
    assert sent.request_uri == "sip:next@192.0.2.9"
    assert sent.top_via.branch == "z9hG4bKour"
    assert len(sent.vias) == vias + 1
    assert sent.max_forwards == 69
    assert (sent.call_id, sent.cseq.number, sent.body) == (request.call_id, request.cseq.number, request.body)
    assert sent.values("x-fuzz")[-1] == "yes"


def _forward_response(response: Response) -> None:
    try:
        vias = response.vias
        check_headers(response)
    except SipError:
        return
    if len(vias) < 2:
        return
    sent = parse_message(forward_response(response, Edits()))
    assert isinstance(sent, Response)
    assert [via.text for via in sent.vias] == [via.text for via in vias[1:]]
    assert (sent.status, sent.call_id, sent.body) == (response.status, response.call_id, response.body)


def stream(data: bytes) -> None:
    """A byte stream, whole and in pieces: the same frames, and no more held than a message may have."""
    limits = Limits(message=2048)
    whole = _frames(data, len(data) or 1, limits)
    size = data[0] % 16 + 1 if data else 1
    pieces = _frames(data, size, limits)
    # Of frames in pieces there may be more: a fault behind them cannot take back what went before.
    assert [frame for frame in whole if frame != PING] == [frame for frame in pieces if frame != PING][: len(whole)]
    for frame in whole:
        if frame != PING:
            datagram(frame)


def _frames(data: bytes, size: int, limits: Limits) -> list[Frame]:
    framer = StreamFramer(limits)
    frames: list[Frame] = []
    for at in range(0, len(data), size):
        try:
            frames += framer.feed(data[at : at + size])
        except FramingError:
            assert framer.lost
            break
        assert framer.pending <= limits.message + size
        _ = framer.mid_message
    return frames


def uri(data: bytes) -> None:
    """A URI and its relations."""
    text = data.decode("latin-1")
    unescape(escape_user(text))
    unescape(text)
    try:
        parsed = parse_uri(text)
    except SipError:
        return
    assert parsed.text == text
    assert uris_equal(parsed, parsed)
    upper = f"{text.partition(':')[0].upper()}:{text.partition(':')[2]}"
    assert uris_equal(parsed, parse_uri(upper))
    _ = parsed.host_port, parsed.transport, parsed.is_loose_router
    try:
        again = parsed.replace(user=escape_user(unescape(parsed.user)), params=parsed.params)
    except SipError:
        return
    assert (again.scheme, again.host, again.port, again.params) == (
        parsed.scheme,
        parsed.host,
        parsed.port,
        parsed.params,
    )


def headers(data: bytes) -> None:
    """Each reader of a header value."""
    text = unfold(data.decode("latin-1"))
    for read in (parse_cseq, parse_qvalue, parse_name_addr, parse_params):
        with contextlib.suppress(SipError):
            read(text)
    with contextlib.suppress(SipError):
        assert 0 <= parse_uint32(text, "X") < 2**32
        assert bounded_int(text) == parse_uint32(text, "X")
    with contextlib.suppress(SipError):
        parse_comma_params(text, "X")
    for separator in ",;":
        with contextlib.suppress(SipError):
            items = split_items(text, separator, 0, len(text), "X")
            assert items == sorted(items)
            assert all(0 <= start <= end <= len(text) for start, end in items)
    with contextlib.suppress(SipError):
        via = parse_via(text)
        marked = parse_via(received_via(via, "192.0.2.1", 5060, force_rport=True))
        assert (marked.received, marked.rport, marked.branch) == ("192.0.2.1", "5060", via.branch)
    plain = unquote(text)
    if "\r" not in plain and "\n" not in plain:
        assert unquote(quote(plain)) == plain


def credentials(data: bytes) -> None:
    """Digest credentials and the response they claim."""
    text = data.decode("latin-1")
    try:
        given = digest.parse_credentials(text)
    except SipError:
        return
    digest.response_matches("0" * 32, "REGISTER", given, "body")


def sdp(data: bytes) -> None:
    """A session description: what is found stands where it is said to."""
    text = data.decode("latin-1")
    try:
        session = parse_sdp(text)
    except SipError:
        return
    for connection in session.connections:
        assert text[connection.start : connection.end].startswith(connection.address)
    for media in session.media:
        assert int(text[media.port_start : media.port_end]) == media.port
        media.attributes("rtpmap")


def netstrings(data: bytes) -> None:
    """A stream of netstrings, whole and in pieces."""
    limit = 200
    results: list[list[bytes]] = []
    for size in (len(data) or 1, data[0] % 7 + 1 if data else 1):
        reader = NetstringReader(limit)
        frames: list[bytes] = []
        for at in range(0, len(data), size):
            try:
                frames += reader.feed(data[at : at + size])
            except FramingError:
                break
            assert reader.pending <= limit + size + 32
        results.append(frames)
    assert results[0] == results[1][: len(results[0])]
    assert NetstringReader(len(data)).feed(netstring(data)) == [data]


AnyMachine = InviteClient | NonInviteClient | InviteServer | NonInviteServer

class Echo:
    """A command that any arguments fit."""

    @command("echo")
    def echo(self, *values: Any) -> list[Any]:
        """Its arguments.

        Args:
            values: anything.
        """
        return list(values)


REGISTRY = Registry([Echo()])


def json_rpc_calls(data: bytes) -> None:
    """A JSON-RPC document: answered with JSON, or not at all."""
    document = json_rpc.read(data)
    answer = json_rpc.carry_out(REGISTRY, document, pretty=len(data) % 2 == 0).text
    refusal = json_rpc.refuse(document, 503, "Busy").text
    for text in filter(None, (answer, refusal)):
        json.loads(text.encode("utf-8"))
    code, _, text = json_rpc.ScriptCalls(REGISTRY).call(data.decode("latin-1"), False)
    assert 200 <= code <= 599
    text.encode("latin-1")


def json_rpc_answers(data: bytes) -> None:
    """What a JSON-RPC server sends a script."""
    with contextlib.suppress(ValueError):
        read_answer(data)


def json_documents(data: bytes) -> None:
    """A stream of JSON documents, whole and in pieces."""
    found = []
    for size in (len(data) or 1, data[0] % 7 + 1 if data else 1):
        reader = DocumentReader(300)
        documents: list[bytes] = []
        with contextlib.suppress(DocumentTooLong):
            for at in range(0, len(data), size):
                documents += reader.feed(data[at : at + size])
        found.append(documents)
    if len(data) <= 300:
        assert found[0] == found[1]


def xml_rpc_calls(data: bytes) -> None:
    """An XML-RPC document: answered with XML."""
    answer = xml_rpc.carry_out(REGISTRY, data).encode("utf-8")
    with contextlib.suppress(xmlrpc.client.Fault):
        xmlrpc.client.loads(answer)


_MACHINES: tuple[Callable[[TransactionTimers, bool, float], AnyMachine], ...] = (
    InviteClient,
    NonInviteClient,
    InviteServer,
    NonInviteServer,
)
_STATUSES = (100, 180, 183, 200, 202, 302, 401, 404, 408, 486, 500, 503, 603, 699)


def transactions(data: bytes) -> None:
    """Events at a transaction's machine, in any order and number: it ends, and once only."""
    if not data:
        return
    machine = _MACHINES[data[0] % 4](TransactionTimers(), bool(data[0] & 4), 0.0)
    now = 0.0
    ended = False
    for event, argument in zip(data[1::2], data[2::2], strict=False):
        now += argument / 64
        step = _step(machine, event, _STATUSES[argument % len(_STATUSES)], now)
        assert not (ended and step != NOTHING), "a machine that has ended does nothing"
        ended = ended or bool(step & TERMINATED)
        assert ended == (machine.state is State.TERMINATED)
        assert machine.timer_at >= 0.0
    last = now
    for _ in range(100):
        if machine.timer_at == math.inf:
            break
        now = max(now, machine.timer_at)
        machine.on_timer(now)
    assert machine.state is State.TERMINATED
    assert now < last + 1000.0


def _step(machine: AnyMachine, event: int, status: int, now: float) -> int:
    kind = event % 5
    if kind == 0:
        return machine.on_timer(now)
    if kind == 1:
        return machine.on_transport_error(now)
    if isinstance(machine, InviteClient | NonInviteClient):
        if kind == 2 and isinstance(machine, InviteClient):
            return machine.cancel(now)
        return machine.on_response(status, now)
    if kind == 2:
        return machine.on_retransmission(now)
    if isinstance(machine, InviteServer):
        if kind == 3:
            return machine.on_ack(now)
        return machine.send_response(status, now, local_2xx=bool(event & 8))
    return machine.send_response(status, now)


TARGETS: dict[str, Target] = {
    "datagram": datagram,
    "stream": stream,
    "uri": uri,
    "headers": headers,
    "credentials": credentials,
    "sdp": sdp,
    "netstrings": netstrings,
    "json_rpc_calls": json_rpc_calls,
    "json_rpc_answers": json_rpc_answers,
    "json_documents": json_documents,
    "xml_rpc_calls": xml_rpc_calls,
    "transactions": transactions,
}

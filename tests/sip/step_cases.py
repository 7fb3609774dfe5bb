"""What `steps` counts: by name, a function of n that makes what reads a text of n parts."""

from collections.abc import Callable
from typing import Any

from luasip.errors import LuaSIPError
from luasip.sip import (
    digest,
    edits,
    framing,
    grammar,
    params,
    parser,
    response,
    sdp,
    uri,
    validation,
    values,
    via,
)

Case = Callable[[int], Callable[[], object]]

LIMITS = parser.Limits(message=10**7, headers=10**6, line=10**7, uri=10**7)
HEAD = "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"


def request(extra: str, top: str = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n", body: str = "") -> Any:
    text = f"OPTIONS sip:h SIP/2.0\r\n{top}{extra}{HEAD}\r\n{body}"
    return parser.parse_message(text, LIMITS)


def tolerant(function: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        try:
            return function()
        except LuaSIPError:
            return None

    return run


def whole(extra: str, *names: str, top: str = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n") -> Any:
    def run() -> object:
        message = request(extra, top)
        return [getattr(message, name) for name in names]

    return tolerant(run)


def trickle(data: bytes, piece: int) -> Callable[[], object]:
    def run() -> object:
        framer = framing.StreamFramer(LIMITS)
        frames = [framer.feed(data[at : at + piece]) for at in range(0, len(data), piece)]
        return frames, framer.mid_message

    return tolerant(run)


def edited(n: int) -> Callable[[], object]:
    message = request("Z: y\r\n" * n)

    def run() -> object:
        pending = edits.Edits()
        for line in message.all("z"):
            pending.insert_before(line, "A: b\r\n")
            pending.remove_header(line)
        return pending.apply(message)

    return run


def answered(n: int) -> Callable[[], object]:
    message = request("", "".join([f"Via: SIP/2.0/UDP h{i};branch=z9hG4bK{i}\r\n" for i in range(n)]))
    return lambda: response.build_response(message, 200, "OK", to_tag="t")


def same_uris(n: int) -> Callable[[], object]:
    names = [f"p{i}=%41" for i in range(n)]
    first = uri.parse_uri("sip:h;" + ";".join(names) + "?" + "&".join(names))
    second = uri.parse_uri("sip:h;" + ";".join(names[::-1]) + "?" + "&".join(names[::-1]))
    return lambda: uri.uris_equal(first, second)


parse_uri = uri._read
quoted = '"' + "\\a" * 10 + '"'
CASES: dict[str, Case] = {
    "header lines": lambda n: whole("X: y\r\n" * n),
    "header lines of one name": lambda n: tolerant(lambda: validation.check_repeats(request("f: x\r\n" * n))),
    "different header lines": lambda n: whole("".join([f"X-{i}: y\r\n" for i in range(n)])),
    "header lines without colon": lambda n: whole("x\r\n" * n),
    "header lines with control characters": lambda n: whole("X: \x01\r\n" * n),
    "folds": lambda n: whole("X: y" + "\r\n z" * n + "\r\n"),
    "folds of white space": lambda n: whole("X: y" + "\r\n\t" * n + "\r\n"),
    "quoted control characters": lambda n: whole("X: " + "\\\x01" * n + "\r\n"),
    "bare line feeds": lambda n: tolerant(
        lambda: parser.parse_message("OPTIONS sip:h SIP/2.0\n" + "X: y\n" * n, LIMITS)
    ),
    "leading line ends": lambda n: tolerant(
        lambda: parser.parse_message("\r\n" * n + "OPTIONS sip:h SIP/2.0\r\n\r\n", LIMITS)
    ),
    "Via lines": lambda n: whole("Via: SIP/2.0/UDP h\r\n" * n, "vias"),
    "Vias in a line": lambda n: whole(
        "", "top_via", "vias", top="Via: " + ", ".join(["SIP/2.0/UDP h"] * n) + "\r\n"
    ),
    "Via parameters": lambda n: whole(
        "", "top_via", top="Via: SIP/2.0/UDP h" + "".join([f";p{i}=1" for i in range(n)]) + "\r\n"
    ),
    "one Via parameter again and again": lambda n: whole(
        "", "top_via", top="Via: SIP/2.0/UDP h" + ";p" * n + "\r\n"
    ),
    "quoted Via parameters": lambda n: whole(
        "", "top_via", top="Via: SIP/2.0/UDP h" + "".join([f";p{i}={quoted}" for i in range(n)]) + "\r\n"
    ),
    "received among Via parameters": lambda n: tolerant(
        lambda: via.received_via(
            values.parse_via("SIP/2.0/UDP h" + ";received=1.1.1.1" * n), "2.2.2.2", 5060, True
        )
    ),
    "contacts": lambda n: whole("Contact: " + ",".join(["<sip:a@h>"] * n) + "\r\n", "contacts"),
    "contacts with quoted commas": lambda n: whole(
        "Contact: " + ",".join(['",<" <sip:a@h;x=",">'] * n) + "\r\n", "contacts"
    ),
    "commas": lambda n: whole("Contact: " + "," * n + "\r\n", "contacts"),
    "commas in quotes": lambda n: whole('Contact: "' + "," * n + '" <sip:a@h>\r\n', "contacts"),
    "quotes": lambda n: whole("Contact: " + '"' * n + ",<sip:a@h>\r\n", "contacts"),
    "backslashes": lambda n: whole('Contact: "' + "\\" * n + '",<sip:a@h>\r\n', "contacts"),
    "open brackets": lambda n: whole("Contact: " + "<" * n + ",<sip:a@h>\r\n", "contacts"),
    "closing brackets": lambda n: whole("Contact: " + ">" * n + ",<sip:a@h>\r\n", "contacts"),
    "bracket pairs": lambda n: whole("Contact: " + "<>" * n + ",<sip:a@h>\r\n", "contacts"),
    "routes": lambda n: whole("Route: <sip:a@h;lr>\r\n" * n, "routes", "record_routes", "paths"),
    "list values": lambda n: tolerant(
        lambda: request("Supported: " + "a,," * n + "\r\n").values("supported")
    ),
    "Call-ID of many @": lambda n: tolerant(
        lambda: parser.parse_message("OPTIONS sip:h SIP/2.0\r\ni: " + "@" * n + "\r\n\r\n").call_id
    ),
    "number of many digits": lambda n: tolerant(lambda: values.parse_uint32("0" * n + "1", "CSeq")),
    "seconds of many digits": lambda n: tolerant(lambda: values.bounded_int("9" * n)),
    "quoted-pairs": lambda n: tolerant(lambda: grammar.unquote('"' + "\\a" * n + '"')),
    "quoting": lambda n: tolerant(lambda: grammar.quote('\\"\x01' * n)),
    "parameters": lambda n: tolerant(lambda: params.parse_params("".join([f";p{i}=1" for i in range(n)]))),
    "parameters in quotes and brackets": lambda n: tolerant(lambda: params.parse_params(';a=";";b=<;>' * n)),
    "URI parameters": lambda n: tolerant(
        lambda: parse_uri("sip:h" + "".join([f";p{i}=1" for i in range(n)]))
    ),
    "URI escapes": lambda n: tolerant(lambda: parse_uri("sip:" + "%41" * n + "@h")),
    "URI headers": lambda n: tolerant(lambda: parse_uri("sip:h?" + "&".join(["a=b"] * n))),
    "URI of many @": lambda n: tolerant(lambda: parse_uri("sip:" + "@" * n + "h")),
    "URI of many colons": lambda n: tolerant(lambda: parse_uri("sip:[" + ":" * n + "]")),
    "tel parameters": lambda n: tolerant(
        lambda: parse_uri("tel:+1" + "".join([f";p{i}=1" for i in range(n)]))
    ),
    "unescaping": lambda n: tolerant(lambda: uri.unescape("%41%" * n)),
    "comparing URIs": same_uris,
    "credentials": lambda n: tolerant(
        lambda: digest.parse_credentials("Digest " + ",".join([f'p{i}="a"' for i in range(n)]))
    ),
    "credentials of backslashes": lambda n: tolerant(
        lambda: digest.parse_credentials('Digest username="' + "\\a" * n + '"')
    ),
    "SDP lines": lambda n: tolerant(lambda: sdp.parse_sdp("v=0\r\n" + "a=x\r\n" * n)),
    "SDP media": lambda n: tolerant(
        lambda: sdp.parse_sdp("v=0\r\n" + "m=audio 1 RTP/AVP 0\r\nc=IN IP4 1.1.1.1\r\n" * n)
    ),
    "SDP line ends": lambda n: tolerant(lambda: sdp.parse_sdp("v=0" + "\r" * n + "\n")),
    "SDP connections": lambda n: tolerant(
        lambda: sdp.parse_sdp("v=0\r\n" + "m=audio 1 RTP/AVP 0\r\nc=IN IP4 1.1.1.1\r\n" * n).connections
    ),
    "edits": edited,
    "answer": answered,
    "stream byte by byte": lambda n: trickle(b"OPTIONS sip:h SIP/2.0\r\n" + b"X: y\r\n" * n, 1),
    "stream of messages": lambda n: trickle(b"OPTIONS sip:h SIP/2.0\r\nl: 0\r\n\r\n" * n, 10**6),
    "stream of keep-alives": lambda n: trickle(b"\r\n" * n, 10**6),
    "stream of keep-alives byte by byte": lambda n: trickle(b"\r\n" * n, 1),
    "stream with lengths": lambda n: trickle(b"OPTIONS sip:h SIP/2.0\r\n" + b"l: 1\r\n" * n + b"\r\n", 10**6),
}

"""Inputs to begin with, by target: sound ones, and the torture messages. Finds are files in corpus/TARGET."""

from tests.fuzz.servers import BETWEEN
from tests.sip.messages import INVITE, RESPONSE
from tests.sip.rfc4475_messages import MESSAGES as RFC4475
from tests.sip.rfc5118_messages import MESSAGES as RFC5118

MESSAGES = [text.encode("latin-1") for text in [INVITE, RESPONSE, *RFC4475.values(), *RFC5118.values()]]

URIS = [
    "sip:alice@example.com",
    "sips:alice:secret@[2001:db8::1]:5061;transport=tcp;lr;maddr=239.255.255.1;ttl=15?subject=a&priority=urgent",
    "sip:%61lice;par=u%40e@EXAMPLE.com",
    "sip:a@[::ffff:192.0.2.1]",
    "tel:+1-201-555-0123;ext=42;phone-context=example.com",
    "urn:service:sos",
    "sip:1000",
]
HEADERS = [
    "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;rport;received=192.0.2.1;maddr=h",
    "SIP / 2.0 / TCP [2001:db8::1] : 5061 ; branch = z9hG4bK1 ; ttl=16",
    '"A. \\"B\\" <x>" <sip:a@h;x=1,2>;tag=1;q=0.5;expires=60;+sip.instance="<urn:uuid:0>"',
    "Bob <sip:bob@h>, sip:carol@h;tag=2",
    "4711 INVITE",
    "0.333",
    "4294967295",
    'a="b,c";d=e',
    "*",
]
CREDENTIALS = [
    'Digest username="bob", realm="example.com", nonce="84a4", uri="sip:h", response="7587", '
    'qop=auth, nc=00000001, cnonce="0a4f", algorithm=MD5, opaque="x"',
    'Digest username="\\"", realm="", nonce="n", uri="sip:h", response="r", algorithm=SHA-512-256-sess, qop=auth-int',
    "Basic Zm9vOmJhcg==",
]
SDP = [
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 224.2.1.1/127\r\nt=0 0\r\nm=audio 49170/2 RTP/AVP 0 8\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\nm=video 0 RTP/AVP 31\r\nc=IN IP6 ::1\r\n",
    "v=0\no=x 1 1 IN IP6 ::1\ns=\nt=0 0\n",
]
VARIABLES = [
    "$ru",
    "to $rU at $(fu{uri.host}), $$ and $(hdr(Via)[1]{s.len})",
    "$(avp(s:x)[*])",
    "$var(x$var(y))",
    "$sht(a=>b::c)",
    "$xavp(a[0]=>b[1])",
    "$(ct{nameaddr.uri}{uri.params}{param.value,lr,;})",
    "$time(%Y-%m-%d)",
    "$(branch(uri)[0])",
    "$TV(Sn) $Ts $ua<$cs>",
]
CHAINS = [
    "{s.len}",
    "{s.substr,1,-2}{s.md5}{s.encode.base64}",
    "{s.select,-1,,}{s.int}",
    "{param.value,a,;}",
    "{uri.param,transport}{s.toupper}",
    "{s.fmtlines,3,2}",
    "{s.prefixes.quoted,4}",
    "{json.parse,a.b}",
    "{line.sw,m=}",
    "{s.decode.hexa}{s.decode.7bit}",
    "{s.ftime,%Y}",
    "{urialias.encode}",
    "{sql.val}{val.jsonqe}",
]
TEXTS = ["sip:bob@example.com;transport=tcp", "a=1;b=2", "1,2,3", '{"a":{"b":1}}', "616263", "m=audio\r\nc=x\r\n"]

JSON_CALLS = [
    '{"jsonrpc": "2.0", "method": "echo", "params": [1, "a\\u00e9\\ud800", null, {"b": [1.5, true]}], "id": 7}',
    '[{"jsonrpc": "2.0", "method": "echo"}, {"jsonrpc": "2.0", "method": "none", "id": "x", "params": {"a": 1}}]',
    '{"jsonrpc": "2.0", "method": "echo", "id": NaN, "params": [Infinity]}',
    '{"jsonrpc": "2.0", "method": "echo", "id": 1, "params": ' + "[" * 500 + "]" * 500 + "}",
]
JSON_ANSWERS = [
    '{"jsonrpc": "2.0", "result": {"a": [1, "\\ud83d\\ude00"]}, "id": 3}',
    '{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found", "data": []}, "id": null}',
]
XML_CALLS = [
    "<?xml version='1.0'?><methodCall><methodName>echo</methodName><params><param><value><array><data><value><int>1"
    "</int></value><value>x</value></data></array></value></param><param><value><struct><member><name>a</name>"
    "<value><dateTime.iso8601>20260101T00:00:00</dateTime.iso8601></value></member></struct></value></param>"
    "</params></methodCall>",
    "<methodCall><methodName>echo</methodName><params><param>" + "<value><array><data>" * 600
    + "</data></array></value>" * 600 + "</param></params></methodCall>",
    "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data><value><struct><member>"
    "<name>methodName</name><value>echo</value></member><member><name>params</name><value><array><data/></array>"
    "</value></member></struct></value></data></array></value></param></params></methodCall>",
]

CALL = (
    b"INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKfuzz\r\n"
    b"From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: fuzz\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:alice@10.0.0.2>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
ANSWER = (
    b"SIP/2.0 %d X\r\nVia: {via}\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKfuzz\r\n"
    b"From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: fuzz\r\nCSeq: 1 INVITE\r\n"
    b"Contact: <sip:bob@10.0.0.3>\r\nRecord-Route: <sip:10.0.0.1;lr>\r\nContent-Length: 0\r\n\r\n"
)
CANCEL = CALL.replace(b"INVITE", b"CANCEL")
ACK = CALL.replace(b"INVITE", b"ACK").replace(b"<sip:bob@example.com>", b"<sip:bob@example.com>;tag=2")
CALLS = [
    BETWEEN.join(parts)
    for parts in (
        [CALL, ANSWER % 180, ANSWER % 200, ACK],
        [CALL, ANSWER % 183, CANCEL, ANSWER % 487, ACK],
        [CALL, CALL, ANSWER % 401],
        [CALL, CANCEL, ANSWER % 200],
        [CALL.replace(b"INVITE", b"MESSAGE"), (ANSWER % 202).replace(b"INVITE", b"MESSAGE")],
        [CALL, ANSWER % 302, CALL.replace(b"INVITE", b"BYE")],
    )
]


def _encoded(texts: list[str]) -> list[bytes]:
    return [text.encode("latin-1") for text in texts]


SEEDS: dict[str, list[bytes]] = {
    "datagram": MESSAGES,
    "stream": [*MESSAGES, b"\r\n\r\n".join(MESSAGES[:3]), b"\r\n" * 9],
    "uri": _encoded(URIS),
    "headers": _encoded(HEADERS),
    "credentials": _encoded(CREDENTIALS),
    "sdp": _encoded(SDP),
    "netstrings": [b"5:hello,0:,", b" 003:abc,\r\n1:x,", b"200:" + b"x" * 200 + b","],
    "json_rpc_calls": _encoded(JSON_CALLS),
    "json_rpc_answers": _encoded(JSON_ANSWERS),
    "json_documents": _encoded([*JSON_CALLS, "\n".join(JSON_ANSWERS), '{"a": "\\"}"}[]{}']),
    "xml_rpc_calls": _encoded(XML_CALLS),
    "transactions": [bytes([kind, 3, 1, 3, 9, 2, 40, 0, 200]) for kind in range(8)],
    "server": [*CALLS, *MESSAGES],
    "variables": _encoded(VARIABLES),
    "transformations": _encoded([f"{chain}\0{text}" for chain, text in zip(CHAINS, TEXTS * 3, strict=False)]),
}

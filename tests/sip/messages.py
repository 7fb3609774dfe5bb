"""Sample messages for the tests of `luasip.sip`."""

INVITE_HEAD = """INVITE sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.example.com:5066;branch=z9hG4bK776asdhds;rport
Via: SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bK1, SIP/2.0/TLS tls.example.com;branch=z9hG4bK2
v: SIP/2.0/UDP last.example.com;branch=z9hG4bK3
Max-Forwards: 70
To: Bob <sip:bob@biloxi.example.com>
f: "Alice \\"A\\"" <sip:alice@atlanta.example.com>;tag=1928301774
Call-ID: a84b4c76e66710@pc33.atlanta.example.com
CSeq: 314159 INVITE
Record-Route: <sip:p1.example.com;lr>,
 <sip:p2.example.com;lr>
Route: <sip:r1.example.com;lr>, "x,y" <sip:r2.example.com>
Contact: <sip:alice@pc33.atlanta.example.com;x=1,2>;q=0.5;expires=60
Supported: 100rel, timer
Subject:
Content-Type: application/sdp ; charset=x
Content-Length: 4

""".replace("\n", "\r\n")

INVITE = INVITE_HEAD + "a\r\n\xff"

RESPONSE = """SIP/2.0 486 Busy Here
Via: SIP/2.0/UDP proxy.example.com;branch=z9hG4bKp
Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bK776asdhds
To: <sip:bob@biloxi.example.com>;tag=b
From: <sip:alice@atlanta.example.com>;tag=a
Call-ID: 1
CSeq: 1 INVITE
Content-Length: 0

""".replace("\n", "\r\n")


def request_with(*lines: str, start: str = "OPTIONS sip:bob@example.com SIP/2.0", body: str = "") -> str:
    """A request of the given header lines only."""
    return "\r\n".join([start, *lines, "", body])


def minimal(**changes: str) -> str:
    """A valid OPTIONS; a keyword (`call_id="x"`) exchanges that header's value, "" removes the header."""
    values = {
        "via": "SIP/2.0/UDP host.example.com;branch=z9hG4bKx",
        "max_forwards": "70",
        "from": "<sip:a@example.com>;tag=1",
        "to": "<sip:b@example.com>",
        "call_id": "c1",
        "cseq": "1 OPTIONS",
    } | {name.rstrip("_"): value for name, value in changes.items()}
    return request_with(*[f"{name.replace('_', '-')}: {value}" for name, value in values.items() if value])

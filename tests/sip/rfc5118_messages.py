"""The torture messages of RFC 5118 (IPv6), by the RFC's names, as wire text."""

from tests.sip.rfc4475_messages import wire


def _message(
    request_uri: str, *vias: str, method: str = "REGISTER", contact: str = "", body: str = ""
) -> str:
    lines = [
        f"{method} {request_uri} SIP/2.0",
        "To: sip:user@example.com",
        "From: sip:user@example.com;tag=81x2",
        *[f"Via: {via}" for via in vias],
        "Call-ID: SSG9559905523997077@hlau_4100",
        "Max-Forwards: 70",
        f"Contact: {contact or '<sip:caller@[2001:db8::1]>'}",
        f"CSeq: 98176 {method}",
        *(["Content-Type: application/sdp"] if body else []),
        "Content-Length: {length}",
    ]
    return wire("\n".join(lines) + "\n\n" + body)


_VIA = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"
_RECEIVED = "SIP/2.0/UDP [2001:db8::9:1];received={};branch=z9hG4bKas3-111"

MESSAGES = {
    "ipv6-good": _message("sip:[2001:db8::10]", _VIA),
    "ipv6-bad": _message("sip:2001:db8::10", _VIA),
    "port-ambiguous": _message("sip:[2001:db8::10:5070]", _VIA),
    "port-unambiguous": _message("sip:[2001:db8::10]:5070", _VIA),
    "via-received-param-with-delim": _message("sip:[2001:db8::10]", _RECEIVED.format("[2001:db8::9:255]")),
    "via-received-param-no-delim": _message("sip:[2001:db8::10]", _RECEIVED.format("2001:db8::9:255")),
    "ipv6-in-sdp": _message(
        "sip:user@[2001:db8::10]",
        "SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111",
        method="INVITE",
        contact="<sip:caller@[2001:db8::20]>",
        body="v=0\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\ns=Live video feed for today's meeting\n"
        "c=IN IP6 2001:db8::20\nt=3338481189 3370017201\nm=audio 6000 RTP/AVP 2\na=rtpmap:2 G726-32/8000\n",
    ),
    "mult-ip-in-header": _message(
        "sip:user@host.example.com",
        "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
        "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
        method="BYE",
    ),
    "mult-ip-in-sdp": _message(
        "sip:user@[2001:db8::10]",
        "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111",
        method="INVITE",
        body="v=0\no=bob 280744730 28977631 IN IP4 host.example.com\ns=\nt=0 0\nm=audio 22334 RTP/AVP 0\n"
        "c=IN IP4 192.0.2.1\nm=video 6024 RTP/AVP 107\nc=IN IP6 2001:db8::1\na=rtpmap:107 H263-1998/90000\n",
    ),
    "ipv4-mapped-ipv6": _message(
        "sip:user@example.com",
        "SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19",
        "SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111",
        method="INVITE",
        contact='"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
    ),
    "ipv6-bug-abnf-3-colons": _message(
        "sip:user@[2001:db8:::192.0.2.1]",
        "SIP/2.0/UDP [2001:db8:::192.0.2.1];branch=z9hG4bKas3-111",
        method="OPTIONS",
    ),
}

"""CANCEL and ACK, byte for byte."""

import pytest

from luasip.proxy.cancel import build_ack, build_cancel
from luasip.proxy.forward import forward_request
from luasip.sip.edits import Edits
from tests.proxy.messages import INVITE, request, response

VIA = "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKp"


def sent(text: str = INVITE) -> str:
    return forward_request(
        request(text), Edits(), request_uri="sip:bob@198.51.100.7", via=VIA, record_routes=("<sip:p;lr>",)
    )


HEAD = " sip:bob@198.51.100.7 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKp\r\n"
FROM = "f: Alice  <sip:alice@example.com>;tag=1\r\n"
TAIL = "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"


def test_cancel() -> None:
    """RFC 3261 §9.1: Request-URI, Call-ID, To, CSeq number and From are the request's, the Via is its
    topmost."""
    assert build_cancel(sent()) == (
        f"CANCEL{HEAD}{FROM}To: <sip:bob@example.com>\r\nCall-ID: c1@192.0.2.1\r\nCSeq: 42 CANCEL\r\n{TAIL}"
    )


def test_cancel_with_reason() -> None:
    reason = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'
    assert build_cancel(sent(), headers=reason) == build_cancel(sent()).replace(
        "Content-Length", f"{reason}Content-Length"
    )


def test_ack() -> None:
    """RFC 3261 §17.1.1.3: as CANCEL, but To is the response's."""
    assert build_ack(sent(), response(486)) == (
        f"ACK{HEAD}{FROM}To: <sip:bob@example.com>;tag=2\r\nCall-ID: c1@192.0.2.1\r\nCSeq: 42 ACK\r\n{TAIL}"
    )


ROUTES = "Route: <sip:one;lr>,\r\n <sip:two;lr>\r\nRoute: <sip:three;lr>\r\n"


@pytest.mark.parametrize("method", ["CANCEL", "ACK"])
def test_routes_are_copied_in_order(method: str) -> None:
    wire = sent(INVITE.replace("To:", f"{ROUTES}To:", 1))
    text = build_cancel(wire) if method == "CANCEL" else build_ack(wire, response(486))
    assert text.startswith(f"{method}{HEAD}{ROUTES}{FROM}")


@pytest.mark.parametrize("method", ["CANCEL", "ACK"])
def test_what_is_made_can_be_read(method: str) -> None:
    wire = sent(INVITE.replace("CSeq: 42 INVITE", "CSEQ :\t42\r\n INVITE").replace("Call-ID: ", "i:"))
    text = build_cancel(wire) if method == "CANCEL" else build_ack(wire, response(486))
    made = request(text)
    assert (made.method, made.cseq.number, made.cseq.method) == (method, 42, method)
    assert made.call_id == "c1@192.0.2.1"
    assert [via.branch for via in made.vias] == ["z9hG4bKp"]
    assert made.body == ""


def test_bare_line_feeds_are_understood() -> None:
    wire = sent(INVITE).replace("\r\n", "\n")
    assert build_cancel(wire) == build_cancel(sent())


def test_only_the_first_of_several_vias_is_taken() -> None:
    wire = sent().replace(f"Via: {VIA}\r\n", f"v: {VIA} , SIP/2.0/UDP x;branch=z9hG4bKx\r\n")
    assert build_cancel(wire) == build_cancel(sent()).replace("Via:", "v:")

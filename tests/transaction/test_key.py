"""Transaction keys: which messages belong together."""

import pytest

from luasip.errors import HeaderError
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message
from luasip.transaction.key import ack_key, cancel_key, client_key, server_key


def request(
    method: str = "INVITE",
    branch: str = ";branch=z9hG4bK1",
    sent_by: str = "a.example.com:5060",
    uri: str = "sip:bob@example.com",
    to_tag: str = "",
    from_tag: str = ";tag=1",
    cseq: int = 1,
    cseq_method: str = "",
    call_id: str = "c1",
) -> Request:
    message = parse_message(
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {sent_by}{branch}\r\n"
        f"From: <sip:alice@example.com>{from_tag}\r\nTo: <sip:bob@example.com>{to_tag}\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {cseq} {cseq_method or method}\r\nContent-Length: 0\r\n\r\n"
    )
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize("branch", [";branch=z9hG4bK1", ";branch=old", ""])
def test_ack_has_the_key_of_its_invite_and_cancel_its_own(branch: str) -> None:
    invite = request(branch=branch)
    ack = request("ACK", branch, to_tag=";tag=9")
    cancel = request("CANCEL", branch)
    assert server_key(ack) == server_key(invite)
    assert server_key(cancel) != server_key(invite)
    assert cancel_key(cancel) == server_key(invite)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (request(), True),
        (request(sent_by="A.Example.COM:5060"), True),
        (request(branch=";branch=z9hG4bK1;rport"), True),
        (request(call_id="other", cseq=7, uri="sip:else@example.com"), True),
        (request(branch=";branch=z9hG4bK2"), False),
        (request(sent_by="a.example.com"), False),
        (request("OPTIONS"), False),
    ],
)
def test_rfc_3261_key(other: Request, same: bool) -> None:
    assert (server_key(other) == server_key(request())) is same


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"to_tag": ";tag=8"}, True),
        ({"uri": "sip:carol@example.com"}, False),
        ({"from_tag": ";tag=2"}, False),
        ({"call_id": "c2"}, False),
        ({"cseq": 2}, False),
        ({"sent_by": "b.example.com"}, False),
        ({"method": "OPTIONS"}, False),
    ],
)
def test_rfc_2543_key(branch: str, change: dict[str, str], same: bool) -> None:
    one = server_key(request(branch=branch))
    other = server_key(request(branch=branch, **change))  # type: ignore[arg-type]
    assert (one == other) is same


def test_client_key() -> None:
    response = parse_message(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKx, SIP/2.0/UDP a;branch=z9hG4bKy\r\n"
        "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n\r\n"
    )
    assert isinstance(response, Response)
    assert client_key(response) == ("z9hG4bKx", "INVITE")


def test_ack_for_2xx_has_another_branch() -> None:
    ack = request("ACK", ";branch=z9hG4bK7", to_tag=";tag=5", uri="sip:bob@192.0.2.4")
    assert ack_key(ack) == ack_key(request())
    assert ack_key(ack) != ack_key(request(cseq=2))


def test_unreadable_header_is_named() -> None:
    message = parse_message(
        "OPTIONS sip:a SIP/2.0\r\nFrom: <sip:a>\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    assert isinstance(message, Request)
    with pytest.raises(HeaderError, match="Via"):
        server_key(message)

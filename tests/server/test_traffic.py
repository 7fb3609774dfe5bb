"""luasip.server.traffic: what is counted under which name."""

import pytest

from luasip.server.traffic import Traffic


@pytest.mark.parametrize(
    ("text", "direction", "name"),
    [
        ("INVITE sip:a@b SIP/2.0\r\n", "requests", "INVITE"),
        ("BREW pot SIP/2.0\r\n", "requests", "other"),
        ("invite sip:a@b SIP/2.0\r\n", "requests", "other"),
        ("SIP/2.0 200 OK\r\n", "responses", "2xx"),
        ("SIP/2.0 699 No\r\n", "responses", "6xx"),
    ],
)
def test_what_is_sent(text: str, direction: str, name: str) -> None:
    traffic = Traffic()
    traffic.sent(text)
    counts = {"requests": traffic.requests(), "responses": traffic.responses()}
    assert counts[direction]["sent"][name] == 1
    assert sum(sum(found.values()) for kind in counts.values() for found in kind.values()) == 1


@pytest.mark.parametrize("text", ["SIP/2.0 900 What\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\r\n\r\n", "", "data"])
def test_what_is_no_sip_does_not_count(text: str) -> None:
    traffic = Traffic()
    traffic.sent(text)
    assert set(traffic.responses()["sent"].values()) == {0}
    assert set(traffic.requests()["sent"].values()) == {0}


def test_kamailios_names() -> None:
    traffic = Traffic()
    for method in ("INVITE", "INVITE", "BREW"):
        traffic.received_request(method)
    traffic.received_response(183)
    found = {name: value for name, value in traffic.statistics().items() if value}
    assert found == {
        "core:rcv_requests": 3,
        "core:rcv_requests_invite": 2,
        "core:unsupported_methods": 1,
        "core:rcv_replies": 1,
        "core:rcv_replies_1xx": 1,
    }


def test_what_went_again() -> None:
    traffic = Traffic()
    traffic.repeated("sent", "request")
    assert {key: count for key, count in traffic.repetitions().items() if count} == {("sent", "request"): 1}

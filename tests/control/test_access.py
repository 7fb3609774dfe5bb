"""luasip/control/access.py: whose HTTP requests are taken."""

import pytest
from starlette.datastructures import Headers

from luasip.control.access import Access

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {"host": "127.0.0.1:8080"}, 0),
        ("", {"host": "[::1]:8080"}, 0),
        ("", {"host": "localhost:8080"}, 0),
        ("", {"host": "LOCALHOST"}, 0),
        ("", {"host": "sip.example.com"}, 0),
        ("", {"host": "evil.example.net:8080"}, 403),
        ("", {}, 403),
        ("", {"host": "[::1"}, 403),
        ("", {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"}, 0),
        ("", {"host": "127.0.0.1:8080", "origin": "http://evil.example.net"}, 403),
        ("", {"host": "127.0.0.1:8080", "origin": "null"}, 403),
        (TOKEN, {"host": "127.0.0.1"}, 401),
        (TOKEN, {"host": "127.0.0.1", "authorization": f"Bearer {TOKEN}"}, 0),
        (TOKEN, {"host": "127.0.0.1", "authorization": f"bearer  {TOKEN} "}, 0),
        (TOKEN, {"host": "127.0.0.1", "authorization": f"Basic {TOKEN}"}, 401),
        (TOKEN, {"host": "127.0.0.1", "authorization": f"Bearer {TOKEN}x"}, 401),
        (TOKEN, {"host": "127.0.0.1", "authorization": "Bearer"}, 401),
        (TOKEN, {"host": "127.0.0.1", "authorization": "Bearer \udcff"}, 401),
    ],
)
def test_requests(token: str, headers: dict[str, str], status: int) -> None:
    made = Headers(
        headers=None, raw=[(k.encode(), v.encode("utf-8", "surrogateescape")) for k, v in headers.items()]
    )
    refusal = Access(token, ("sip.example.com",)).refusal(made)
    assert (refusal[0] if refusal else 0) == status


def test_a_path_may_need_no_token() -> None:
    access = Access(TOKEN)
    assert access.refusal(Headers({"host": "127.0.0.1"}), needs_token=False) is None
    assert access.refusal(Headers({"host": "evil.example.net"}), needs_token=False) is not None

import pytest

from luasip.sip.header_names import COMPACT, LIST_HEADERS, canonical, display


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("v", "via"),
        ("V", "via"),
        ("VIA", "via"),
        ("vIa", "via"),
        ("Call-ID", "call-id"),
        ("i", "call-id"),
        ("CSEQ", "cseq"),
        ("X-Own", "x-own"),
        ("z", "z"),
    ],
)
def test_canonical(name: str, key: str) -> None:
    assert canonical(name) == key


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("via", "Via"),
        ("call-id", "Call-ID"),
        ("cseq", "CSeq"),
        ("www-authenticate", "WWW-Authenticate"),
        ("mime-version", "MIME-Version"),
        ("sip-etag", "SIP-ETag"),
        ("x-own-thing", "X-Own-Thing"),
    ],
)
def test_display(key: str, name: str) -> None:
    assert display(key) == name
    assert canonical(name) == key


def test_compact_forms_are_single_letters_of_known_headers() -> None:
    for short, key in COMPACT.items():
        assert len(short) == 1
        assert canonical(short) == canonical(short.upper()) == canonical(display(key)) == key


def test_list_headers_are_keys_and_leave_credentials_whole() -> None:
    assert all(canonical(key) == key for key in LIST_HEADERS)
    assert not LIST_HEADERS & {
        "authorization",
        "proxy-authorization",
        "www-authenticate",
        "from",
        "to",
        "date",
    }

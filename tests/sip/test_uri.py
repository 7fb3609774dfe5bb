import string
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import UriError
from luasip.sip.uri import (
    KEPT,
    LONGEST_KEPT,
    escape_user,
    hosts_equal,
    is_ipv6_reference,
    parse_uri,
    unescape,
    uris_equal,
)

GOOD = [
    # text, scheme, user, password, host, port, params, headers
    ("sip:example.com", "sip", "", "", "example.com", None, {}, ""),
    ("SIP:bob@Example.com:5060", "sip", "bob", "", "Example.com", 5060, {}, ""),
    ("sips:a:pw@h;transport=TLS;lr", "sips", "a", "pw", "h", None, {"transport": "TLS", "lr": ""}, ""),
    ("sip:a@[2001:db8::10]:5070;x", "sip", "a", "", "[2001:db8::10]", 5070, {"x": ""}, ""),
    ("sip:[::ffff:192.0.2.1]", "sip", "", "", "[::ffff:192.0.2.1]", None, {}, ""),
    ("sip:a;b=1?c@h?subject=x%20y&to=z", "sip", "a;b=1?c", "", "h", None, {}, "subject=x%20y&to=z"),
    ("sip:%61@h;a%3bb=%41", "sip", "%61", "", "h", None, {"a%3bb": "%41"}, ""),
    ("sip:#31#@h_1", "sip", "#31#", "", "h_1", None, {}, ""),
    ("sip:j\xc3\xa0@h", "sip", "j\xc3\xa0", "", "h", None, {}, ""),
    ("sip:1000", "sip", "", "", "1000", None, {}, ""),
    ("sip:h;maddr=[::1];lr;LR", "sip", "", "", "h", None, {"maddr": "[::1]", "lr": ""}, ""),
    ("tel:+1-201-555-0123;ext=5", "tel", "+1-201-555-0123", "", "", None, {"ext": "5"}, ""),
    ("tel:7042;phone-context=example.com", "tel", "7042", "", "", None, {"phone-context": "example.com"}, ""),
    ("urn:service:sos", "urn", "service:sos", "", "", None, {}, ""),
    (
        "nobodyKnowsThisScheme:totallyopaquecontent",
        "nobodyknowsthisscheme",
        "totallyopaquecontent",
        "",
        "",
        None,
        {},
        "",
    ),
    ("soap.beep://192.0.2.103:3002", "soap.beep", "//192.0.2.103:3002", "", "", None, {}, ""),
]


@pytest.mark.parametrize(("text", "scheme", "user", "password", "host", "port", "params", "headers"), GOOD)
def test_parse(
    text: str,
    scheme: str,
    user: str,
    password: str,
    host: str,
    port: int | None,
    params: dict[str, str],
    headers: str,
) -> None:
    uri = parse_uri(text)
    assert (uri.text, str(uri)) == (text, text)
    assert (uri.scheme, uri.user, uri.password) == (scheme, user, password)
    assert (uri.host, uri.port, uri.params, uri.headers) == (host, port, params, headers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "sip:",
        "sip:" + "a" * 256,
        "sip:" + "a." * 128 + "b:5060",
        "sip:@h",
        "sip::pw@h",
        "sip:a@",
        "sip:a b@h",
        "sip:a@b@c",
        "sip:<a@h>",
        "sip:a@h:",
        "sip:a@h:65536",
        "sip:a@h:-1",
        "sip:a@h:5060x",
        "sip:a@h:99999999999999999999",
        "sip:a@h:1²",
        "sip:a@-..h",
        "sip:a@.h",
        "sip:a@h h",
        "sip:a@[::1",
        "sip:a@[::1]x",
        "sip:a@[::1]:",
        "sip:a@[fe80::1%25eth0]",
        "sip:a@[1.2.3.4]",
        "sip:a@2001:db8::1",
        "sip:a@h;",
        "sip:a@h;;x",
        "sip:a@h;=x",
        "sip:a@h;x=",
        "sip:a@h;x=1;x=2",
        "sip:a@h;x=a=b",
        'sip:a@h;x="q"',
        "sip:a@h?",
        "sip:a@h?a=<",
        "sip:%4@h",
        "sip:%zz@h",
        "sip:a@h;x=%",
        "tel:",
        "tel:+",
        "tel:abc-xyz",
        "tel:1;;",
        "tel:1+2",
        "1x:y",
        "http:",
        "http://a b",
        "http:<x>",
        "x:\x00",
        ":x",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(UriError) as caught:
        parse_uri(text)
    assert caught.value.status == 400
    assert caught.value.text == text


def test_properties() -> None:
    uri = parse_uri("sip:a@h:5061;transport=TCP;lr=on")
    assert (uri.host_port, uri.transport, uri.is_loose_router) == ("h:5061", "tcp", True)
    uri = parse_uri("sip:a@h")
    assert (uri.host_port, uri.transport, uri.is_loose_router) == ("h", "", False)
    assert repr(uri) == "Uri('sip:a@h')"


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("sip:a@h:5060;X=Y", {"user": "b"}, "sip:b@h:5060;X=Y"),
        ("sip:a:p@h?s=1", {"user": "", "password": ""}, "sip:h?s=1"),
        ("sip:a@h:5060", {"port": None}, "sip:a@h"),
        ("sip:a@h", {"port": 5062, "host": "[::1]"}, "sip:a@[::1]:5062"),
        ("sip:a@h;x=1", {"params": {"lr": "", "transport": "tcp"}}, "sip:a@h;lr;transport=tcp"),
        ("sip:a@h;x?s=1", {"headers": "", "scheme": "sips"}, "sips:a@h;x"),
        ("tel:+12;ext=1", {"user": "+13"}, "tel:+13;ext=1"),
        ("tel:+12", {"scheme": "sip", "host": "gw"}, "sip:+12@gw"),
    ],
)
def test_replace(text: str, changes: dict[str, object], expected: str) -> None:
    assert parse_uri(text).replace(**changes).text == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "changes"), [("tel:1", {"scheme": "sip"}), ("sip:h", {"host": "a b"})])
def test_replace_refuses(text: str, changes: dict[str, str]) -> None:
    with pytest.raises(UriError):
        parse_uri(text).replace(**changes)  # type: ignore[arg-type]


EQUAL = [
    # RFC 3261 §19.1.4
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:a@[2001:db8::9:1]", "sip:a@[2001:db8::9:01]"),  # RFC 5954
    ("sip:a%2fb@h", "sip:a%2Fb@h"),
    ("tel:+1-201-555-0123", "tel:+12015550123"),
    ("tel:7042;phone-context=+1-914;ext=1", "TEL:7042;ext=1;Phone-Context=+1914"),
    ("URN:x:Y", "urn:x:Y"),
]
UNEQUAL = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:a@h", "sips:a@h"),
    ("sip:a@h", "sip:a:p@h"),
    ("sip:a@h", "sip:h"),
    ("sip:a@h;user=phone", "sip:a@h"),
    ("sip:a@h;maddr=1.2.3.4", "sip:a@h"),
    ("sip:a%2Fb@h", "sip:a/b@h"),
    ("sip:a@[::1]", "sip:a@[::2]"),
    ("sip:a@[::1]", "sip:a@h"),
    ("tel:+1", "tel:1"),
    ("tel:+1", "tel:+1;ext=2"),
    ("tel:+1;ext=3", "tel:+1;ext=2"),
    ("tel:+1;ext=3", "tel:+1;isub=3"),
    ("urn:x", "urn:X"),
]


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal(a: str, b: str) -> None:
    assert uris_equal(parse_uri(a), parse_uri(b))
    assert uris_equal(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(("a", "b"), UNEQUAL)
def test_unequal(a: str, b: str) -> None:
    assert not uris_equal(parse_uri(a), parse_uri(b))
    assert not uris_equal(parse_uri(b), parse_uri(a))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("A.b", "a.B", True),
        ("::1", "[0::1]", True),
        ("::1", "::2", False),
        ("a:b", "::1", False),
        ("a", "b", False),
    ],
)
def test_hosts_equal(a: str, b: str, expected: bool) -> None:
    assert hosts_equal(a, b) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a%20b%41", "a bA"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("plain", "plain"), ("%FF", "\xff")],
)
def test_unescape(text: str, expected: str) -> None:
    assert unescape(text) == expected


@given(st.text(st.characters(max_codepoint=255), min_size=1))
def test_escape_user_round_trip(text: str) -> None:
    escaped = escape_user(text)
    assert unescape(escaped) == text
    assert parse_uri(f"sip:{escaped}@h").user == escaped


_TOKEN = st.text("abcXYZ019-_.!~*'()", min_size=1, max_size=8)


@given(
    st.sampled_from(["sip", "sips"]),
    _TOKEN,
    st.sampled_from(["h", "a.example.com", "192.0.2.1", "[2001:db8::1]"]),
    st.none() | st.integers(0, 65535),
    st.dictionaries(_TOKEN.map(str.lower), _TOKEN | st.just(""), max_size=3),
)
def test_render_parse_round_trip(
    scheme: str, user: str, host: str, port: int | None, params: dict[str, str]
) -> None:
    base = parse_uri("sip:x@y")
    uri = base.replace(scheme=scheme, user=user, host=host, port=port, params=params)
    assert (uri.scheme, uri.user, uri.host, uri.port, uri.params) == (scheme, user, host, port, params)
    assert uris_equal(uri, parse_uri(uri.text))
    assert uri.replace(user="z").replace(user=user).text == uri.text


@given(
    st.text(st.characters(max_codepoint=0x17F)) | st.text("sip:@[]%;=?<>a1.", max_size=30).map("sip:".__add__)
)
def test_garbage_parses_or_raises_uri_error(text: str) -> None:
    try:
        uri = parse_uri(text)
    except UriError:
        return
    assert uri.text == text
    assert is_ipv6_reference(uri.host) or "[" not in uri.host
    assert uris_equal(uri, uri)


def test_short_uris_are_kept_and_long_ones_are_not() -> None:
    short = f"sip:{'a' * (LONGEST_KEPT - 6)}@h"
    assert parse_uri(short) is parse_uri(short)
    assert parse_uri(short + "x") is not parse_uri(short + "x")
    assert parse_uri(short + "x").user == parse_uri(short).user


def test_what_is_kept_is_bounded_whatever_comes() -> None:
    """URIs of parameters only take most: each has a name, a value and a place in a dict."""
    names = [f"{a}{b}" for a in string.ascii_lowercase for b in string.digits]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(KEPT + 500):
            shifted = names[number % 100 :][:60]
            parse_uri(f"sip:{number}@h;{';'.join(shifted)}"[:LONGEST_KEPT].rstrip(";"))
            parse_uri(f"sip:{number}@h;x={'y' * 2000}")
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < KEPT * 8192


def test_what_is_met_again_stays_kept_and_what_is_not_goes() -> None:
    again, once = parse_uri("sip:again@h"), parse_uri("sip:once@h")
    for number in range(3 * KEPT):
        parse_uri(f"sip:other-{number}@h")
        if number % 500 == 0:
            assert parse_uri("sip:again@h") is again
    assert parse_uri("sip:once@h") is not once

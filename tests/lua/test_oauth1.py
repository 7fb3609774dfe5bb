"""lua/oauth1.lua and lua/hmac_sha1.lua in every Lua there is: digests and signatures known from elsewhere."""

import base64
import hashlib
import hmac
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

LUA = Path(__file__).parents[2] / "lua"
KNOWN = ("lua51", "lua52", "lua53", "lua54", "lua55", "luajit20", "luajit21")
FLAVOURS = [name for name in KNOWN if importlib.util.find_spec(f"lupa.{name}")]
"""What this lupa brings; lua54 is what LuaSIP runs on."""


def library(flavour: str, name: str) -> tuple[dict[str, Any], Any]:
    """A library's functions, which take and give bytes, and what makes a Lua table of a list or a dictionary."""
    module = importlib.import_module(f"lupa.{flavour}")
    runtime = module.LuaRuntime(encoding=None)
    runtime.globals()[b"package"][b"path"] = f"{LUA}/?.lua".encode()
    found = runtime.eval(f"(require('{name}'))".encode())
    return {key.decode(): value for key, value in found.items()}, runtime.table_from


def test_the_usual_lua_is_there() -> None:
    assert "lua54" in FLAVOURS


every_lua = pytest.mark.parametrize("flavour", FLAVOURS)


@every_lua
@pytest.mark.parametrize("length", [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 500])
def test_sha1(flavour: str, length: int) -> None:
    functions, _ = library(flavour, "hmac_sha1")
    text = bytes(index * 7 % 256 for index in range(length))
    assert functions["sha1"](text) == hashlib.sha1(text).digest()


HMACS = [  # RFC 2202 §3
    (b"\x0b" * 20, b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
    (b"Jefe", b"what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    (b"\xaa" * 20, b"\xdd" * 50, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
    (bytes(range(1, 26)), b"\xcd" * 50, "4c9007f4026250c6bc8414f9bf50c86c2d7235da"),
    (
        b"\xaa" * 80,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "aa4ae5e15272d00e95705637ce8a3b55ed402112",
    ),
]


@every_lua
@pytest.mark.parametrize(("key", "text", "digest"), HMACS)
def test_hmac(flavour: str, key: bytes, text: bytes, digest: str) -> None:
    functions, _ = library(flavour, "hmac_sha1")
    assert functions["hmac"](key, text).hex() == digest


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_hmac_and_base64_of_anything(key: bytes, text: bytes) -> None:
    functions, _ = library("lua54", "hmac_sha1")
    assert functions["hmac"](key, text) == hmac.digest(key, text, "sha1")
    assert functions["base64"](text) == base64.b64encode(text)


TWITTER = [  # version of the interface, signature
    (b"1", b"tnnArxj06cWHq44gCs1OSKk%2FjLY%3D"),
    (b"1.1", b"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"),
]
TWITTER_URL = b"https://api.twitter.com/%s/statuses/update.json?include_entities=true"
TWITTER_FORM = [(b"status", b"Hello Ladies + Gentlemen, a signed OAuth request!")]
TWITTER_KEYS = {
    b"consumer_key": b"xvz1evFS4wEEPTGEFPHBog",
    b"consumer_secret": b"kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    b"token": b"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    b"token_secret": b"LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
}
TWITTER_NONCE = b"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"


def pairs(make: Callable[..., Any], values: list[tuple[bytes, bytes]]) -> Any:
    return make([make(pair) for pair in values])


@every_lua
@pytest.mark.parametrize(("version", "signature"), TWITTER)
def test_twitters_request(flavour: str, version: bytes, signature: bytes) -> None:
    """Of Twitter's guide "Creating a signature", before and after a new version."""
    functions, make = library(flavour, "oauth1")
    header = functions["authorization"](
        b"POST",
        TWITTER_URL % version,
        pairs(make, TWITTER_FORM),
        make(TWITTER_KEYS),
        TWITTER_NONCE,
        b"1318622958",
    )
    assert header.startswith(b'OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="')
    assert header.endswith(b', oauth_signature="' + signature + b'"')


@every_lua
def test_base_string_of_the_rfc(flavour: str) -> None:
    """RFC 5849 §3.4.1.1: names twice, empty values, parameters of the URL, of the form and of OAuth."""
    functions, make = library(flavour, "oauth1")
    form = functions["pairs_of"](b"c2&a3=2+q")
    own = [
        (b"oauth_consumer_key", b"9djdj82h48djs9d2"),
        (b"oauth_token", b"kkk9d7dh3k39sjv7"),
        (b"oauth_signature_method", b"HMAC-SHA1"),
        (b"oauth_timestamp", b"137131201"),
        (b"oauth_nonce", b"7d8f3e4a"),
    ]
    parameters = make([*(make(pair) for pair in own), form[1], form[2]])
    found = functions["base_string"](
        b"post", b"http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", parameters
    )
    assert found == (
        b"POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540"
        b"%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DH"
        b"MAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@pytest.mark.parametrize(
    ("method", "url", "values", "secrets", "signature"),
    [  # RFC 5849 §1.2, the first and the last request
        (
            b"POST",
            b"https://photos.example.net/initiate",
            [
                (b"oauth_consumer_key", b"dpf43f3p2l4k3l03"),
                (b"oauth_signature_method", b"HMAC-SHA1"),
                (b"oauth_timestamp", b"137131200"),
                (b"oauth_nonce", b"wIjqoS"),
                (b"oauth_callback", b"http://printer.example.com/ready"),
            ],
            (b"kd94hf93k423kf44", b""),
            b"74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            b"GET",
            b"http://photos.example.net/photos?file=vacation.jpg&size=original",
            [
                (b"oauth_consumer_key", b"dpf43f3p2l4k3l03"),
                (b"oauth_token", b"nnch734d00sl2jdk"),
                (b"oauth_signature_method", b"HMAC-SHA1"),
                (b"oauth_timestamp", b"137131202"),
                (b"oauth_nonce", b"chapoH"),
            ],
            (b"kd94hf93k423kf44", b"pfkkdhi9sl3r4s00"),
            b"MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        ),
    ],
)
def test_signatures_of_the_rfc(
    method: bytes,
    url: bytes,
    values: list[tuple[bytes, bytes]],
    secrets: tuple[bytes, bytes],
    signature: bytes,
) -> None:
    functions, make = library("lua54", "oauth1")
    base_string = functions["base_string"](method, url, pairs(make, values))
    assert functions["signature"](base_string, *secrets) == signature


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (b"http://Example.com", b"http%3A%2F%2Fexample.com%2F"),
        (b"https://example.com:443/A?x=1#part", b"https%3A%2F%2Fexample.com%2FA"),
        (b"http://example.com:443/a", b"http%3A%2F%2Fexample.com%3A443%2Fa"),
    ],
)
def test_addresses(url: bytes, address: bytes) -> None:
    functions, make = library("lua54", "oauth1")
    assert functions["base_string"](b"GET", url, make([])).split(b"&")[1] == address


@pytest.mark.parametrize("name", ["consumer_key", "consumer_secret", "token", "token_secret"])
def test_a_key_is_missing(name: str) -> None:
    functions, make = library("lua54", "oauth1")
    keys = {key: value for key, value in TWITTER_KEYS.items() if key != name.encode()}
    with pytest.raises(Exception, match=f"no {name}"):
        functions["authorization"](b"POST", b"http://example.com", make([]), make(keys), TWITTER_NONCE, b"1")


def test_no_url() -> None:
    functions, make = library("lua54", "oauth1")
    with pytest.raises(Exception, match="not a URL: nonsense"):
        functions["base_string"](b"GET", b"nonsense", make([]))


@pytest.mark.parametrize("text", ["Ladies + Gentlemen", "An encoded string!", "Dogs, Cats & Mice", "☃", "-._~aZ09"])
def test_escape(text: str) -> None:
    functions, _ = library("lua54", "oauth1")
    assert functions["escape"](text.encode()).decode() == quote(text, safe="")

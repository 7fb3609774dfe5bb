import pytest

from luasip.errors import HeaderError
from luasip.sip.digest import (
    answer_challenge,
    can_answer,
    compute_ha1,
    compute_response,
    digest_hash,
    digest_length,
    parse_challenge,
    parse_credentials,
    render_challenge,
    response_matches,
)

RFC2617 = (
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC7616 = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{}"'
)
RFC7616_MD5 = RFC7616.format("MD5", "8ca523f5e9506fed4657c9700eebdbec")
RFC7616_SHA256 = RFC7616.format("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")


@pytest.mark.parametrize(
    ("text", "password"),
    [(RFC2617, "Circle Of Life"), (RFC7616_MD5, "Circle of Life"), (RFC7616_SHA256, "Circle of Life")],
)
def test_rfc_examples(text: str, password: str) -> None:
    credentials = parse_credentials(text)
    ha1 = compute_ha1(credentials.username, credentials.realm, password, credentials.algorithm)
    assert response_matches(ha1, "GET", credentials)
    assert not response_matches(ha1, "PUT", credentials)
    assert not response_matches(ha1[::-1], "GET", credentials)


def test_without_qop_auth_int_and_session() -> None:
    base = 'Digest username="a", realm="r", nonce="n", uri="sip:h", response="x"'
    old = parse_credentials(base)
    ha1 = compute_ha1("a", "r", "p")
    assert compute_response(ha1, "REGISTER", old) == digest_hash(
        "MD5", f"{ha1}:n:{digest_hash('MD5', 'REGISTER:sip:h')}"
    )
    auth_int = parse_credentials(base + ', qop=auth-int, nc=00000001, cnonce="c"')
    assert compute_response(ha1, "X", auth_int, "body") != compute_response(ha1, "X", auth_int, "other")
    session = compute_ha1("a", "r", "p", "MD5-sess", "n", "c")
    assert session == digest_hash("MD5", f"{ha1}:n:c")


def test_algorithms() -> None:
    assert digest_hash("sha-256-sess", "x") == digest_hash("SHA-256", "x")
    for algorithm in ("MD5", "MD5-SESS", "SHA-256", "SHA-512-256"):
        assert len(digest_hash(algorithm, "x")) == digest_length(algorithm)
    with pytest.raises(ValueError, match="SHA-1"):
        digest_hash("SHA-1", "x")
    unknown = parse_credentials(RFC2617 + ", algorithm=SHA-1")
    assert not response_matches("x", "GET", unknown)


def test_fields() -> None:
    credentials = parse_credentials(RFC2617)
    assert (credentials.scheme, credentials.is_digest, credentials.algorithm) == ("Digest", True, "MD5")
    assert (credentials.qop, credentials.nonce_count, credentials.cnonce) == ("auth", "00000001", "0a4f113b")
    assert credentials.opaque.startswith("5ccc")
    assert credentials.response.startswith("6629")
    other = parse_credentials("NoOneKnowsThisScheme opaque-data=here", "Proxy-Authorization")
    assert (other.is_digest, other.params, other.header) == (False, {}, "Proxy-Authorization")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        "Digest ",
        'Digest username="a"',
        RFC2617.replace("nc=00000001, ", ""),
        RFC2617 + ",",
        "Dig@st a=1",
    ],
)
def test_bad_credentials(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_credentials(text)
    assert (caught.value.name, caught.value.status) == ("Authorization", 400)


def test_challenge_round_trip() -> None:
    text = render_challenge('r"x', "n", algorithm="SHA-256", qop="auth,auth-int", opaque="o", stale=True)
    challenge = parse_challenge(text)
    assert challenge.params == {
        "realm": 'r"x',
        "nonce": "n",
        "opaque": "o",
        "stale": "true",
        "qop": "auth,auth-int",
        "algorithm": "SHA-256",
    }
    assert render_challenge("r", "n") == 'Digest realm="r", nonce="n"'
    with pytest.raises(HeaderError, match="realm"):
        parse_challenge('Digest nonce="n"')


ANSWERED = [
    "",
    ', algorithm=MD5, qop="auth"',
    ', algorithm=SHA-256, qop="auth,auth-int", opaque="o\\"o"',
    ', algorithm=MD5-sess, qop="auth-int"',
    ", algorithm=MD5-sess",
    ', algorithm=sha-512-256, qop="AUTH"',
]


@pytest.mark.parametrize("rest", ANSWERED)
def test_answers_satisfy_their_challenge(rest: str) -> None:
    challenge = parse_challenge(f'Digest realm="r \\"x\\"", nonce="n"{rest}')
    assert can_answer(challenge)
    algorithm = challenge.algorithm.removesuffix("-SESS")
    ha1 = compute_ha1("a", challenge.realm, "p", algorithm)
    text = answer_challenge(
        challenge, ha1, username="a", method="INVITE", uri="sip:b@h", cnonce="c", body="hello"
    )
    answer = parse_credentials(text)
    assert (answer.realm, answer.nonce, answer.uri, answer.opaque) == (
        challenge.realm,
        "n",
        "sip:b@h",
        challenge.opaque,
    )
    proof = compute_ha1("a", challenge.realm, "p", challenge.algorithm, "n", "c")
    assert response_matches(proof, "INVITE", answer, "hello")
    assert not response_matches(proof, "BYE", answer, "hello")
    assert ("qop=" in text) == ("qop" in rest)


@pytest.mark.parametrize(
    "text", ["Basic x", 'Digest realm="r", nonce="n", algorithm=SHA-1', 'Digest realm="r", nonce="n", qop="x"']
)
def test_challenges_nobody_can_answer(text: str) -> None:
    assert not can_answer(parse_challenge(text))

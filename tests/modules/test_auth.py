"""auth: nonces, challenges, and credentials against passwords."""

import threading
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.kemi.context import RouteContext
from luasip.kemi.coverage import missing
from luasip.kemi.credentials import accepted_credentials
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.auth import Auth
from luasip.modules.auth.nonces import Freshness, Nonces, UsedNonces, read_count
from luasip.modules.auth.settings import AuthSettings
from luasip.modules.pv import Pv
from luasip.sip.digest import Credentials, compute_ha1, compute_response, parse_challenge
from tests.bench import INVITE, FakeServices, context

REALM = "example.com"
PASSWORD = "s3cret"


def auth(services: FakeServices | None = None, **settings: Any) -> Auth:
    return Auth(AuthSettings(**settings), services or FakeServices())


def request(method: str = "INVITE", header: str = "", **fields: str) -> str:
    """A request with a header line put in."""
    text = INVITE.replace("INVITE", method)
    for name, value in fields.items():
        text = text.replace(
            {"call_id": "call1@", "to": "To: Bob <sip:bob@", "sender": "<sip:alice@"}[name], value
        )
    return text.replace("User-Agent:", f"{header}\r\nUser-Agent:") if header else text


def nonce_of(module: Auth, ctx: RouteContext, qop: str = "auth") -> str:
    line = module.checker.challenge(ctx, REALM, qop, "authorization", False)
    return parse_challenge(line.splitlines()[0].partition(": ")[2]).nonce


def credentials(nonce: str, method: str = "INVITE", password: str = PASSWORD, **changes: str) -> str:
    """The value of Authorization as a phone makes it; changes replace parameters after the response is computed."""
    qop = changes.pop("qop", "auth")
    algorithm = changes.pop("hashed", "MD5")
    params = {
        "username": changes.pop("user", "alice"),
        "realm": REALM,
        "nonce": nonce,
        "uri": changes.pop("hashed_uri", "sip:bob@example.com"),
        "algorithm": algorithm,
    }
    if qop:
        params |= {"qop": qop, "nc": changes.pop("count", "00000001"), "cnonce": "c1"}
    ha1 = compute_ha1(params["username"], REALM, password, algorithm)
    params["response"] = compute_response(ha1, method, Credentials("Digest", params, ""), "v=0\r\n")
    params |= changes
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in params.items())


def check(module: Auth, value: str, method: str = "INVITE", password: str = PASSWORD, flags: int = 0) -> int:
    """pv_www_authenticate for one request."""
    ctx = context(request(method, f"Authorization: {value}"))
    code = module.pv_www_authenticate(ctx, REALM, password, flags)
    assert (accepted_credentials(ctx) is not None) is (code == 1)
    assert type(code) is int
    return code


def test_every_function_is_there() -> None:
    assert [function.name for function in missing((Auth,)) if function.module == "auth"] == []


# Nonces

RANDOM = "0123456789abcdef"


@pytest.mark.parametrize(
    ("change", "now", "bound_to", "freshness"),
    [
        (lambda n: n, 1000, "call", Freshness.GOOD),
        (lambda n: n, 1300, "call", Freshness.GOOD),
        (lambda n: n, 1301, "call", Freshness.STALE),
        (lambda n: n, 996, "call", Freshness.STALE),
        (lambda n: n, 997, "call", Freshness.GOOD),
        (lambda n: n, 1000, "other", Freshness.STALE),
        (lambda n: "", 1000, "call", Freshness.FOREIGN),
        (lambda n: n[:-1], 1000, "call", Freshness.FOREIGN),
        (lambda n: n + "0", 1000, "call", Freshness.FOREIGN),
        (lambda n: "000003e9" + n[8:], 1000, "call", Freshness.FOREIGN),
        (lambda n: n[:8] + "f" + n[9:], 1000, "call", Freshness.FOREIGN),
        (lambda n: n[:24] + "zz" + n[26:], 1000, "call", Freshness.FOREIGN),
        (lambda n: "\xff" + n[1:], 1000, "call", Freshness.FOREIGN),
        (lambda n: "00000001" + n[8:], 1000, "call", Freshness.STALE),
    ],
)
def test_nonces(change: Any, now: int, bound_to: str, freshness: Freshness) -> None:
    nonces = Nonces("secret", expires=300, drift=3, valid_from=500)
    nonce = change(nonces.make(1000, RANDOM, "call"))
    assert nonces.check(nonce, now, bound_to) is freshness


def test_nonces_of_another_secret_are_foreign() -> None:
    nonce = Nonces("one", 300, 3).make(1000, RANDOM, "")
    assert Nonces("two", 300, 3).check(nonce, 1000, "") is Freshness.FOREIGN
    assert Nonces("one", 300, 3).check(nonce, 1000, "") is Freshness.GOOD


def test_nonce_counts_only_rise() -> None:
    used = UsedNonces(10, 300)
    assert [used.claim("n", 1000, count, 1000) for count in (1, 1, 3, 2, 4)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_memory_of_used_nonces_is_bounded() -> None:
    used = UsedNonces(3, 300)
    assert all(used.claim(f"n{i}", 1000 + i, 1, 1010) for i in range(5))
    assert not used.claim("n0", 1000, 2, 1010)  # forgotten: it might have been used with this count
    assert not used.claim("n4", 1004, 1, 1010)
    assert used.claim("n5", 1005, 1, 1010)
    assert used.claim("late", 2000, 1, 2000)
    assert not used.claim("late", 2000, 1, 2000)


def test_one_of_many_threads_gets_a_nonce() -> None:
    used, got = UsedNonces(10, 300), list[bool]()
    threads = [threading.Thread(target=lambda: got.append(used.claim("n", 1, 1, 1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("text", "count"),
    [("0000000a", 10), ("0000000A", 10), ("1", None), ("0000000g", None), ("-0000001", None)],
)
def test_nonce_count(text: str, count: int | None) -> None:
    assert read_count(text) == count


# Challenges


@pytest.mark.parametrize(
    ("method", "function", "flags", "status", "parts"),
    [
        ("REGISTER", "auth_challenge", 0, 401, ["WWW-Authenticate: Digest realm=", "algorithm=MD5"]),
        ("INVITE", "auth_challenge", 1, 407, ["Proxy-Authenticate: Digest ", 'qop="auth"']),
        ("INVITE", "www_challenge", 2, 401, ["WWW-Authenticate: Digest ", 'qop="auth-int"']),
        ("REGISTER", "proxy_challenge", 19, 407, ["Proxy-Authenticate: Digest ", "stale=true"]),
    ],
)
def test_challenges(method: str, function: str, flags: int, status: int, parts: list[str]) -> None:
    services = FakeServices()
    ctx = context(request(method), services)
    assert getattr(auth(services), function)(ctx, REALM, flags) == 1
    [(sent, _, headers)] = services.replies
    assert sent == status
    assert [part for part in parts if part not in headers] == []
    assert headers.endswith("\r\n")
    assert ("qop" in headers) is bool(flags & 3)


def test_challenge_without_realm() -> None:
    services = FakeServices()
    module = auth(services)
    assert module.auth_challenge(context(services=services), "", 0) == -1
    assert [reply[0] for reply in services.replies] == [500]
    assert module.auth_challenge(context(services=services), "", 4) == -1
    assert len(services.replies) == 1


def test_challenge_that_cannot_be_sent() -> None:
    class Mute(FakeServices):
        def reply(self, *arguments: Any, **options: Any) -> int:
            return -1

    services = Mute()
    assert auth(services).www_challenge(context(services=services), REALM, 0) == -3
    assert auth(services).www_challenge(context(services=services), "", 0) == -4


def test_header_line_for_a_variable() -> None:
    services = FakeServices()
    services.variables = PseudoVariables(services)
    services.variables.add(Pv(Pv.Settings(), services))
    ctx = context(services=services)
    module = auth(services, realm_prefix="sip.")
    assert module.auth_get_www_authenticate(ctx, "sip.example.com", 1, "$avp(x)") == 1
    assert str(ctx.lists.avps["x"][0]).startswith('WWW-Authenticate: Digest realm="example.com", nonce="')
    assert module.auth_get_www_authenticate(ctx, "", 1, "$avp(x)") == -1
    assert module.auth_get_www_authenticate(ctx, REALM, 1, "$si") == -1


# Credentials


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 1),
        ({"qop": ""}, 1),
        ({"qop": "auth-int"}, 1),
        ({"password": "guess"}, -2),
        ({"username": "bob"}, -2),
        ({"uri": "sip:other@example.com"}, -1),
        ({"uri": "sip:bob@example.com;user=phone"}, -2),
        ({"hashed_uri": "sip:bob@EXAMPLE.com:5060"}, 1),
        ({"hashed_uri": "sip:other@example.com"}, -1),
        ({"response": "0" * 32}, -2),
        ({"response": "short"}, -1),
        ({"response": "\xe4" * 32}, -2),
        ({"realm": "other.example"}, -5),
        ({"nc": "1"}, -1),
        ({"qop ": "x"}, -1),
        ({"algorithm": "SHA-256"}, -1),
        ({"algorithm": "MD5-sess"}, -1),
    ],
)
def test_credentials(changes: dict[str, str], code: int) -> None:
    module = auth()
    assert check(module, credentials(nonce_of(module, context()), **changes)) == code


@pytest.mark.parametrize("value", ["Basic abc", "Digest", "Digest username=", "Digest x", '"'])
def test_malformed_credentials(value: str) -> None:
    assert check(auth(), value) in (-1, -5)


def test_guessed_nonce() -> None:
    assert check(auth(), credentials("guess")) == -1


def test_other_method_fails() -> None:
    module = auth()
    value = credentials(nonce_of(module, context()), "MESSAGE")
    assert check(module, value) == -2
    ctx = context(request(header=f"Authorization: {value}"))
    assert module.pv_www_authenticate_method(ctx, REALM, PASSWORD, 0, "MESSAGE") == 1
    assert module.pv_www_authenticate_method(ctx, REALM, PASSWORD, 0, "") == -1


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_algorithms(algorithm: str) -> None:
    module = auth(algorithm=algorithm)
    nonce = nonce_of(module, context())
    assert check(module, credentials(nonce, hashed=algorithm)) == 1
    assert check(module, credentials(nonce, hashed=algorithm, password="guess")) == -2
    ctx = context(request(header=f"Authorization: {credentials(nonce, hashed='MD5')}"))
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == (1 if algorithm == "MD5" else -1)
    assert [module.auth_algorithm(ctx, "MD5"), module.auth_algorithm(ctx, "MD4")] == [1, -1]
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == 1


def test_uri_is_not_compared_when_it_is_not_to_be() -> None:
    module = auth(check_uri=0)
    assert check(module, credentials(nonce_of(module, context()), hashed_uri="sip:other@example.com")) == 1


def test_several_algorithms_are_offered_and_any_is_accepted() -> None:
    """RFC 8760 §2.3: a header for each, the best first."""
    services = FakeServices()
    module = auth(services, algorithm="SHA-256, MD5")
    ctx = context(services=services)
    assert module.proxy_challenge(ctx, REALM, 1) == 1
    lines = services.replies[0][2].splitlines()
    challenges = [parse_challenge(line.partition(": ")[2]) for line in lines]
    assert [challenge.algorithm for challenge in challenges] == ["SHA-256", "MD5"]
    assert challenges[0].nonce == challenges[1].nonce
    for algorithm, code in (("MD5", 1), ("SHA-256", 1), ("SHA-512-256", -1)):
        assert check(module, credentials(challenges[0].nonce, hashed=algorithm)) == code
    ctx = context()
    assert module.auth_algorithm(ctx, "SHA-512-256, SHA-256") == 1
    assert module.checker.algorithms(ctx) == ("SHA-512-256", "SHA-256")
    assert module.auth_algorithm(ctx, "SHA-256, MD4") == -1


def test_credentials_with_an_offered_algorithm_are_taken_before_others() -> None:
    module = auth(algorithm="SHA-256")
    nonce = nonce_of(module, context())
    lines = [f"Authorization: {credentials(nonce, hashed=algorithm)}" for algorithm in ("MD5", "SHA-256")]
    ctx = context(request(header="\r\n".join(lines)))
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == 1


def test_password_may_be_ha1() -> None:
    module = auth()
    value = credentials(nonce_of(module, context()))
    assert check(module, value, password=compute_ha1("alice", REALM, PASSWORD).upper(), flags=1) == 1
    assert check(module, value, password=PASSWORD, flags=1) == -2


def test_missing_password_lets_nobody_in() -> None:
    module = auth()
    nonce = nonce_of(module, context())
    assert check(module, credentials(nonce, password=""), password="") == -1
    assert check(module, credentials(nonce, password=""), password="", flags=1) == -1


def test_stale_nonce_is_told_in_the_next_challenge() -> None:
    services = FakeServices()
    module = auth(services)
    value = credentials(nonce_of(module, context()))
    services.clock += 301
    ctx = context(request(header=f"Authorization: {value}"), services)
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == -4
    module.www_challenge(ctx, REALM, 0)
    assert "stale=true" in services.replies[0][2]


def test_nonce_count_may_not_come_again() -> None:
    module = auth(nonce_count=1)
    nonce = nonce_of(module, context())
    counts = ["00000001", "00000001", "00000003", "00000002"]
    assert check(module, credentials(nonce, count="00000009", password="guess")) == -2
    assert [check(module, credentials(nonce, count=count)) for count in counts] == [1, -4, 1, -4]
    assert check(module, credentials(nonce, qop="")) == 1


def test_one_time_nonce() -> None:
    module = auth(one_time_nonce=1)
    nonce = nonce_of(module, context())
    assert check(module, credentials(nonce, password="guess")) == -2
    assert [check(module, credentials(nonce)) for _ in range(2)] == [1, -6]


def test_nonces_outlive_a_start_only_with_a_secret() -> None:
    old, new = FakeServices(), FakeServices()
    new.clock += 10
    value = credentials(nonce_of(auth(old), context()))
    assert check(auth(new), value) == -4
    value = credentials(nonce_of(auth(old, secret="very-long-secret"), context()))
    assert check(auth(new, secret="very-long-secret"), value) == 1


@pytest.mark.parametrize(
    ("bits", "change", "code"),
    [(2, {"call_id": "other@"}, -4), (1, {"call_id": "other@"}, 1), (15, {}, 1), (8, {}, 1)],
)
def test_nonce_is_bound_to_a_request(bits: int, change: dict[str, str], code: int) -> None:
    module = auth(auth_checks_no_dlg=bits)
    value = credentials(nonce_of(module, context()))
    ctx = context(request(header=f"Authorization: {value}", **change))
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == code


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "PRACK"])
def test_requests_that_cannot_be_challenged(method: str) -> None:
    module, ctx = auth(), context(request(method))
    assert module.pv_proxy_authenticate(ctx, REALM, PASSWORD, 0) == 1
    assert module.pv_auth_check(ctx, REALM, PASSWORD, 0, 1) == 1
    assert module.consume_credentials(ctx) == -1


@pytest.mark.parametrize(
    ("method", "user", "fields", "checks", "code"),
    [
        ("INVITE", "alice", {}, 1, 1),
        ("INVITE", "alice@example.com", {}, 1, 1),
        ("INVITE", "bob", {}, 1, -8),
        ("INVITE", "bob", {}, 0, 1),
        ("REGISTER", "alice", {"to": "To: <sip:alice@"}, 1, 1),
        ("REGISTER", "alice", {}, 1, -8),
        ("REGISTER", "bob", {}, 1, -8),
        ("PUBLISH", "alice", {"to": "To: <sip:alice@"}, 1, -8),
    ],
)
def test_pv_auth_check(method: str, user: str, fields: dict[str, str], checks: int, code: int) -> None:
    module = auth()
    value = credentials(nonce_of(module, context()), method, user=user)
    name = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
    ctx = context(request(method, f"{name}: {value}", **fields))
    assert module.pv_auth_check(ctx, REALM, PASSWORD, 0, checks) == code
    assert module.pv_auth_check(context(request(method)), REALM, PASSWORD, 0, checks) == -5


@pytest.mark.parametrize(("flags", "part"), [(2, "algorithm=MD5"), (4, 'qop="auth"'), (24, "stale=true")])
def test_failed_check_leaves_a_challenge(flags: int, part: str) -> None:
    module, ctx = auth(), context()
    assert module.pv_proxy_authenticate(ctx, REALM, PASSWORD, flags) == -5
    [line] = ctx.lists.avps["digest_challenge"]
    assert str(line).startswith("Proxy-Authenticate: Digest ")
    assert part in str(line)


def test_credentials_are_consumed() -> None:
    module = auth()
    other = 'Authorization: Digest username="a", realm="elsewhere", nonce="1", uri="sip:a", response="2"'
    mine = f"Authorization: {credentials(nonce_of(module, context()))}"
    ctx = context(request(header=f"{other}\r\n{mine}"))
    assert module.consume_credentials(ctx) == -1
    assert module.has_credentials(ctx, REALM) == module.has_credentials(ctx, "elsewhere") == 1
    assert module.has_credentials(ctx, "nowhere") == -1
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == 1
    assert module.consume_credentials(ctx) == 1
    sent = ctx.edits.apply(ctx.message)
    assert other in sent
    assert mine not in sent


def test_server_proves_itself() -> None:
    module = auth(add_authinfo_hdr=1)
    nonce = nonce_of(module, context())
    ctx = context(request(header=f"Authorization: {credentials(nonce)}"))
    assert module.pv_www_authenticate(ctx, REALM, PASSWORD, 0) == 1
    [line] = ctx.reply_headers
    assert line.startswith(f'Authentication-Info: nextnonce="{nonce}", qop=auth, rspauth="')
    assert line.endswith('", cnonce="c1", nc=00000001\r\n')


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"algorithm": "SHA-1"}, "SHA-1"),
        ({"nonce_expire": 0}, "nonce_expire: 0"),
        ({"secret": "short"}, "secret"),
        ({"auth_checks_register": 16}, "auth_checks_register"),
        ({"www_challenge_header": "a b"}, "www_challenge_header"),
        ({"challenge_attr": "x"}, "challenge_attr"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as raised:
        auth(**settings)
    assert "short'" not in str(raised.value)

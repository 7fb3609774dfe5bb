"""auth_db over SQLite: return codes, columns, and what a missing database does."""

from collections.abc import Iterator
from typing import Any

import pytest

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import RouteContext
from luasip.kemi.coverage import missing
from luasip.kemi.credentials import accepted_credentials
from luasip.kemi.operation import TIMED_OUT
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.auth import Auth
from luasip.modules.auth.settings import AuthSettings
from luasip.modules.auth_db import AuthDb
from luasip.modules.auth_db.settings import AuthDbSettings
from luasip.modules.pv import Pv
from luasip.sip import digest
from luasip.sip.digest import compute_ha1
from luasip.storage import Databases
from tests.bench import FakeServices, context, perform, settle
from tests.modules.test_auth import PASSWORD, REALM, credentials, nonce_of, request

USERS = (
    (
        "alice",
        REALM,
        PASSWORD,
        compute_ha1("alice", REALM, PASSWORD),
        compute_ha1(f"alice@{REALM}", REALM, PASSWORD),
    ),
    ("carol", "other.example", PASSWORD, compute_ha1("carol", REALM, PASSWORD), ""),
    ("empty", REALM, "", "", ""),
)


class Bench:
    """auth and auth_db with three users."""

    def __init__(self, auth: dict[str, Any] | None = None, **settings: Any) -> None:
        self.services = FakeServices()
        self.services.databases = Databases()
        self.services.variables = PseudoVariables(self.services)
        self.services.variables.add(Pv(Pv.Settings(), self.services))
        self.auth = Auth(AuthSettings(**auth or {}), self.services)
        self.url = "sqlite:///:memory:"
        self.module = AuthDb(AuthDbSettings(db_url=self.url, **settings), self.services, self.auth)
        self.module.start()
        statement = "insert into subscriber (username, domain, password, ha1, ha1b) values (?, ?, ?, ?, ?)"
        for user in USERS:
            self.services.databases.open(self.url).execute_positional(statement, user)

    def context(
        self, method: str = "INVITE", header: str = "Proxy-Authorization", **changes: str
    ) -> RouteContext:
        """A request with credentials for a fresh nonce."""
        fields = {key: changes.pop(key) for key in ("to", "sender") if key in changes}
        value = credentials(nonce_of(self.auth, context()), method, **changes)
        return context(request(method, f"{header}: {value}", **fields), self.services)

    def check(self, ctx: RouteContext, flags: int = 0, table: str = "subscriber") -> int:
        code = settle(self.module.auth_check(ctx, REALM, table, flags), perform)
        assert type(code) is int
        return code


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.services.databases.close()


def test_every_function_is_there() -> None:
    assert [function.name for function in missing((AuthDb,)) if function.module == "auth_db"] == []


@pytest.mark.parametrize("calculate_ha1", [0, 1])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 1),
        ({"user": f"alice@{REALM}"}, 1),
        ({"user": "carol"}, 1),
        ({"password": "guess"}, -2),
        ({"user": "empty", "password": ""}, -2),
        ({"user": "nobody"}, -3),
        ({"user": "' or 1=1 --"}, -3),
        ({"realm": "elsewhere"}, -5),
        ({"response": "x"}, -1),
    ],
)
def test_return_codes(changes: dict[str, str], code: int, calculate_ha1: int) -> None:
    columns = {"password_column": "password"} if calculate_ha1 else {}
    bench = Bench(calculate_ha1=calculate_ha1, **columns)
    ctx = bench.context(**changes)
    assert bench.check(ctx) == code
    assert (accepted_credentials(ctx) is not None) is (code == 1)
    bench.services.databases.close()


@pytest.mark.parametrize(("user", "code"), [("alice", 1), ("carol", -3)])
def test_users_by_domain(user: str, code: int) -> None:
    bench = Bench(use_domain=1)
    assert bench.check(bench.context(user=user)) == code
    bench.services.databases.close()


@pytest.mark.parametrize(
    ("method", "user", "fields", "flags", "code"),
    [
        ("INVITE", "alice", {}, 1, 1),
        ("INVITE", "carol", {}, 1, -8),
        ("INVITE", "carol", {}, 3, 1),
        ("SUBSCRIBE", "carol", {}, 3, -8),
        ("INVITE", "carol", {}, 0, 1),
        ("REGISTER", "alice", {"to": "To: <sip:alice@"}, 1, 1),
        ("REGISTER", "alice", {}, 1, -8),
        ("PUBLISH", "alice", {"to": "To: <sip:alice@"}, 1, -8),
    ],
)
def test_user_must_be_the_sender(
    bench: Bench, method: str, user: str, fields: dict[str, str], flags: int, code: int
) -> None:
    header = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
    assert bench.check(bench.context(method, header, user=user, **fields), flags) == code


def test_stale_nonce_asks_no_database(bench: Bench) -> None:
    ctx = bench.context()
    bench.services.clock += 301
    assert settle(bench.module.auth_check(ctx, REALM, "subscriber", 0)) == -4
    assert settle(bench.module.auth_check(context(), REALM, "subscriber", 0)) == -5
    assert settle(bench.module.auth_check(context(), "", "subscriber", 0)) == -1
    assert settle(bench.module.auth_check(context(request("ACK")), REALM, "subscriber", 1)) == 1


@pytest.mark.parametrize("table", ["", "nowhere", "subscriber; drop table subscriber", "a b"])
def test_no_such_table(bench: Bench, table: str) -> None:
    assert bench.check(bench.context(), table=table) == -1
    assert bench.check(bench.context()) == 1


def test_database_is_too_slow(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    code = settle(
        bench.module.auth_check(bench.context(), REALM, "subscriber", 0), lambda _operation: TIMED_OUT
    )
    assert code == -1
    assert "cannot be looked up" in caplog.text


def test_database_that_does_not_answer_is_no_wrong_password(bench: Bench) -> None:
    for _ in range(30):
        settle(bench.module.auth_check(bench.context(), REALM, "subscriber", 0), lambda _operation: TIMED_OUT)
    assert bench.check(bench.context()) == 1


@pytest.mark.parametrize("user", ["alice", "nobody", "empty"])
def test_users_there_are_and_users_there_are_not_are_locked_alike(user: str) -> None:
    bench = Bench(auth={"guess_limit": 4})
    codes = [bench.check(bench.context(user=user, password="guess")) for _ in range(8)]
    assert codes[:4] == [-3 if user == "nobody" else -2] * 4
    assert codes[4:] == [-2] * 4
    assert bench.check(bench.context(user="carol")) == 1
    bench.services.databases.close()


@pytest.mark.parametrize("calculate_ha1", [0, 1])
def test_unknown_users_cost_as_much_as_wrong_passwords(
    calculate_ha1: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(
        digest,
        "digest_hash",
        lambda name, text, inner=digest.digest_hash: (hashed.append(name), inner(name, text))[1],
    )
    columns = {"password_column": "password"} if calculate_ha1 else {}
    bench = Bench(calculate_ha1=calculate_ha1, **columns)
    asked: list[str] = []
    costs = []
    for user in ("alice", "nobody", "empty"):
        ctx = bench.context(user=user, password="guess")
        hashed.clear()
        asked.clear()
        call = bench.module.auth_check(ctx, REALM, "subscriber", 1)
        settle(call, lambda operation: (asked.append("sql"), perform(operation))[1])
        costs.append((list(hashed), list(asked)))
    assert costs[0] == costs[1] == costs[2]
    assert costs[0][1] == ["sql"]
    bench.services.databases.close()


def test_each_algorithm_may_have_a_column() -> None:
    """Here domain and ha1b stand for columns with the other hashes."""
    columns = {"password_column_sha256": "domain", "password_column_sha512_256": "ha1b"}
    bench = Bench(auth={"algorithm": "SHA-512-256, SHA-256, MD5"}, **columns)
    hashes = [compute_ha1("alice", REALM, PASSWORD, name) for name in ("SHA-256", "SHA-512-256")]
    database = bench.services.databases.open(bench.url)
    database.execute_positional("update subscriber set domain = ?, ha1b = ? where username = 'alice'", hashes)
    for algorithm in ("MD5", "SHA-256", "SHA-512-256"):
        assert bench.check(bench.context(hashed=algorithm)) == 1
        assert bench.check(bench.context(hashed=algorithm, password="guess")) == -2
    assert bench.check(bench.context(hashed="SHA-256", user="carol")) == -2
    bench.services.databases.close()


def test_passwords_do_for_every_algorithm() -> None:
    bench = Bench(auth={"algorithm": "SHA-256, MD5"}, calculate_ha1=1, password_column="password")
    assert [bench.check(bench.context(hashed=name)) for name in ("MD5", "SHA-256")] == [1, 1]
    bench.services.databases.close()


def test_www_authenticate(bench: Bench) -> None:
    ctx = bench.context(header="Authorization")
    assert settle(bench.module.www_authenticate(ctx, REALM, "subscriber"), perform) == 1
    assert settle(bench.module.www_authenticate(bench.context(), REALM, "subscriber"), perform) == -5
    call = bench.module.www_authenticate_method
    assert settle(call(ctx, REALM, "subscriber", "MESSAGE"), perform) == -2
    assert settle(call(ctx, REALM, "subscriber", "INVITE"), perform) == 1
    assert settle(call(ctx, REALM, "subscriber", ""), perform) == -1


@pytest.mark.parametrize(
    ("force", "password", "loaded"),
    [
        (0, PASSWORD, {"domain": [REALM], "pw": [PASSWORD]}),
        (0, "guess", {}),
        (1, "guess", {"domain": [REALM], "pw": [PASSWORD]}),
    ],
)
def test_columns_become_avps(force: int, password: str, loaded: dict[str, list[str]]) -> None:
    bench = Bench(load_credentials="domain; $avp(pw)=password", force_generate_avps=force)
    ctx = bench.context(password=password)
    bench.check(ctx)
    assert ctx.lists.avps == loaded
    bench.services.databases.close()


@pytest.mark.parametrize(
    ("uri", "table", "flags", "code", "loaded"),
    [
        ("sip:alice@anywhere.example", "subscriber", 0, 1, True),
        ("sip:%61lice@anywhere.example", "subscriber", 2, 1, False),
        ("sip:alice@anywhere.example", "subscriber", 1, -2, False),
        ("sip:alice@example.com", "subscriber", 3, 1, False),
        ("sip:nobody@example.com", "subscriber", 0, -2, False),
        ("sip:example.com", "subscriber", 0, -1, False),
        ("nonsense", "subscriber", 0, -1, False),
        ("sip:alice@example.com", "nowhere", 0, -1, False),
    ],
)
def test_is_subscriber(uri: str, table: str, flags: int, code: int, loaded: bool) -> None:
    bench = Bench(load_credentials="domain")
    ctx = context(services=bench.services)
    assert settle(bench.module.is_subscriber(ctx, uri, table, flags), perform) == code
    assert bool(ctx.lists.avps) is loaded
    bench.services.databases.close()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"user_column": "a b"}, "user_column"),
        ({"password_column_sha256": "a b"}, "password_column_sha256"),
        ({"load_credentials": "$var(x)=rpid"}, "load_credentials"),
        ({"load_credentials": "rpid;a-b"}, "a-b"),
        ({"db_url": "nonsense"}, "db_url"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    services = FakeServices()
    services.databases = Databases()
    with pytest.raises(SettingsError, match=problem):
        AuthDb(AuthDbSettings(**settings), services, Auth(AuthSettings(), services))


def test_database_must_be_there_at_start() -> None:
    services = FakeServices()
    services.databases = Databases()
    settings = AuthDbSettings(db_url="sqlite:////proc/nowhere/x.db")
    with pytest.raises((StorageError, SettingsError)):
        AuthDb(settings, services, Auth(AuthSettings(), services)).start()

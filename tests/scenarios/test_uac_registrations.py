"""Registrations at other servers, from a database, in virtual time: register, renew, fail, be changed by commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError
from luasip.modules.uac import Uac
from luasip.modules.uac.account import DISABLED, INITIALIZED, ONGOING, ONLINE
from luasip.sip.digest import compute_ha1, parse_credentials, response_matches
from luasip.sip.message import Request
from luasip.storage import Databases
from luasip.storage.tables import uacreg_table
from tests.scenarios.scene import Phone, Scene

CHALLENGE = 'WWW-Authenticate: Digest realm="them", nonce="{}", qop="auth"{}'
ROW: dict[str, Any] = {
    "l_uuid": "line1",
    "l_username": "alice",
    "l_domain": "example.com",
    "r_username": "4711",
    "r_domain": "10.0.0.2",
    "realm": "them",
    "auth_username": "user4711",
    "auth_password": "secret",
    "expires": 600,
}
SCRIPT = """
function ksr_request_route()
  if KSR.is_method("INFO") then
    KSR.info("status " .. KSR.uac.uac_reg_status(KSR.kx.get_ruser()))
  elseif KSR.is_method("MESSAGE") then
    KSR.info("lookup " .. KSR.uac.uac_reg_lookup(KSR.kx.get_ruser(), "$ru") .. " " .. KSR.pv.get("$ru"))
    KSR.info("uuid " .. KSR.uac.uac_reg_lookup_uri("sip:alice@example.com", "$var(u)") .. " "
      .. tostring(KSR.pv.get("$var(u)")))
  elseif KSR.is_method("REFER") then
    KSR.info("refresh " .. KSR.uac.uac_reg_refresh(KSR.kx.get_ruser()))
  elseif KSR.is_method("INVITE") then
    KSR.info("to " .. KSR.uac.uac_reg_request_to("line1", 0) .. " " .. KSR.pv.gete("$du"))
    KSR.tm.t_on_failure("ksr_failed")
    KSR.tm.t_relay()
    return
  end
  KSR.sl.sl_send_reply(200, "OK")
end
function ksr_failed()
  if KSR.uac.uac_auth() > 0 then KSR.tm.t_relay() end
end
"""


class Database:
    """The uacreg table."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.databases = Databases()
        self.database = self.databases.open(url)
        self.table = uacreg_table("uacreg")
        self.database.create_table(self.table)

    def add(self, **changes: Any) -> None:
        self.database.execute(self.table.insert(), {**ROW, **changes})

    def change(self, l_uuid: str = "line1", **changes: Any) -> None:
        self.database.execute(self.table.update().where(self.table.c["l_uuid"] == l_uuid).values(**changes))

    def remove(self, l_uuid: str = "line1") -> None:
        self.database.execute(self.table.delete().where(self.table.c["l_uuid"] == l_uuid))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/uac.db")
    yield found
    found.databases.close()


class Bench:
    """A server with accounts, and their registrar."""

    def __init__(self, database: Database, settings: str = "", registrar: str = "") -> None:
        text = f"""
        [modules.uac]
        reg_db_url = "{database.url}"
        reg_contact_addr = "10.0.0.1:5060"
        reg_timer_interval = 10
        auth_realm_avp = "$avp(realm)"
        auth_username_avp = "$avp(user)"
        auth_password_avp = "$avp(password)"
        {settings}
        """
        self.scene = Scene(SCRIPT, text)
        self.registrar: Phone = self.scene.phone("registrar", host=registrar)
        self.phone: Phone = self.scene.phone("phone")
        self._cseq = 0
        self._seen: set[str] = set()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *error: object) -> None:
        self.uac.reg_active(0)
        self.scene.close(check=error[0] is None)

    @property
    def uac(self) -> Uac:
        [found] = [module for module in self.scene.server.modules if isinstance(module, Uac)]
        return found

    def wait(self, seconds: float = 2.0) -> list[Request]:
        """What the registrar gets in this time, repetitions left out."""
        self.scene.advance(seconds)
        found = {request.top_via.branch: request for request in self.registrar.requests()}
        new = [request for branch, request in found.items() if branch not in self._seen]
        self._seen |= set(found)
        return new

    def accept(self, request: Request, expires: int = 600) -> None:
        contact = request.contacts[0].text
        text = self.registrar.response(request, 200, "OK", f"X: 1\r\nContact: {contact};expires={expires}")
        self.registrar.send(text.replace(f"Contact: <{self.registrar.uri}>\r\n", ""))

    def challenge(self, request: Request, nonce: str = "n1", rest: str = "") -> Request:
        """Challenge a REGISTER; the one with credentials."""
        self.registrar.answer(request, 401, "Unauthorized", CHALLENGE.format(nonce, rest))
        [again] = self.registrar.requests()
        return again

    def info(self) -> dict[str, Any]:
        return self.uac.reg_info("l_uuid", "line1")

    def ask(self, method: str, user: str = "line1") -> str:
        """What the script says to a request of the phone's."""
        self._cseq += 1
        self.phone.send(self.phone.request(method, f"sip:{user}@example.com", cseq=self._cseq))
        self.phone.statuses()
        return self.scene.said[-1]

    def statistics(self) -> tuple[int, int, int]:
        return tuple(self.scene.statistic(f"uac:reg{name}") for name in ("total", "active", "disabled"))  # type: ignore[return-value]


def proves(request: Request, password: str = "secret") -> bool:
    [line] = request.all("authorization")
    credentials = parse_credentials(line.value)
    assert (credentials.username, credentials.uri) == ("user4711", request.request_uri)
    return response_matches(compute_ha1("user4711", "them", password), "REGISTER", credentials)


def test_life_of_a_registration(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        assert bench.ask("INFO") == "status -99"
        [first] = bench.wait()
        assert (first.method, first.request_uri) == ("REGISTER", "sip:10.0.0.2")
        assert first.from_.uri_text == first.to.uri_text == "sip:4711@10.0.0.2"
        assert [contact.uri_text for contact in first.contacts] == ["sip:line1@10.0.0.1:5060"]
        assert first.expires == 600
        assert first.first("authorization") is None
        assert bench.ask("INFO") == "status -2"
        assert bench.info()["flags"] == ONGOING | INITIALIZED

        second = bench.challenge(first)
        assert proves(second)
        assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
        assert second.expires == 600
        assert bench.info()["flags"] == ONGOING | INITIALIZED | 8
        bench.accept(second)
        assert bench.ask("INFO") == "status 1"
        assert bench.info()["flags"] == ONLINE | INITIALIZED
        assert 595 <= bench.info()["diff_expires"] <= 600
        assert bench.statistics() == (1, 1, 0)

        assert bench.wait(570) == []
        [renewal] = bench.wait(20)
        assert renewal.call_id != first.call_id
        assert bench.ask("INFO") == "status 1"  # the old registration holds until the new one is there
        bench.accept(bench.challenge(renewal))
        assert bench.ask("INFO") == "status 1"
        assert bench.statistics() == (1, 1, 0)


def test_a_kept_call_id(database: Database) -> None:
    database.add(expires=60)
    with Bench(database, "reg_keep_callid = 1") as bench:
        [first] = bench.wait()
        second = bench.challenge(first)
        bench.accept(second, 60)
        [renewal] = bench.wait(60)
        assert renewal.call_id == first.call_id
        assert renewal.cseq.number == second.cseq.number + 1
        bench.registrar.answer(renewal, 500)
        assert bench.ask("INFO") == "status -3"


def test_proxy_socket_contact_and_ha1_of_an_account(database: Database) -> None:
    ha1 = compute_ha1("user4711", "them", "secret")
    database.add(
        r_domain="nowhere.invalid",
        auth_proxy="sip:10.0.0.2;transport=tcp",
        contact_addr="gw.example.com:5070;x=1",
        auth_password="",
        auth_ha1=ha1,
        realm="",
        socket="tcp:10.0.0.1:5060",
    )
    with Bench(database) as bench:
        registrar = bench.scene.phone("tcp", "tcp", "10.0.0.2")
        bench.scene.advance(2)
        [first] = registrar.requests()
        assert first.request_uri == "sip:nowhere.invalid"
        assert first.contacts[0].uri_text == "sip:line1@gw.example.com:5070;x=1"
        registrar.answer(first, 401, "X", CHALLENGE.format("n1", ""))
        [second] = registrar.requests()
        assert proves(second)
        registrar.answer(second, 403)


def test_refused_credentials(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        [first] = bench.wait()
        second = bench.challenge(first)
        bench.registrar.answer(second, 401, "Unauthorized", CHALLENGE.format("n2", ""))
        assert bench.registrar.requests() == []
        assert bench.ask("INFO") == "status -3"
        assert "its credentials are refused" in bench.scene.log.text()
        assert bench.wait(1000) == []
        assert bench.statistics() == (1, 0, 1)


def test_a_stale_nonce_is_no_refusal(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        [first] = bench.wait()
        third = bench.challenge(bench.challenge(first), "n2", ", stale=true")
        assert parse_credentials(third.required("authorization").value).nonce == "n2"
        assert proves(third)
        bench.registrar.answer(third, 401, "X", CHALLENGE.format("n3", ", stale=true"))
        assert bench.registrar.requests() == []
        assert bench.ask("INFO") == "status -3"


def test_another_realm_gets_no_credentials(database: Database) -> None:
    database.add(realm="others")
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.registrar.answer(first, 401, "Unauthorized", CHALLENGE.format("n2", ""))
        assert bench.registrar.requests() == []
        assert bench.ask("INFO") == "status -3"


def test_failures_are_retried(database: Database) -> None:
    database.add()
    with Bench(database, "reg_retry_interval = 60") as bench:
        [first] = bench.wait()
        bench.registrar.answer(first, 503)
        assert bench.ask("INFO") == "status -99"
        assert bench.wait(40) == []
        [again] = bench.wait(20)
        assert again.call_id != first.call_id
        bench.scene.advance(40)  # nobody answers
        bench.registrar.requests()
        assert "no answer (408)" in bench.scene.log.text()
        [third] = bench.wait(30)
        bench.accept(third)
        assert bench.ask("INFO") == "status 1"


def test_a_registrar_that_cannot_be_reached(database: Database) -> None:
    database.add(r_domain="10.0.0.2;transport=sctp")
    with Bench(database) as bench:
        assert bench.wait() == []
        assert bench.ask("INFO") == "status -3"


def test_interval_too_brief(database: Database) -> None:
    database.add(expires=60)
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.registrar.answer(first, 423, "Interval Too Brief", "Min-Expires: 300")
        [longer] = bench.registrar.requests()
        assert longer.expires == 300
        bench.accept(bench.challenge(longer), 300)
        assert bench.ask("INFO") == "status 1"
        assert bench.info()["expires"] == 300


def test_a_registrar_that_is_never_content(database: Database) -> None:
    database.add(expires=60)
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.registrar.answer(first, 423, "Interval Too Brief")
        [longer] = bench.registrar.requests()
        assert longer.expires == 120
        bench.registrar.answer(longer, 423, "Interval Too Brief", "Min-Expires: 900")
        assert bench.registrar.requests() == []
        assert bench.ask("INFO") == "status -3"


def test_an_answer_without_our_contact(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.registrar.answer(first, 200)
        assert bench.ask("INFO") == "status -99"
        [again] = bench.wait(10)
        bench.accept(again)
        assert bench.ask("INFO") == "status 1"


def test_delays(database: Database) -> None:
    database.add(reg_delay=25)
    database.add(l_uuid="line2", expires=0)
    with Bench(database) as bench:
        assert bench.wait(24) == []
        [first] = bench.wait(10)
        bench.accept(first)


def test_random_delays(database: Database) -> None:
    for number in range(20):
        database.add(l_uuid=f"line{number}")
    with Bench(database, "reg_random_delay = 100\nreg_retry_interval = 1000") as bench:
        delays = [one["reg_delay"] for one in bench.uac.reg_dump()]
        assert len(set(delays)) > 5
        assert all(0 <= delay <= 100 for delay in delays)
        assert len({request.call_id for request in bench.wait(50)}) < 20


def test_accounts_that_cannot_be_used(database: Database) -> None:
    database.add(l_uuid="")
    database.add(l_uuid="a", auth_password="")
    database.add(l_uuid="b", auth_ha1="nothex")
    database.add(l_uuid="c", r_domain="10.0.0.2>\r\nX: 1")
    with Bench(database) as bench:
        assert bench.uac.reg_dump() == []
        assert bench.wait(20) == []
        assert bench.scene.log.text().count("is not registered") == 4


def test_look_ups(database: Database) -> None:
    database.add(flags=DISABLED)
    with Bench(database) as bench:
        assert bench.ask("MESSAGE") == "uuid 1 line1"
        assert bench.scene.said[-2] == "lookup 1 sip:alice@example.com"
        bench.ask("MESSAGE", "other")
        assert bench.scene.said[-2] == "lookup -1 sip:other@example.com"
        assert bench.wait(30) == []


def test_a_call_as_the_account(database: Database) -> None:
    database.add(flags=DISABLED, auth_proxy="sip:10.0.0.2:5060")
    with Bench(database) as bench:
        assert bench.ask("INVITE") == "to 1 sip:10.0.0.2:5060"
        invite = bench.registrar.requests()[0]
        assert invite.request_uri == "sip:4711@10.0.0.2"
        bench.registrar.answer(invite, 401, "X", CHALLENGE.format("n1", ""))
        again = next(one for one in bench.registrar.requests() if one.method == "INVITE")
        credentials = parse_credentials(again.required("authorization").value)
        assert response_matches(compute_ha1("user4711", "them", "secret"), "INVITE", credentials)
        bench.registrar.answer(again, 486)


def test_refreshing_by_the_script(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.accept(first)
        database.change(r_username="4712")
        assert bench.ask("REFER") == "refresh 1"
        [again] = bench.wait(10)
        assert again.to.uri_text == "sip:4712@10.0.0.2"
        bench.accept(again)
        assert bench.ask("REFER", "none") == "refresh 0"
        assert bench.statistics() == (1, 1, 0)


def test_an_answer_to_a_request_from_before_a_change_is_ignored(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        [first] = bench.wait()
        database.change(r_username="4712")
        bench.uac.reg_refresh("line1")
        bench.registrar.answer(first, 403)
        assert bench.ask("INFO") == "status -99"
        [again] = bench.wait(10)
        assert again.to.uri_text == "sip:4712@10.0.0.2"
        bench.accept(again)


def test_commands(database: Database) -> None:
    database.add()
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.accept(first)
        uac = bench.uac
        [shown] = uac.reg_dump()
        assert shown == bench.info()
        assert (shown["auth_password"], shown["auth_ha1"], shown["auth_proxy"]) == ("***", "none", "none")
        assert uac.reg_info("auth_username", "user4711") == uac.reg_info("r_username", "4711") == shown

        uac.reg_disable("l_username", "alice")
        assert bench.statistics() == (1, 1, 1)
        assert bench.ask("INFO") == "status 1"
        assert bench.wait(700) == []
        assert bench.ask("INFO") == "status -3"
        assert bench.statistics() == (1, 0, 1)
        uac.reg_enable("l_uuid", "line1")
        [again] = bench.wait(10)
        bench.accept(again)
        assert bench.statistics() == (1, 1, 0)

        uac.reg_unregister("l_uuid", "line1")
        [ended] = bench.wait()
        assert ended.expires == 0
        bench.registrar.send(bench.registrar.response(ended, 200))
        assert bench.ask("INFO") == "status -3"
        assert bench.statistics() == (1, 0, 1)
        uac.reg_remove("line1")
        assert bench.statistics() == (0, 0, 0)
        assert bench.ask("INFO") == "status -1"


def test_reload(database: Database) -> None:
    database.add()
    database.add(l_uuid="line2", flags=DISABLED)
    with Bench(database) as bench:
        [first] = bench.wait()
        bench.accept(first)
        database.add(l_uuid="line3", r_username="4713")
        database.remove("line2")
        bench.uac.reg_reload()
        assert [one["l_uuid"] for one in bench.uac.reg_dump()] == ["line1", "line3"]
        assert bench.ask("INFO") == "status 1"
        [third] = bench.wait(10)
        assert third.to.uri_text == "sip:4713@10.0.0.2"
        bench.accept(third)
        assert bench.statistics() == (2, 2, 0)


def test_adding_an_account(database: Database) -> None:
    with Bench(database) as bench:
        arguments = ["line9", "carol", "example.com", "4719", "10.0.0.2", ".", "user4711", "secret", "."]
        add: Any = bench.uac.reg_add
        add(*arguments, ".", 300, 0, 0, ".")
        [first] = bench.wait(10)
        assert first.expires == 300
        bench.accept(bench.challenge(first))
        with pytest.raises(CommandError, match="uuid already exists"):
            add(*arguments, ".", 300, 0, 0, ".")
        with pytest.raises(CommandError, match="no auth_password"):
            add("x", *arguments[1:7], ".", ".", ".", 300, 0, 0, ".")
        with pytest.raises(CommandError, match="Invalid Parameters"):
            add("x", *arguments[1:], ".", "soon", 0, 0, ".")


def test_nothing_is_registered_while_inactive(database: Database) -> None:
    database.add()
    with Bench(database, "reg_active = 0") as bench:
        assert bench.wait(100) == []
        assert bench.uac.reg_active(1) == {"omode": 0, "nmode": 1}
        [first] = bench.wait(10)
        bench.accept(first)
        assert bench.uac.reg_active(0) == {"omode": 1, "nmode": 0}
        assert bench.wait(700) == []


def test_commands_about_what_is_not_there(database: Database) -> None:
    with Bench(database) as bench:
        uac = bench.uac
        for call, code in (
            (lambda: uac.reg_info("l_uuid", "none"), 404),
            (lambda: uac.reg_info("color", "blue"), 400),
            (lambda: uac.reg_enable("l_uuid", ""), 400),
            (lambda: uac.reg_refresh("none"), 404),
            (lambda: uac.reg_remove("none"), 404),
        ):
            with pytest.raises(CommandError) as caught:
                call()
            assert caught.value.code == code

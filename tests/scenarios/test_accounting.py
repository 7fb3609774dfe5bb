"""Accounting by flags: what is recorded of which calls, in the log and in the database."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
  local method = KSR.kx.get_method()
  if method == "ACK" then
    KSR.tm.t_relay()
    return
  end
  if method ~= "CANCEL" or KSR.hdr.is_present("X-Account") > 0 then
    KSR.setflag(1)
    KSR.setflag(2)
  end
  if KSR.hdr.is_present("X-Failed") > 0 then KSR.setflag(3) end
  if KSR.hdr.is_present("X-Serial") > 0 then KSR.tm.t_on_failure("ksr_failed") end
  KSR.pv.sets("$avp(account)", "a;1")
  if KSR.hdr.is_present("X-Answer") > 0 then
    KSR.tm.t_newtran()
    KSR.tm.t_reply(404, "Gone Fishing")
    return
  end
  KSR.tm.t_relay()
end
function ksr_failed()
  KSR.setflag(2)
  KSR.pv.sets("$ru", KSR.hdr.get("X-Serial"))
  KSR.tm.t_relay()
end
"""
LOG = """
[modules.acc]
log_flag = 1
log_missed_flag = 2
failed_transaction_flag = 3
log_extra = "account=$avp(account);to=$ru;nothing=$avp(none)"
"""


def lines(scene: Scene) -> list[str]:
    """The accounting lines, without their timestamps."""
    found = [r.getMessage() for r in scene.log.records if r.getMessage().startswith("ACC: ")]
    assert all(";method=" in line for line in found)
    return [line.partition("timestamp=")[0] + line.partition(";")[2] for line in found]


def call(scene: Scene, *headers: str, status: int = 200, **fields: Any) -> tuple[Phone, Phone, str, Request]:
    """A call from alice to bob that bob answers."""
    alice, bob = scene.phone("alice"), scene.phone("bob")
    invite = alice.request("INVITE", f"sip:bob@{bob.host}", *headers, **fields)
    alice.send(invite)
    (request,) = bob.requests()
    bob.answer(request, status, "Answer", to_tag="bob1")
    return alice, bob, invite, request


def ended(alice: Phone, invite: str) -> None:
    """Alice acknowledges the final answer she got."""
    response = alice.unread[-1]
    alice.send(alice.ack(invite, response))  # type: ignore[arg-type]


EXTRA = ";account=a;1;to=sip:bob@10.0.0.3;nothing="
CALL = "method=INVITE;from_tag=alice-tag;to_tag={};call_id=call-alice;code={};reason={}" + EXTRA


def test_an_answered_call() -> None:
    with Scene(SCRIPT, LOG) as scene:
        alice, bob, invite, request = call(scene)
        ended(alice, invite)
        for _ in range(2):  # repeated answers are no further calls
            bob.answer(request, 200, "Answer", to_tag="bob1")
        assert lines(scene) == ["ACC: transaction answered: " + CALL.format("bob1", 200, "Answer")]


def test_the_time_stands_first() -> None:
    with Scene(SCRIPT, LOG + 'time_mode = 3\ntime_attr = "local"\ntime_format = "%Y"') as scene:
        call(scene)
        (line,) = [r.getMessage() for r in scene.log.records if r.getMessage().startswith("ACC: ")]
        head, stamp, local = line.split(";")[0].rpartition("=")[0], *line.split(";")[0:2]
        assert head == "ACC: transaction answered: timestamp"
        assert stamp.rpartition("=")[2].isdecimal()
        assert local.startswith("local=20")


@pytest.mark.parametrize(("header", "answered"), [("X-None: 1", []), ("X-Failed: 1", ["answered"])])
def test_a_failed_call(header: str, answered: list[str]) -> None:
    with Scene(SCRIPT, LOG) as scene:
        alice, _, invite, _ = call(scene, header, status=486)
        ended(alice, invite)
        text = CALL.format("bob1", 486, "Answer")
        assert lines(scene) == [
            "ACC: call missed: " + text,
            *["ACC: transaction answered: " + text for _ in answered],
        ]


def test_statuses_that_are_not_accounted() -> None:
    with Scene(SCRIPT, LOG + 'failed_filter = "404, 486"') as scene:
        call(scene, "X-Failed: 1", status=486)
        assert [line.split(":")[1] for line in lines(scene)] == [" call missed"]


def test_every_attempt_that_failed_is_a_missed_call_when_the_flag_is_set_again() -> None:
    with Scene(SCRIPT, LOG) as scene:
        carol = scene.phone("carol", host="10.0.0.9")
        alice, _, invite, _ = call(scene, f"X-Serial: sip:carol@{carol.host}", status=480)
        carol.answer(carol.requests()[0], 200, "Yes", to_tag="carol1")
        ended(alice, invite)
        first, second = lines(scene)
        missed = CALL.format("bob1", 480, "Answer").replace("10.0.0.3", "10.0.0.4")
        assert first == "ACC: call missed: " + missed
        assert ";to_tag=carol1;" in second
        assert ";to=sip:carol@10.0.0.9;" in second


def test_nobody_answers() -> None:
    with Scene(SCRIPT, LOG) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", f"sip:bob@{bob.host}", "X-Failed: 1"))
        scene.advance(40)
        text = CALL.format("", 408, "Request Timeout")
        assert lines(scene) == ["ACC: call missed: " + text, "ACC: transaction answered: " + text]


def test_nobody_answers_a_bye() -> None:
    """No 408 is sent for it (RFC 4320 §4.2), but it has failed all the same."""
    with Scene(SCRIPT, LOG) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("BYE", f"sip:bob@{bob.host}", "X-Failed: 1", to_tag="bob1"))
        scene.advance(40)
        assert alice.statuses() in ([], [100])
        (line,) = lines(scene)
        assert line.startswith("ACC: transaction answered: method=BYE;from_tag=alice-tag;to_tag=bob1;")
        assert ";code=408;reason=Request Timeout;" in line


def test_an_answer_made_here_has_the_usual_reason() -> None:
    with Scene(SCRIPT, LOG) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", f"sip:bob@{bob.host}", "X-Answer: 1")
        alice.send(invite)
        ended(alice, invite)
        assert lines(scene) == ["ACC: call missed: " + CALL.format("", 404, "Not Found")]


@pytest.mark.parametrize(("report", "cancels"), [(0, 0), (1, 1)])
def test_a_cancelled_call(report: int, cancels: int) -> None:
    with Scene(SCRIPT, LOG + f"report_cancels = {report}") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", f"sip:bob@{bob.host}")
        alice.send(invite)
        request = bob.requests()[0]
        bob.answer(request, 180)
        alice.send(alice.cancel(invite, "X-Account: 1"))
        bob.answer(bob.requests()[0], 200)
        bob.answer(request, 487, "Cancelled", to_tag="bob1")
        ended(alice, invite)
        found = lines(scene)
        assert [line for line in found if "missed" in line] == [
            "ACC: call missed: " + CALL.format("bob1", 487, "Cancelled")
        ]
        assert len([line for line in found if "method=CANCEL" in line and ";code=200;" in line]) == cancels


@pytest.mark.parametrize("report", [0, 1])
def test_the_ack(report: int) -> None:
    with Scene(SCRIPT, LOG + f"report_ack = {report}") as scene:
        alice, _, invite, _ = call(scene)
        response = alice.unread[-1]
        for _ in range(2):
            alice.send(alice.ack(invite, response))  # type: ignore[arg-type]
        acked = [line for line in lines(scene) if line.startswith("ACC: request acknowledged: method=ACK;")]
        assert len(acked) == report
        assert all(
            ";to_tag=bob1;call_id=call-alice;code=200;reason=OK;account=a;1;" in line for line in acked
        )


@pytest.mark.parametrize("early", [0, 1])
def test_early_media(early: int) -> None:
    with Scene(SCRIPT, LOG + f"early_media = {early}") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", f"sip:bob@{bob.host}"))
        request = bob.requests()[0]
        bob.answer(request, 180, "Ringing", to_tag="bob1")
        bob.answer(request, 183, "Progress", to_tag="bob1", body="v=0\r\n")
        bob.answer(request, 200, "OK", to_tag="bob1")
        codes = [line.partition(";code=")[2][:3] for line in lines(scene)]
        assert codes == ["183", "200"][1 - early :]


@pytest.mark.parametrize(("detect", "tags"), [(0, ("bob1", "alice-tag")), (1, ("alice-tag", "bob1"))])
def test_the_direction(detect: int, tags: tuple[str, str]) -> None:
    with Scene(SCRIPT, LOG + f"detect_direction = {detect}") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        route = "Route: <sip:10.0.0.1;lr;ftag=alice-tag>"
        bye = bob.request("BYE", alice.uri, route, from_tag="bob1", to_tag="alice-tag", call_id="c")
        bob.send(bye)
        for request in alice.requests():
            alice.answer(request, 200)
        assert [f";from_tag={tags[0]};to_tag={tags[1]};" in line for line in lines(scene)] == [True]


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(file) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"""
[modules.acc]
db_flag = 1
db_missed_flag = 2
failed_transaction_flag = 3
db_url = "sqlite:///{tmp_path}/acc.db"
journal = "{tmp_path}/journal"
"""


COLUMNS = "method, from_tag, to_tag, callid, sip_code, sip_reason"


def test_rows_have_kamailios_columns(database: str, tmp_path: Path) -> None:
    more = 'db_extra = "account=$avp(account);none=$avp(none)"\ntime_mode = 2\ntime_attr = "exact"\n'
    with Scene(SCRIPT, database + more) as scene:
        alice, _, invite, _ = call(scene)
        ended(alice, invite)
        scene.advance(1)
        file = tmp_path / "acc.db"
        answered = ("INVITE", "alice-tag", "bob1", "call-alice", "200", "Answer")
        assert rows(file, f"select {COLUMNS}, account, none from acc") == [(*answered, "a;1", "")]
        ((at, exact),) = rows(file, "select strftime('%s', time, 'utc'), exact from acc")
        assert int(at) == int(exact)
        assert scene.statistic("acc:db_written") == 1


def test_a_missed_call_is_a_row_of_its_own_table(database: str, tmp_path: Path) -> None:
    names = 'db_table_missed_calls = "missed_$rm"\nacc_sip_code_column = "code"\n'
    with Scene(SCRIPT, database + names) as scene:
        alice, _, invite, _ = call(scene, "X-Failed: 1", status=486)
        ended(alice, invite)
        scene.advance(1)
        assert rows(tmp_path / "acc.db", "select callid, code from missed_INVITE") == [("call-alice", "486")]
        assert rows(tmp_path / "acc.db", "select callid, code from acc") == [("call-alice", "486")]


def test_what_was_not_written_is_written_at_the_end(database: str, tmp_path: Path) -> None:
    scene = Scene(SCRIPT, database)
    call(scene)
    assert list((tmp_path / "journal").glob("*.journal"))
    scene.close(check=False)
    assert list((tmp_path / "journal").glob("*.journal")) == []
    assert len(rows(tmp_path / "acc.db", "select id from acc")) == 1


def test_the_script_accounts(database: str, tmp_path: Path) -> None:
    script = """
    function ksr_request_route()
      local codes = {
        KSR.acc.acc_request("404 Not Found", "@acc"), KSR.acc.acc_log_request("no code"),
        KSR.acc.acc_db_request("200OK", "other"), KSR.acc.acc_request("1", ""), KSR.acc.acc_db_request("1", "@"),
      }
      KSR.info(table.concat(codes, " "))
      KSR.sl.sl_send_reply(404, "Not Found")
    end
    """
    with Scene(script, database) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        scene.advance(1)
        assert scene.said == ["1 1 1 -1 -1"]
        head = "ACC: request accounted: method=OPTIONS;from_tag=alice-tag;to_tag=;call_id=call-alice;"
        assert lines(scene) == [
            head + "code=404;reason=Not Found",
            head + "code=;reason=no code",
            head + "code=;reason=1",
        ]
        assert rows(tmp_path / "acc.db", "select sip_code, sip_reason from acc") == [("404", "Not Found")]
        assert rows(tmp_path / "acc.db", "select sip_code, sip_reason from other") == [("200", "OK")]


def test_without_a_database() -> None:
    script = 'function ksr_request_route() KSR.info(KSR.acc.acc_db_request("404 X", "acc")) KSR.x.exit() end'
    with Scene(script, "[modules.acc]\ndb_flag = 1") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert scene.said == ["-1"]
        assert lines(scene) == []


LATE_FLAGS = {
    "after the transaction was made": "KSR.tm.t_newtran() flags() KSR.tm.t_reply(480, 'Later')",
    "after a wait": "luasip.sleep(0.1) flags() KSR.sl.send_reply(480, 'Later')",
    "where nothing can be forwarded": "flags() KSR.pv.sets('$du', 'sip:127.0.0.1:1;transport=none') KSR.tm.t_relay()",
    "where the script fails": "luasip.sleep(0.1) flags() error('oops')",
    "in a failure callback": """
        KSR.pv.sets('$du', 'sip:10.0.0.99:5060') KSR.tm.t_on_failure('late') KSR.tm.t_relay() end
        function late() flags() KSR.tm.t_reply(480, 'Later')""",
}


@pytest.mark.parametrize("route", LATE_FLAGS.values(), ids=LATE_FLAGS)
def test_flags_count_however_late_they_are_set(route: str) -> None:
    script = f"""
    function flags() for flag = 1, 3 do KSR.setflag(flag) end end
    function ksr_request_route() {route} end
    """
    with Scene(script, LOG.replace("log_extra", "db_extra")) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        scene.advance(35)
        status = alice.statuses()[-1]
        expected = ["ACC: call missed", "ACC: transaction answered"]
        assert [line.split(": method")[0] for line in lines(scene)] == expected
        assert all(f";code={status};" in line for line in lines(scene))


def test_a_call_two_phones_take_is_accounted_twice() -> None:
    script = """
    function ksr_request_route()
      KSR.setflag(1)
      KSR.corex.append_branch_uri(KSR.hdr.get("X-Also"))
      KSR.tm.t_relay()
    end
    """
    with Scene(script, LOG) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        alice.send(alice.request("INVITE", f"sip:bob@{bob.host}", f"X-Also: sip:carol@{carol.host}"))
        requests = bob.requests()[0], carol.requests()[0]
        for phone, request in zip((bob, carol), requests, strict=True):
            phone.answer(request, 200, "OK", to_tag=f"{phone.name}1")
        tags = [line.partition("to_tag=")[2].partition(";")[0] for line in lines(scene)]
        assert tags == ["bob1", "carol1"]
        assert lines(scene)[1].endswith(f";to=sip:carol@{carol.host};nothing=")


def test_variables_of_the_answer() -> None:
    extra = LOG + "reason_from_hf = 1\ntime_mode = 1\n"
    extra = extra.replace("$avp(none)", "$T_rpl($hdr(X-Cost))")
    with Scene(SCRIPT, extra) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", f"sip:bob@{bob.host}"))
        bob.answer(bob.requests()[0], 200, "OK", "X-Cost: 5", 'Reason: Q.850;cause=16;text="x"')
        (line,) = lines(scene)
        assert ';reason=Q.850;cause=16;text="x";' in line
        assert line.startswith("ACC: transaction answered: time_exten=")
        assert line.endswith(";nothing=5")

"""SQL in routes: functions that look blocking, over SQLite."""

from pathlib import Path

import pytest

from luasip.storage import Databases
from tests.scenarios.scene import Scene


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A database with two users, as settings that name it "db"."""
    url = f"sqlite:///{tmp_path}/users.db"
    databases = Databases()
    database = databases.open(url)
    database.execute("create table users (name text, age int)")
    database.execute("insert into users values ('ann', 30), ('bob', null)")
    databases.close()
    return f'[modules.sqlops]\nsqlcon = "db=>{url}"'


def reason(script: str, settings: str, method: str = "OPTIONS") -> str:
    """The reason phrase a script answers with in `reply(…)`."""
    script = "local function reply(text) KSR.sl.sl_send_reply(200, tostring(text)) end\n" + script
    with Scene(script, settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request(method, "sip:bob@example.com"))
        answers = [message for message in alice.unread if message.status >= 200]
        assert len(answers) == 1, scene.log.text()
        return str(answers[0].reason)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            """local code = KSR.sqlops.sql_query("db", "select * from users order by name", "ra")
               reply(code .. " " .. KSR.pv.get("$dbr(ra=>rows)") .. " " .. KSR.pv.get("$dbr(ra=>[0,0])"))""",
            "1 2 ann",
        ),
        ("""reply(KSR.sqlops.sql_query("db", "delete from users", ""))""", "2"),
        ("""reply(KSR.sqlops.sql_query("db", "select nonsense", "ra"))""", "-1"),
        (
            """KSR.sqlops.sql_xquery("db", "select * from users where age > 1", "u")
               reply(KSR.pv.get("$xavp(u=>name)"))""",
            "ann",
        ),
        (
            """KSR.sqlops.sql_pvquery("db", "select name from users where name = '$rU'", "$var(n)")
               reply(KSR.pv.get("$var(n)"))""",
            "bob",
        ),
        (
            """local rows = luasip.sql.query("db", "select * from users where name = ?", {KSR.kx.get_ruser()})
               reply(#rows .. rows[1].name .. tostring(rows[1].age))""",
            "1bobnil",
        ),
        ("""reply(#luasip.sql.query("db", "select * from users where name = ?", {nil}))""", "0"),
        ("""reply(luasip.sql.execute("db", "update users set age = ? where age = ?", {1, 30}))""", "1"),
        (
            """local rows, err = luasip.sql.query("db", "select nonsense")
               reply(tostring(rows) .. " " .. tostring(err:find("nonsense") ~= nil))""",
            "nil true",
        ),
        (
            """local ok, err = pcall(luasip.sql.query, "db", "select ?", {1, 2})
               reply(tostring(ok) .. " " .. tostring(err:find("2 values for 1 placeholders") ~= nil))""",
            "false true",
        ),
    ],
)
def test_queries(body: str, expected: str, settings: str) -> None:
    assert reason(f"function ksr_request_route() {body} end", settings) == expected


INTERLEAVED = """
function ksr_request_route()
  local who = KSR.kx.get_fuser()
  KSR.sqlops.sql_query("db", "select '" .. who .. "'", "ra")
  luasip.sleep(who == "alice" and 3 or 1)
  KSR.sl.send_reply(200, "for " .. KSR.pv.get("$dbr(ra=>[0,0])"))
end
"""


def test_interleaved_routes_read_their_own_rows(settings: str) -> None:
    with Scene(INTERLEAVED, settings) as scene:
        alice, carol = scene.phone("alice"), scene.phone("carol")
        alice.send(alice.request("OPTIONS", "sip:x@example.com"))
        scene.advance(1)
        carol.send(carol.request("OPTIONS", "sip:x@example.com"))
        scene.advance(5)
        assert (alice.next().reason, carol.next().reason) == ("for alice", "for carol")


LATER = """
function ksr_request_route()
  KSR.sqlops.sql_query("db", "select 'busy'", "ra")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.tm.t_reply(486, KSR.pv.get("$dbr(ra=>[0,0])"))
end
"""


def test_a_failure_callback_reads_the_rows_of_its_request(settings: str) -> None:
    with Scene(LATER, settings) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 480, "Gone")
        answer = alice.messages[-1]
        assert (answer.status, answer.reason) == (486, "busy")
        alice.send(alice.ack(invite, answer))


def test_a_query_in_every_kind_of_callback(settings: str) -> None:
    script = """
    local function count() return KSR.sqlops.sql_query("db", "select * from users", "ra") end
    function ksr_request_route()
      KSR.tm.t_on_branch("ksr_branch")
      KSR.tm.t_on_reply("ksr_onreply")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_branch() KSR.hdr.append("X-Branch: " .. count() .. "\\r\\n") end
    function ksr_reply_route() KSR.hdr.append("X-Reply: " .. count() .. "\\r\\n") end
    function ksr_onreply() KSR.hdr.append("X-Onreply: " .. count() .. "\\r\\n") end
    """
    with Scene(script, settings) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        received = bob.requests()[0]
        assert received.first("x-branch").value == "1"
        bob.answer(received, 200, "OK")
        answer = alice.next()
        assert (answer.first("x-reply").value, answer.first("x-onreply").value) == ("1", "1")


def test_the_server_starts_only_with_its_database(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("no database" * 100)
    settings = f'[modules.sqlops]\nsqlcon = "db=>sqlite:///{file}"\n'
    script = 'function ksr_request_route() reply(KSR.sqlops.sql_query("db", "select 1", "")) end'
    assert reason(script, settings + "connect_mode = 1") == "-1"
    with pytest.raises(Exception, match="file is not a database"):
        reason(script, settings)

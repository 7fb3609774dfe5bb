"""What breaks around a running server, and how it goes on: threads, names, descriptors, disks, clocks, scripts."""

import contextlib
import os
import re
import resource
import signal
import socket
import sqlite3
import time
import urllib.request
from pathlib import Path

import pytest

from luasip.sip.message import Response
from tests.wire.faulty import Faulty, is_alive, reset
from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served, free_port, wait_for

DATABASE = '[modules.usrloc]\ndb_url = "sqlite:///var/luasip.db"\ndb_mode = 1\n'


# Threads

ECHO = """
function ksr_request_route()
  if KSR.is_method("MESSAGE") then
    luasip.sleep(0.05)
    KSR.sl.send_reply(202, "Later")
  else
    KSR.sl.send_reply(200, "OK")
  end
end
"""


def test_threads_that_die_are_started_again(tmp_path: Path) -> None:
    pages = free_port()
    settings = f'[control]\nhttp = "127.0.0.1:{pages}"\n'
    with Faulty(tmp_path, settings, ECHO) as server, Peer(server.address) as peer:
        host, port = server.address
        names = [f"udp:{host}:{port}#1", "streams", "timers", "housekeeping", "log-writer", "control"]
        assert peer.ask(peer.request("MESSAGE", "bob")).status in (100, 202)
        assert is_alive(server, "tcp")
        threads = server.threads()
        for _ in range(3):
            for name in names:
                server.fault(f"kill {name}")
            time.sleep(0.1)
            # Some wait for an event and die of the first: the message that brings it may be lost.
            wait_for(lambda: is_alive(server), "the receiver")
            wait_for(lambda: is_alive(server, "tcp"), "the streams")
            wait_for(lambda: is_ready(pages), "the control thread")
            with Peer(server.address) as other:
                statuses = {peer_status(other) for _ in range(3)}
            assert 202 in statuses
        assert server.threads() == threads
        with urllib.request.urlopen(f"http://127.0.0.1:{pages}/metrics", timeout=5) as page:
            counted = re.search(r'"core",name="threads_restarted"\} (\S+)', page.read().decode())
        assert counted is not None
        assert float(counted[1]) >= 6.0  # three times at least timers and control
        assert server.logged("thread timers has died and is started again")
        assert server.logged("thread control has died and is started again")


def is_ready(pages: int) -> bool:
    """Whether the page about it says that the server takes calls."""
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{pages}/readyz", timeout=2) as page,
    ):
        return bool(page.status == 200)
    return False


def peer_status(peer: Peer) -> int:
    """The final status for a MESSAGE, 0 when there is none within two seconds."""
    peer.send(peer.request("MESSAGE", "bob"))
    ends_at = time.monotonic() + 2.0
    peer.socket.settimeout(2.0)
    with contextlib.suppress(TimeoutError):
        while time.monotonic() < ends_at:
            answer = peer.receive()
            if isinstance(answer, Response) and answer.status >= 200:
                return answer.status
    return 0


# Restarts

REMEMBERS = """
function ksr_request_route()
  if KSR.is_method("MESSAGE") then
    KSR.htable.sht_sets("kept", KSR.pv.get("$rU"), "yes")
    KSR.mqueue.mq_add("jobs", KSR.pv.get("$rU"), "")
    KSR.sl.send_reply(202, "Kept")
  elseif KSR.is_method("INFO") then
    local found = {}
    for _, name in ipairs({ "first", "second", "third" }) do
      if KSR.htable.sht_is_null("kept", name) < 0 then found[#found + 1] = name end
    end
    local jobs = KSR.mqueue.mq_size("jobs")
    KSR.hdr.append_to_reply("X-Kept: " .. table.concat(found, " ") .. " jobs " .. jobs .. "\\r\\n")
    KSR.sl.send_reply(200, "OK")
  elseif KSR.is_REGISTER() then
    KSR.registrar.save("location", 0)
  end
end
"""
KEPT = """
[modules.htable]
htable = ["kept=>size=4;dbtable=kept;dbmode=1;"]
db_url = "sqlite:///var/kept.db"
[modules.mqueue]
mqueue = ["name=jobs;dbmode=1"]
db_url = "sqlite:///var/kept.db"
save_interval = 1
[modules.usrloc]
db_url = "sqlite:///var/kept.db"
db_mode = 2
timer_interval = 1
"""


def kept(server: Served) -> str:
    """What the script above remembers, and whose contacts are there."""
    with Peer(server.address) as peer:
        answer = peer.ask(peer.request("INFO", "x"))
        users = [u for u in ("first", "second", "third") if peer.ask(peer.request("REGISTER", u)).contacts]
        header = answer.first("x-kept")
        return f"{'' if header is None else header.value} contacts {' '.join(users)}"


def keep(server: Served, user: str) -> None:
    """Have the script remember a name, and register its contact."""
    with Peer(server.address) as peer:
        assert peer.ask(peer.request("MESSAGE", user)).status == 202
        assert peer.register(user, f"sip:{user}@{peer.address}").status == 200


def test_what_the_database_modes_promise_is_there_after_a_kill(tmp_path: Path) -> None:
    """htable: what was there at the last orderly end. mqueue, usrloc in db_mode 2: all but the last interval."""
    with Faulty(tmp_path, KEPT, REMEMBERS) as server:
        keep(server, "first")
        server.stop()
        server.start()
        assert kept(server) == "first jobs 1 contacts first"
        keep(server, "second")
        time.sleep(2.5)  # two intervals
        keep(server, "third")
        server.stop(signal.SIGKILL)
        server.start()
        found = kept(server)
        assert found.startswith("first jobs ")
        assert found.removeprefix("first jobs ") in (
            "2 contacts first second", "3 contacts first second", "2 contacts first second third",
            "3 contacts first second third",
        )  # fmt: skip


# Names

TO_A_NAME = """
function ksr_request_route()
  if KSR.is_method("MESSAGE") then
    KSR.pv.sets("$du", "sip:" .. KSR.pv.get("$rU") .. ".example.net")
    if KSR.tm.t_relay() < 0 then KSR.sl.send_reply(478, "Unresolvable") end
  else
    KSR.sl.send_reply(200, "OK")
  end
end
"""


def test_names_that_are_never_answered_hold_up_nobody_else(tmp_path: Path) -> None:
    settings = "[pools.dns]\nthreads = 2\ndeadline = 1.0\n"
    with Faulty(tmp_path, settings, TO_A_NAME) as server, Peer(server.address, timeout=15.0) as peer:
        server.fault("dns dead")
        time.sleep(0.2)
        threads = server.threads()
        for number in range(20):
            peer.send(peer.request("MESSAGE", f"host{number}"))
        began_at = time.monotonic()
        assert is_alive(server)
        assert time.monotonic() - began_at < 0.5
        answers: dict[str, int] = {}
        while len(answers) < 20:
            answer = peer.receive()
            assert isinstance(answer, Response)
            if answer.status >= 200:
                answers[answer.call_id] = answer.status
        assert set(answers.values()) <= {478, 503, 500}
        assert time.monotonic() - began_at < 10.0
        assert server.threads() <= threads + 4  # two stuck, two in their place
        assert is_alive(server)


# Descriptors

def test_no_file_descriptors_left(tmp_path: Path) -> None:
    with Faulty(tmp_path) as server, contextlib.ExitStack() as opened:
        assert is_alive(server, "tcp")
        server.limit(resource.RLIMIT_NOFILE, server.files() + 20)
        for _ in range(60):
            connection = opened.enter_context(socket.socket())
            connection.settimeout(1.0)
            connection.connect(server.address)  # the system takes more than the server accepts
        wait_for(lambda: server.logged("accepting rests"), "the last descriptor to be taken")
        assert is_alive(server)
        cpu = cpu_seconds(server)
        time.sleep(1.0)
        assert cpu_seconds(server) - cpu < 0.5
        assert is_alive(server)
        opened.close()
        wait_for(lambda: is_alive(server, "tcp"), "connections to be taken again")


def cpu_seconds(server: Served) -> float:
    """Seconds of CPU time the server has used."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_storm_of_resets(tmp_path: Path) -> None:
    with Faulty(tmp_path) as server:
        assert is_alive(server, "tcp")
        wait_for(lambda: server.files() < 100, "the connection to be closed")
        files, threads = server.files(), server.threads()
        with Peer(server.address) as peer:
            text = peer.request("OPTIONS", "").encode()
        for number in range(600):
            connection = socket.create_connection(server.address, 2.0)
            connection.sendall((b"", b"\r\n\r\n", text[:50], text, text * 20)[number % 5])
            reset(connection)
        wait_for(lambda: server.files() <= files, "connections to be closed")
        assert server.threads() == threads
        assert is_alive(server)
        assert is_alive(server, "tcp")
        assert not server.logged("Traceback")
        assert not server.logged(" ERROR ")


# Disks

def test_log_disk_full(tmp_path: Path) -> None:
    log = tmp_path / "log" / "luasip.log"
    script = 'function ksr_request_route() KSR.info(string.rep("x", 2000)) KSR.sl.send_reply(200, "OK") end'
    settings = f'[server.log]\nfile = "{log}"\n'
    with Faulty(tmp_path, settings, script) as server:
        wait_for(lambda: log.exists() and "ready" in log.read_text("utf-8"), "the log")
        server.limit(resource.RLIMIT_FSIZE, log.stat().st_size + 6000)
        for _ in range(50):
            assert is_alive(server)
        wait_for(lambda: server.logged("cannot be written"), "the log to tell")
        threads = server.threads()
        server.limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        size = log.stat().st_size
        assert is_alive(server)
        wait_for(lambda: log.stat().st_size > size, "the log to go on")
        assert server.threads() == threads
        wait_for(lambda: server.logged("can be written again"), "the log to tell")
        assert server.logged("xxxx")  # standard error had it all the while
        assert not server.logged("Traceback")


def test_database_disk_full(tmp_path: Path) -> None:
    with Faulty(tmp_path, DATABASE) as server, Peer(server.address, timeout=10.0) as peer:
        assert peer.register("before", f"sip:before@{peer.address}").status == 200
        server.limit(resource.RLIMIT_FSIZE, 4096)
        statuses = [peer.register(f"full{n}", f"sip:full{n}@{peer.address}").status for n in range(5)]
        assert set(statuses) == {500}
        assert is_alive(server)
        server.limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        assert peer.register("after", f"sip:after@{peer.address}").status == 200
        server.stop(signal.SIGKILL)
        server.start()
        for user, found in [("before", 1), ("after", 1), *[(f"full{n}", 0) for n in range(5)]]:
            assert len(peer.ask(peer.request("REGISTER", user)).contacts) == found, user
    with contextlib.closing(sqlite3.connect(tmp_path / "var/luasip.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# Clocks

@pytest.mark.parametrize("seconds", [-86400, 86400])
def test_the_clock_jumps(tmp_path: Path, seconds: int) -> None:
    """Routes that wait, transactions and their timers do not notice."""
    script = (ROOT / "lua/default.lua").read_text("utf-8") + """
    local default_route = ksr_request_route
    function ksr_request_route()
      if KSR.is_method("MESSAGE") then luasip.sleep(0.5) end
      default_route()
    end
    """
    with Faulty(tmp_path, "[modules.tm]\nfr_timer = 1500\n", script) as server:
        with Peer(server.address, timeout=10.0) as bob, Peer(server.address, timeout=10.0) as alice:
            assert bob.register("bob", f"sip:bob@{bob.address}").status == 200
            alice.send(alice.request("MESSAGE", "nobody"))
            alice.send(alice.request("INVITE", "bob"))
            began_at = time.monotonic()
            assert bob.receive().is_request
            server.fault(f"clock {seconds}")
            finals: list[tuple[int, float]] = []
            while len(finals) < 2:
                answer = alice.receive()
                assert isinstance(answer, Response)
                if answer.status >= 200:
                    finals.append((answer.status, time.monotonic() - began_at))
            assert [status for status, _ in finals] in ([404, 408], [404, 480])
            assert 0.4 < finals[0][1] < 1.2
            assert 1.3 < finals[1][1] < 2.5
        assert is_alive(server)


# Scripts

BOMBS = {
    "endless": "while true do end",
    "endless and stubborn": "while true do pcall(function() while true do end end) end",
    "endless in a coroutine": "coroutine.wrap(function() while true do end end)()",
    "memory": 'local t = {} while true do t[#t + 1] = string.rep("x", 1000000) .. #t end',
    "memory in one piece": 'local s = "xxxxxxxxxxxxxxxx" while true do s = s .. s end',
    "recursion": "local function f() return 1 + f() end f()",
    "recursion in gsub": 'local function f() return (string.gsub("a", "a", f)) end f()',
}


def test_script_bombs(tmp_path: Path) -> None:
    cases = "\n".join(f'bombs["{name}"] = function() {code} end' for name, code in BOMBS.items())
    script = f"""
    local bombs = {{}}
    {cases}
    function ksr_request_route()
      local name = KSR.hdr.get("X-Bomb")
      if name then bombs[name]() end
      KSR.sl.send_reply(200, "OK")
    end
    """
    settings = "[script]\n"
    with Faulty(tmp_path, "", script) as server, Peer(server.address, timeout=20.0) as peer:
        text = server.config.read_text("utf-8")
        assert settings in text
        assert is_alive(server)
        for name in BOMBS:
            began_at = time.monotonic()
            answer = peer.ask(peer.request("OPTIONS", "", f"X-Bomb: {name}"))
            assert answer.status == 500, name
            assert time.monotonic() - began_at < 10.0, name
            assert is_alive(server), name
        assert server.memory() < 700 * 1024 * 1024
        assert not server.logged("Traceback")


def test_a_storm_of_reloads(tmp_path: Path) -> None:
    with Faulty(tmp_path, script=ECHO) as server, Peer(server.address) as peer:
        def storm(times: int) -> None:
            for _ in range(times):
                server.process.send_signal(signal.SIGHUP)
                peer.send(peer.request("MESSAGE", "bob"))
                assert peer.ask(peer.request("OPTIONS", "")).status in (100, 200, 202)
                time.sleep(0.05)

        storm(20)
        time.sleep(0.5)
        memory, threads, files = server.memory(), server.threads(), server.files()
        storm(60)
        time.sleep(0.5)
        assert is_alive(server)
        assert server.memory() < memory + 20 * 1024 * 1024
        assert (server.threads(), server.files()) == (threads, files)
        assert not server.logged(" ERROR ")

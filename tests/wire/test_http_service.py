"""HTTP over real sockets: a slow service holds no receiver, and one that goes away and comes back is used again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.load import ask, burst, is_refused, reasons, under_load
from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

SCRIPT = """
local url = "http://127.0.0.1:PORT"
local function answer(text) KSR.sl.send_reply(200, tostring(text)) end
local actions = {}
function actions.client() answer("client " .. KSR.http_client.query(url .. "/0.1", "$var(r)")) end
function actions.own()
  local response, problem = luasip.http.request{url = url .. "/0.1", timeout = 3}
  answer(response and "own " .. response.status or problem)
end
function actions.late()
  local response, problem = luasip.http.request{url = url .. "/5", timeout = 0.3}
  answer(response and response.status or problem:sub(1, 7))
end
function actions.json()
  answer(luasip.http.request{url = url, json = {list = {1, {deep = "J\\xc3\\xbcrgen"}}}}.json().list[2].deep)
end
function actions.async()
  KSR.tm.t_newtran()
  KSR.http_async_client.query(url .. "/0.1", "ksr_answered")
end
function ksr_answered()
  if KSR.pv.get("$http_rb") == "/0.1" then
    KSR.http_async_client.query(url .. "/0.01", "ksr_answered")
  else
    KSR.tm.t_reply(200, "async " .. KSR.pv.get("$http_ok") .. " " .. KSR.pv.gete("$http_rb"))
  end
end
function ksr_request_route()
  local action = actions[KSR.kx.get_ruser()]
  if action then return action() end
  KSR.sl.sl_send_reply(200, "quick")
end
"""
EXPECTED = {"client": "client 200", "own": "own 200", "async": "async 1 /0.01"}


class Service:
    """The slow HTTP service as a process."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    def start(self) -> None:
        program = Path(__file__).with_name("slow_http.py")
        self._process = subprocess.Popen([sys.executable, str(program), str(self.port)])
        wait_for(lambda: not is_refused(self.port), "the HTTP service")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.kill()


def served(folder: Path, service: Service) -> Served:
    settings = "[pools.http]\nthreads = 20\n[modules.http_async_client]\nconnection_timeout = 3000\n"
    return Served(folder, settings, SCRIPT.replace("PORT", str(service.port)))


@pytest.mark.parametrize("user", ["client", "own", "async"])
def test_slow_answers_hold_no_receiver(tmp_path: Path, service: Service, user: str) -> None:
    with served(tmp_path, service) as server:
        # One thread that waited for each answer would get 10 of them in a second.
        found, waits = under_load(server.address, user, 80, 1.0)
    assert found == [EXPECTED[user]] * 80
    assert waits[len(waits) * 9 // 10] < 0.1, f"OPTIONS waited for requests: {waits[-5:]}"


def test_timeouts_and_json(tmp_path: Path, service: Service) -> None:
    with served(tmp_path, service) as server:
        began = time.monotonic()
        assert ask(server.address, "late") == "timeout"
        assert time.monotonic() - began < 2
        assert ask(server.address, "json") == "J\u00c3\u00bcrgen"


def test_a_service_that_is_killed_and_comes_back(tmp_path: Path, service: Service) -> None:
    with served(tmp_path, service) as server, Peer(server.address, timeout=10) as peer:
        for user, expected in EXPECTED.items():
            assert ask(server.address, user) == expected
        burst(peer, "client", 10)
        time.sleep(0.05)
        service.kill()
        assert set(reasons(peer, 10)) <= {"client 200", "client 7", "client 52", "client 56"}
        assert ask(server.address, "client") == "client 7"
        assert ask(server.address, "own") == "Could not connect to server (Connection refused)"
        assert ask(server.address, "async").startswith("async 0")
        assert ask(server.address, "quick") == "quick"
        service.start()
        began = time.monotonic()
        wait_for(lambda: ask(server.address, "client") == "client 200", "the service to be used again", 2.0)
        assert [ask(server.address, user) for user in EXPECTED] == list(EXPECTED.values())
        assert time.monotonic() - began < 4
        assert server.process.poll() is None

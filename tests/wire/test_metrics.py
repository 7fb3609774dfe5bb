"""What Prometheus and a load balancer see of a running server."""

import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

SCRIPT = """
function ksr_request_route()
    if KSR.pv.get("$rm") == "MESSAGE" then
        luasip.sleep(KSR.pv.get("$rU") == "long" and 30 or 0.01)
    end
    if KSR.pv.get("$rm") == "INFO" then error("no") end
    KSR.sl.send_reply(200, "OK")
end
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Served, str]]:
    port = free_port()
    settings = f'[control]\nhttp = "127.0.0.1:{port}"\n'
    with Served(tmp_path, settings, SCRIPT) as server:
        yield server, f"http://127.0.0.1:{port}"


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(url: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    status, text = fetch(f"{url}/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(url: str, name: str, /, **labels: str) -> float:
    return samples(url)[name, frozenset(labels.items())]


def test_what_traffic_leaves(served: tuple[Served, str]) -> None:
    server, url = served
    with Peer(server.address, "tcp") as peer:
        assert peer.ask(peer.request("OPTIONS", "")).status == 200
        assert peer.ask(peer.request("MESSAGE", "short")).status == 200
        assert peer.ask(peer.request("INFO", "")).status == 500
        peer.send(peer.request("MESSAGE", "long"))
        wait_for(lambda: value(url, "luasip_suspended_routes", wait="sleep") == 1, "the route to wait")
        time.sleep(1.1)
        found = samples(url)

    def get(name: str, /, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert get("luasip_requests_total", direction="received", method="OPTIONS") == 1
    assert get("luasip_requests_total", direction="received", method="MESSAGE") == 2
    assert get("luasip_responses_total", **{"direction": "sent", "class": "2xx"}) == 2
    assert get("luasip_responses_total", **{"direction": "sent", "class": "5xx"}) == 1
    assert get("luasip_script_errors_total") == 1
    assert get("luasip_connections", transport="tcp", direction="in") == 1
    assert get("luasip_transport_messages_total", transport="tcp", direction="received") == 4
    assert get("luasip_transactions") >= 1
    assert get("luasip_suspended_routes_older", seconds="1") == 1
    assert 1 < get("luasip_suspended_oldest_seconds") < 30
    # Two steps for each route that waited and went on, one for the others; the last one still waits.
    steps = get("luasip_callback_duration_seconds_count", callback="ksr_request_route")
    assert steps == 1 + 2 + 1 + 1
    assert get("luasip_pool_calls_total", pool="control") >= 1
    assert get("process_open_fds") > 5
    assert get("luasip_statistic", group="core", name="rcv_requests_message") == 2


def test_retransmissions(served: tuple[Served, str]) -> None:
    server, url = served
    with Peer(server.address, "udp") as peer:
        request = peer.request("MESSAGE", "long")
        for _ in range(3):
            peer.send(request)
        labels = {"direction": "received", "kind": "request"}
        wait_for(
            lambda: value(url, "luasip_retransmissions_total", **labels) == 2, "the requests to come again"
        )


def test_reloads(served: tuple[Served, str]) -> None:
    server, url = served
    server.script.write_text(SCRIPT + "\n-- changed\n", "utf-8")
    wait_for(lambda: value(url, "luasip_script_reloads_total", result="ok") == 1, "the reload")
    server.script.write_text("this is no Lua", "utf-8")
    wait_for(lambda: value(url, "luasip_script_reloads_total", result="failed") >= 1, "the failure")


def test_health_while_it_stops(served: tuple[Served, str]) -> None:
    server, url = served
    assert fetch(f"{url}/healthz") == (200, "ok\n")
    assert fetch(f"{url}/readyz") == (200, "ok\n")
    with Peer(server.address, "udp") as peer:
        peer.send(peer.request("MESSAGE", "long"))
        wait_for(lambda: value(url, "luasip_suspended_routes", wait="sleep") == 1, "the route to wait")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: fetch(f"{url}/readyz")[0] == 503, "the server to say that it stops")
        assert fetch(f"{url}/readyz") == (503, "the server is stopping\n")
        assert fetch(f"{url}/healthz") == (200, "ok\n")
        assert value(url, "luasip_ready") == 0


def test_a_token_is_asked_for_metrics_but_not_for_health(tmp_path: Path) -> None:
    port = free_port()
    server = Served(tmp_path, f'[control]\nhttp = "127.0.0.1:{port}"\n', SCRIPT)
    server.environment = {"LUASIP_CONTROL_TOKEN": "0123456789abcdef"}
    url = f"http://127.0.0.1:{port}"
    with server:
        assert fetch(f"{url}/metrics")[0] == 401
        assert fetch(f"{url}/healthz")[0] == 200
        asked = urllib.request.Request(f"{url}/metrics", headers={"Authorization": "Bearer 0123456789abcdef"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            assert b"luasip_ready 1.0" in answer.read()

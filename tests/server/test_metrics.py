"""luasip.server.metrics: what Prometheus is told, read from stand-ins of the server's parts."""

from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from luasip.kemi.operation import Event, Sleep
from luasip.server.collector import Pauses
from luasip.server.durations import CALLBACK_BOUNDS, NamedDurations
from luasip.server.metrics import ServerMetrics, make_registry
from luasip.server.pool import Pool, PoolSettings
from luasip.server.statistics import Statistics
from luasip.server.traffic import Traffic
from luasip.transaction.states import State
from luasip.transport.packet import Listener


class Parts:
    """The parts of a server that has done a few things."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self.traffic = Traffic()
        self.callbacks = NamedDurations(CALLBACK_BOUNDS)
        self.suspended = [
            SimpleNamespace(waiting_for=Sleep(5.0), started_at=99.5),
            SimpleNamespace(waiting_for=Event("key", 900.0), started_at=30.0),
        ]
        machine = SimpleNamespace(state=State.PROCEEDING)
        branch = SimpleNamespace(machine=SimpleNamespace(state=State.CALLING))
        self.transactions = [SimpleNamespace(is_invite=True, machine=machine, branches=[branch])]
        self.udp = SimpleNamespace(
            listeners=[Listener("udp", "127.0.0.1", 5060)],
            stats=lambda: {"messages_received": 7, "dropped.keep_alive": 2, "send_errors.EPERM": 1},
        )
        self.log: Any = None
        self.pool = Pool("sql", PoolSettings(threads=2, queue=3))
        self.problems: list[str] = []

    def registry(self) -> CollectorRegistry:
        table: Any = SimpleNamespace(all=lambda: self.transactions, created=5, created_local=2)
        execution: Any = SimpleNamespace(
            timers=SimpleNamespace(clock=lambda: 100.0),
            suspended=self.suspended,
            max_suspended=10,
            outcomes={"pool_full": 4},
            callbacks=self.callbacks,
        )
        scripts: Any = SimpleNamespace(options=SimpleNamespace(lua="lua54"), reloads=3, failed_reloads=1)
        health: Any = SimpleNamespace(hindrances=lambda: self.problems)
        transports: Any = [self.udp]
        return make_registry(
            ServerMetrics(
                self.statistics,
                self.traffic,
                _Sized(table, len(self.transactions)),  # type: ignore[arg-type]
                execution,
                {"sql": self.pool},
                scripts,
                transports,
                Pauses(),
                health,
                self.log,
            )
        )

    def value(self, name: str, /, **labels: str) -> float | None:
        return self.registry().get_sample_value(name, labels)


class _Sized:
    def __init__(self, table: Any, size: int) -> None:
        self.all = table.all
        self.created = table.created
        self.created_local = table.created_local
        self._size = size

    def __len__(self) -> int:
        return self._size


@pytest.fixture
def parts() -> Parts:
    return Parts()


def test_messages(parts: Parts) -> None:
    parts.traffic.received_request("INVITE")
    parts.traffic.sent("SIP/2.0 486 Busy Here\r\n")
    parts.traffic.repeated("sent", "response")
    assert parts.value("luasip_requests_total", direction="received", method="INVITE") == 1
    assert parts.value("luasip_requests_total", direction="sent", method="INVITE") == 0
    assert parts.value("luasip_responses_total", **{"direction": "sent", "class": "4xx"}) == 1
    assert parts.value("luasip_retransmissions_total", direction="sent", kind="response") == 1


def test_transactions(parts: Parts) -> None:
    assert parts.value("luasip_transactions") == 1
    name = "luasip_transaction_machines"
    assert parts.value(name, side="server", kind="invite", state="proceeding") == 1
    assert parts.value(name, side="client", kind="invite", state="calling") == 1
    assert parts.value("luasip_transactions_created_total", origin="received") == 3
    assert parts.value("luasip_transactions_created_total", origin="local") == 2


def test_routes_that_wait(parts: Parts) -> None:
    assert parts.value("luasip_suspended_routes", wait="sleep") == 1
    assert parts.value("luasip_suspended_routes", wait="event") == 1
    assert parts.value("luasip_suspended_routes", wait="call") == 0
    assert parts.value("luasip_suspended_oldest_seconds") == 70
    assert parts.value("luasip_suspended_routes_older", seconds="60") == 1
    assert parts.value("luasip_suspended_routes_older", seconds="600") == 0
    assert parts.value("luasip_suspension_failures_total", reason="pool_full") == 4


def test_pools(parts: Parts) -> None:
    parts.pool.waits.observe(0.02)
    assert parts.value("luasip_pool_threads", pool="sql") == 2
    assert parts.value("luasip_pool_queue_limit", pool="sql") == 3
    assert parts.value("luasip_pool_wait_seconds_bucket", pool="sql", le="0.05") == 1
    assert parts.value("luasip_pool_wait_seconds_bucket", pool="sql", le="0.01") == 0
    assert parts.value("luasip_pool_wait_seconds_count", pool="sql") == 1


def test_script(parts: Parts) -> None:
    parts.callbacks.observe("ksr_request_route", 0.002)
    parts.statistics.add("script:errors")
    assert parts.value("luasip_callback_duration_seconds_sum", callback="ksr_request_route") == 0.002
    assert parts.value("luasip_script_errors_total") == 1
    assert parts.value("luasip_script_reloads_total", result="ok") == 3
    assert parts.value("luasip_script_reloads_total", result="failed") == 1


def test_contacts(parts: Parts) -> None:
    parts.statistics.add("usrloc:location-contacts", 3)
    parts.statistics.add("usrloc:location-users", 2)
    assert parts.value("luasip_contacts", table="location") == 3
    assert parts.value("luasip_registered_users", table="location") == 2
    assert parts.value("luasip_statistic", group="usrloc", name="location-users") == 2


def test_sockets(parts: Parts) -> None:
    parts.statistics.add("core:bad_msg_hdr", 5)
    assert parts.value("luasip_transport_messages_total", transport="udp", direction="received") == 7
    assert parts.value("luasip_transport_errors_total", transport="udp", error="EPERM") == 1
    assert parts.value("luasip_drops_total", reason="keep_alive") == 2
    assert parts.value("luasip_drops_total", reason="malformed") == 5


def test_log(parts: Parts) -> None:
    assert parts.value("luasip_log_records_lost_total", reason="dropped") == 0
    parts.log = SimpleNamespace(dropped=8, suppressed=9)
    assert parts.value("luasip_log_records_lost_total", reason="dropped") == 8
    assert parts.value("luasip_log_records_lost_total", reason="suppressed") == 9


def test_readiness(parts: Parts) -> None:
    assert parts.value("luasip_ready") == 1
    parts.problems = ["the server is stopping"]
    assert parts.value("luasip_ready") == 0


@pytest.mark.parametrize("render", [generate_latest, generate_openmetrics])
def test_it_can_be_written(parts: Parts, render: Any) -> None:
    parts.callbacks.observe('a "route"\n', 0.002)
    text = render(parts.registry()).decode()
    assert 'callback="a \\"route\\"\\n"' in text
    assert "process_open_fds" in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))

"""`luasip top`: what the server does right now, again and again."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from luasip.control.client.connection import Endpoint, call_all
from luasip.control.client.rendering import table_of
from luasip.errors import CommandError

ASKED = (
    ("core.uptime", ()),
    ("stats.fetchn", ("all",)),
    ("pool.list", ()),
    ("script.info", ()),
    ("script.suspended", (10,)),
    ("core.shmmem", ("m",)),
    ("tm.stats", ()),
    ("script.callbacks", ()),
)
RATES = (
    ("requests", "core.rcv_requests"),
    ("responses", "core.rcv_replies"),
    ("bad messages", "core.bad_msg_hdr"),
    ("script errors", "script.errors"),
)
"""What is shown a second, by the statistics that count it."""


SLOWEST = 5
"""Callbacks that are shown."""


class Snapshot:
    """What was asked at one moment. A command that is not there leaves its part empty."""

    def __init__(self, answers: list[Any], at: float) -> None:
        self.at = at
        good = [{} if isinstance(answer, CommandError) else answer for answer in answers]
        self.uptime, self.statistics, pools, self.script, waiting, self.memory, self.transactions, slow = good
        self.pools: list[dict[str, Any]] = pools or []
        self.waiting: list[dict[str, Any]] = waiting or []
        self.callbacks: list[dict[str, Any]] = slow or []


def take(endpoint: Endpoint, clock: Callable[[], float] = time.monotonic) -> Snapshot:
    """Ask the server. Raises Unreachable."""
    answers = call_all(endpoint, ASKED)
    return Snapshot(answers, clock())


def show(endpoint: Endpoint, console: Console, interval: float, times: int) -> None:
    """Show snapshots every `interval` seconds, `times` of them (0: without end). Raises Unreachable."""
    before = take(endpoint)
    if not console.is_terminal:
        _print(endpoint, console, interval, max(times, 1), before)
        return
    with Live(screen_of(before, before), console=console, screen=times == 0, auto_refresh=False) as live:
        shown = 1
        while not times or shown < times:
            time.sleep(interval)
            now = take(endpoint)
            live.update(screen_of(now, before), refresh=True)
            before = now
            shown += 1


def _print(endpoint: Endpoint, console: Console, interval: float, times: int, before: Snapshot) -> None:
    for _ in range(times):
        time.sleep(interval)
        now = take(endpoint)
        console.print(screen_of(now, before))
        before = now


def rates(now: Snapshot, before: Snapshot) -> dict[str, float]:
    """Events a second between two snapshots."""
    seconds = now.at - before.at
    return {
        label: (now.statistics.get(name, 0) - before.statistics.get(name, 0)) / seconds
        if seconds > 0
        else 0.0
        for label, name in RATES
    }


def screen_of(now: Snapshot, before: Snapshot) -> RenderableType:
    """One screen."""
    head = Text(f"up {now.uptime.get('uptime', 0)} s   memory {now.memory.get('used', 0)} MiB   ")
    head.append(
        f"suspended {now.script.get('suspended', 0)}   reloads {now.script.get('reloads', 0)}", "bold"
    )
    figures = Table(box=None, pad_edge=False, header_style="bold")
    found = {f"{label}/s": f"{value:.1f}" for label, value in rates(now, before).items()}
    found |= {
        "transactions": str(now.transactions.get("current", 0)),
        "waiting": str(now.transactions.get("waiting", 0)),
    }
    for name in found:
        figures.add_column(name, justify="right")
    figures.add_row(*found.values())
    parts: list[RenderableType] = [head, Text(), figures, Text()]
    parts.append(table_of(now.pools) if now.pools else Text())
    if now.callbacks:
        parts += [Text(), Text("slowest callbacks", "bold"), table_of(now.callbacks[:SLOWEST])]
    if now.waiting:
        parts += [Text(), Text("routes that wait longest", "bold"), table_of(now.waiting)]
    return Group(*parts)

"""The pike module: blocking addresses that send too many requests."""

import logging
import threading
from dataclasses import dataclass
from typing import Any

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, command, function
from luasip.modules.pike.tree import STATUS_HOT, STATUS_WARM, AddressTree, Node, Verdict, address_bytes

_log = logging.getLogger(__name__)


class Pike(Module):
    """pike: telling addresses that send too much."""

    name = "pike"
    changeable = ("sampling_time_unit", "reqs_density_per_unit", "remove_latency", "pike_log_level")

    @dataclass
    class Settings(Module.Settings):
        """What is too much."""

        sampling_time_unit: int = 2
        """Seconds of a sampling unit."""
        reqs_density_per_unit: int = 30
        """Requests an address may send in a sampling unit."""
        remove_latency: int = 120
        """Seconds an address is remembered after its last request."""
        pike_log_level: int = 1
        """Kamailio's log level of the lines about blocking: -1 error, 0 warning, 1 notice, 2 info, 3 debug.
        """

    def __init__(self, settings: Settings, services: Services) -> None:
        """Raises SettingsError for numbers that are not positive."""
        self.settings = settings
        self._services = services
        self._tree = AddressTree(settings.reqs_density_per_unit, float(settings.remove_latency))
        self._lock = threading.Lock()
        self.settings_changed()

    def settings_changed(self) -> None:
        """Count on by other limits. Raises SettingsError."""
        settings = self.settings
        problems = [
            f"modules.pike.{key}: {getattr(settings, key)} is not a positive number"
            for key in ("sampling_time_unit", "reqs_density_per_unit", "remove_latency")
            if getattr(settings, key) <= 0
        ]
        if problems:
            raise SettingsError(problems)
        levels = {-1: logging.ERROR, 0: logging.WARNING, 3: logging.DEBUG}
        self._level = levels.get(settings.pike_log_level, logging.INFO)
        with self._lock:
            self._tree.use(settings.reqs_density_per_unit, float(settings.remove_latency))

    def start(self) -> None:
        """Begin counting by sampling units."""
        self._services.every(lambda: float(self.settings.sampling_time_unit), self.swap, "pike.sampling")
        self._services.every(1.0, self.expire, "pike.expiry")

    @function(Route.REQUEST | Route.ONREPLY | Route.REPLY)
    def pike_check_req(self, ctx: RouteContext) -> int:
        """Count the message's source address.

        Returns: 1 it may go on, -1 it is blocked, -2 it is blocked from now on.
        """
        return self._check(ctx.source.host)

    @function()
    def pike_check_ip(self, ctx: RouteContext, strip: str) -> int:
        """Count an address.

        Args:
            strip: the IP address.
        Returns: 1 it may go on (also when it is no address), -1 it is blocked, -2 it is blocked from now on.
        """
        return self._check(strip)

    def _check(self, host: str) -> int:
        try:
            address = address_bytes(host)
        except ValueError:
            return 1
        with self._lock:
            verdict = self._tree.hit(address, self._services.now())
        if verdict is Verdict.FINE:
            return 1
        if verdict is Verdict.HOT:
            return -1
        _log.log(self._level, "pike: blocking %s", host)
        self._services.count("pike:blocked_ips")
        return -2

    def swap(self) -> None:
        """Begin a new sampling unit."""
        with self._lock:
            cooled = self._tree.swap()
        for address in cooled:
            _log.log(self._level, "pike: no longer blocking %s", address)

    def expire(self) -> None:
        """Forget the addresses that have been silent."""
        with self._lock:
            self._tree.expire(self._services.now())

    @command("pike.top")
    def top(self, select: str = "HOT") -> dict[str, Any]:
        """The addresses counted: "HOT" those blocked, "ALL" all that are held whole, "WARM" busy ones."""
        wanted = next((option for option in ("ALL", "HOT", "WARM") if option in select), "")
        if not wanted:
            raise CommandError(500, "Bad argument. Select: ALL, HOT or WARM")
        now = self._services.now()
        with self._lock:
            leaves = [(node, self._status(node)) for node in self._tree.nodes() if node.is_leaf]
            shown = [_shown(node, status, now) for node, status in leaves if wanted in ("ALL", status)]
        shown.sort(key=lambda entry: -max(entry["leaf_hits_prev"], entry["leaf_hits_curr"]))
        return {
            "max_hits": self.settings.reqs_density_per_unit,
            "list": shown,
            "number_of_rows": len(shown),
        }

    @command("pike.list")
    def list_blocked(self) -> dict[str, Any]:
        """The addresses that are blocked now, as pike.top shows them."""
        return self.top("HOT")

    def _status(self, node: Node) -> str:
        if self._tree.is_hot(node):
            return STATUS_HOT
        return STATUS_WARM if self._tree.is_warm(node) else ""


def _shown(node: Node, status: str, now: float) -> dict[str, Any]:
    return {
        "ip_addr": node.address,
        "leaf_hits_prev": node.leaf_before,
        "leaf_hits_curr": node.leaf_now,
        "expires": 0 if node.expires_at is None else max(round(node.expires_at - now), 0),
        "status": status,
    }

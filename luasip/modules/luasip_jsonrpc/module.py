"""luasip.jsonrpc as scripts see it: a request, which suspends its route, and a notification."""

import math
from collections.abc import Generator
from typing import Any

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, command, function
from luasip.kemi.operation import TIMED_OUT, Event, Operation
from luasip.modules.luasip_jsonrpc.group import Group
from luasip.modules.luasip_jsonrpc.messages import Answer
from luasip.modules.luasip_jsonrpc.settings import JsonRpcSettings


class JsonRpc(Module):
    """luasip.jsonrpc: requests to JSON-RPC servers over TCP, as netstrings."""

    name = "jsonrpc"
    namespace = "luasip"
    changeable = (
        *("timeout", "retry", "connect_timeout", "reconnect_after", "reconnect_limit", "max_pending"),
        *("max_output",),
    )
    Settings = JsonRpcSettings

    def __init__(self, settings: JsonRpcSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        addresses = settings.addresses()
        self._groups = {
            name: Group(name, [one for one in addresses if one.connection == name], settings, services)
            for name in dict.fromkeys(address.connection for address in addresses)
        }

    def start(self) -> None:
        """Connect to the servers."""
        for group in self._groups.values():
            for link in group.links:
                link.start()

    def stop(self) -> None:
        """Disconnect."""
        for group in self._groups.values():
            for link in group.links:
                link.stop()

    @function(suspends=True)
    def request(
        self, ctx: RouteContext, conn: str, method: str, params: Any = None, options: Any = None
    ) -> Generator[Operation, Any, Any]:
        """Send a request and wait for its result; other messages are handled meanwhile.

        `local target, problem = luasip.jsonrpc.request("routing", "find", { user = user }, { timeout = 2 })`

        Args:
            conn: a connection of the settings.
            method: the method's name.
            params: a table, an array for parameters by position; nil for none. An empty table is an object.
            options: a table of timeout (seconds for everything, retries included) and retry (how often it is sent
                again when a connection is lost), in place of the settings.
        Returns: the result, null in it as nil; or nil, what went wrong as text, and when the server answered with an
            error, that as a table of code, message and data.
        """
        group = self._group("luasip.jsonrpc.request", conn)
        timeout, retries = self._options(options)
        _check("luasip.jsonrpc.request", method, params)
        self._services.count("jsonrpc:requests")
        try:
            call = group.begin(method, params, retries)
        except (TypeError, ValueError) as error:
            raise MisuseError(f"luasip.jsonrpc.request: params: {error}") from error
        if isinstance(call, str):
            return self._failed(call)
        try:
            if (yield Event(call.key, timeout)) is TIMED_OUT:
                if group.forget(call):
                    self._services.count("jsonrpc:timeouts")
                    return self._failed("timeout")
                yield Event(call.key, 1.0)  # granted as the wait ended: the wake-up must not stay
        finally:
            group.forget(call)
        answer = call.outcome
        if not isinstance(answer, Answer):
            return self._failed(answer or "timeout")
        if answer.error is None:
            return answer.result
        return self._failed(f"error {answer.error['code']}: {answer.error['message']}", answer.error)

    @function()
    def notify(self, ctx: RouteContext, conn: str, method: str, params: Any = None) -> Any:
        """Send a notification, a request nobody answers; never waits.

        Args:
            conn: a connection of the settings.
            method: the method's name.
            params: a table, an array for parameters by position; nil for none.
        Returns: true when it was handed to a server's connection; or nil and what went wrong.
        """
        group = self._group("luasip.jsonrpc.notify", conn)
        _check("luasip.jsonrpc.notify", method, params)
        try:
            problem = group.notify(method, params)
        except (TypeError, ValueError) as error:
            raise MisuseError(f"luasip.jsonrpc.notify: params: {error}") from error
        return self._failed(problem) if problem else True

    @command("luasip_jsonrpc.list")
    def list_servers(self) -> list[dict[str, Any]]:
        """Every server: conn, addr, port, priority, weight, whether it is connected, and how many requests of its conn
        wait."""
        return [
            {
                "conn": group.name,
                "addr": link.address.host,
                "port": link.address.port,
                "priority": link.address.priority,
                "weight": link.address.weight,
                "connected": link.connection is not None,
                "waiting": group.waiting,
            }
            for group in self._groups.values()
            for link in group.links
        ]

    def _failed(self, why: str, error: dict[str, Any] | None = None) -> tuple[Any, ...]:
        self._services.count("jsonrpc:failures")
        return (None, why) if error is None else (None, why, error)

    def _group(self, function: str, name: str) -> Group:
        group = self._groups.get(name)
        if group is None:
            known = ", ".join(sorted(self._groups)) or "none"
            raise MisuseError(f"{function}: there is no connection {name!r} (defined: {known})")
        return group

    def _options(self, options: Any) -> tuple[float, int]:
        """Timeout and retries. Raises MisuseError."""
        given = {} if options is None else options
        if not isinstance(given, dict):
            raise MisuseError(f"luasip.jsonrpc.request: options must be a table, not {options!r:.80}")
        for name in given:
            if name not in ("timeout", "retry"):
                raise MisuseError(
                    f"luasip.jsonrpc.request: unknown option {name!r} (allowed: retry, timeout)"
                )
        timeout, retries = (
            given.get("timeout", self._settings.timeout),
            given.get("retry", self._settings.retry),
        )
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < math.inf:
            raise MisuseError(f"luasip.jsonrpc.request: timeout must be seconds above 0, not {timeout!r:.80}")
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise MisuseError(f"luasip.jsonrpc.request: retry must be a number from 0, not {retries!r:.80}")
        return float(timeout), retries


def _check(function: str, method: str, params: Any) -> None:
    """Raises MisuseError for what is no request."""
    if not method:
        raise MisuseError(f"{function}: there is no method")
    if params is not None and not isinstance(params, dict | list):
        raise MisuseError(f"{function}: params must be a table, not {params!r:.80}")

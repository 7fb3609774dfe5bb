"""script.* and pool.*: the script, the routes that wait, and the pools they wait for. These are LuaSIP's own."""

import time
from collections.abc import Mapping
from typing import Any

from luasip.errors import CommandError, SipError
from luasip.kemi.declare import command
from luasip.kemi.operation import Call, Event, Operation, Parallel, Sleep
from luasip.server.execution import Execution
from luasip.server.pool import Pool
from luasip.server.reloading import Reloading
from luasip.server.scripts import Scripts
from luasip.server.task import Task
from luasip.sip.message import Request

LATELY = 10.0
"""Seconds in which whoever has changed the settings file asks for a reload that has been done already."""

MOST_SHOWN = 1000
"""Routes shown when no number is given."""


class ScriptCommands:
    """Commands about the running script."""

    def __init__(
        self, scripts: Scripts, reloading: Reloading, execution: Execution, pools: Mapping[str, Pool]
    ) -> None:
        self._scripts = scripts
        self._reloading = reloading
        self._execution = execution
        self._pools = pools

    @command("script.reload")
    def reload(self) -> dict[str, Any]:
        """Read the settings again and load the script anew beside the running one, and swap. An error changes nothing.

        It answers with the settings that have changed with it, or in the seconds before, as when the file was saved and
        read by itself; and with those that will change with the next start only.
        """
        done = self._reloading.reload()
        if done.error:
            raise CommandError(500, f"Reload Failed: {done.error}")
        lately = [one for one in list(self._scripts.history) if one.at >= done.at - LATELY and not one.error]
        return {
            "reloads": self._scripts.reloads,
            "changed": list(dict.fromkeys(name for one in lately for name in one.changed)),
            "needs_restart": list(done.needs_restart),
        }

    @command("script.info")
    def info(self) -> dict[str, Any]:
        """The files of the script, how many Lua runtimes there are, and what became of its routes."""
        return {
            "files": list(self._scripts.paths),
            "lua": self._scripts.options.lua,
            "runtimes": len(self._scripts.slots),
            "reloads": self._scripts.reloads,
            "failed_reloads": self._scripts.failed_reloads,
            "suspended": len(self._execution.suspended),
            "max_suspended": self._execution.max_suspended,
            "outcomes": dict(self._execution.outcomes),
        }

    @command("script.reloads")
    def reloads(self) -> list[dict[str, Any]]:
        """The latest reloads, oldest first: when, the error of one that failed, and what it meant for the settings."""
        return [
            {
                "at": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at)),
                "ok": not one.error,
                "error": one.error,
                "changed": list(one.changed),
                "needs_restart": list(one.needs_restart),
            }
            for one in list(self._scripts.history)
        ]

    @command("script.suspended")
    def suspended(self, most: int = MOST_SHOWN) -> list[dict[str, Any]]:
        """The routes that wait, the oldest first: since when, for what, and where in the script.

        Args:
            most: how many are shown.
        """
        tasks = sorted(self._execution.suspended, key=lambda task: task.started_at)
        return [self._shown(task) for task in tasks[: max(most, 0)]]

    @command("script.continue")
    def continue_(self, number: int) -> None:
        """Let a route that waits go on as if the time of its wait were over.

        Args:
            number: that of script.suspended.
        """
        self._give_up(number, drop=False)

    @command("script.drop")
    def drop(self, number: int) -> None:
        """End a route where it waits. A request without an answer gets that of a script error.

        Args:
            number: that of script.suspended.
        """
        self._give_up(number, drop=True)

    @command("script.callbacks")
    def callbacks(self) -> list[dict[str, Any]]:
        """How long callbacks run at a time, from one wait to the next, in milliseconds; the slowest first."""
        found = [(name, one, *one.read()) for name, one in self._execution.callbacks.all().items()]
        shown = [
            {
                "callback": name,
                "steps": counts[-1],
                "mean_ms": round(total / counts[-1] * 1000, 3),
                "longest_ms": round(one.longest * 1000, 3),
            }
            for name, one, counts, total in found
            if counts[-1]
        ]
        return sorted(shown, key=lambda one: -one["longest_ms"])

    @command("pool.list")
    def pools(self) -> list[dict[str, Any]]:
        """The pools: threads, calls that run or wait, calls in all, refused ones, threads held by stuck calls."""
        return [
            {
                "name": name,
                "threads": pool.settings.threads,
                "queue": pool.settings.queue,
                "deadline": pool.settings.deadline,
                "pending": pool.pending,
                "calls": pool.calls,
                "rejected": pool.rejected,
                "stuck": pool.stuck,
            }
            for name, pool in self._pools.items()
        ]

    def _give_up(self, number: int, *, drop: bool) -> None:
        task = next((one for one in self._execution.suspended if one.number == number), None)
        if task is None or not self._execution.give_up(task, drop=drop):
            raise CommandError(404, f"no suspended route {number}")

    def _shown(self, task: Task) -> dict[str, Any]:
        kind, detail = _reason(task.waiting_for)
        shown: dict[str, Any] = {
            "number": task.number,
            "age": round(self._execution.timers.clock() - task.started_at, 3),
            "wait": kind,
            "for": detail,
            "callback": "",
            "place": "",
            "method": "",
            "call_id": "",
        }
        frame = task.innermost
        if frame is not None:
            shown["callback"] = str(frame.name)
            message = frame.context.message
            try:
                shown["method"] = message.method if isinstance(message, Request) else message.cseq.method
                shown["call_id"] = message.call_id
            except SipError:  # a message whose CSeq or Call-ID cannot be read has none to show
                pass
            if frame.runtime is not None:
                with frame.runtime.lock:
                    shown["place"] = frame.runtime.position(frame.coroutine)
        return shown


def _reason(operation: Operation | None) -> tuple[str, str]:
    """What a route waits for: (kind, more of it)."""
    if isinstance(operation, Sleep):
        return "sleep", f"{operation.seconds:g} s"
    if isinstance(operation, Event):
        return "event", f"{operation.key}, {operation.timeout:g} s"
    if isinstance(operation, Call):
        return "call", f"pool {operation.pool}"
    if isinstance(operation, Parallel):
        return "routes", ", ".join(str(route.name) for route in operation.routes)
    return "", ""

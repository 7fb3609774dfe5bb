"""The mqueue module: queues of the settings, their functions, variables and RPC commands, and their database."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from luasip.errors import CommandError, SettingsError, StorageError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, command, function, variable
from luasip.kemi.parameter_text import fields
from luasip.modules.mqueue.item_log import ItemLog
from luasip.modules.mqueue.queue import Item, ItemQueue
from luasip.modules.mqueue.store import QueueStore
from luasip.modules.mqueue.waiting import Queue

log = logging.getLogger("luasip.mqueue")

_FETCHED: Final = "mqueue.fetched"
_LOADING: Final = (1, 2)
_SAVING: Final = (1, 3)
_FIELDS: Final = ("name", "size", "addmode", "dbmode", "durable")
_GREATEST: Final = {"addmode": 2, "dbmode": 3, "durable": 1}


class Mqueue(Module):
    """mqueue: queues between routes."""

    name = "mqueue"
    uses = ("luasip_queue",)

    @dataclass
    class Settings:
        """Which queues there are, and where they are kept."""

        mqueue: list[str] = field(default_factory=list)
        """Queues, each "name=NAME;size=N;addmode=M;dbmode=D;durable=1". size: items at most, beyond it the oldest
        goes, 0 for any number. addmode: 0 adds all, 1 does not add a key that is in the queue, 2 removes the older
        item with the key.
        dbmode: 0 in memory only, 1 loaded at the start and written at the end, 2 only loaded, 3 only written.
        durable (not Kamailio's): 1 keeps each item in a journal from mq_add until it has left the queue."""
        mqueue_name: list[str] = field(default_factory=list)
        """Queues by name only, with mqueue_size and mqueue_addmode."""
        mqueue_size: int = 0
        """size where a queue names none."""
        mqueue_addmode: int = 0
        """addmode where a queue names none."""
        db_url: str = ""
        """Database of the queues with a dbmode; a queue's table has its name and the columns id, key and val."""
        save_interval: int = 0
        """Seconds between two writings of queues with dbmode 1 or 3, for a server that may crash; 0: only at the end.
        Not a setting of Kamailio's."""
        journal: str = "mqueue-journal"
        """Folder of the journals of durable queues. Not a setting of Kamailio's."""

    def __init__(self, settings: Settings, services: Services, luasip_queue: Queue) -> None:
        self.settings = settings
        self._services = services
        self._queues = luasip_queue.queues
        self._modes: dict[str, int] = {}
        self._durable: list[str] = []
        for text in settings.mqueue:
            self._define(fields(text, "modules.mqueue.mqueue", _FIELDS), text)
        for name in settings.mqueue_name:
            self._define({"name": name}, name)
        if any(self._modes.values()) and not settings.db_url:
            raise SettingsError(["modules.mqueue.db_url: missing; a queue has a dbmode"])
        self._stores: dict[str, QueueStore] = {}
        self._logs: list[ItemLog] = []

    def _define(self, values: dict[str, str], text: str) -> None:
        name = values.pop("name", "")
        defaults = {"size": self.settings.mqueue_size, "addmode": self.settings.mqueue_addmode}
        numbers = {key: values.get(key, str(defaults.get(key, 0))) for key in _FIELDS[1:]}
        if (
            not name
            or not all(value.isdecimal() for value in numbers.values())
            or any(int(numbers[key]) > greatest for key, greatest in _GREATEST.items())
        ):
            expected = "a name, and size, addmode (0 to 2), dbmode (0 to 3), durable (0 or 1) as numbers"
            raise SettingsError([f"modules.mqueue.mqueue: {text!r}: {expected}"])
        if int(numbers["dbmode"]) and int(numbers["durable"]):
            raise SettingsError([f"modules.mqueue.mqueue: {text!r}: dbmode or durable, not both"])
        if name in self._queues:
            raise SettingsError([f"modules.mqueue.mqueue: {text!r}: there is a queue {name!r} already"])
        self._queues[name] = ItemQueue(
            name,
            int(numbers["size"]),
            int(numbers["addmode"]),
            lambda: self._services.count("mqueue:dropped"),
            self._services.now,
        )
        if int(numbers["durable"]):
            self._durable.append(name)
        self._modes[name] = int(numbers["dbmode"])

    def start(self) -> None:
        """Load what was kept. Raises StorageError: going on would write an empty queue over it at the end."""
        for name, mode in self._modes.items():
            if not mode:
                continue
            store = QueueStore(self._services.databases.open(self.settings.db_url), self._queues[name])
            if mode in _LOADING:
                store.load()
            if mode in _SAVING:
                self._stores[name] = store
        if self._stores and self.settings.save_interval > 0:
            self._services.every(float(self.settings.save_interval), self.save, "mqueue.save")
        for name in self._durable:
            journal = ItemLog(Path(self.settings.journal) / quote(name, safe=""))
            self._logs.append(journal)
            self._queues[name].keep_in(journal)
        if self._queues:
            self._services.every(1.0, self._look_after, "mqueue.taken")

    def stop(self) -> None:
        """Write what is to be kept."""
        self.save()
        for journal in self._logs:
            journal.close()

    def _look_after(self) -> None:
        """Housekeeping: items that were taken for too long, and journals."""
        for queue in self._queues.values():
            for ticket in queue.give_back_late():
                self._services.grant(ticket, True)
        for journal in self._logs:
            try:
                journal.sync()
            except StorageError as error:
                log.error("mqueue: %s", error)

    def save(self) -> None:
        """Write the queues that are kept; a failure is logged and tried again the next time."""
        for name, store in self._stores.items():
            try:
                store.save()
            except StorageError as error:
                log.error("mqueue: queue %s is not written: %s", name, error)

    @function()
    def mq_add(self, ctx: RouteContext, mq: str, key: str, val: str) -> int:
        """Add an item to a queue.

        Args:
            mq: the queue.
            key: the item's key.
            val: its value.
        Returns: 1, -1 when there is no such queue, or it is durable and the item cannot be written.
        """
        queue = self._find(mq)
        if queue is None:
            return -1
        try:
            ticket = queue.add(key, val)
        except StorageError as error:
            log.error("mqueue: queue %s does not take an item: %s", mq, error)
            return -1
        if ticket:
            self._services.grant(ticket, True)
        return 1

    @function()
    def mq_fetch(self, ctx: RouteContext, mq: str) -> int:
        """Take the oldest item of a queue into $mqk(queue) and $mqv(queue), which this run of the callback keeps.

        Args:
            mq: the queue.
        Returns: 1, -2 when the queue is empty, -1 when there is none of this name.
        """
        fetched = _fetched(ctx)
        fetched.pop(mq, None)
        queue = self._find(mq)
        if queue is None:
            return -1
        item = queue.fetch()
        if item is None:
            return -2
        fetched[mq] = item
        return 1

    @function()
    def mq_pv_free(self, ctx: RouteContext, mq: str) -> int:
        """Forget the item fetched from a queue.

        Args:
            mq: the queue.
        Returns: 1.
        """
        _fetched(ctx).pop(mq, None)
        return 1

    @function()
    def mq_size(self, ctx: RouteContext, mq: str) -> int:
        """How many items a queue holds.

        Args:
            mq: the queue.
        Returns: the number, -1 when it is empty, -2 when there is no such queue.
        """
        queue = self._find(mq)
        return -2 if queue is None else len(queue) or -1

    @function()
    def mqk_get(self, ctx: RouteContext, qname: str) -> PvValue:
        """Key of the item fetched.

        Args:
            qname: the queue.
        Returns: the key, nil when nothing was fetched.
        """
        return _part(ctx, qname, 0, None)

    @function()
    def mqk_gete(self, ctx: RouteContext, qname: str) -> PvValue:
        """Key of the item fetched, or the empty string.

        Args:
            qname: the queue.
        Returns: the key, "" when nothing was fetched.
        """
        return _part(ctx, qname, 0, "")

    @function()
    def mqk_getw(self, ctx: RouteContext, qname: str) -> PvValue:
        """Key of the item fetched, or "<null>".

        Args:
            qname: the queue.
        Returns: the key, "<null>" when nothing was fetched.
        """
        return _part(ctx, qname, 0, "<null>")

    @function()
    def mqv_get(self, ctx: RouteContext, qname: str) -> PvValue:
        """Value of the item fetched.

        Args:
            qname: the queue.
        Returns: the value, nil when nothing was fetched.
        """
        return _part(ctx, qname, 1, None)

    @function()
    def mqv_gete(self, ctx: RouteContext, qname: str) -> PvValue:
        """Value of the item fetched, or the empty string.

        Args:
            qname: the queue.
        Returns: the value, "" when nothing was fetched.
        """
        return _part(ctx, qname, 1, "")

    @function()
    def mqv_getw(self, ctx: RouteContext, qname: str) -> PvValue:
        """Value of the item fetched, or "<null>".

        Args:
            qname: the queue.
        Returns: the value, "<null>" when nothing was fetched.
        """
        return _part(ctx, qname, 1, "<null>")

    @variable("mqk")
    def fetched_key(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$mqk(queue): key of the item fetched."""
        return _part(ctx, inner, 0, None)

    @variable("mqv")
    def fetched_value(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$mqv(queue): value of the item fetched."""
        return _part(ctx, inner, 1, None)

    @variable("mq_size")
    def items_held(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$mq_size(queue): how many items a queue holds; null when there is no such queue."""
        queue = self._find(inner)
        return None if queue is None else len(queue)

    @command("mqueue.get_size")
    def get_size(self, name: str) -> dict[str, Any]:
        """How many items a queue holds."""
        return {"name": name, "size": len(self._command_queue(name))}

    @command("mqueue.get_sizes")
    def get_sizes(self) -> list[dict[str, Any]]:
        """How many items every queue holds."""
        return [{"name": name, "size": len(queue)} for name, queue in self._queues.items()]

    @command("mqueue.fetch")
    def fetch(self, name: str) -> dict[str, str]:
        """Take the oldest item of a queue: key and val."""
        item = self._command_queue(name).fetch()
        if item is None:
            raise CommandError(404, "Empty queue")
        return {"key": item[0], "val": item[1]}

    def _find(self, name: str) -> ItemQueue | None:
        queue = self._queues.get(name)
        if queue is None:
            log.error("mqueue: there is no queue %r; there are: %s", name, ", ".join(self._queues) or "none")
        return queue

    def _command_queue(self, name: str) -> ItemQueue:
        queue = self._queues.get(name)
        if queue is None:
            raise CommandError(404, "No such queue")
        return queue


def _fetched(ctx: RouteContext) -> dict[str, Item]:
    """The items fetched in this run, by queue."""
    kept: dict[str, Item] = ctx.attributes.setdefault(_FETCHED, {})
    return kept


def _part(ctx: RouteContext, name: str, index: int, absent: PvValue) -> PvValue:
    item = _fetched(ctx).get(name)
    return absent if item is None else item[index]

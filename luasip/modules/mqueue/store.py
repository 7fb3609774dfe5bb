"""A queue's items in a database, in Kamailio's schema: a table of the queue's name with id, key and val.

Every method blocks and raises StorageError.
"""

import threading

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, select

from luasip.modules.mqueue.queue import ItemQueue
from luasip.storage.database import Database


class QueueStore:
    """The rows behind one queue."""

    def __init__(self, database: Database, queue: ItemQueue) -> None:
        self._database = database
        self._queue = queue
        self._saving = threading.Lock()
        self._saved_changes = -1
        self._table = Table(
            queue.name,
            MetaData(),
            Column("id", Integer, primary_key=True, autoincrement=True),
            Column("key", String(255), nullable=False, default=""),
            Column("val", Text, nullable=False, default=""),
        )

    def load(self) -> None:
        """Fill the queue with what the table holds. The rows stay until the next save: an item is rather seen
        twice after a crash than never.
        """
        self._database.create_table(self._table)
        names = self._table.c
        rows = self._database.stream(select(names["key"], names["val"]).order_by(names["id"]))
        self._queue.extend((str(key), str(value)) for key, value in rows)

    def save(self) -> None:
        """Replace the rows by what the queue holds, unless that has not changed since the last save."""
        with self._saving:
            changes, items = self._queue.items()
            if changes == self._saved_changes:
                return
            self._database.create_table(self._table)
            with self._database.transaction() as transaction:
                transaction.execute(self._table.delete())
                if items:
                    transaction.execute(
                        self._table.insert(), [{"key": key, "val": value} for key, value in items]
                    )
            self._saved_changes = changes

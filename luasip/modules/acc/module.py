"""The acc module: records of requests and calls, made by flags or by the script, in the log and in a database."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from luasip.errors import CommandError, SettingsError, SipError, StorageError
from luasip.kemi.context import RouteContext, Services, Source
from luasip.kemi.declare import Module, Route, command, function
from luasip.kemi.transactions import Transaction
from luasip.modules.acc import record as records
from luasip.modules.acc.call_records import CallRecords
from luasip.modules.acc.observer import AccObserver, Rules
from luasip.modules.acc.record import Pairs, Record, SecondTime, reason_of, record_of, split_comment
from luasip.modules.acc.settings import AccSettings, Extra, filtered_statuses, flag_bits, parse_extra
from luasip.modules.acc.store import AccountingStore
from luasip.modules.acc.writer import RecordWriter
from luasip.sip.message import Message, Request, Response

log = logging.getLogger("luasip.acc")

_UPSTREAM: Final = "upstream"


class Acc(Module):
    """acc: accounting."""

    name = "acc"

    Settings = AccSettings
    changeable = (
        *("log_flag", "log_missed_flag", "log_level", "log_extra", "db_flag", "db_missed_flag"),
        *("db_table_acc", "db_table_missed_calls", "db_extra_nullable", "failed_transaction_flag"),
        *("failed_filter", "early_media", "report_ack", "report_cancels", "reason_from_hf"),
        *("cdr_log_enable", "cdr_extra_nullable", "cdr_start_on_confirmed", "cdr_on_failed"),
        *("cdr_expired_dlg_enable", "cdr_skip"),
    )

    def __init__(self, settings: AccSettings, services: Services) -> None:
        """Raises SettingsError for values there are not and a database that cannot be opened."""
        self.settings = settings
        self._services = services
        self._db_extra = parse_extra(settings.db_extra, "db_extra")
        self._rules = _rules(settings)
        self._observer = AccObserver(self._rules, self)
        self.settings_changed()
        self._columns = settings.column_names
        if not 0 <= settings.time_mode <= 4:
            raise SettingsError([f"modules.acc.time_mode: {settings.time_mode} is not one of 0 to 4"])
        name = settings.time_exten if settings.time_mode == 1 else settings.time_attr
        self._second_time = SecondTime(settings.time_mode, name, settings.time_format)
        self._calls = CallRecords(settings, services)
        self._writer: RecordWriter | None = None
        self._store: AccountingStore | None = None
        self._is_direction: Callable[..., Any] | None = None
        if settings.db_url:
            further = [column for column, _ in self._db_extra]
            if settings.time_mode:
                further.insert(0, name)
            try:
                database = services.databases.open(settings.db_url)
            except StorageError as error:
                raise SettingsError([f"modules.acc.db_url: {error}"]) from error
            self._store = AccountingStore(database, self._columns, further, self._calls.table)

    def settings_changed(self) -> None:
        """Account by other rules from now on. Raises SettingsError."""
        self._log_extra = parse_extra(self.settings.log_extra, "log_extra")
        self._rules = _rules(self.settings)
        self._observer.use(self._rules)
        self._level = self.settings.python_level

    def start(self) -> None:
        """Hear of transactions, and begin with what an earlier process left. Raises StorageError, SettingsError."""
        if self.settings.detect_direction:
            found = self._services.find_function("rr.is_direction")
            if found is None:
                raise SettingsError(["modules.acc.detect_direction: the module rr is not loaded"])
            self._is_direction = found[1]
        if self._store is not None:
            self._writer = RecordWriter(Path(self.settings.journal), self._store, self._services)
            self._writer.start()
            self._calls.write_row = self._writer.add
        self._calls.start()
        self._services.transactions.observe(self._observer)

    def stop(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.stop()

    # Functions

    @function()
    def acc_request(self, ctx: RouteContext, comment: str, dbtable: str) -> int:
        """Account the request now, in the log and in the database where there is one.

        Args:
            comment: "404 Not Found", or a text without code.
            dbtable: the table; "@acc" is "acc".
        Returns: 1, -1 when the request cannot be read or no table is named.
        """
        code = self.acc_log_request(ctx, comment)
        if code < 0 or self._writer is None:
            return code
        return self.acc_db_request(ctx, comment, dbtable)

    @function()
    def acc_log_request(self, ctx: RouteContext, comment: str) -> int:
        """Account the request now, in the log.

        Args:
            comment: "404 Not Found", or a text without code.
        Returns: 1, -1 when the request cannot be read.
        """
        record = self._commented(ctx, comment)
        if record is None:
            return -1
        self._write_line(ctx, records.ACCOUNTED, record)
        return 1

    @function()
    def acc_db_request(self, ctx: RouteContext, comment: str, dbtable: str) -> int:
        """Account the request now, in the database.

        Args:
            comment: "404 Not Found", or a text without code.
            dbtable: the table; "@acc" is "acc".
        Returns: 1, -1 when the request cannot be read, no table is named or there is no database.
        """
        table = dbtable.removeprefix("@")
        if not table:
            log.error("acc: no table is named")
            return -1
        if self._writer is None:
            log.error("acc: there is no database (modules.acc.db_url)")
            return -1
        record = self._commented(ctx, comment)
        if record is None:
            return -1
        self._write_row(ctx, table, record)
        return 1

    @command("acc.journal")
    def journal(self) -> dict[str, int]:
        """What waits for the database: bytes of the journal, of the refused records, and failures in a row."""
        if self._writer is None:
            raise CommandError(404, "No database")
        return self._writer.state()

    def _commented(self, ctx: RouteContext, comment: str) -> Record | None:
        code, reason = split_comment(comment)
        return self._record(ctx.message, None, code, reason)

    # By flags: what the observer has found worth it

    def answered(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """A request was answered."""
        rules = self._rules
        self._account(
            transaction, status, response, records.ANSWERED, rules.log, rules.db, self.settings.db_table_acc
        )

    def missed(self, transaction: Transaction, status: int, response: Response | None) -> None:
        """A call was not taken."""
        rules, table = self._rules, self.settings.db_table_missed_calls
        self._account(transaction, status, response, records.MISSED, rules.log_missed, rules.db_missed, table)

    def acknowledged(self, transaction: Transaction, request: Request, source: Source) -> None:
        """An answered call was acknowledged."""
        status = transaction.last_status
        record = self._record(request, None, str(status), reason_of(None, status, False))
        if record is None:
            return
        ctx = RouteContext(Route.REQUEST, request, source, self._services)
        ctx.lists = transaction.lists
        ctx.flags, ctx.xflags = transaction.flags, transaction.xflags
        if transaction.flags & self._rules.log:
            self._write_line(ctx, records.ACKNOWLEDGED, record)
        if transaction.flags & self._rules.db:
            self._write_row(ctx, self._table(ctx, self.settings.db_table_acc), record)

    def _account(
        self,
        transaction: Transaction,
        status: int,
        response: Response | None,
        head: str,
        log_flag: int,
        db_flag: int,
        table: str,
    ) -> None:
        ctx: RouteContext = self._services.transactions.context_of(transaction, response)
        for branch in transaction.branches:
            if branch.response is response if response is not None else branch.status == status:
                ctx.target.uri = branch.request_uri
        reason = reason_of(response, status, bool(self.settings.reason_from_hf))
        swapped = self._is_direction is not None and self._is_direction(ctx, _UPSTREAM) > 0
        record = self._record(transaction.request, response, f"{status:03}", reason, swapped)
        if record is None:
            return
        if transaction.flags & log_flag:
            self._write_line(ctx, head, record)
        if transaction.flags & db_flag:
            self._write_row(ctx, self._table(ctx, table), record)

    # Making and writing records

    def _record(
        self, message: Message, answered: Message | None, code: str, reason: str, swapped: bool = False
    ) -> Record | None:
        try:
            return record_of(message, answered, code, reason, self._services.wall_clock(), swapped)
        except SipError as error:
            log.error("acc: the request cannot be accounted: %s", error)
            return None

    def _write_line(self, ctx: RouteContext, head: str, record: Record) -> None:
        # As an argument of "%s" each line is a wording of its own, which no flood limit counts.
        log.log(self._level, "%s", record.line(head, self._second_time, self._values(ctx, self._log_extra)))

    def _write_row(self, ctx: RouteContext, table: str, record: Record) -> None:
        if self._writer is None:
            return
        extra = self._values(ctx, self._db_extra)
        if not self.settings.db_extra_nullable:
            extra = [(name, "" if value is None else value) for name, value in extra]
        self._writer.add(table, record.row(self._columns, self._second_time, extra))

    def _values(self, ctx: RouteContext, extra: Extra) -> Pairs:
        variables = self._services.variables
        return [(name, variables.get(ctx, text)) for name, text in extra]

    def _table(self, ctx: RouteContext, name: str) -> str:
        return self._services.variables.expand(ctx, name) if "$" in name else name


def _rules(settings: AccSettings) -> Rules:
    """What the settings say is accounted. Raises SettingsError."""
    names = ("log_flag", "log_missed_flag", "db_flag", "db_missed_flag", "failed_transaction_flag")
    bits = {name: flag_bits(getattr(settings, name), name) for name in names}
    has_database = bool(settings.db_url)
    return Rules(
        log=bits["log_flag"],
        log_missed=bits["log_missed_flag"],
        db=bits["db_flag"] if has_database else 0,
        db_missed=bits["db_missed_flag"] if has_database else 0,
        failed=bits["failed_transaction_flag"],
        filtered=filtered_statuses(settings.failed_filter),
        early_media=bool(settings.early_media),
        acks=bool(settings.report_ack),
        cancels=bool(settings.report_cancels),
    )

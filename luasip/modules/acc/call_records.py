"""One record for each call: when it began, when it ended, and what the settings want to know of it (cdr_extra).

Is told of calls by the module that tracks them; where records go is said by `write_row`.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from luasip.errors import SettingsError
from luasip.kemi.context import PvValue, Services
from luasip.kemi.ended_call import EndedCall, TellsOfCalls
from luasip.modules.acc.record import Pairs
from luasip.modules.acc.settings import AccSettings, parse_extra
from luasip.modules.acc.store import CallTable

log = logging.getLogger("luasip.acc")

_TRACKER: Final = "dialog"


class CallRecords:
    """Makes them. `write_row(table, row)` takes a row, times as seconds since the epoch."""

    def __init__(self, settings: AccSettings, services: Services) -> None:
        """Raises SettingsError for values there are not."""
        self._settings = settings
        self._services = services
        self._extra = parse_extra(settings.cdr_extra, "cdr_extra")
        self.write_row: Callable[[str, dict[str, Any]], object] | None = None
        if settings.cdrs_table and not settings.db_url:
            raise SettingsError(["modules.acc.cdrs_table: needs modules.acc.db_url"])

    @property
    def table(self) -> CallTable | None:
        """Where they are in the database, None when they are not."""
        settings = self._settings
        if not settings.cdr_enable or not settings.cdrs_table:
            return None
        times = (settings.cdr_start_id, settings.cdr_end_id, settings.cdr_duration_id)
        return CallTable(settings.cdrs_table, times, tuple([name for name, _ in self._extra]))

    def start(self) -> None:
        """Hear of calls from now on, if the settings ask for it. Raises SettingsError when nobody tracks them."""
        if not self._settings.cdr_enable:
            return
        for module in self._services.modules:
            if module.name == _TRACKER and isinstance(module, TellsOfCalls):
                module.on_call_ended(self.ended)
                return
        raise SettingsError(["modules.acc.cdr_enable: the module dialog is not loaded"])

    def ended(self, call: EndedCall) -> None:
        """A call is over."""
        settings = self._settings
        if not self._is_wanted(call):
            return
        if not call.started:
            times = (call.ended, call.ended, 0.0)
        else:
            start = call.started if settings.cdr_start_on_confirmed else call.created
            times = (start, call.ended, max(0.0, call.ended - start))
        variables = self._services.variables
        extra = [(name, variables.get(call.context, text)) for name, text in self._extra]
        if settings.cdr_log_enable:
            self._write_line(times, bool(call.started), extra)
        table = self.table
        if table is not None and self.write_row is not None:
            row: dict[str, Any] = dict(zip(table.times, times, strict=True))
            row.update((name, self._column(value)) for name, value in extra)
            self.write_row(table.name, row)

    def _is_wanted(self, call: EndedCall) -> bool:
        settings = self._settings
        if settings.cdr_skip and settings.cdr_skip in call.variables:
            return False
        if not call.started:
            return bool(settings.cdr_on_failed)
        return not call.expired or bool(settings.cdr_expired_dlg_enable)

    def _write_line(self, times: tuple[float, float, float], answered: bool, extra: Pairs) -> None:
        settings = self._settings
        start, end, duration = times
        values: Pairs = [
            (settings.cdr_start_id, f"{start:.3f}"),
            (settings.cdr_end_id, f"{end:.3f}"),
            (settings.cdr_duration_id, f"{duration:.3f}" if answered else "0"),
            *extra,
        ]
        line = "; ".join([f"{name}={'' if value is None else value}" for name, value in values])
        log.log(settings.python_level, "%s", line)

    def _column(self, value: PvValue) -> str | None:
        if value is None:
            return None if self._settings.cdr_extra_nullable else ""
        return str(value)

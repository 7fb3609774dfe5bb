"""Keep-alives: OPTIONS within a dialog to the ends that have the property, to learn whether they are still there."""

import logging
from functools import partial
from typing import Final

from luasip.kemi.context import Services
from luasip.modules.dialog.dialog import KEEP_ALIVE_CALLEE, KEEP_ALIVE_CALLER, Dialog, Side, State
from luasip.modules.dialog.life import Life
from luasip.modules.dialog.requests import InDialogRequests
from luasip.modules.dialog.settings import DialogSettings
from luasip.sip.message import Response

log = logging.getLogger("luasip.dialog")

_PROPERTY: Final = {Side.CALLER: KEEP_ALIVE_CALLER, Side.CALLEE: KEEP_ALIVE_CALLEE}
_GONE: Final = frozenset((408, 481))


class KeepAlive:
    """Looks through the dialogs every ka_timer seconds."""

    def __init__(
        self, settings: DialogSettings, services: Services, life: Life, requests: InDialogRequests
    ) -> None:
        self._settings = settings
        self._services = services
        self._life = life
        self._requests = requests

    def start(self) -> None:
        """Look from now on, if the settings ask for it."""
        if self._settings.ka_timer > 0 and self._settings.ka_interval > 0:
            self._services.every(float(self._settings.ka_timer), self.look, "dialog.keep_alive")

    def look(self) -> None:
        """Send what is due."""
        now, interval = self._services.now(), self._settings.ka_interval
        if interval <= 0:
            return
        for dialog in self._life.table.all():
            if dialog.state is not State.CONFIRMED or now < dialog.keep_alive_at + interval:
                continue
            dialog.keep_alive_at = now
            for side, wanted in _PROPERTY.items():
                if dialog.properties & wanted:
                    self._requests.send(
                        dialog, side, "OPTIONS", completed=partial(self._answered, dialog, side)
                    )

    def _answered(self, dialog: Dialog, side: Side, status: int, response: Response | None) -> None:
        if response is not None and status not in _GONE:
            dialog.keep_alive_failures[side] = 0
            return
        failures = dialog.keep_alive_failures.get(side, 0) + 1
        dialog.keep_alive_failures[side] = failures
        if failures >= self._settings.ka_failed_limit and dialog.is_answered:
            log.info("the %s of dialog %s seems to be gone: %d", side.value, dialog.call_id, status)
            self._life.fade(dialog)

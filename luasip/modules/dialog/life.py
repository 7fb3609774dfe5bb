"""What happens to a dialog: the changes of its state, and what follows from each.

    UNCONFIRMED -1xx-> EARLY -2xx-> UNACKNOWLEDGED -ACK-> CONFIRMED -BYE, timeout-> DELETED
         `--------------'----- 300 to 699, no answer at all, BYE ------------------>'

Counts, sets deadlines, calls the script back and has the change written. Finds no dialog and reads no message; who
sends BYE for a dialog that has timed out is told in `send_byes`.
"""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from luasip.kemi.context import Services, Source
from luasip.modules.dialog.deadlines import Deadlines
from luasip.modules.dialog.dialog import NO_TIMEOUT_RESET, SEND_BYE, Dialog, State
from luasip.modules.dialog.profiles import Profiles
from luasip.modules.dialog.settings import DialogSettings
from luasip.modules.dialog.table import DialogTable
from luasip.sip.message import Request, Response

log = logging.getLogger("luasip.dialog")

CURRENT: Final = "dialog.current"
"""Attribute of a context that holds its dialog."""

_LINGER: Final = 10.0
"""Seconds for which a dialog that has ended is known, so that what is still under way in it is recognized."""

GRACE: Final = 10.0
"""Seconds a dialog has left when an end of it seems to be gone."""


class Journal(Protocol):
    """What is told of changes that are to be in the database."""

    def changed(self, dialog: Dialog) -> None:
        """A dialog is not as it was."""
        ...

    def removed(self, dialog: Dialog) -> None:
        """A dialog has ended."""
        ...


class Life:
    """See the module's docstring. Methods may be called from any thread."""

    def __init__(
        self, settings: DialogSettings, services: Services, table: DialogTable, profiles: Profiles
    ) -> None:
        self.table = table
        self.profiles = profiles
        self.journal: Journal | None = None
        self.send_byes: Callable[[Dialog], bool]
        """Ends a dialog by BYE to both sides; False when there is nobody to send one to."""
        self.told_end: list[Callable[[Dialog, Request | Response | None, Source | None, bool], None]] = []
        """Told of each dialog that has ended, by which message from where, and whether it has timed out."""
        self._settings = settings
        self._services = services
        self._deadlines = Deadlines(services, self._due)

    # Beginning

    def begin(self, dialog: Dialog) -> None:
        """Track a dialog from now on."""
        dialog.created = self._services.wall_clock()
        self.table.add(dialog)
        self._services.count("dialog:processed_dialogs")
        self._deadlines.set(dialog, self._services.now() + self._settings.early_timeout)

    def resume(self, dialog: Dialog, remaining: float) -> bool:
        """Track a dialog the database has kept, with this many seconds left. False when it is tracked already."""
        now = self._services.now()
        dialog.started_at = now - max(0.0, self._services.wall_clock() - dialog.started)
        dialog.timeout_at = now + max(0.0, remaining)
        dialog.keep_alive_at = now
        if not self.table.add(dialog):
            return False
        self._services.count("dialog:processed_dialogs")
        self._services.count("dialog:active_dialogs")
        self._look_at_timeout(dialog)
        return True

    def ringing(self, dialog: Dialog) -> None:
        """A provisional response went to the caller."""
        with self.table.lock:
            if dialog.state is not State.UNCONFIRMED:
                return
            dialog.state = State.EARLY
        self._services.count("dialog:early_dialogs")

    def answered(
        self, dialog: Dialog, message: Request | Response, source: Source | None, learn: Callable[[], None]
    ) -> None:
        """A 2xx went to the caller; `learn` reads what it says of the callee. One that came again is ignored."""
        with self.table.lock:
            before = dialog.state
            if before > State.EARLY:
                return
            learn()
            dialog.state = State.UNACKNOWLEDGED
            dialog.started = self._services.wall_clock()
            dialog.started_at = self._services.now()
            dialog.timeout_at = dialog.started_at + dialog.lifetime
            dialog.keep_alive_at = dialog.started_at
        if before is State.EARLY:
            self._services.count("dialog:early_dialogs", -1)
        self._services.count("dialog:active_dialogs")
        self._look_at_timeout(dialog)
        self.changed(dialog)
        self._tell(dialog, "dialog:start", message, source)

    def acknowledged(self, dialog: Dialog) -> None:
        """The ACK for the 2xx came."""
        with self.table.lock:
            if dialog.state is not State.UNACKNOWLEDGED:
                return
            dialog.state = State.CONFIRMED
        self._look_at_timeout(dialog)
        self.changed(dialog)

    # Changes

    def changed(self, dialog: Dialog) -> None:
        """Have the database told, if the dialog is one it keeps."""
        if self.journal is not None and dialog.is_answered:
            self.journal.changed(dialog)

    def set_timeout(self, dialog: Dialog, seconds: int) -> None:
        """Give a dialog this many seconds, from now on when it is answered, else from its answer on."""
        with self.table.lock:
            dialog.lifetime = seconds
            answered = dialog.is_answered
            if answered:
                dialog.timeout_at = self._services.now() + seconds
        if answered:
            self._look_at_timeout(dialog)
            self.changed(dialog)

    def used(self, dialog: Dialog) -> None:
        """A request within the dialog: its time begins anew, unless it may not."""
        fixed = self._settings.timeout_noreset or dialog.properties & NO_TIMEOUT_RESET
        if dialog.state is State.CONFIRMED:
            if not fixed:
                with self.table.lock:
                    dialog.timeout_at = self._services.now() + dialog.lifetime
                self._look_at_timeout(dialog)
            self.changed(dialog)

    def fade(self, dialog: Dialog) -> None:
        """An end of it seems to be gone: it times out soon, and with BYE."""
        with self.table.lock:
            dialog.properties |= SEND_BYE
            dialog.timeout_at = min(dialog.timeout_at, self._services.now() + GRACE)
        self._look_at_timeout(dialog)

    def _look_at_timeout(self, dialog: Dialog) -> None:
        at = dialog.timeout_at
        noack_at = self._noack_at(dialog)
        if dialog.state is State.UNACKNOWLEDGED and noack_at > self._services.now():
            at = min(at, noack_at)
        self._deadlines.set(dialog, at)

    def _noack_at(self, dialog: Dialog) -> float:
        return dialog.started_at + self._settings.noack_timeout

    # The end

    def failed(
        self, dialog: Dialog, message: Request | Response | None, source: Source | None = None
    ) -> None:
        """It was not answered, or refused."""
        before = self._delete(dialog, State.EARLY)
        if before is None:
            return
        self._tell_failed(dialog, message, source)

    def _tell_failed(self, dialog: Dialog, message: Request | Response | None, source: Source | None) -> None:
        self._services.count("dialog:failed_dialogs")
        for told in self.told_end:
            told(dialog, message, source, False)
        self._tell(dialog, "dialog:failed", message, source)

    def ended(
        self,
        dialog: Dialog,
        message: Request | Response | None = None,
        source: Source | None = None,
        expired: bool = False,
    ) -> None:
        """An answered dialog is over: by the BYE `message`, by one of ours, or because its time is."""
        before = self._delete(dialog, State.CONFIRMED)
        if before is None:
            return
        if before <= State.EARLY:
            self._tell_failed(dialog, message, source)
            return
        if expired:
            self._services.count("dialog:expired_dialogs")
        for told in self.told_end:
            told(dialog, message, source, expired)
        self._tell(dialog, "dialog:end", message, source)

    def _delete(self, dialog: Dialog, last: State) -> State | None:
        """Mark it as over; the state it was in, None when it was beyond `last` already."""
        with self.table.lock:
            before = dialog.state
            if before > last:
                return None
            dialog.state = State.DELETED
            dialog.ended = self._services.wall_clock()
            dialog.ended_at = self._services.now()
        if before is State.EARLY:
            self._services.count("dialog:early_dialogs", -1)
        elif before > State.EARLY:
            self._services.count("dialog:active_dialogs", -1)
        self.profiles.leave(dialog)
        if self.journal is not None:
            self.journal.removed(dialog)
        self._deadlines.set(dialog, dialog.ended_at + min(_LINGER, self._settings.end_timeout))
        return before

    def force(self, dialog: Dialog, state: State) -> None:
        """Put a dialog into a state by hand: nobody is told and nothing is sent."""
        if state is State.DELETED:
            self._delete(dialog, State.CONFIRMED)
            return
        with self.table.lock:
            before, dialog.state = dialog.state, state
            if state > State.EARLY and not dialog.started:
                dialog.started = self._services.wall_clock()
                dialog.started_at = self._services.now()
                dialog.timeout_at = dialog.started_at + dialog.lifetime
        self._count_move(before, state)
        if dialog.is_answered:
            self._look_at_timeout(dialog)
        self.changed(dialog)

    def _count_move(self, before: State, after: State) -> None:
        for state, step in ((before, -1), (after, 1)):
            if state is State.EARLY:
                self._services.count("dialog:early_dialogs", step)
            elif state in (State.UNACKNOWLEDGED, State.CONFIRMED):
                self._services.count("dialog:active_dialogs", step)

    # Deadlines

    def _due(self, dialog: Dialog) -> None:
        now = self._services.now()
        if dialog.state is State.DELETED:
            self.table.remove(dialog)
        elif dialog.state <= State.EARLY:
            log.info("dialog %s has no final answer after %d s", dialog.call_id, self._settings.early_timeout)
            self.failed(dialog, None)
        elif dialog.timeout_at > now:
            if dialog.state is State.UNACKNOWLEDGED and now >= self._noack_at(dialog):
                self.fade(dialog)
            else:
                self._look_at_timeout(dialog)
        else:
            self._expire(dialog)

    def _expire(self, dialog: Dialog) -> None:
        log.info("dialog %s has timed out", dialog.call_id)
        if dialog.timeout_route:
            self._tell(dialog, dialog.timeout_route, None, None)
        if (self._settings.send_bye or dialog.properties & SEND_BYE) and self.send_byes(dialog):
            self._services.count("dialog:expired_dialogs")
            return
        self.ended(dialog, expired=True)

    def _tell(
        self, dialog: Dialog, event: str, message: Request | Response | None, source: Source | None
    ) -> None:
        if self._settings.event_callback:
            self._services.run_event(self._settings.event_callback, event, message, {CURRENT: dialog}, source)

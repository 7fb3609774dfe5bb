"""The dialog module: its parts put together, started and stopped. What they do stands in the files beside this one."""

import secrets
from collections.abc import Callable

from luasip.errors import SettingsError, StorageError
from luasip.kemi.context import Services, Source
from luasip.kemi.ended_call import EndedCall
from luasip.modules.dialog.bridge import Bridge
from luasip.modules.dialog.commands import DialogCommands
from luasip.modules.dialog.dialog import Dialog
from luasip.modules.dialog.ending import context_of
from luasip.modules.dialog.keep_alive import KeepAlive
from luasip.modules.dialog.keeping import Keeping
from luasip.modules.dialog.life import Life
from luasip.modules.dialog.profile_functions import ProfileFunctions
from luasip.modules.dialog.profiles import Profiles, profile_names
from luasip.modules.dialog.request_functions import RequestFunctions
from luasip.modules.dialog.requests import InDialogRequests
from luasip.modules.dialog.settings import DialogSettings, check
from luasip.modules.dialog.table import DialogTable
from luasip.modules.dialog.tracking import Tracking
from luasip.modules.dialog.tracking_functions import TrackingFunctions
from luasip.modules.dialog.variable_functions import VariableFunctions
from luasip.modules.rr import Rr
from luasip.sip.message import Request, Response


class DialogModule(TrackingFunctions, VariableFunctions, ProfileFunctions, RequestFunctions, DialogCommands):
    """dialog: calls from INVITE to BYE."""

    name = "dialog"
    uses = ("rr",)

    Settings = DialogSettings
    changeable = (
        *("dlg_match_mode", "detect_spirals", "default_timeout", "timeout_avp", "timeout_noreset"),
        *("early_timeout", "noack_timeout", "end_timeout", "send_bye", "dlg_extra_hdrs"),
        *("lreq_callee_headers", "event_callback", "ka_interval", "ka_failed_limit"),
        *("bridge_controller", "bridge_contact"),
    )

    def __init__(self, settings: DialogSettings, services: Services, rr: Rr) -> None:
        """Raises SettingsError for values there are not and a database that cannot be opened."""
        check(settings)
        self.settings = settings
        self._services = services
        self._table = DialogTable(
            settings.hash_size, settings.h_id_start, settings.h_id_step, secrets.randbelow
        )
        self._profiles = Profiles(
            profile_names(settings.profiles_with_value), profile_names(settings.profiles_no_value)
        )
        self._life = Life(settings, services, self._table, self._profiles)
        self._tracking = Tracking(settings, services, rr, self._life)
        self._requests = InDialogRequests(settings, services, self._life)
        self._life.send_byes = self._requests.bye_all
        self._bridge = Bridge(settings, services, self._requests)
        self._keep_alive = KeepAlive(settings, services, self._life, self._requests)
        self._keeping = self._open_database()
        rr.on_followed(self._tracking.followed)

    def _open_database(self) -> Keeping | None:
        if not self.settings.db_mode:
            return None
        try:
            return Keeping(self.settings, self._services, self._life)
        except StorageError as error:
            raise SettingsError([f"modules.dialog.db_url: {error}"]) from error

    def start(self) -> None:
        """Load dialogs, then hear of transactions. Raises StorageError."""
        for name in ("active", "early", "processed", "expired", "failed"):
            self._services.count(f"dialog:{name}_dialogs", 0)
        if self._keeping is not None:
            self._keeping.start()
        self._services.transactions.observe(self._tracking)
        if self.settings.flag:
            self._services.transactions.on_created(self._tracking.created)
        self._keep_alive.start()

    def settings_changed(self) -> None:
        """Refuse values there are not. SettingsError."""
        check(self.settings)

    def stop(self) -> None:
        """Write what the database does not know yet."""
        if self._keeping is not None:
            self._keeping.stop()

    def _waiting(self) -> int:
        return 0 if self._keeping is None else self._keeping.waiting

    # For other modules

    def on_call_ended(self, told: Callable[[EndedCall], None]) -> None:
        """Tell `told` of every dialog that has ended, answered or not; call it before messages come."""

        def ended(
            dialog: Dialog, message: Request | Response | None, source: Source | None, expired: bool
        ) -> None:
            ctx = context_of(dialog, message, source, self._services)
            told(
                EndedCall(dialog.created, dialog.started, dialog.ended, expired, dialog.variables.copy(), ctx)
            )

        self._life.told_end.append(ended)

"""What the mixins of the module share: the parts it is put together from, and how a function finds its dialog."""

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module
from luasip.modules.dialog.bridge import Bridge
from luasip.modules.dialog.dialog import Dialog
from luasip.modules.dialog.life import Life
from luasip.modules.dialog.profiles import Profiles
from luasip.modules.dialog.requests import InDialogRequests
from luasip.modules.dialog.settings import DialogSettings
from luasip.modules.dialog.table import DialogTable
from luasip.modules.dialog.tracking import Tracking


class Parts(Module):
    """Set by the module's constructor."""

    settings: DialogSettings
    _services: Services
    _table: DialogTable
    _profiles: Profiles
    _life: Life
    _tracking: Tracking
    _requests: InDialogRequests
    _bridge: Bridge

    def _dialog(self, ctx: RouteContext) -> Dialog | None:
        """The dialog of the context."""
        return self._tracking.current(ctx)

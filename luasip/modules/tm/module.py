"""The tm module, put together of its functions. How transactions work only luasip.kemi.transactions knows."""

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import function
from luasip.modules.tm.behaviour_functions import BehaviourFunctions
from luasip.modules.tm.callback_functions import CallbackFunctions
from luasip.modules.tm.commands import TransactionCommands
from luasip.modules.tm.contact_functions import ContactFunctions
from luasip.modules.tm.relay_functions import RelayFunctions
from luasip.modules.tm.reply_functions import ReplyFunctions
from luasip.modules.tm.settings import CHANGEABLE, TmSettings, layer_settings
from luasip.modules.tm.state_functions import StateFunctions
from luasip.modules.tm.status_functions import StatusFunctions


class Tm(
    # The reference shows the functions of the last class first.
    ContactFunctions,
    BehaviourFunctions,
    StatusFunctions,
    ReplyFunctions,
    CallbackFunctions,
    StateFunctions,
    RelayFunctions,
    TransactionCommands,
):
    """tm: stateful processing."""

    name = "tm"
    Settings = TmSettings  # type: ignore[assignment]
    changeable = CHANGEABLE

    def __init__(self, settings: TmSettings, services: Services) -> None:
        self.settings = settings
        self._services = services
        services.transactions.settings = layer_settings(settings)

    def start(self) -> None:
        """Count responses from now on."""

    def settings_changed(self) -> None:
        """New transactions follow the settings as they are now."""
        self._services.transactions.settings = layer_settings(self.settings)

    @function()
    def t_set_no_auto_ack(self, ctx: RouteContext, state: int) -> int:
        """Whether a 2xx to a request made here is left without automatic ACK.

        Args:
            state: 1 left to the script, 0 automatic.
        Returns: 1, or -1 without a transaction.
        """
        if ctx.transaction is None:
            return -1
        ctx.transaction.auto_ack = not state
        return 1

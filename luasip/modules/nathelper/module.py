"""The nathelper module: the functions of the files beside this one, put together, and pinging."""

from luasip.errors import CommandError
from luasip.kemi.context import Services
from luasip.kemi.declare import command
from luasip.modules.nathelper.contact_functions import ContactFunctions
from luasip.modules.nathelper.pinging import Pinger
from luasip.modules.nathelper.sdp_functions import SdpFunctions
from luasip.modules.nathelper.settings import NathelperSettings, check
from luasip.modules.usrloc import Usrloc


class Nathelper(ContactFunctions, SdpFunctions):
    """nathelper: reaching phones behind NAT."""

    name = "nathelper"
    uses = ("usrloc",)

    Settings = NathelperSettings

    def __init__(self, settings: NathelperSettings, services: Services, usrloc: Usrloc) -> None:
        """Raises SettingsError for values there are not."""
        check(settings, usrloc.nat_flag)
        super().__init__(settings, services)
        self._pinger = Pinger(settings, services, usrloc)

    def start(self) -> None:
        """Begin pinging when natping_interval asks for it."""
        if self.settings.natping_interval > 0:
            self._services.every(1.0, self._pinger.tick, "nathelper.natping")

    @command("nathelper.enable_ping")
    def enable_ping(self, value: int) -> None:
        """Switch pinging on (1) or off (0)."""
        if self.settings.natping_interval <= 0:
            raise CommandError(500, "NATping disabled")
        self._pinger.enabled = value != 0

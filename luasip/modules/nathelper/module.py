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
    changeable = (
        *("received_avp", "alias_name", "nat_addr_mode", "nortpproxy_str", "append_sdp_oldmediaip"),
        *("natping_interval", "ping_nated_only", "natping_disable_bflag", "sipping_bflag", "sipping_from"),
        *("sipping_method", "keepalive_timeout", "force_socket"),
    )

    def __init__(self, settings: NathelperSettings, services: Services, usrloc: Usrloc) -> None:
        """Raises SettingsError for values there are not."""
        check(settings, usrloc.nat_flag)
        super().__init__(settings, services)
        self._usrloc = usrloc
        self._pinger = Pinger(settings, services, usrloc)

    def start(self) -> None:
        """Begin pinging, which natping_interval asks for or not."""
        self._services.every(1.0, self._pinger.tick, "nathelper.natping")

    def settings_changed(self) -> None:
        """Refuse values there are not."""
        check(self.settings, self._usrloc.nat_flag)

    @command("nathelper.enable_ping")
    def enable_ping(self, value: int) -> None:
        """Switch pinging on (1) or off (0)."""
        if self.settings.natping_interval <= 0:
            raise CommandError(500, "NATping disabled")
        self._pinger.enabled = value != 0

"""The registrar module: the functions of the files beside this one, put together, and its event."""

from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.context import Services
from luasip.modules.registrar.contact_functions import ContactFunctions
from luasip.modules.registrar.lookup_functions import LookupFunctions
from luasip.modules.registrar.profiles import PROFILES, Profile
from luasip.modules.registrar.save_functions import SaveFunctions
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.usrloc import Contact, Usrloc

_EXPIRED_EVENT: Final = "usrloc:contact-expired"


class Registrar(SaveFunctions, LookupFunctions, ContactFunctions):
    """registrar: saving registrations and finding registered users."""

    name = "registrar"
    uses = ("usrloc",)

    Settings = RegistrarSettings
    changeable = (
        *("default_expires", "default_expires_range", "expires_range", "min_expires", "max_expires"),
        *("min_expires_mode", "max_contacts", "retry_after", "default_q", "append_branches", "received_avp"),
        *("received_param", "method_filtering", "use_path", "path_mode", "path_use_received"),
        *("path_check_local", "gruu_enabled", "outbound_mode", "regid_mode", "flow_timer"),
        *("contact_max_size", "sock_flag", "sock_hdr_name", "sock_mode", "xavp_cfg", "xavp_rcd"),
        *("xavp_rcd_mask", "event_callback"),
    )

    def __init__(self, settings: RegistrarSettings, services: Services, usrloc: Usrloc) -> None:
        """Raises SettingsError for values there are not."""
        _check(settings)
        super().__init__(settings, services, usrloc)

    def settings_changed(self) -> None:
        """Refuse values there are not."""
        _check(self.settings)

    def start(self) -> None:
        """Listen for expired contacts: a script may want to know of them."""
        self._usrloc.on_expired(self._on_expired)

    def _on_expired(self, table: str, contact: Contact) -> None:
        if not self.settings.event_callback:
            return
        expired = {"exp": Profile(table, contact.aor, (contact,))}
        self._services.run_event(self.settings.event_callback, _EXPIRED_EVENT, attributes={PROFILES: expired})


def _check(settings: RegistrarSettings) -> None:
    allowed = {
        "path_mode": (0, 2),
        "outbound_mode": (0, 2),
        "regid_mode": (0, 1),
        "min_expires_mode": (0, 1),
        "default_expires_range": (0, 100),
        "expires_range": (0, 100),
        "default_q": (-1, 1000),
        "sock_flag": (-1, 31),
        "flow_timer": (0, 999),
    }
    problems = [
        f"modules.registrar.{key}: {getattr(settings, key)} is not a number from {lowest} to {highest}"
        for key, (lowest, highest) in allowed.items()
        if not lowest <= getattr(settings, key) <= highest
    ]
    if settings.received_avp and not settings.received_avp.startswith("$avp("):
        problems.append(f"modules.registrar.received_avp: {settings.received_avp!r} is no AVP ($avp(name))")
    if problems:
        raise SettingsError(problems)

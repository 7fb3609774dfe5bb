"""pv: KSR.pv and the pseudo-variables of the message, the server and the script.

A class per topic, one file each; `Pv` puts them together. The notation and the transformations are not here
but in `luasip.kemi`, for every module may bring pseudo-variables.
"""

import os
import threading
from dataclasses import dataclass, field

from luasip.errors import SettingsError
from luasip.kemi.context import Services
from luasip.kemi.declare import command
from luasip.kemi.transformations.strings import to_integer
from luasip.kemi.wire_text import from_wire, to_wire
from luasip.modules.pv.addresses import AddressVariables
from luasip.modules.pv.branches import BranchVariables
from luasip.modules.pv.clock import ClockVariables
from luasip.modules.pv.credentials import CredentialVariables
from luasip.modules.pv.functions import Functions
from luasip.modules.pv.headers import HeaderVariables
from luasip.modules.pv.lists import ListVariables
from luasip.modules.pv.message import MessageVariables
from luasip.modules.pv.process import ProcessVariables
from luasip.modules.pv.request_uri import RequestUriVariables
from luasip.modules.pv.source import SourceVariables


class Pv(
    Functions,
    RequestUriVariables,
    AddressVariables,
    HeaderVariables,
    MessageVariables,
    SourceVariables,
    BranchVariables,
    CredentialVariables,
    ClockVariables,
    ListVariables,
    ProcessVariables,
):
    """pv: pseudo-variables."""

    name = "pv"

    @dataclass
    class Settings:
        """Start values of variables."""

        shvset: list[str] = field(default_factory=list)
        """Start values of $shv(…): "name=i:5" or "name=s:text"."""
        varset: list[str] = field(default_factory=list)
        """Start values of $var(…), written the same way."""
        avp_aliases: str = ""
        """"alias=name;…": other names of AVPs."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.started = services.wall_clock()
        self.host_name = os.uname().nodename
        self.shared = _start_values(settings.shvset, "shvset")
        self.shared_lock = threading.Lock()
        self.initial = _start_values(settings.varset, "varset")
        pairs = [item.partition("=") for item in settings.avp_aliases.split(";") if item.strip()]
        self.aliases = {alias.strip(): name.strip() for alias, _, name in pairs}

    @command("pv.shvGet")
    def get_shared(self, name: str = "") -> dict[str, str | int]:
        """Values of shared variables.

        Args:
            name: one variable; all when empty.
        Returns: name → value.
        """
        with self.shared_lock:
            found = dict(self.shared) if not name else {to_wire(name): self.shared.get(to_wire(name), 0)}
        return {from_wire(key): from_wire(v) if isinstance(v, str) else v for key, v in found.items()}

    @command("pv.shvSet")
    def set_shared(self, name: str, type: str, value: str) -> str:
        """Set a shared variable.

        Args:
            name: the variable.
            type: int or str.
            value: its value.
        Returns: "ok", or what is wrong.
        """
        number = to_integer(str(value))
        if type.startswith("i") and number is None:
            return f"{value!r} is no number"
        with self.shared_lock:
            self.shared[to_wire(name)] = (
                number if type.startswith("i") and number is not None else to_wire(str(value))
            )
        return "ok"


def _start_values(items: list[str], setting: str) -> dict[str, str | int]:
    """name → value of "name=i:5" and "name=s:text" items. Raises SettingsError."""
    found: dict[str, str | int] = {}
    for item in items:
        name, equals, rest = item.partition("=")
        kind, colon, text = rest.partition(":")
        number = to_integer(text.strip())
        if (
            not equals
            or not colon
            or kind.strip() not in ("i", "s")
            or (kind.strip() == "i" and number is None)
        ):
            raise SettingsError([f"modules.pv.{setting}: {item!r} is not name=i:number or name=s:text"])
        found[name.strip()] = number if kind.strip() == "i" and number is not None else to_wire(text)
    return found


__all__ = ["Pv"]

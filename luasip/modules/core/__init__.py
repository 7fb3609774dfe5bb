"""core: the functions directly in KSR: predicates, flags, destinations and the log.

A class per topic, one file each; `Core` puts them together under the empty module name.
"""

import threading

from luasip.kemi.context import Services
from luasip.kemi.declare import Module
from luasip.modules.core.destination import Destination
from luasip.modules.core.flags import Flags
from luasip.modules.core.logs import Logs
from luasip.modules.core.methods import Methods
from luasip.modules.core.myself import Myself
from luasip.modules.core.protocols import Protocols
from luasip.modules.core.sending import Sending


class Core(Methods, Protocols, Myself, Flags, Destination, Sending, Logs):
    """core: functions in KSR itself."""

    name = ""

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.script_flags = 0
        self.script_flags_lock = threading.Lock()


__all__ = ["Core"]

"""textops: searching and changing the text of the message, its headers and its body; comparing texts."""

from luasip.kemi.context import Services
from luasip.kemi.declare import Module
from luasip.modules.textops.bodies import Bodies
from luasip.modules.textops.headers import Headers
from luasip.modules.textops.regions import Regions
from luasip.modules.textops.texts import Texts


class Textops(Headers, Regions, Bodies, Texts):
    """textops: the text of the message."""

    name = "textops"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.settings = settings
        self.services = services


__all__ = ["Textops"]

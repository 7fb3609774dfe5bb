"""evapi: messages to and from programs that connect by TCP."""

from luasip.modules.evapi.module import Evapi

__all__ = ["Evapi"]

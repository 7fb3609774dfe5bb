"""tm: stateful processing of requests, on the server's transaction layer."""

from luasip.modules.tm.module import Tm

__all__ = ["Tm"]

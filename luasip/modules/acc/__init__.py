"""acc: accounting of requests and calls, in the log and in a database."""

from luasip.modules.acc.module import Acc
from luasip.modules.acc.settings import AccSettings

__all__ = ["Acc", "AccSettings"]

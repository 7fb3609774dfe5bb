"""cfgutils: waiting, locks by key, chance, global flags, and other small helps for scripts."""

from luasip.modules.cfgutils.locks import KeyLocks
from luasip.modules.cfgutils.module import Cfgutils

__all__ = ["Cfgutils", "KeyLocks"]

"""htable: shared tables of keys and values that scripts read and write."""

from luasip.modules.htable.module import Htable
from luasip.modules.htable.settings import HtableSettings
from luasip.modules.htable.table import HashTable

__all__ = ["HashTable", "Htable", "HtableSettings"]

"""usrloc: the location service: which contacts an address of record has registered."""

from luasip.modules.usrloc.contact import ALL_METHODS, Contact
from luasip.modules.usrloc.module import Usrloc
from luasip.modules.usrloc.settings import UsrlocSettings
from luasip.modules.usrloc.table import DbMode, LocationTable

__all__ = ["ALL_METHODS", "Contact", "DbMode", "LocationTable", "Usrloc", "UsrlocSettings"]

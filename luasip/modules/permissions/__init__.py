"""permissions: which addresses and callers are let in."""

from luasip.modules.permissions.module import Permissions
from luasip.modules.permissions.settings import PermissionsSettings

__all__ = ["Permissions", "PermissionsSettings"]

"""The sqlops module: SQL statements from the route script."""

from luasip.modules.sqlops.module import Sqlops

__all__ = ["Sqlops"]

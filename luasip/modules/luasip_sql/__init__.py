"""luasip.sql, and the named databases it shares with sqlops."""

from luasip.modules.luasip_sql.connections import Connections
from luasip.modules.luasip_sql.module import Sql

__all__ = ["Connections", "Sql"]

"""Databases, their tables and what is kept in them."""

from luasip.storage.database import Database, Transaction
from luasip.storage.databases import Databases
from luasip.storage.rows import Rows

__all__ = ["Database", "Databases", "Rows", "Transaction"]

"""Databases, their tables and what is kept in them."""

from luasip.storage.database import Database, Rows, Transaction
from luasip.storage.databases import Databases

__all__ = ["Database", "Databases", "Rows", "Transaction"]

"""The servers that are compared, set up alike: one UDP socket, a memory-only location table, the same script."""

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kamailio import Kamailio
from benchmarks.luasip_server import LuaSip
from benchmarks.workloads import MODULES, Workload
from tests.wire.process import free_port

ROUTE = Path(__file__).with_name("route.lua")
SETTINGS = """
[modules.registrar]
max_expires = 3600
"""
Server = LuaSip | Kamailio


@dataclass(frozen=True)
class Contestant:
    """A name, and how to make a server for a workload in a folder."""

    name: str
    make: Callable[[Workload, Path], Server]
    cores: float
    """Cores it can fill: one under Python's global lock, one a worker elsewhere."""


def subscribers(path: Path) -> None:
    """Write an SQLite database with the tables of Kamailio's auth_db and the user of the scenarios."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ha1 = hashlib.md5(b"caller:127.0.0.1:secret").hexdigest()
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE version (table_name VARCHAR(32) PRIMARY KEY, table_version INTEGER NOT NULL);
            INSERT INTO version VALUES ('subscriber', 7);
            CREATE TABLE subscriber (id INTEGER PRIMARY KEY, username VARCHAR(64) NOT NULL,
                domain VARCHAR(64) NOT NULL, password VARCHAR(64) NOT NULL, ha1 VARCHAR(128) NOT NULL,
                ha1b VARCHAR(128) NOT NULL);
            CREATE UNIQUE INDEX subscriber_user ON subscriber (username, domain);
            """
        )
        database.executemany(
            "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES (?, '127.0.0.1', ?, ?, '')",
            [("caller", "secret", ha1), *((f"user{number}", "", "") for number in range(1000))],
        )
    database.close()


def luasip(name: str, source: Path) -> Contestant:
    """The LuaSIP in a source tree."""

    def make(workload: Workload, folder: Path) -> LuaSip:
        settings = SETTINGS
        if workload.auth:
            subscribers(folder / "users.db")
            settings += f'[modules.auth]\n[modules.auth_db]\ndb_url = "sqlite:///{folder}/users.db"\n'
        return LuaSip(folder, ROUTE, free_port(), source, settings, workload.tcp)

    return Contestant(name, make, 1.0)


def kamailio(children: int) -> Contestant:
    """Kamailio with so many workers."""

    def make(workload: Workload, folder: Path) -> Kamailio:
        modules = list(MODULES)
        parameters = [
            'modparam("registrar", "max_expires", 3600)',
            'modparam("usrloc", "preload", "location")',
        ]
        if workload.auth:
            subscribers(folder / "users.db")
            modules += ["db_sqlite", "auth", "auth_db"]
            parameters.append(f'modparam("auth_db", "db_url", "sqlite:///{folder}/users.db")')
            parameters.append('modparam("auth_db", "load_credentials", "")')
        return Kamailio(folder, ROUTE, free_port(), children, modules, parameters, workload.tcp)

    return Contestant("Kamailio", make, float(children))

"""The private server that is attacked: its users, its configurations, and what it has counted.

It listens on 127.0.0.10, so that 127.0.0.1, where the attack comes from, is not its own address.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from luasip.sip.digest import compute_ha1
from luasip.storage import Databases
from luasip.storage.tables import subscriber_table
from security.tools import Target
from tests.wire.peer import Peer
from tests.wire.process import ROOT, Served

HOST = "127.0.0.10"
WATCHER = "127.0.0.9"
"""Asks for the counters; to nobody else the server tells them."""
PHONE_USER = "1004"
VICTIM_USER = "1007"
"""Has a password from the word list."""
USERS = ("1002", PHONE_USER, VICTIM_USER)
WORDS = 10_000
_VICTIM_WORD = 3_000

_COUNTERS = f"""
local route_of_the_script = ksr_request_route
function ksr_request_route()
    if KSR.kx.get_srcip() == "{WATCHER}" and KSR.is_OPTIONS() then
        for _, name in ipairs({{ "wrong_passwords", "refused_guesses" }}) do
            local count = KSR.pv.get("$stat(auth:" .. name .. ")") or 0
            KSR.hdr.append_to_reply("X-" .. name .. ": " .. count .. "\\r\\n")
        end
        KSR.sl.send_reply(200, "Counters")
        return
    end
    route_of_the_script()
end
"""


_LEAK = """
local route_that_tells_nothing = ksr_request_route
function ksr_request_route()
    if KSR.is_REGISTER() and KSR.auth_db.is_subscriber(KSR.kx.get_turi(), "subscriber", 0) < 0 then
        KSR.sl.send_reply(404, "Not Found")
        return
    end
    route_that_tells_nothing()
end
"""


@dataclass(frozen=True)
class Configuration:
    """A way to set the server up."""

    name: str
    meaning: str
    settings: str
    script: str = ""
    """Lua put behind lua/default.lua."""
    is_judged: bool = True
    """False for the one that only shows that the tools work."""


_NO_FLOOD_LIMIT = "[modules.pike]\nreqs_density_per_unit = 1000000\n[server.overload]\nlate = 0.0\n"
"""Every guess arrives and is answered, so that only the limit on guessing holds."""


def configurations(folder: Path) -> tuple[Configuration, ...]:
    """Unprotected, default and hardened, with the users of a database in `folder`."""
    passwords = f'[modules.auth_db]\ndb_url = "sqlite:///{folder}/users.db"\n'
    return (
        Configuration(
            "unprotected",
            "no limit on guessing and floods, and REGISTER tells who is a user: shows that the tools work",
            f"{passwords}[modules.auth]\nguess_limit = 0\nguess_limit_address = 0\nguess_limit_user = 0\n"
            f"{_NO_FLOOD_LIMIT}",
            _LEAK,
            is_judged=False,
        ),
        Configuration(
            "default",
            "lua/default.lua with passwords, nothing else set; no flood limit, so that every guess arrives",
            f"{passwords}{_NO_FLOOD_LIMIT}",
        ),
        Configuration(
            "hardened",
            "as in docs/security.md: private, addresses that flood or are refused are banned",
            f"{passwords}[modules.auth]\nnonce_count = 1\n[define]\nPRIVATE = true\n"
            "[modules.pike]\nreqs_density_per_unit = 60\n[modules.htable]\n"
            'htable = ["ipban=>size=8;autoexpire=300;", "ipstrikes=>size=8;autoexpire=60;initval=0;"]\n',
        ),
    )


def words() -> list[str]:
    """The word list, each word as people choose them: a name and a number."""
    names = [
        a + b for a in ("ab", "be", "ca", "do", "el", "fi", "ga", "ho", "in", "ju") for b in "nrstlmkdpy"
    ]
    return [f"{name}{number}" for number in range(100) for name in names]


def password_of(user: str) -> str:
    """The victim's stands in the list, the others' are long and by chance."""
    return words()[_VICTIM_WORD] if user == VICTIM_USER else f"{user}-Q7d0kPz3Lw9v"


def make_users(folder: Path) -> None:
    """The table of users, with hashes."""
    databases = Databases()
    databases.open(f"sqlite:///{folder}/users.db").create_table(subscriber_table("subscriber"))
    databases.close()
    with sqlite3.connect(folder / "users.db") as connection:
        for user in USERS:
            row = (user, HOST, compute_ha1(user, HOST, password_of(user)))
            connection.execute("insert into subscriber (username, domain, ha1) values (?, ?, ?)", row)
    connection.close()


class Counters:
    """What the server has counted since the last look."""

    def __init__(self, target: Target) -> None:
        self._peer = Peer((target.host, target.port), timeout=20.0, local=WATCHER)
        self._last = (0, 0)
        self.look()

    def look(self) -> tuple[int, int]:
        """(wrong passwords looked at, guesses refused unseen) since the last look."""
        answer = self._peer.ask(self._peer.request("OPTIONS", ""))
        found = [answer.first(f"x-{name}") for name in ("wrong_passwords", "refused_guesses")]
        now = tuple(0 if line is None else int(line.value) for line in found)
        since = (now[0] - self._last[0], now[1] - self._last[1])
        self._last = (now[0], now[1])
        return since

    def close(self) -> None:
        """End it."""
        self._peer.socket.close()


@contextmanager
def running(configuration: Configuration, folder: Path) -> Iterator[Target]:
    """The server, with one configuration."""
    script = (ROOT / "lua/default.lua").read_text("utf-8") + configuration.script + _COUNTERS
    place = folder / configuration.name
    with Served(place, configuration.settings, script, [f"udp:{HOST}:5060", f"tcp:{HOST}:5060"]) as served:
        yield Target(HOST, served.port)

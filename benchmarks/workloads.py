"""What is asked of the servers when they are compared."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """One kind of call. The scenarios are files in scenarios/."""

    name: str
    title: str
    caller: str
    callee: str = ""
    """Scenario of who is called; "" where the server itself answers."""
    rates: tuple[int, ...] = (1000,)
    """Calls a second that are compared."""
    tcp: bool = False
    auth: bool = False
    users: int = 1000
    """user0, user1 …: whom a scenario that uses [field0] is about."""


WORKLOADS = (
    Workload("options", "OPTIONS, answered", "options", rates=(1000,)),
    Workload("register", "REGISTER, saved", "register", rates=(1000,)),
    Workload("message", "MESSAGE, relayed", "message", "message_callee", rates=(500,)),
    Workload("invite", "INVITE and BYE", "invite", "invite_callee", rates=(300, 1000, 2000)),
    Workload(
        "auth", "INVITE and BYE, digest from SQLite", "invite_auth", "invite_callee", rates=(300,), auth=True
    ),
    Workload("tcp", "INVITE and BYE over TCP", "invite", "invite_callee", rates=(300,), tcp=True),
)

MODULES = (
    "kex", "tm", "tmx", "sl", "rr", "pv", "maxfwd", "usrloc", "registrar", "textops", "siputils", "corex", "sanity",
    "kemix",
)  # fmt: skip
"""Kamailio's modules for route.lua; LuaSIP loads its own by itself."""

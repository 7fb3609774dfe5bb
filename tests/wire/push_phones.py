"""Two pjsua2 phones of which one sleeps: alice calls bob, whose phone registers when it is woken.

usage: python -m tests.wire.push_phones SERVER        (its host:port; alice speaks UDP, bob TCP)

A line on standard input wakes bob's phone. Prints what happened as one JSON object.
"""

import json
import select
import sys
from typing import Any

import pjsua2 as pj

from tests.wire.phones import Phone, converse, endpoint, phone, pump


class Sleeping:
    """The endpoint of both phones; a line on standard input lets bob's register."""

    def __init__(self, started: Any, bob: Phone) -> None:
        self._started = started
        self._bob = bob
        self.woken = 0

    def libHandleEvents(self, milliseconds: int) -> None:
        if select.select([sys.stdin], [], [], 0)[0] and sys.stdin.readline():
            self.woken += 1
            self._bob.setRegistration(True)
        self._started.libHandleEvents(milliseconds)


def main(server: str) -> dict[str, Any]:
    """One call that wakes bob, and one when he is awake."""
    started, transports = endpoint()
    found = use_phones(started, transports, server)  # the phones must be gone before their library
    started.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
    return found


def use_phones(started: Any, transports: dict[str, int], server: str) -> dict[str, Any]:
    """What was seen."""
    alice = phone("alice", server, "udp", transports["udp"])
    bob = phone("bob", server, "tcp", transports["tcp"], awake=False)
    pump(started, lambda: alice.registration)
    sleeping = Sleeping(started, bob)
    found: dict[str, Any] = {"asleep": bob.registration}
    found["first"] = converse(sleeping, alice, bob, server)
    found["bob"] = bob.registration
    found["second"] = converse(sleeping, alice, bob, server)
    found["woken"] = sleeping.woken
    for one in (alice, bob):
        one.shutdown()
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])), flush=True)

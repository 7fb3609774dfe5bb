"""Drives a machine by its own timer, as a server would."""

from luasip.transaction.client import NonInviteClient
from luasip.transaction.client_invite import InviteClient
from luasip.transaction.outputs import describe
from luasip.transaction.server import NonInviteServer
from luasip.transaction.server_invite import InviteServer

AnyMachine = InviteClient | NonInviteClient | InviteServer | NonInviteServer


def timeline(machine: AnyMachine, until: float = 1e6) -> list[tuple[float, str]]:
    """(instant, step in words) for each firing of the machine's timer up to `until`."""
    events: list[tuple[float, str]] = []
    while machine.timer_at <= until:
        instant = machine.timer_at
        events.append((round(instant, 6), describe(machine.on_timer(instant))))
    return events

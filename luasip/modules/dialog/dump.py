"""Dialogs as the RPC commands show them, in Kamailio's shape."""

from collections.abc import Callable
from typing import Any, Final

from luasip.modules.dialog.dialog import Dialog, Leg, State

_BRIEF: Final[dict[str, tuple[str, Callable[[Dialog], str | int]]]] = {
    "f": ("from_uri", lambda dialog: dialog.from_uri),
    "t": ("to_uri", lambda dialog: dialog.to_uri),
    "c": ("call-id", lambda dialog: dialog.call_id),
    "F": ("from_tag", lambda dialog: dialog.caller.tag),
    "T": ("to_tag", lambda dialog: dialog.callee.tag),
    "I": ("init_ts", lambda dialog: int(dialog.created)),
    "S": ("start_ts", lambda dialog: int(dialog.started)),
    "E": ("end_ts", lambda dialog: int(dialog.ended)),
    "s": ("state", lambda dialog: int(dialog.state)),
}


def dump_dialog(dialog: Dialog, now: float, wall_clock: float) -> dict[str, Any]:
    """Everything about one; `now` monotonic, `wall_clock` seconds since the epoch."""
    timeout = int(wall_clock + dialog.timeout_at - now) if dialog.timeout_at else 0
    return {
        **{"h_entry": dialog.entry, "h_id": dialog.number, "ref": 1, "call-id": dialog.call_id},
        **{"from_uri": dialog.from_uri, "to_uri": dialog.to_uri, "state": int(dialog.state)},
        **{"start_ts": int(dialog.started), "init_ts": int(dialog.created), "end_ts": int(dialog.ended)},
        **{"duration": dialog.duration(now), "timeout": timeout, "lifetime": dialog.lifetime, "dflags": 0},
        **{"sflags": dialog.script_flags, "iflags": dialog.properties},
        "caller": _leg(dialog.caller, True),
        "callee": _leg(dialog.callee, dialog.state > State.EARLY),
        "profiles": [{name: value} if value else name for name, value in dialog.profiles],
        "variables": [{name: value} for name, value in dialog.variables.items()],
    }


def _leg(leg: Leg, is_known: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        **{"tag": leg.tag, "contact": leg.contact, "cseq": str(leg.cseq)},
        **{"route_set": leg.route_set, "socket": leg.socket},
    }
    return values if is_known else dict.fromkeys(values)


def brief(dialog: Dialog, attributes: str) -> dict[str, Any]:
    """Identity and the wanted fields of one, by the letters of dlg.briefing."""
    shown: dict[str, Any] = {"h_entry": dialog.entry, "h_id": dialog.number}
    for letter, (name, value) in _BRIEF.items():
        if letter in attributes:
            shown[name] = value(dialog)
    return shown

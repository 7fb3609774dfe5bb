"""The RPC commands."""

from collections.abc import Callable
from typing import Any, Final

from luasip.errors import CommandError, PatternError
from luasip.kemi.declare import command
from luasip.kemi.posix_regex import compile_posix
from luasip.modules.dialog.bridge import ON_HOLD
from luasip.modules.dialog.dialog import Dialog, Side, State
from luasip.modules.dialog.dump import brief, dump_dialog
from luasip.modules.dialog.parts import Parts

_KEYS: Final[dict[str, Callable[[Dialog], str]]] = {
    "ruri": lambda dialog: dialog.request_uri,
    "furi": lambda dialog: dialog.from_uri,
    "turi": lambda dialog: dialog.to_uri,
    "callid": lambda dialog: dialog.call_id,
    "start_ts": lambda dialog: str(int(dialog.started)),
}
_COMPARISONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "eq": lambda value, wanted: value == wanted,
    "sw": lambda value, wanted: value.startswith(wanted),
}
_NUMBERS: Final[dict[str, Callable[[int, int], bool]]] = {
    "gt": lambda value, wanted: value > wanted,
    "lt": lambda value, wanted: value < wanted,
}
_STATISTICS: Final = {
    "starting": State.UNCONFIRMED,
    "connecting": State.EARLY,
    "answering": State.UNACKNOWLEDGED,
    "ongoing": State.CONFIRMED,
}
_IGNORED: Final = "."


class DialogCommands(Parts):
    """dlg.*"""

    @command("dlg.list")
    def list_all(self) -> Any:
        """Every dialog, those that have just ended among them."""
        return [self._shown(dialog) for dialog in self._table.all()]

    @command("dlg.list_ctx")
    def list_all_ctx(self) -> Any:
        """As dlg.list."""
        return self.list_all()

    @command("dlg.dlg_list")
    def list_one(self, callid: str, from_tag: str = "") -> Any:
        """One dialog by its Call-ID, and by the caller's tag where several have it."""
        for dialog in self._table.by_call_id(callid):
            if not from_tag or dialog.caller.tag == from_tag:
                return self._shown(dialog)
        return {}

    @command("dlg.dlg_list_ctx")
    def list_one_ctx(self, callid: str, from_tag: str = "") -> Any:
        """As dlg.dlg_list."""
        return self.list_one(callid, from_tag)

    @command("dlg.list_match")
    def list_match(self, mkey: str, mop: str, mval: str, limit: int = 0) -> Any:
        """The dialogs whose ruri, furi, turi, callid or start_ts (mkey) is like mval: mop eq, sw (begins with), re
        (regular expression), and gt or lt for start_ts. At most `limit`, 0 for all.
        """
        matches = _matcher(mkey, mop, mval)
        found = [self._shown(dialog) for dialog in self._table.all() if matches(dialog)]
        if not found:
            raise CommandError(404, "Not found")
        return found[:limit] if limit > 0 else found

    @command("dlg.list_match_ctx")
    def list_match_ctx(self, mkey: str, mop: str, mval: str, limit: int = 0) -> Any:
        """As dlg.list_match."""
        return self.list_match(mkey, mop, mval, limit)

    @command("dlg.briefing")
    def briefing(self, attrs: str = "ftcFT") -> Any:
        """Every dialog in short; a letter for each field: f, t URIs, c Call-ID, F, T tags, I, S, E times of creation,
        answer and end, s state.
        """
        return [brief(dialog, attrs) for dialog in self._table.all()]

    @command("dlg.stats_active")
    def stats_active(self, local_only: int = 0) -> Any:
        """How many dialogs there are, by state."""
        states = [dialog.state for dialog in self._table.all()]
        counts = {name: states.count(state) for name, state in _STATISTICS.items()}
        return {**counts, "all": sum(counts.values())}

    @command("dlg.is_alive")
    def is_alive(self, callid: str, from_tag: str, to_tag: str) -> Any:
        """Whether a dialog is answered and acknowledged."""
        found = self._table.find(callid, from_tag, to_tag)
        if found is None or not found[0].is_live:
            raise CommandError(404, "Dialog not found")
        if found[0].state is not State.CONFIRMED:
            raise CommandError(500, "Dialog not in confirmed state")
        return "Alive"

    @command("dlg.terminate_dlg")
    def terminate(self, callid: str, from_tag: str, to_tag: str) -> Any:
        """End a dialog by BYE to both sides, by its Call-ID and tags."""
        found = self._table.find(callid, from_tag, to_tag)
        if found is None or not found[0].is_live:
            raise CommandError(500, "Couldnt find callid in dialog")
        return self._end(found[0], "")

    @command("dlg.end_dlg")
    def end(self, h_entry: int, h_id: int, extra_hdrs: str = "") -> Any:
        """End a dialog by BYE to both sides, by its identity; extra_hdrs are header lines for the BYEs."""
        dialog = self._table.by_identity(h_entry, h_id)
        if dialog is None or not dialog.is_live:
            raise CommandError(404, "Dialog not found")
        return self._end(dialog, extra_hdrs)

    def _end(self, dialog: Dialog, headers: str) -> dict[str, Any]:
        lines = headers.rstrip("\r\n")
        if not self._requests.bye(dialog, (Side.CALLER, Side.CALLEE), lines + "\r\n" if lines else ""):
            raise CommandError(500, "Operation failed")
        return {}

    @command("dlg.set_state")
    def set_state(self, callid: str, from_tag: str, to_tag: str, state: int) -> Any:
        """Put a dialog into a state, 1 to 5, by hand: nobody is told and nothing is sent."""
        if not State.UNCONFIRMED <= state <= State.DELETED:
            raise CommandError(500, "Invalid state value")
        found = self._table.find(callid, from_tag, to_tag)
        if found is None or not found[0].is_live:
            raise CommandError(404, "Dialog not found")
        self._life.force(found[0], State(state))
        return {}

    @command("dlg.profile_get_size")
    def profile_get_size(self, profile: str, value: str = "") -> Any:
        """How many dialogs are in a profile, of a value or of all."""
        self._check_profile(profile)
        by_value = bool(value) and self._profiles.has_value(profile)
        return self._profiles.size(profile, value if by_value else None)

    @command("dlg.profile_list")
    def profile_list(self, profile: str, value: str = "") -> Any:
        """The dialogs in a profile, of a value or of all."""
        self._check_profile(profile)
        by_value = bool(value) and self._profiles.has_value(profile)
        return [
            self._shown(dialog)
            for dialog in self._table.all()
            if any(
                name == profile and (not by_value or held == value) for name, held in list(dialog.profiles)
            )
        ]

    @command("dlg.bridge_dlg")
    def bridge(self, sfrom: str, sto: str, op: str = _IGNORED, body: str = _IGNORED) -> Any:
        """Call a URI, ask it by REFER to call another, hang up. op: the next hop; body: of the INVITE, "_" for none;
        "." stands for none given.
        """
        text = ON_HOLD if body == _IGNORED else "" if body in ("", "_") else body
        if not self._bridge.connect(sfrom, sto, "" if op == _IGNORED else op, text):
            raise CommandError(500, "Operation failed")
        return {}

    @command("dlg.db_waiting")
    def database_waiting(self) -> Any:
        """How many dialogs the database does not know as they are."""
        return {"waiting": self._waiting()}

    def _waiting(self) -> int:
        return 0

    def _check_profile(self, name: str) -> None:
        if name not in self._profiles:
            raise CommandError(404, f"Profile not found: {name}")

    def _shown(self, dialog: Dialog) -> dict[str, Any]:
        with self._table.lock:
            return dump_dialog(dialog, self._services.now(), self._services.wall_clock())


def _matcher(key: str, operator: str, wanted: str) -> Callable[[Dialog], bool]:
    """The condition of dlg.list_match. Raises CommandError."""
    value = _KEYS.get(key)
    if value is None:
        raise CommandError(500, "Invalid matching key parameter")
    if operator in _NUMBERS and key == "start_ts":
        if not wanted.isdecimal():
            raise CommandError(500, "Invalid matching value parameter")
        number, compare = int(wanted), _NUMBERS[operator]
        return lambda dialog: compare(int(dialog.started), number)
    if operator in _COMPARISONS:
        same = _COMPARISONS[operator]
        return lambda dialog: same(value(dialog), wanted)
    if operator != "re":
        raise CommandError(500, "Invalid matching operator parameter")
    try:
        pattern = compile_posix(wanted, "")
    except PatternError as error:
        raise CommandError(500, "Invalid matching value parameter") from error
    return lambda dialog: pattern.search(value(dialog)) is not None

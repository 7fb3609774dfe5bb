"""dialog's settings: Kamailio's modparams."""

from collections.abc import Iterator
from dataclasses import dataclass

from luasip.errors import SettingsError
from luasip.kemi.declare import Module

_COLUMNS = {
    "hash_entry": "h_entry_column",
    "hash_id": "h_id_column",
    "callid": "call_id_column",
    "from_uri": "from_uri_column",
    "from_tag": "from_tag_column",
    "to_uri": "to_uri_column",
    "to_tag": "to_tag_column",
    "caller_cseq": "from_cseq_column",
    "callee_cseq": "to_cseq_column",
    "caller_route_set": "from_route_column",
    "callee_route_set": "to_route_column",
    "caller_contact": "from_contact_column",
    "callee_contact": "to_contact_column",
    "caller_sock": "from_sock_column",
    "callee_sock": "to_sock_column",
    "state": "state_column",
    "start_time": "start_time_column",
    "timeout": "timeout_column",
    "sflags": "sflags_column",
    "toroute_name": "toroute_name_column",
}
_VARIABLE_COLUMNS = {
    "hash_entry": "vars_h_entry_column",
    "hash_id": "vars_h_id_column",
    "dialog_key": "vars_key_column",
    "dialog_value": "vars_value_column",
}

LOWEST_KEEP_ALIVE = 30


@dataclass
class DialogSettings(Module.Settings):
    """Which dialogs are tracked, how long they may last, and where they are kept."""

    dlg_flag: int = -1
    """Flag of INVITEs that begin a dialog when their transaction is made, without dlg_manage(); -1 for none."""
    rr_param: str = "did"
    """Parameter of our Record-Route that tells which dialog a later request belongs to."""
    dlg_match_mode: int = 0
    """How loose_route() finds the dialog: 0 by rr_param only; 1 by rr_param, or by Call-ID and tags without it; 2 by
    Call-ID and tags only, no rr_param is written. dlg_manage() always may use both."""
    detect_spirals: int = 1
    """1: an INVITE that comes through this server again belongs to the dialog it has begun."""
    default_timeout: int = 43200
    """Seconds after which an answered dialog times out."""
    timeout_avp: str = ""
    """Variable, such as "$avp(timeout)", whose value is used instead where it is a number above 0."""
    timeout_noreset: int = 0
    """1: later requests of a dialog do not begin its time anew."""
    early_timeout: int = 300
    """Seconds after which a dialog without a final answer is given up."""
    noack_timeout: int = 60
    """Seconds after which an answered dialog without ACK is given ten more."""
    end_timeout: int = 300
    """Seconds for which a dialog that has ended is known at most; it is 10 when this is more."""
    send_bye: int = 0
    """1: every dialog that times out is ended by BYE on both sides, as with $dlg_ctx(timeout_bye)."""
    dlg_extra_hdrs: str = ""
    """Header lines, each with CRLF, for every request made here."""
    lreq_callee_headers: str = ""
    """The same for requests to callees only."""
    event_callback: str = ""
    """Lua function that is called with "dialog:start", "dialog:end" and "dialog:failed", and with the value of
    $dlg_ctx(timeout_route)."""
    profiles_with_value: str = ""
    """Names of profiles whose members have a value, separated by ";"."""
    profiles_no_value: str = ""
    """Names of profiles whose members have none."""
    ka_timer: int = 0
    """Seconds between two looks for dialogs to send a keep-alive OPTIONS to; 0 for none."""
    ka_interval: int = 0
    """Seconds between two keep-alives to one end of a dialog, 30 or more; 0 for none."""
    ka_failed_limit: int = 1
    """Keep-alives without answer, or answered 481, after which the dialog is ended in ten seconds."""
    bridge_controller: str = "sip:controller@luasip.invalid"
    """URI in From of the calls dlg_bridge makes, and in Referred-By."""
    bridge_contact: str = ""
    """URI in their Contact; "" for the address of the first socket."""
    db_mode: int = 0
    """0 memory only; 1 changes are written at once, beside the call; 2 every db_update_period; 3 at the end."""
    db_url: str = "sqlite:///var/luasip.db"
    """Database URL, for db_mode 1, 2 and 3."""
    db_update_period: int = 60
    """Seconds between two writings in db_mode 2."""
    db_skip_load: int = 0
    """1: do not load dialogs at the start."""
    hash_size: int = 4096
    """Range of the first part of a dialog's identity, a power of two; dialogs kept with another are found all the
    same."""
    h_id_start: int = 0
    """Together with h_id_step: the second part of identities is h_id_start + N * h_id_step, which keeps those of two
    servers apart."""
    h_id_step: int = 1
    """See h_id_start."""
    table_name: str = "dialog"
    """Table of dialogs, made where there is none."""
    vars_table_name: str = "dialog_vars"
    """Table of $dlg_var, made where there is none."""
    call_id_column: str = "callid"
    """Name of this column."""
    from_uri_column: str = "from_uri"
    """Name of this column."""
    from_tag_column: str = "from_tag"
    """Name of this column."""
    to_uri_column: str = "to_uri"
    """Name of this column."""
    to_tag_column: str = "to_tag"
    """Name of this column."""
    from_cseq_column: str = "caller_cseq"
    """Name of this column."""
    to_cseq_column: str = "callee_cseq"
    """Name of this column."""
    from_route_column: str = "caller_route_set"
    """Name of this column."""
    to_route_column: str = "callee_route_set"
    """Name of this column."""
    from_contact_column: str = "caller_contact"
    """Name of this column."""
    to_contact_column: str = "callee_contact"
    """Name of this column."""
    from_sock_column: str = "caller_sock"
    """Name of this column."""
    to_sock_column: str = "callee_sock"
    """Name of this column."""
    h_id_column: str = "hash_id"
    """Name of this column."""
    h_entry_column: str = "hash_entry"
    """Name of this column."""
    state_column: str = "state"
    """Name of this column."""
    start_time_column: str = "start_time"
    """Name of this column."""
    timeout_column: str = "timeout"
    """Name of this column."""
    sflags_column: str = "sflags"
    """Name of this column."""
    toroute_name_column: str = "toroute_name"
    """Name of this column."""
    vars_h_id_column: str = "hash_id"
    """Name of this column of vars_table_name."""
    vars_h_entry_column: str = "hash_entry"
    """Name of this column of vars_table_name."""
    vars_key_column: str = "dialog_key"
    """Name of this column of vars_table_name."""
    vars_value_column: str = "dialog_value"
    """Name of this column of vars_table_name."""
    enable_stats: int = 1
    """Accepted; statistics are always there."""
    db_fetch_rows: int = 200
    """Accepted; rows are always fetched in portions."""
    initial_cbs_inscript: int = 1
    """Accepted; nothing waits for the end of the script."""
    wait_ack: int = 1
    """Accepted; a dialog that has ended is always known for a while."""
    timer_procs: int = 0
    """Accepted; timeouts run on the timer thread."""

    @property
    def column_names(self) -> dict[str, str]:
        """The columns of table_name in the database, by Kamailio's default names."""
        return {column: str(getattr(self, setting)) for column, setting in _COLUMNS.items()}

    @property
    def variable_column_names(self) -> dict[str, str]:
        """The same for vars_table_name."""
        return {column: str(getattr(self, setting)) for column, setting in _VARIABLE_COLUMNS.items()}

    @property
    def flag(self) -> int:
        """dlg_flag as a mask, 0 for none."""
        return 1 << self.dlg_flag if self.dlg_flag >= 0 else 0


def check(settings: DialogSettings) -> None:
    """Raises SettingsError for values there are not."""
    problems = [f"modules.dialog.{problem}" for problem in _problems(settings)]
    if problems:
        raise SettingsError(problems)


def _problems(settings: DialogSettings) -> Iterator[str]:
    for name, highest in (("dlg_match_mode", 2), ("db_mode", 3)):
        if not 0 <= getattr(settings, name) <= highest:
            yield f"{name}: {getattr(settings, name)} is not a number from 0 to {highest}"
    if not -1 <= settings.dlg_flag <= 31:
        yield f"dlg_flag: {settings.dlg_flag} is not a flag from 0 to 31, or -1"
    if settings.hash_size < 1 or settings.hash_size & (settings.hash_size - 1):
        yield f"hash_size: {settings.hash_size} is not a power of two"
    if settings.h_id_start < 0 or settings.h_id_step < 1:
        yield f"h_id_start, h_id_step: {settings.h_id_start}, {settings.h_id_step} are not from 0 and from 1 on"
    if not settings.rr_param:
        yield "rr_param: a name is needed"
    if 0 < settings.ka_interval < LOWEST_KEEP_ALIVE:
        yield f"ka_interval: {settings.ka_interval} is below {LOWEST_KEEP_ALIVE}"
    for name in ("default_timeout", "early_timeout", "noack_timeout", "db_update_period"):
        if getattr(settings, name) <= 0:
            yield f"{name}: {getattr(settings, name)} is not above 0"

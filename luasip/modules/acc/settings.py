"""acc's settings: Kamailio's modparams, and those of the journal."""

import logging
from dataclasses import dataclass
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.kemi.log_levels import NOTICE
from luasip.kemi.specification import SpecificationError, read_specification

LEVELS: Final = {-1: logging.ERROR, 0: logging.WARNING, 1: NOTICE, 2: logging.INFO, 3: logging.DEBUG}

Extra = tuple[tuple[str, str], ...]
"""(name, pseudo-variable) of every further value of a record."""


@dataclass
class AccSettings(Module.Settings):
    """What is accounted, and where to."""

    log_flag: int = -1
    """Flag of requests whose answers are accounted in the log; -1 for none, here and below."""
    log_missed_flag: int = -1
    """Flag of INVITEs that are accounted in the log when they fail; it is cleared then."""
    log_level: int = 1
    """Level of the log records: 3 debug, 2 info, 1 notice, 0 warning, -1 error, less for critical."""
    log_facility: str = "LOG_DAEMON"
    """Accepted, without effect."""
    log_extra: str = ""
    """Further values of a log record, "name=$variable;name=$variable"."""
    db_flag: int = -1
    """Flag of requests whose answers are accounted in the database."""
    db_missed_flag: int = -1
    """Flag of INVITEs that are accounted in the database when they fail; it is cleared then."""
    db_url: str = ""
    """Database URL; "" for no database."""
    db_table_acc: str = "acc"
    """Table of answered requests; may hold pseudo-variables. Made where there is none."""
    db_table_missed_calls: str = "missed_calls"
    """Table of missed calls; as db_table_acc."""
    db_extra: str = ""
    """Further columns of both tables, "column=$variable;column=$variable"."""
    db_extra_nullable: int = 0
    """1: a null variable of db_extra is written as NULL, not as the empty string."""
    db_insert_mode: int = 0
    """Accepted, without effect."""
    acc_method_column: str = "method"
    """Name of this column."""
    acc_from_tag_column: str = "from_tag"
    """Name of this column."""
    acc_to_tag_column: str = "to_tag"
    """Name of this column."""
    acc_callid_column: str = "callid"
    """Name of this column."""
    acc_sip_code_column: str = "sip_code"
    """Name of this column."""
    acc_sip_reason_column: str = "sip_reason"
    """Name of this column."""
    acc_time_column: str = "time"
    """Name of this column."""
    failed_transaction_flag: int = -1
    """Flag of requests that are accounted when the answer is 300 or more, too."""
    failed_filter: str = ""
    """Answers that are not accounted all the same, "404,407"."""
    early_media: int = 0
    """1: provisional answers with a body are accounted too."""
    report_ack: int = 0
    """1: the ACK for an accounted 2xx is accounted too."""
    report_cancels: int = 0
    """1: CANCEL requests are accounted too, when they have the flags."""
    detect_direction: int = 0
    """1: From and To tags of a request against the direction of its dialog's first one are exchanged; needs rr."""
    acc_prepare_flag: int = -1
    """Accepted, without effect."""
    reason_from_hf: int = 0
    """1: the reason is the answer's Reason header where it has one."""
    time_mode: int = 0
    """A second time in each record: 1 microseconds, 2 seconds with milliseconds, 3 local time, 4 UTC; 0 none."""
    time_attr: str = "time_attr"
    """Name and column of the second time with time_mode 2, 3 and 4."""
    time_exten: str = "time_exten"
    """Name and column of the second time with time_mode 1."""
    time_format: str = "%Y-%m-%d %H:%M:%S"
    """How strftime writes the second time with time_mode 3 and 4."""
    cdr_enable: int = 0
    """1: a record of each call that is tracked by the module dialog, when it ends."""
    cdr_log_enable: int = 1
    """0: those records are not written into the log."""
    cdrs_table: str = ""
    """Table of those records in db_url, such as "acc_cdrs"; "" for none. Made where there is none."""
    cdr_extra: str = ""
    """Further values of those records, "name=$variable;name=$variable", mostly $dlg_var(…); columns of cdrs_table."""
    cdr_extra_nullable: int = 0
    """1: a null variable of cdr_extra is written as NULL, not as the empty string."""
    cdr_start_id: str = "start_time"
    """Name and column of a call's start."""
    cdr_end_id: str = "end_time"
    """Name and column of its end."""
    cdr_duration_id: str = "duration"
    """Name and column of the seconds between."""
    cdr_start_on_confirmed: int = 0
    """1: a call starts with its answer, not with its INVITE."""
    cdr_on_failed: int = 1
    """0: no records of calls that are not answered."""
    cdr_expired_dlg_enable: int = 0
    """1: records of calls that have timed out without BYE, too."""
    cdr_skip: str = ""
    """Variable of a call ($dlg_var) that, when it is set, makes it go without record."""
    cdr_facility: str = "LOG_DAEMON"
    """Accepted, without effect."""
    cdr_extra_size: int = 64
    """Accepted, without effect."""
    journal: str = "acc-journal"
    """Folder that keeps records until the database has them. Not a setting of Kamailio's."""

    @property
    def column_names(self) -> dict[str, str]:
        """The names of the columns by Kamailio's."""
        columns = ("method", "from_tag", "to_tag", "callid", "sip_code", "sip_reason", "time")
        return {column: str(getattr(self, f"acc_{column}_column")) for column in columns}

    @property
    def python_level(self) -> int:
        """log_level as Python has it."""
        return LEVELS.get(min(self.log_level, 3), logging.CRITICAL)


def flag_bits(number: int, name: str) -> int:
    """The bit of a flag, 0 for -1. Raises SettingsError."""
    if not -1 <= number <= 31:
        raise SettingsError([f"modules.acc.{name}: {number} is not a flag from 0 to 31, or -1"])
    return 0 if number < 0 else 1 << number


def filtered_statuses(text: str) -> frozenset[int]:
    """The statuses of failed_filter. Raises SettingsError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) == 3 for part in parts):
        raise SettingsError([f"modules.acc.failed_filter: {text!r} is not a list of statuses"])
    return frozenset(map(int, parts))


def parse_extra(text: str, name: str) -> Extra:
    """The values of log_extra or db_extra. Raises SettingsError."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n;":
            at += 1
            continue
        equals = text.find("=", at)
        begin = len(text) - len(text[equals + 1 :].lstrip()) if equals > at else -1
        try:
            if begin < 0:
                raise SpecificationError(text[at:], "a name and '=' expected")
            _, end = read_specification(text, begin, lambda dotted: True)
        except SpecificationError as error:
            raise SettingsError([f"modules.acc.{name}: {error}"]) from error
        found.append((text[at:equals].strip(), text[begin:end]))
        at = end
    return tuple(found)

"""pipelimit's settings: Kamailio's modparams, and how many pipes scripts may make."""

from dataclasses import dataclass

from luasip.errors import SettingsError
from luasip.kemi.declare import Module


@dataclass
class PipelimitSettings(Module.Settings):
    """Where pipes come from and what those over the limit are answered."""

    db_url: str = ""
    """Database URL of a table with pipes; "" for none."""
    plp_table_name: str = "pl_pipes"
    """Table with the pipes."""
    plp_pipeid_column: str = "pipeid"
    """Column with the name of a pipe."""
    plp_limit_column: str = "plimit"
    """Column with its limit."""
    plp_algorithm_column: str = "algorithm"
    """Column with its algorithm: TAILDROP, RED, FEEDBACK, NETWORK."""
    timer_interval: int = 10
    """Seconds of an interval; limits are requests in one."""
    load_fetch: int = 1
    """0: do not measure the load; pl.push_load tells it."""
    reply_code: int = 503
    """Status that pl_drop answers with."""
    reply_reason: str = "Server Unavailable"
    """Its reason phrase."""
    clean_unused: int = 0
    """Intervals without a request after which a pipe is forgotten; 0: never."""
    max_pipes: int = 100_000
    """Pipes that scripts may have made; of more, the one not used for longest is forgotten."""
    hash_size: int = 6
    """Accepted; the table grows by itself."""
    timer_mode: int = 0
    """Accepted; counting has no timer process here."""


def check(settings: PipelimitSettings) -> None:
    """Raises SettingsError for values there are not."""
    problems = [
        f"modules.pipelimit.{key}: {getattr(settings, key)} is not a positive number"
        for key in ("timer_interval", "max_pipes")
        if getattr(settings, key) <= 0
    ]
    if not 300 <= settings.reply_code <= 699:
        problems.append(f"modules.pipelimit.reply_code: {settings.reply_code}; allowed: 300 to 699")
    if settings.clean_unused < 0:
        problems.append(f"modules.pipelimit.clean_unused: {settings.clean_unused} is negative")
    if problems:
        raise SettingsError(problems)

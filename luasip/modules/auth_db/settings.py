"""auth_db's settings: Kamailio's modparams."""

import re
from dataclasses import dataclass
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.declare import Module

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class AuthDbSettings(Module.Settings):
    """Where the users and their passwords are."""

    db_url: str = "sqlite:///var/luasip.db"
    """Database URL, such as mysql://user:password@host/kamailio."""
    user_column: str = "username"
    """Name of this column."""
    domain_column: str = "domain"
    """Name of this column."""
    password_column: str = "ha1"
    """Column with H(A1), or with the password when calculate_ha1 is set."""
    password_column_2: str = "ha1b"
    """Column with the H(A1) of "user@domain", for phones that send that as their user name."""
    password_column_sha256: str = ""
    """Column with the H(A1) of SHA-256, where auth offers several algorithms; "" for password_column."""
    password_column_sha512_256: str = ""
    """Column with the H(A1) of SHA-512-256; "" for password_column."""
    calculate_ha1: int = 0
    """0: the column holds H(A1), made with auth's algorithm; 1: it holds the password."""
    use_domain: int = 0
    """Look users up by user and domain, not by user alone."""
    load_credentials: str = ""
    """Columns to read into AVPs: "rpid;$avp(mail)=email_address" makes $avp(rpid) and $avp(mail)."""
    force_generate_avps: int = 0
    """1: set these AVPs also when the password is wrong."""
    version_table: int = 1
    """Accepted; the table's version is not asked for."""


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a table or column."""
    return _NAME.fullmatch(text) is not None


def check(settings: AuthDbSettings) -> list[tuple[str, str]]:
    """The loaded columns, each with the pseudo-variable it goes to. Raises SettingsError for what there is not."""
    columns = ("user_column", "domain_column", "password_column", "password_column_2")
    problems = [
        f"modules.auth_db.{key}: {getattr(settings, key)!r} is no name of a column"
        for key in columns
        if not is_name(getattr(settings, key))
    ]
    problems += [
        f"modules.auth_db.{key}: {getattr(settings, key)!r} is no name of a column"
        for key in ("password_column_sha256", "password_column_sha512_256")
        if getattr(settings, key) and not is_name(getattr(settings, key))
    ]
    loaded: list[tuple[str, str]] = []
    for part in filter(None, (part.strip() for part in settings.load_credentials.split(";"))):
        variable, _, column = part.rpartition("=")
        variable, column = variable.strip() or f"$avp({part})", column.strip()
        if not is_name(column) or not (variable.startswith("$avp(") and variable.endswith(")")):
            problems.append(
                f'modules.auth_db.load_credentials: {part!r}; allowed: "column" or "$avp(name)=column"'
            )
        loaded.append((column, variable))
    if problems:
        raise SettingsError(problems)
    return loaded

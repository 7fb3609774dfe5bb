"""uac's settings: Kamailio's modparams, checked."""

from dataclasses import dataclass, field
from enum import Enum

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.sip.grammar import is_token


class Restoring(Enum):
    """What happens to a replaced From or To later on."""

    NONE = "none"
    MANUAL = "manual"
    AUTO = "auto"


@dataclass
class UacSettings(Module.Settings):
    """How replaced addresses are restored, who answers challenges, and registrations at other servers."""

    restore_mode: str = "auto"
    """What uac_replace_from and uac_replace_to cause: "none" nothing more; "manual" replies are restored;
    "auto" later requests of the dialog too, when loose_route follows the Route back."""
    rr_from_store_param: str = "vsf"
    """Record-Route parameter that keeps the original URI of From."""
    rr_to_store_param: str = "vst"
    """Record-Route parameter that keeps the original URI of To."""
    restore_passwd: str = ""
    """Password that hides these parameters from the peers, "" for none. A veil, not encryption."""
    restore_from_avp: str = ""
    """AVP such as "$avp(from)" that gets the original From, up to its ">", for the script to read."""
    restore_to_avp: str = ""
    """The same for To."""
    restore_dlg: int = 0
    """Accepted; there is no dialog module, and originals are kept in Record-Route parameters."""
    credential: list[str] = field(default_factory=list)
    """Credentials for uac_auth, each "user:realm:password"; of several for one realm the last counts."""
    auth_realm_avp: str = ""
    """Variable with the realm uac_auth has credentials for; empty it stands for any realm. Goes before credential."""
    auth_username_avp: str = ""
    """Variable with the user name for it."""
    auth_password_avp: str = ""
    """Variable with the password, or H(A1), for it."""
    event_callback: str = ""
    """Lua function called with "uac:reply" for requests of uac_req_send with $uac_req(evroute)."""
    default_socket: str = ""
    """Socket, "udp:address:port", that requests made here are sent from when they name none."""
    reg_db_url: str = ""
    """Database URL of the accounts to register at other servers; "" for none."""
    reg_db_table: str = "uacreg"
    """Name of their table."""
    reg_contact_addr: str = ""
    """host[:port][;parameters] of the Contacts registered, without "sip:"; their user part is l_uuid."""
    reg_timer_interval: int = 90
    """Seconds between two looks at what must be registered or renewed."""
    reg_retry_interval: int = 0
    """Seconds until a failed registration is tried again, up to reg_timer_interval earlier; 0: it is disabled."""
    reg_random_delay: int = 0
    """Accounts without reg_delay wait a random time up to these seconds before they first register."""
    reg_keep_callid: int = 0
    """1: a renewal has the Call-ID of the registration before."""
    reg_active: int = 1
    """0: nothing is registered, until the command uac.reg_active."""
    reg_use_domain: int = 0
    """1: look-ups by user compare the domain too."""
    reg_gc_interval: int = 150
    """Accepted; uac.reg_reload may come at any time."""
    reg_hash_size: int = 4
    """Accepted; the table grows by itself."""


@dataclass(frozen=True, slots=True)
class Credential:
    """User name and password for a realm."""

    username: str
    realm: str
    password: str


def restoring_mode(settings: UacSettings) -> Restoring:
    """restore_mode as a value. Raises SettingsError for anything that is not as it must be."""
    problems: list[str] = []
    try:
        mode = Restoring(settings.restore_mode.lower())
    except ValueError:
        mode = Restoring.NONE
        problems.append(
            f"modules.uac.restore_mode: {settings.restore_mode!r}; allowed: "
            + ", ".join(f'"{choice.value}"' for choice in Restoring)
        )
    for name in ("rr_from_store_param", "rr_to_store_param"):
        if not is_token(getattr(settings, name)):
            problems.append(f"modules.uac.{name}: {getattr(settings, name)!r} is no name of a parameter")
    parts = ("auth_realm_avp", "auth_username_avp", "auth_password_avp")
    if any(getattr(settings, name) for name in parts):
        problems += [
            f"modules.uac.{name}: missing; {', '.join(parts)} belong together"
            for name in parts
            if not getattr(settings, name)
        ]
    problems += _registration_problems(settings)
    if problems:
        raise SettingsError(problems)
    return mode


def _registration_problems(settings: UacSettings) -> list[str]:
    problems: list[str] = []
    if settings.reg_db_url and not settings.reg_contact_addr:
        problems.append("modules.uac.reg_contact_addr: missing; registrations need it")
    if settings.reg_contact_addr.lower().startswith(("sip:", "sips:")):
        problems.append(f"modules.uac.reg_contact_addr: {settings.reg_contact_addr!r} must be without scheme")
    if settings.reg_timer_interval < 1:
        problems.append(f"modules.uac.reg_timer_interval: {settings.reg_timer_interval}; allowed: 1 or more")
    return problems


def parse_credentials(texts: list[str]) -> dict[str, Credential]:
    """The credentials by realm, each written "user:realm:password". Raises SettingsError."""
    found: dict[str, Credential] = {}
    problems: list[str] = []
    for index, text in enumerate(texts):
        username, _, rest = text.partition(":")
        realm, _, password = rest.partition(":")
        if username.strip() and realm.strip() and password.strip():
            found[realm.strip()] = Credential(username.strip(), realm.strip(), password.strip())
        else:  # the text may hold a password and is not shown
            problems.append(f'modules.uac.credential[{index}]: allowed: "user:realm:password"')
    if problems:
        raise SettingsError(problems)
    return found

"""nathelper's settings: Kamailio's modparams."""

from dataclasses import dataclass
from typing import Final

from luasip.errors import SettingsError
from luasip.kemi.declare import Module
from luasip.sip.grammar import is_token


@dataclass
class NathelperSettings(Module.Settings):
    """How addresses are kept, and how contacts are kept alive."""

    received_avp: str = ""
    """AVP that fix_nated_register sets, such as "$avp(RECEIVED)"; the same as registrar's."""
    alias_name: str = "alias"
    """Name of the URI parameter that takes a contact's source address along."""
    nat_addr_mode: int = 1
    """1: 192.0.0.0/24 counts as private too, not only its first eight addresses."""
    nortpproxy_str: str = "a=nortpproxy:yes\r\n"
    """Line that fix_nated_sdp adds with 4."""
    append_sdp_oldmediaip: int = 1
    """Keep an address that fix_nated_sdp replaces in a line a=oldmediaip."""
    natping_interval: int = 0
    """Seconds between two pings of a contact, 0 for none."""
    ping_nated_only: int = 0
    """Ping only contacts that have usrloc's nat_bflag."""
    natping_disable_bflag: int = -1
    """Number of the branch flag that keeps a contact from being pinged, -1 for none."""
    sipping_bflag: int = -1
    """Number of the branch flag of contacts that are pinged by a SIP request, -1 for none. With ping_nated_only = 0
    and a number here all contacts are."""
    sipping_from: str = ""
    """URI in the From header of these requests."""
    sipping_method: str = "OPTIONS"
    """Their method."""
    keepalive_timeout: int = 0
    """Seconds after which a contact is removed that is pinged by requests and has neither answered nor registered
    again, 0 for never. Longer than natping_interval."""
    force_socket: str = ""
    """Socket all pings leave by, "udp:192.0.2.10:5060"; "" for the one the contact registered at."""
    natping_processes: int = 1
    """Accepted; one housekeeping thread is enough."""
    natping_socket: str = ""
    """Accepted; a forged source address needs raw sockets."""
    udpping_from_path: int = 0
    """Accepted; a forged source address needs raw sockets."""
    filter_server_id: int = 0
    """Accepted; there is one server."""


_FLAGS: Final = ("natping_disable_bflag", "sipping_bflag")


def check(settings: NathelperSettings, nat_flag: int) -> None:
    """Raises SettingsError for values there are not; `nat_flag` is usrloc's, 0 for none."""
    problems = [
        f"modules.nathelper.{key}: {getattr(settings, key)} is not a number from -1 to 31"
        for key in _FLAGS
        if not -1 <= getattr(settings, key) <= 31
    ]
    avp = settings.received_avp
    if avp and not (avp.startswith("$avp(") and avp.endswith(")")):
        problems.append(f"modules.nathelper.received_avp: {avp!r} is no AVP ($avp(name))")
    if not is_token(settings.alias_name):
        problems.append(f"modules.nathelper.alias_name: {settings.alias_name!r} is no name of a parameter")
    if settings.natping_interval < 0:
        problems.append(f"modules.nathelper.natping_interval: {settings.natping_interval} is negative")
    if 0 < settings.keepalive_timeout <= settings.natping_interval:
        problems.append(
            f"modules.nathelper.keepalive_timeout: {settings.keepalive_timeout} is not more than natping_interval"
        )
    if settings.natping_interval > 0:
        problems += _ping_problems(settings, nat_flag)
    if problems:
        raise SettingsError(problems)


def _ping_problems(settings: NathelperSettings, nat_flag: int) -> list[str]:
    problems: list[str] = []
    if settings.ping_nated_only and not nat_flag:
        problems.append("modules.nathelper.ping_nated_only: needs nat_bflag in [modules.usrloc]")
    if settings.sipping_bflag >= 0:
        if not settings.sipping_from:
            problems.append("modules.nathelper.sipping_from: missing; sipping_bflag needs it")
        if not is_token(settings.sipping_method):
            problems.append(f"modules.nathelper.sipping_method: {settings.sipping_method!r} is no method")
    return problems

"""[control]: from where the server is controlled, and what of that is not safe.

What listens beyond this machine's own programs needs a token or an explicit word. Reads the token's file and
environment; opens nothing.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from luasip.control.settings import ControlSettings
from luasip.errors import SettingsError
from luasip.server.settings_base import Section
from luasip.server.settings_problems import describe
from luasip.server.settings_secrets import References
from luasip.server.settings_values import Size
from luasip.transport.address import split_host_port

TOKEN_VARIABLE: Final = "LUASIP_CONTROL_TOKEN"
SHORTEST_TOKEN: Final = 16
"""Characters of a token: shorter ones can be guessed."""

OTHERS_WRITE: Final = 0o002

FORM: Final = 'allowed: "ADDRESS:PORT" such as "127.0.0.1:8080" or "[::1]:8080", or "" for none'


def _check_address(text: str) -> str:
    if text:
        address_of(text)
    return text


def address_of(text: str) -> tuple[str, int]:
    """(address, port) of "ADDRESS:PORT"; an IPv6 address comes without brackets. Raises ValueError."""
    host, port = split_host_port(text)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"not an IP address; {FORM}") from None
    if not text.endswith(f":{port}"):
        raise ValueError(f"no port; {FORM}")
    return host, port


def _read_mode(value: object) -> object:
    return f"{value:04o}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


def _check_mode(value: str) -> str:
    if not re.fullmatch("0?[0-7]{3}", value):
        raise ValueError('not permissions; allowed: three octal digits such as "0600" or "0660"')
    return value


Mode = Annotated[str, BeforeValidator(_read_mode), AfterValidator(_check_mode)]
Address = Annotated[str, AfterValidator(_check_address)]


class ControlSection(Section):
    """[control]: where the server takes RPC commands; without http, stream, ctl, datagram, udp and fifo nowhere."""

    http: Address = ""
    """Address and port of HTTP, "127.0.0.1:8080": JSON-RPC at /RPC, XML-RPC at /RPC2. Not a loopback address: only
    with a token."""
    certificate: str = ""
    """PEM file with the certificate and its chain, for HTTPS."""
    private_key: str = ""
    """PEM file with the key of the certificate."""
    stream: str = ""
    """Path of a UNIX stream socket; `luasip rpc` uses it first."""
    ctl: str = ""
    """Path of a UNIX stream socket for kamcmd, Kamailio's binrpc of the module ctl."""
    datagram: str = ""
    """Path of a UNIX datagram socket, Kamailio's dgram_socket."""
    udp: Address = ""
    """Address and port of UDP datagrams. Not a loopback address: only with insecure."""
    fifo: str = ""
    """Path of a FIFO, Kamailio's fifo_name, for kamctl."""
    fifo_reply_dir: str = "/tmp"
    """Folder in which FIFO clients wait for their answers."""
    mode: Mode = "0600"
    """Permissions of sockets and FIFO, such as "0660"; for users beyond owner and group only with insecure."""
    group: str = ""
    """Group that sockets and FIFO are given to; "" leaves the server's."""
    token_file: str = ""
    """File with the token HTTP clients must show. The environment variable LUASIP_CONTROL_TOKEN goes before it."""
    hosts: tuple[str, ...] = ()
    """Host names HTTP is asked for by, beside addresses and localhost."""
    insecure: bool = False
    """Allow what anybody may use: UDP beyond loopback, a mode for all users."""
    largest: Annotated[Size, Field(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    """Bytes ("1M") of one request."""
    connections: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Connections of HTTP, and as many of the stream socket."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """Seconds a client may take to send a request whole or to take its answer."""


def read_control(section: ControlSection, folder: Path, problems: list[str]) -> ControlSettings:
    """The section as the control package takes it, paths absolute from `folder`; adds what is wrong to `problems`."""
    token = _token(section, folder, problems)
    problems.extend(_dangers(section, token))

    def path(value: str) -> str:
        return os.path.normpath(folder / value) if value else ""

    return ControlSettings(
        http=address_of(section.http) if section.http else None,
        certificate=path(section.certificate),
        private_key=path(section.private_key),
        stream=path(section.stream),
        ctl=path(section.ctl),
        datagram=path(section.datagram),
        udp=address_of(section.udp) if section.udp else None,
        fifo=path(section.fifo),
        fifo_reply_dir=path(section.fifo_reply_dir),
        mode=int(section.mode, 8),
        group=section.group,
        token=token,
        hosts=section.hosts,
        largest=section.largest,
        connections=section.connections,
        timeout=section.timeout,
    )


def control_of(file: Path) -> ControlSettings:
    """What a settings file says about control, whatever the rest of it is. Raises SettingsError."""
    problems: list[str] = []
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("control", {})
        if isinstance(table, dict):
            table = References(file.resolve().parent).fill(table, problems)
        section = ControlSection.model_validate(table)
        found = read_control(section, file.resolve().parent, problems)
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None
    except ValidationError as error:
        problems = describe(error, ControlSection.model_json_schema(), ("control",))
    except ValueError as error:
        problems = [f"not TOML: {error}"]
    if problems:
        raise SettingsError([f"{file}: {problem}" for problem in problems])
    return found


def _token(section: ControlSection, folder: Path, problems: list[str]) -> str:
    where, token = TOKEN_VARIABLE, os.environ.get(TOKEN_VARIABLE, "")
    if not token and section.token_file:
        where = f"control.token_file: {section.token_file!r}"
        try:
            token = (folder / section.token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            problems.append(f"{where} cannot be read: {reason}; allowed: a file with the token")
            return "\0"  # there is to be one: that it is missing is told once
    if (token or section.token_file) and (len(token) < SHORTEST_TOKEN or not token.isprintable()):
        problems.append(
            f"{where}: the token has {len(token)} characters; allowed: {SHORTEST_TOKEN} or more on one line,"
            " such as `openssl rand -hex 20` makes"
        )
    return token


def _dangers(section: ControlSection, token: str) -> Iterator[str]:
    if section.http and not _is_loopback(section.http) and not token:
        yield (
            f"control.http: {section.http!r} can be reached from other machines and there is no token; allowed: a"
            f" loopback address, or a token in control.token_file or the environment variable {TOKEN_VARIABLE}"
        )
    if section.udp and not _is_loopback(section.udp) and not section.insecure:
        yield (
            f"control.udp: {section.udp!r} can be reached from other machines and UDP has no protection; allowed: a"
            " loopback address, or any with control.insecure = true"
        )
    if int(section.mode, 8) & OTHERS_WRITE and not section.insecure:
        yield (
            f'control.mode: {section.mode!r} lets every user of this machine control the server; allowed: "0600",'
            ' "0660", or any with control.insecure = true'
        )
    if bool(section.certificate) != bool(section.private_key):
        yield "control: certificate and private_key go together; allowed: both, or none"


def _is_loopback(text: str) -> bool:
    return ipaddress.ip_address(address_of(text)[0]).is_loopback

"""The servers scripts name (httpcon), and what every request begins as."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from luasip.errors import SettingsError
from luasip.modules.http_client.settings import HttpClientSettings
from luasip.modules.luasip_http.exchange import Credentials, HttpRequest, TlsOptions

_ATTRIBUTES: Final = (
    "authmethod",
    "cipher_suites",
    "client_cert",
    "client_key",
    "failover",
    "httpredirect",
    "maxdatasize",
    "timeout",
    "tlsversion",
    "useragent",
    "verify_host",
    "verify_peer",
)


@dataclass(frozen=True, slots=True)
class HttpConnection:
    """A named server: `request` is what every request to it begins as, its url without "/" at the end."""

    request: HttpRequest
    failover: str = ""
    maxdatasize: int = 0


def default_request(settings: HttpClientSettings, user_agent: str) -> HttpRequest:
    """What every request to a bare URL begins as."""
    return HttpRequest(
        "",
        timeout=settings.seconds(settings.connection_timeout),
        follow_redirects=bool(settings.httpredirect),
        user_agent=settings.useragent or user_agent,
        tls=TlsOptions(
            bool(settings.verify_peer),
            bool(settings.verify_host),
            settings.cacert,
            settings.client_cert,
            settings.client_key,
            settings.tlsversion,
            settings.cipher_suites,
        ),
        proxy=_proxy(settings.httpproxy, settings.httpproxyport),
    )


def read_connections(settings: HttpClientSettings, default: HttpRequest) -> dict[str, HttpConnection]:
    """The servers of `httpcon` by name. Raises SettingsError."""
    found: dict[str, HttpConnection] = {}
    problems: list[str] = []
    for index, text in enumerate(settings.httpcon):
        try:
            name, connection = _read(text, settings, default)
            if name in found:
                raise ValueError(f"the connection {name!r} is defined twice")
            found[name] = connection
        except ValueError as error:
            problems.append(f"modules.http_client.httpcon[{index}]: {error}")
    if problems:
        raise SettingsError(problems)
    return found


def _read(text: str, settings: HttpClientSettings, default: HttpRequest) -> tuple[str, HttpConnection]:
    """The parts of "name=>scheme://user:password@host/path;attribute=value". Raises ValueError."""
    name, arrow, rest = text.partition("=>")
    name = name.strip()
    scheme, slashes, rest = rest.strip().partition("://")
    if not arrow or not name or not slashes or scheme.lower() not in ("http", "https"):
        raise ValueError(
            'not understood; allowed: "NAME=>http(s)://[USER:PASSWORD@]HOST[/PATH][;ATTRIBUTE=VALUE]…"'
        )
    address, _, tail = rest.partition(";")
    credentials, at, host = address.partition("@")
    if not at:
        credentials, host = "", address
    if not host.strip("/"):
        raise ValueError("there is no host")
    url = f"{scheme}://{host.rstrip('/')}"
    return name, _connection(url, credentials, _attributes(tail), settings, default)


def _connection(
    url: str,
    credentials: str,
    attributes: Mapping[str, str],
    settings: HttpClientSettings,
    default: HttpRequest,
) -> HttpConnection:
    def number(name: str, otherwise: int) -> int:
        value = attributes.get(name)
        if value is not None and not value.isdecimal():
            raise ValueError(f"{name}={value!r} is not a number")
        return otherwise if value is None else int(value)

    user, _, password = credentials.partition(":")
    methods = number("authmethod", settings.authmethod)
    request = dataclasses.replace(
        default,
        url=url,
        timeout=settings.seconds(number("timeout", settings.connection_timeout)),
        follow_redirects=bool(number("httpredirect", settings.httpredirect)),
        user_agent=attributes.get("useragent", default.user_agent),
        credentials=Credentials(unquote(user), unquote(password), methods) if user else None,
        tls=dataclasses.replace(
            default.tls,
            verify_peer=bool(number("verify_peer", settings.verify_peer)),
            verify_host=bool(number("verify_host", settings.verify_host)),
            version=number("tlsversion", settings.tlsversion),
            certificate=attributes.get("client_cert", default.tls.certificate),
            key=attributes.get("client_key", default.tls.key),
            ciphers=attributes.get("cipher_suites", default.tls.ciphers),
        ),
    )
    return HttpConnection(request, attributes.get("failover", ""), number("maxdatasize", settings.maxdatasize))


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if name not in _ATTRIBUTES or not equals:
            raise ValueError(f"{part.strip()!r} is no attribute; allowed: {', '.join(_ATTRIBUTES)}")
        found[name] = value.strip().strip("\"'")
    return found


def _proxy(host: str, port: int) -> str:
    if not host or port <= 0:
        return ""
    return f"{host if '://' in host else f'http://{host}'}:{port}"

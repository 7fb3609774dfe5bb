"""What `$http_req(…)` sets for the next request of a route, and only for that one."""

from dataclasses import dataclass, field
from typing import Final

from luasip.kemi.context import PvValue
from luasip.modules.luasip_http.exchange import Credentials, HttpRequest, TlsOptions, parse_headers

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_TEXTS: Final = frozenset(
    ("body", "method", "tls_client_cert", "tls_client_key", "tls_ca_path", "username", "password")
)
_NUMBERS: Final = frozenset(("timeout", "authmethod", "suspend", "tls_verify_peer", "tls_verify_host"))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the module's settings say. `timeout` is milliseconds."""

    timeout: int
    authmethod: int
    tls: TlsOptions
    user_agent: str


@dataclass(slots=True)
class Parameters:
    """What was set so far, by the names of $http_req(…)."""

    values: dict[str, str | int] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)

    def set(self, name: str, value: PvValue) -> bool:
        """Set or, with None, unset one. False for an unknown name or a value of the wrong kind."""
        if name == "all":
            if value is None:
                self.values.clear()
                self.headers.clear()
            return value is None
        if name == "hdr":
            if isinstance(value, int):
                return False
            self.headers = [*self.headers, *parse_headers(value)] if value is not None else []
            return True
        if name not in _TEXTS and name not in _NUMBERS:
            return False
        if value is None:
            self.values.pop(name, None)
            return True
        return self._set(name, value)

    def _set(self, name: str, value: str | int) -> bool:
        if name in _NUMBERS:
            if not isinstance(value, int):
                return False
        elif not isinstance(value, str) or (name == "method" and value.upper() not in METHODS):
            return False
        self.values[name] = value
        return True

    @property
    def suspend(self) -> bool:
        """Whether the transaction is to be suspended."""
        return bool(self.values.get("suspend", 1))

    def request(self, url: str, defaults: Defaults) -> HttpRequest:
        """The request to `url`."""
        tls = defaults.tls
        user = self._text("username")
        credentials = Credentials(user, self._text("password"), self._number("authmethod", defaults.authmethod))
        return HttpRequest(
            url,
            method=self._text("method").upper(),
            headers=tuple(self.headers),
            body=self._text("body"),
            timeout=self._number("timeout", defaults.timeout) / 1000,
            user_agent=defaults.user_agent,
            credentials=credentials if user else None,
            tls=TlsOptions(
                bool(self._number("tls_verify_peer", tls.verify_peer)),
                bool(self._number("tls_verify_host", tls.verify_host)),
                self._text("tls_ca_path") or tls.authorities,
                self._text("tls_client_cert") or tls.certificate,
                self._text("tls_client_key") or tls.key,
                tls.version,
            ),
        )

    def _text(self, name: str) -> str:
        return str(self.values.get(name, ""))

    def _number(self, name: str, default: int) -> int:
        value = self.values.get(name, default)
        return value if isinstance(value, int) else default

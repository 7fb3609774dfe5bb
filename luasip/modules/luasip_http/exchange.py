"""An HTTP request and what comes of it, as values in wire text. Failures have the numbers curl gives them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from luasip.kemi.operation import POOL_FULL, TIMED_OUT

LONGEST_TRANSFER: Final = 60.0
"""Seconds; no thread is held longer, even where a script asks for no limit."""

CURL_UNSUPPORTED_PROTOCOL: Final = 1
CURL_FAILED_INIT: Final = 2
CURL_URL_MALFORMAT: Final = 3
CURL_COULDNT_RESOLVE_PROXY: Final = 5
CURL_COULDNT_RESOLVE_HOST: Final = 6
CURL_COULDNT_CONNECT: Final = 7
CURL_OPERATION_TIMEDOUT: Final = 28
CURL_SSL_CONNECT_ERROR: Final = 35
CURL_TOO_MANY_REDIRECTS: Final = 47
CURL_GOT_NOTHING: Final = 52
CURL_RECV_ERROR: Final = 56
CURL_SSL_CERTPROBLEM: Final = 58
CURL_PEER_FAILED_VERIFICATION: Final = 60
CURL_BAD_CONTENT_ENCODING: Final = 61
CURL_FILESIZE_EXCEEDED: Final = 63

CURL_ERRORS: Final = {
    0: "No error",
    CURL_UNSUPPORTED_PROTOCOL: "Unsupported protocol",
    CURL_FAILED_INIT: "Failed initialization",
    CURL_URL_MALFORMAT: "URL using bad/illegal format or missing URL",
    CURL_COULDNT_RESOLVE_PROXY: "Could not resolve proxy name",
    CURL_COULDNT_RESOLVE_HOST: "Could not resolve hostname",
    CURL_COULDNT_CONNECT: "Could not connect to server",
    CURL_OPERATION_TIMEDOUT: "Timeout was reached",
    CURL_SSL_CONNECT_ERROR: "SSL connect error",
    CURL_TOO_MANY_REDIRECTS: "Number of redirects hit maximum amount",
    CURL_GOT_NOTHING: "Server returned nothing (no headers, no data)",
    CURL_RECV_ERROR: "Failure when receiving data from the peer",
    CURL_SSL_CERTPROBLEM: "Problem with the local SSL certificate",
    CURL_PEER_FAILED_VERIFICATION: "SSL peer certificate or SSH remote key was not OK",
    CURL_BAD_CONTENT_ENCODING: "Unrecognized or bad HTTP Content or Transfer-Encoding",
    CURL_FILESIZE_EXCEEDED: "Maximum file size exceeded",
}

AUTH_BASIC: Final = 1
AUTH_DIGEST: Final = 2


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How https is spoken."""

    verify_peer: bool = True
    verify_host: bool = True
    """Check that the certificate is for this host; only with verify_peer."""
    authorities: str = ""
    """File or folder of CA certificates, "" for the system's."""
    certificate: str = ""
    key: str = ""
    version: int = 0
    """curl's number: 0 any, 4 TLS 1.0, 5 TLS 1.1, 6 TLS 1.2, 7 TLS 1.3 or newer."""
    ciphers: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and password; `methods` is a sum of AUTH_BASIC and AUTH_DIGEST."""

    user: str
    password: str
    methods: int = AUTH_BASIC | AUTH_DIGEST


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Text is wire text."""

    url: str
    method: str = ""
    """"" is POST with a body and GET without."""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    timeout: float = 5.0
    """Seconds for everything; 0.0: LONGEST_TRANSFER."""
    follow_redirects: bool = False
    user_agent: str = "LuaSIP"
    credentials: Credentials | None = None
    tls: TlsOptions = TlsOptions()
    proxy: str = ""
    """"http://host:port", "" for none."""
    largest_body: int = 64 * 1024 * 1024
    """Bytes; a larger body is a failure."""

    @property
    def limit(self) -> float:
        """Seconds for everything."""
        return min(self.timeout, LONGEST_TRANSFER) if self.timeout > 0.0 else LONGEST_TRANSFER


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole response, whatever its status."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: str
    url: str
    """Where it came from, after redirects."""
    first_byte_after: float
    """Seconds from the beginning to the end of the headers."""
    total_time: float
    """Seconds from the beginning to the end of the body."""

    def values(self, name: str) -> list[str]:
        """The values of a header, in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    @property
    def content_type(self) -> str:
        """Value of Content-Type, "" without."""
        return next(iter(self.values("content-type")), "")


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """There was no response; `code` is curl's number for the reason."""

    code: int
    message: str


def parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    """The headers in lines "Name: value"; other lines are left out."""
    found = []
    for line in text.replace("\r", "\n").split("\n"):
        name, colon, value = line.partition(":")
        if colon and name.strip():
            found.append((name.strip(), value.strip()))
    return tuple(found)


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers with one value each: repeated ones are one list (RFC 9110 §5.3)."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        key = name.lower()
        if key in found:
            separator = "; " if key == "cookie" else ", "
            found[key] = (found[key][0], f"{found[key][1]}{separator}{value}")
        else:
            found[key] = (name, value)
    return dict(found.values())


def failure_of(answer: object) -> HttpFailure:
    """What a call on the pool gave when it was no HttpAnswer."""
    if isinstance(answer, HttpFailure):
        return answer
    if answer is POOL_FULL:
        return HttpFailure(-1, "too many requests are waiting")
    if answer is TIMED_OUT:
        return HttpFailure(-1, "timeout: the request took too long")
    return HttpFailure(CURL_FAILED_INIT, f"internal error: {answer!r}")


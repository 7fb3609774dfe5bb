"""Carrying out HTTP requests with kept connections. Everything here blocks: it runs on the pool "http".

There is one requests Session for each way of speaking TLS, normally one; it takes nothing from the environment and
keeps no cookies. What went wrong is a value (HttpFailure).
"""

import threading
import time
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.structures import CaseInsensitiveDict
from urllib3.util import create_urllib3_context

from luasip.kemi.wire_text import from_wire, to_wire
from luasip.modules.luasip_http import exchange
from luasip.modules.luasip_http.challenges import ChallengedAuth
from luasip.modules.luasip_http.exchange import AUTH_BASIC, HttpAnswer, HttpFailure, HttpRequest, TlsOptions

_CHUNK: Final = 65536
_MAX_REDIRECTS: Final = 10
_REPEATABLE: Final = frozenset(("GET", "HEAD", "PUT", "DELETE", "OPTIONS"))
"""Methods that may be sent twice (RFC 9110 §9.2.2)."""

_TLS_VERSIONS: Final = {1: 0x0301, 4: 0x0301, 5: 0x0302, 6: 0x0303, 7: 0x0304}
"""Protocol versions as they are on the wire (RFC 8446 §4.2.1), by curl's numbers."""

_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep their CA certificates."""


class Transfer:
    """Sends requests. May be called from any thread."""

    def __init__(self, connections: int) -> None:
        """`connections` that may be open to one server at one time."""
        self._connections = max(1, connections)
        self._sessions: dict[tuple[int, str, bool], requests.Session] = {}
        self._adapters: dict[str, BaseAdapter] = {}
        self._lock = threading.Lock()
        self._authorities = _system_authorities()

    def mount(self, prefix: str, adapter: BaseAdapter) -> None:
        """Let `adapter` carry the requests for URLs that begin with `prefix`, from the first request on."""
        self._adapters[prefix] = adapter

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.close()

    def perform(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        """Send a request and read the whole response."""
        began = time.monotonic()
        method = request.method or ("POST" if request.body else "GET")
        try:
            try:
                return self._once(request, method, began)
            except requests.ConnectionError as error:
                if method not in _REPEATABLE or not _was_stale(error):
                    raise
                return self._once(request, method, began)
        except requests.RequestException as error:
            return _failure(error)
        except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            return HttpFailure(exchange.CURL_FAILED_INIT, f"{request.url}: {error}")

    def _once(self, request: HttpRequest, method: str, began: float) -> HttpAnswer | HttpFailure:
        tls = request.tls
        headers = exchange.joined((("User-Agent", request.user_agent), *request.headers))
        if request.body and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        limit = request.limit
        with self._session(tls).request(
            method,
            from_wire(request.url),
            data=request.body.encode("latin-1") if request.body else None,
            headers=headers,
            timeout=limit,
            allow_redirects=request.follow_redirects,
            verify=(tls.authorities or self._authorities) if tls.verify_peer else False,
            cert=_client_certificate(tls),
            auth=_auth(request),
            proxies={"http": request.proxy, "https": request.proxy} if request.proxy else None,
            stream=True,
        ) as response:
            first_byte_after = time.monotonic() - began
            body = _read(response, began + limit, request.largest_body)
            if isinstance(body, HttpFailure):
                return body
            return HttpAnswer(
                response.status_code,
                response.reason or "",
                tuple(response.raw.headers.items()),
                body.decode("latin-1"),
                to_wire(response.url or ""),
                first_byte_after,
                time.monotonic() - began,
            )

    def _session(self, tls: TlsOptions) -> requests.Session:
        """The session for a way of speaking TLS that is not a matter of a single request."""
        key = tls.version, tls.ciphers, tls.verify_host
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = self._new_session(tls)
            return session

    def _new_session(self, tls: TlsOptions) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.max_redirects = _MAX_REDIRECTS
        session.headers = CaseInsensitiveDict({"Accept": "*/*"})
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(tls, self._connections)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        for prefix, mounted in self._adapters.items():
            session.mount(prefix, mounted)
        return session


class _Adapter(HTTPAdapter):
    """An adapter with a bounded pool, and a TLS context of its own where the settings ask for one."""

    def __init__(self, tls: TlsOptions, connections: int) -> None:
        self._pool_options: dict[str, Any] = {}
        if tls.version or tls.ciphers:
            self._pool_options["ssl_context"] = create_urllib3_context(
                ciphers=tls.ciphers or None, ssl_minimum_version=_TLS_VERSIONS.get(tls.version)
            )
        if not tls.verify_host:
            self._pool_options["assert_hostname"] = False
        super().__init__(pool_connections=connections, pool_maxsize=connections, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Called once, by the base class."""
        super().init_poolmanager(connections, maxsize, block, **options, **self._pool_options)


def _system_authorities() -> str | bool:
    """The system's CA certificates, or those requests brings where the system has none."""
    return next((file for file in _AUTHORITIES if Path(file).is_file()), True)


def _client_certificate(tls: TlsOptions) -> str | tuple[str, str] | None:
    if not tls.certificate:
        return None
    return (tls.certificate, tls.key) if tls.key else tls.certificate


def _auth(request: HttpRequest) -> AuthBase | None:
    credentials = request.credentials
    if credentials is None or not credentials.methods:
        return None
    if credentials.methods == AUTH_BASIC:
        return HTTPBasicAuth(credentials.user, credentials.password)
    return ChallengedAuth(credentials)


def _read(response: requests.Response, ends_at: float, largest: int) -> bytes | HttpFailure:
    """The body, within a time and a size."""
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_content(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > largest:
            return HttpFailure(exchange.CURL_FILESIZE_EXCEEDED, f"the body is larger than {largest} bytes")
        if time.monotonic() > ends_at:
            return HttpFailure(exchange.CURL_OPERATION_TIMEDOUT, "timeout: the body took too long")
    return b"".join(pieces)


def _was_stale(error: requests.ConnectionError) -> bool:
    """Whether a kept connection turned out to be closed when the request was sent."""
    return any(isinstance(cause, RemoteDisconnected | BrokenPipeError) for cause in _causes(error))


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything it wraps, as requests and urllib3 do it."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found


_CODES: Final = (
    (requests.exceptions.Timeout, exchange.CURL_OPERATION_TIMEDOUT),
    (requests.exceptions.TooManyRedirects, exchange.CURL_TOO_MANY_REDIRECTS),
    (requests.exceptions.ContentDecodingError, exchange.CURL_BAD_CONTENT_ENCODING),
    (requests.exceptions.ChunkedEncodingError, exchange.CURL_RECV_ERROR),
    (requests.exceptions.InvalidSchema, exchange.CURL_UNSUPPORTED_PROTOCOL),
    (requests.exceptions.MissingSchema, exchange.CURL_URL_MALFORMAT),
    (requests.exceptions.InvalidURL, exchange.CURL_URL_MALFORMAT),
    (requests.exceptions.ProxyError, exchange.CURL_COULDNT_RESOLVE_PROXY),
)

_CAUSES: Final = (
    (urllib3.exceptions.NameResolutionError, exchange.CURL_COULDNT_RESOLVE_HOST),
    (urllib3.exceptions.ReadTimeoutError, exchange.CURL_OPERATION_TIMEDOUT),
    (RemoteDisconnected, exchange.CURL_GOT_NOTHING),
    (ConnectionRefusedError, exchange.CURL_COULDNT_CONNECT),
    (ConnectionResetError, exchange.CURL_RECV_ERROR),
    (urllib3.exceptions.NewConnectionError, exchange.CURL_COULDNT_CONNECT),
    (urllib3.exceptions.ProtocolError, exchange.CURL_RECV_ERROR),
)


def _failure(error: requests.RequestException) -> HttpFailure:
    code = _code(error)
    word = "timeout: " if code == exchange.CURL_OPERATION_TIMEDOUT else ""
    return HttpFailure(code, f"{word}{exchange.CURL_ERRORS[code]} ({_detail(error)})")


def _code(error: requests.RequestException) -> int:
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    if isinstance(error, requests.exceptions.SSLError):
        rejected = "CERTIFICATE_VERIFY_FAILED" in str(error)
        return exchange.CURL_PEER_FAILED_VERIFICATION if rejected else exchange.CURL_SSL_CONNECT_ERROR
    causes = _causes(error)
    for wanted, code in _CAUSES:
        if any(isinstance(cause, wanted) for cause in causes):
            return code
    return exchange.CURL_FAILED_INIT


def _detail(error: requests.RequestException) -> str:
    """What the system said, where it said something; else what the library says."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException) and cause.strerror:
            return cause.strerror
    return str(error)

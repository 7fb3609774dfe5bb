"""Reaching a server: one JSON-RPC document out, one answer in, over its UNIX stream socket or HTTP."""

import json
import os
import socket
from collections.abc import Sequence
from typing import Any, Protocol

import requests

from luasip.control.settings import ControlSettings
from luasip.errors import CommandError, TransportError

TIMEOUT = 30.0
"""Seconds until an answer must have come."""

CHUNK = 65536


class Unreachable(TransportError):
    """No server answers there."""


class Endpoint(Protocol):
    """Where a server is reached."""

    def exchange(self, document: bytes) -> bytes:
        """The answer to a document. Raises Unreachable."""
        ...


class StreamEndpoint:
    """A UNIX stream socket."""

    def __init__(self, path: str, timeout: float = TIMEOUT) -> None:
        self._path = path
        self._timeout = timeout

    def exchange(self, document: bytes) -> bytes:
        """The answer to a document. Raises Unreachable."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
                opened.settimeout(self._timeout)
                opened.connect(self._path)
                opened.sendall(document + b"\n")
                return self._line(opened)
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror or error}; does the server run?") from None

    def _line(self, opened: socket.socket) -> bytes:
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            part = opened.recv(CHUNK)
            if not part:
                raise Unreachable(f"{self._path}: the server closed the connection without an answer")
            parts.append(part)
        return b"".join(parts)


class HttpEndpoint:
    """An HTTP or HTTPS address."""

    def __init__(self, url: str, token: str = "", certificate: str = "", timeout: float = TIMEOUT) -> None:
        """`certificate` is a PEM file that is trusted beside the system's."""
        self._url = url
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._verify: bool | str = certificate or True
        self._timeout = timeout

    def exchange(self, document: bytes) -> bytes:
        """The answer to a document. Raises Unreachable, also for what is answered but is no JSON-RPC."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    self._url, document, headers=self._headers, timeout=self._timeout, verify=self._verify
                )
        except requests.RequestException as error:
            raise Unreachable(f"{self._url}: {error}") from None
        if not answer.headers.get("Content-Type", "").startswith("application/json"):
            raise Unreachable(f"{self._url}: {answer.status_code} {answer.text.strip()[:200]}")
        return answer.content


def endpoint_of(settings: ControlSettings, timeout: float = TIMEOUT) -> Endpoint | None:
    """The best way to a server with these settings; None when there is none this client speaks."""
    # A socket file that is not there tells nothing yet: HTTP may be up. But one that is there is the better way.
    if settings.stream and (settings.http is None or os.path.exists(settings.stream)):
        return StreamEndpoint(settings.stream, timeout)
    if settings.http is None:
        return None
    host, port = settings.http
    scheme = "https" if settings.certificate else "http"
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{reached}]" if ":" in reached else reached
    return HttpEndpoint(f"{scheme}://{shown}:{port}/RPC", settings.token, settings.certificate, timeout)


def call(endpoint: Endpoint, name: str, arguments: Sequence[Any] = ()) -> Any:
    """The result of a command. Raises CommandError when the server refuses, Unreachable."""
    (result,) = call_all(endpoint, [(name, arguments)])
    if isinstance(result, CommandError):
        raise result
    return result


def call_all(endpoint: Endpoint, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
    """The results of several commands; a refused one gives its CommandError. Raises Unreachable."""
    batch = [
        {"jsonrpc": "2.0", "method": name, "params": list(arguments), "id": index}
        for index, (name, arguments) in enumerate(calls)
    ]
    try:
        answers = json.loads(endpoint.exchange(json.dumps(batch).encode("utf-8")))
        by_id = {answer["id"]: answer for answer in answers} if isinstance(answers, list) else {}
        return [_result(by_id[index]) for index in range(len(batch))]
    except (ValueError, TypeError, LookupError) as error:
        raise Unreachable(f"the answer is not JSON-RPC: {error!r}") from None


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        return CommandError(int(answer["error"]["code"]), str(answer["error"]["message"]))
    return answer["result"]

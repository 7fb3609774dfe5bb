"""An HTTP server without sockets: an adapter for requests' Session, which records what was sent."""

import io
from collections.abc import Callable
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

Handler = Callable[[requests.PreparedRequest], Any]


class HttpStub(BaseAdapter):
    """Answers every request with what `handler(request)` returns.

    That is a status, (status, body), (status, body, headers), or an exception to raise. Without a handler the answer
    is 200 and says what was asked for.
    """

    def __init__(self, handler: Handler | None = None) -> None:
        super().__init__()
        self.handler = handler or (lambda request: (200, f"{request.method} {request.path_url}\nsecond line"))
        self.requests: list[requests.PreparedRequest] = []
        self.timeouts: list[Any] = []
        self.verify: list[Any] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        self.requests.append(request)
        self.timeouts.append(options.get("timeout"))
        self.verify.append(options.get("verify"))
        answer = self.handler(request)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = (*((answer,) if isinstance(answer, int) else answer), "", ())[:3]
        if isinstance(headers, str):
            headers = ()
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body if isinstance(body, bytes) else body.encode("latin-1")),
            headers=urllib3.HTTPHeaderDict(headers),
            status=status,
            reason=f"Reason {status}",
            preload_content=False,
        )
        response = HTTPAdapter().build_response(request, raw)
        response.connection = self
        return response

    def close(self) -> None:
        pass

    def sent(self, index: int = -1) -> tuple[str | None, str | None, Any]:
        """(method, URL, body) of a request."""
        request = self.requests[index]
        body = request.body.decode("latin-1") if isinstance(request.body, bytes) else request.body
        return request.method, request.url, body

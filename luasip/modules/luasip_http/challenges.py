"""Answering an HTTP server that asks for credentials, with the method it asks for."""

from typing import Any

import requests
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from luasip.modules.luasip_http.exchange import AUTH_BASIC, AUTH_DIGEST, Credentials


class ChallengedAuth(HTTPDigestAuth):
    """Sends no credentials at first; answers a 401 with Digest, or with Basic where that is all there is."""

    def __init__(self, credentials: Credentials) -> None:
        """For one request."""
        super().__init__(credentials.user, credentials.password)
        self._credentials = credentials
        self._answered = False

    def handle_401(self, r: requests.Response, **kwargs: Any) -> requests.Response:
        """A response came; when it asks for credentials, the response to the request with them."""
        if r.status_code != 401:
            return r
        offered = r.headers.get("WWW-Authenticate", "").lower()
        methods = self._credentials.methods
        if "digest" in offered and methods & AUTH_DIGEST:
            answered: requests.Response = super().handle_401(r, **kwargs)  # type: ignore[no-untyped-call]
            return answered
        if "basic" not in offered or not methods & AUTH_BASIC or self._answered:
            return r
        self._answered = True
        _ = r.content  # so that the connection can be used again
        r.close()
        again = HTTPBasicAuth(self._credentials.user, self._credentials.password)(r.request.copy())
        adapter: Any = r.connection
        repeated: requests.Response = adapter.send(again, **kwargs)
        repeated.history.append(r)
        repeated.request = again
        return repeated

"""luasip.http, and the HTTP client it shares with http_client and http_async_client."""

from luasip.modules.luasip_http.exchange import HttpAnswer, HttpFailure, HttpRequest, TlsOptions
from luasip.modules.luasip_http.module import Http
from luasip.modules.luasip_http.transfer import Transfer

__all__ = ["Http", "HttpAnswer", "HttpFailure", "HttpRequest", "TlsOptions", "Transfer"]

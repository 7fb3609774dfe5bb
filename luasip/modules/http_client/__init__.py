"""The http_client module: HTTP requests that suspend their route."""

from luasip.modules.http_client.module import HttpClient

__all__ = ["HttpClient"]

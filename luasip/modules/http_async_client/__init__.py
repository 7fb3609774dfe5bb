"""The http_async_client module: HTTP requests whose answer comes in a callback."""

from luasip.modules.http_async_client.module import HttpAsyncClient

__all__ = ["HttpAsyncClient"]

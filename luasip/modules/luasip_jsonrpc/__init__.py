"""luasip.jsonrpc: requests to JSON-RPC servers."""

from luasip.modules.luasip_jsonrpc.module import JsonRpc

__all__ = ["JsonRpc"]

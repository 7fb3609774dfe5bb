"""LuaSIP: a SIP server (proxy, registrar, application server) whose routing is written in Lua."""

__version__ = "0.1.0"

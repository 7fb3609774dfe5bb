"""Lua modules written in C, such as LuaSocket: they look for the Lua library among the symbols of the process."""

import ctypes
import importlib
import os


def share_lua(flavour: str) -> None:
    """Let C modules find the Lua of this flavour, which is inside lupa. One a process; an unknown one does nothing."""
    try:
        path = importlib.import_module(f"lupa.{flavour}").__file__
    except ImportError:
        return
    ctypes.CDLL(path, mode=os.RTLD_GLOBAL | os.RTLD_NOLOAD | os.RTLD_NOW)

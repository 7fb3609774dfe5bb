"""What a server process holds, seen from within it: bytes in use, objects by type, the length of every container.

Looking is done in a forked child, so that neither the looking nor what is thrown away for it (entries of bounded
caches, garbage of Lua and Python, free memory) changes the server. What is told is a JSON object:

    resident, trimmed   bytes the child holds: as it is, and after malloc's free memory was given back to the system
    used_with_caches    bytes in use, as it is
    used                bytes in use, bounded caches empty, Lua and the young generations collected
    used_after_all      the same when the collector has looked at everything, frozen objects included
    collected           objects found by that: garbage the collector of a running server comes to very late
    lua                 bytes of the Lua states after a collection (part of `used`)
    garbage             {type: how many} of these
    runtimes            live Lua runtimes, without the states apart that they make when they need one
    objects             {type: how many}, of those the collector knows
    lengths             {"Type.attribute": entries of all dicts, lists, sets … of that name}, of LuaSIP's objects
    caches              {function: entries} of functools.lru_cache, where those without a bound count as -1, and the
                        URIs that `parse_uri` keeps
"""

import collections
import ctypes
import faulthandler
import functools
import gc
import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from luasip.sip import uri

SIZED = (dict, list, set, frozenset, collections.deque, bytearray)
PATIENCE = 20.0
"""Seconds after which the child gives up and says where it is: a lock may be held that nobody gives back there."""
CACHE = type(functools.lru_cache(int))
MALLINFO = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class Mallinfo(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in MALLINFO)


def look(answer: Path) -> None:
    """Write what this process holds to a file, which appears when it is complete."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child uses no other thread
        child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    try:
        partial = answer.with_suffix(".partial")
        partial.write_text(json.dumps(held()), "utf-8")
        partial.rename(answer)
    except Exception:  # noqa: BLE001 - the child may not come back into the server
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(0)


def held() -> dict[str, Any]:
    """See the module's docstring."""
    found: dict[str, Any] = {"resident": resident(), "used_with_caches": used()}
    ctypes.CDLL(None).malloc_trim(0)
    found["trimmed"] = resident()
    found["caches"] = emptied_caches()
    gc.collect(1)
    runtimes = [each for each in known() if type(each).__name__ == "Runtime"]
    found["runtimes"] = sum(each._script is None for each in runtimes)
    for runtime in runtimes:
        if runtime._lock.acquire(blocking=False):
            runtime._runner["collect"]()
            runtime._runner["collect"]()
    found["lua"] = sum(int(runtime._lua.get_memory_used()) for runtime in runtimes)
    del runtimes
    gc.collect(1)
    found["used"] = used()
    gc.unfreeze()
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found["garbage"] = counted(gc.garbage)
    gc.garbage.clear()
    found["collected"] = gc.collect() + gc.collect()
    found["used_after_all"] = used()
    objects = gc.get_objects()
    found["objects"] = counted(objects)
    found["lengths"] = lengths(objects)
    return found


def counted(objects: list[Any]) -> dict[str, int]:
    """How many there are of each type."""
    return dict(Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in objects))


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def used() -> int:
    """Bytes in use: those of Python's allocator for small objects, and those of malloc."""
    function = ctypes.CDLL(None).mallinfo2
    function.restype = Mallinfo
    found = function()
    return python_bytes() + int(found.uordblks) + int(found.hblkhd)


def python_bytes() -> int:
    """What Python's small objects take: the interpreter tells it on standard error only."""
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(before, 2)
        os.close(before)
        file.seek(0)
        text = file.read().decode("ascii", "replace")
    told = re.search(r"# bytes in allocated blocks\s*=\s*([\d,]+)", text)
    return int(told[1].replace(",", "")) if told else 0


def known() -> list[Any]:
    """Every object the collector knows, and what they refer to: frozen ones are not listed, but found so."""
    found = gc.get_objects()
    seen = set(map(id, found))
    layer = found
    while layer:
        layer = [each for each in gc.get_referents(*layer) if id(each) not in seen and gc.is_tracked(each)]
        layer = list({id(each): each for each in layer}.values())
        seen.update(map(id, layer))
        found = found + layer
    return found


def emptied_caches() -> dict[str, int]:
    """How much each bounded cache keeps; it keeps nothing then."""
    found: dict[str, int] = {}
    for each in known():
        if type(each) is CACHE:
            information = each.cache_info()
            function = each.__wrapped__
            name = f"{function.__module__}.{getattr(function, '__qualname__', '')}"
            if information.maxsize is None:
                found[name] = -1
            else:
                found[name] = found.get(name, 0) + information.currsize
                each.cache_clear()
    uris = uri._KEPT
    found["luasip.sip.uri.parse_uri"] = len(uris._new) + len(uris._old)
    uris._new.clear()
    uris._old.clear()
    return found


def lengths(objects: list[Any]) -> dict[str, int]:
    """Entries of the containers that are attributes of LuaSIP's objects."""
    found: Counter[str] = Counter()
    for each in objects:
        kind = type(each)
        if not str(kind.__module__).startswith("luasip") or isinstance(each, type):
            continue
        names = {slot for base in kind.__mro__ for slot in slots(base)} | set(getattr(each, "__dict__", ()))
        for name in names:
            value = getattr(each, name, None)
            if isinstance(value, SIZED):
                found[f"{kind.__module__}.{kind.__qualname__}.{name}"] += len(value)
    return dict(found)


def slots(kind: type) -> tuple[str, ...]:
    """Names of the slots a class adds."""
    named = kind.__dict__.get("__slots__", ())
    return (named,) if isinstance(named, str) else tuple(named)

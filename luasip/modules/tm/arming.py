"""Which callbacks a transaction is to have: the bodies of tm's functions that set them, for mypyc to compile.

`module` is the Tm.
"""

import sys
from typing import Any, Final

from luasip.kemi.route_context import RouteContext

_B: Final = ord("b")
_F: Final = ord("f")
_O: Final = ord("o")

_intern: Final = sys.intern


def t_is_set(module: Any, ctx: RouteContext, target: str) -> int:
    """Whether a callback is armed: 1 or -1; the first letter of `target` decides which."""
    letter, arming = ord(target[0]) | 32 if target else 0, ctx.arming  # the letter in lower case
    if letter == _B:
        name = arming.on_branch
    elif letter == _F:
        name = arming.on_failure
    elif letter == _O:
        name = arming.on_reply
    else:
        return -1
    return 1 if name else -1


def t_on_branch(module: Any, ctx: RouteContext, rname: str) -> int:
    """Name the Lua function that is called for every branch before it is sent."""
    ctx.arming.on_branch = _one(rname)
    return 1


def t_on_reply(module: Any, ctx: RouteContext, rname: str) -> int:
    """Name the Lua function that is called for every reply of the branches."""
    ctx.arming.on_reply = _one(rname)
    return 1


def t_on_failure(module: Any, ctx: RouteContext, rname: str) -> int:
    """Name the Lua function that is called when all branches have failed."""
    ctx.arming.on_failure = _one(rname)
    return 1


def _one(name: str) -> str:
    """The name as one object for all transactions that keep it; a function that was an argument is itself."""
    return _intern(name) if type(name) is str else name

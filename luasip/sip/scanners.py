"""Who reads usual messages: scanning.c where it was built, else `expressions`.

Each of these reads what is usual and leaves all else to the Python code that defines it (`parser`, `values`,
`framing`).
"""

import contextlib
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Final

from luasip.sip import expressions
from luasip.sip.grammar import TOKEN, WORD
from luasip.sip.header_names import CODES, COMPACT, NAMED, display

_ROLES: Final = {"content-length": 1, "via": 2, "from": 3, "to": 4, "call-id": 5, "cseq": 6, "max-forwards": 7}
"""What is read of the first value of a name; scanning.c and `header_lines` have the same numbers."""


def teach(module: ModuleType) -> None:
    """Tell scanning.c what it has to know of header names and characters."""
    names = {display(key): code for key, code in CODES.items()}
    short = {letter: CODES[key] for letter, key in COMPACT.items()}
    roles = bytes([_ROLES.get(key, 0) for key in NAMED])
    module.teach({**names, **short}, TOKEN, WORD + "@", roles)


def _load() -> ModuleType | None:
    with contextlib.suppress(ImportError):  # not built
        module = importlib.import_module("luasip.sip.scanning")
        teach(module)
        return module
    return None


_SCANNING: Final = _load()

scan: Final[Callable[[str], bytes | None]] = getattr(_SCANNING, "scan", expressions.scan)
message_end: Final[Callable[[bytes, int], int] | None] = getattr(_SCANNING, "message_end", None)
"""Only scanning.c has this one."""
name_addr: Final[Callable[[str], int]] = getattr(_SCANNING, "name_addr", expressions.name_addr)
via: Final[Callable[[str], int]] = getattr(_SCANNING, "via", expressions.via)

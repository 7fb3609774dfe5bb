"""What scanning.c does where it was built; None where it was not.

Each of these reads what is usual and leaves all else to the Python code that defines it (`parser`, `values`,
`framing`).
"""

import contextlib
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Final

from luasip.sip.grammar import TOKEN
from luasip.sip.header_names import CODES, COMPACT, CONTENT_LENGTH, display


def teach(module: ModuleType) -> None:
    """Tell scanning.c what it has to know of header names and tokens."""
    names = {display(key): code for key, code in CODES.items()}
    short = {letter: CODES[key] for letter, key in COMPACT.items()}
    module.teach({**names, **short}, TOKEN, CONTENT_LENGTH)


def _load() -> ModuleType | None:
    with contextlib.suppress(ImportError):  # not built
        module = importlib.import_module("luasip.sip.scanning")
        teach(module)
        return module
    return None


_SCANNING: Final = _load()

scan: Final[Callable[[str, int, int, int], bytes | None] | None] = getattr(_SCANNING, "scan", None)
message_end: Final[Callable[[bytes, int], int] | None] = getattr(_SCANNING, "message_end", None)
name_addr: Final[Callable[[str], int] | None] = getattr(_SCANNING, "name_addr", None)
via: Final[Callable[[str], int] | None] = getattr(_SCANNING, "via", None)

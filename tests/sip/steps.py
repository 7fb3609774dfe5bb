"""Counts the steps that readers of `luasip.sip` take for a text of n and of 2n parts; run as a program of its own.

A step is a line of Python that runs or a call it makes, so the figures are the same on every machine. Compiled code
takes no such steps, therefore the modules are loaded from their sources, wherever a compiled copy may stand. What C
does within a call is not counted; a header line, the longest text it is given, has a limit.

Prints a JSON object: case → [steps for n, steps for 2n].
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from types import FrameType, ModuleType
from typing import Any

N = 400


class PlainSources(importlib.abc.MetaPathFinder):
    """Finds luasip's modules as .py files only."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] != "luasip":
            return None
        loader = (importlib.machinery.SourceFileLoader, [".py"])
        for folder in sys.path if path is None else path:
            spec = importlib.machinery.FileFinder(folder or ".", loader).find_spec(name)
            if spec is not None and spec.loader is not None:
                return spec
        return None


def steps_of(function: Callable[[], object]) -> int:
    """How many lines ran and calls were made in `function`."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += 1

    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
        sys.settrace(None)
    return count


def main() -> None:
    """Count and print."""
    sys.meta_path.insert(0, PlainSources())
    from tests.sip.step_cases import CASES  # not before: it imports luasip

    counted = {}
    for name, make in CASES.items():
        make(N)()  # what is cached, is cached for both
        counted[name] = [steps_of(make(N)), steps_of(make(2 * N))]
    json.dump(counted, sys.stdout)


if __name__ == "__main__":
    main()

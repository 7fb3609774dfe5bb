"""Extensions written in C, for tests of them: compiled where the tree is plain, those of the build where it is not."""

import importlib
import importlib.util
import os
import shlex
import subprocess
import sysconfig
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType

import luasip
import luasip.sip.parser

PACKAGE = Path(str(luasip.__file__)).parent
IS_COMPILED = Path(str(luasip.sip.parser.__file__)).suffix in (".so", ".pyd")


def extension(name: str, folder: Path, *, given: str = "") -> ModuleType:
    """The module `name` ("luasip.sip.scanning"); on a plain tree compiled into `folder`, or the file `given`."""
    if IS_COMPILED and not given:
        return importlib.import_module(name)
    path = given or _compiled(name, folder)
    last = name.rpartition(".")[2]
    spec = importlib.util.spec_from_file_location(last, path, loader=ExtensionFileLoader(last, path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _compiled(name: str, folder: Path) -> str:
    source = PACKAGE.parent / (name.replace(".", "/") + ".c")
    built = folder / f"{source.stem}.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    options = ["-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"]
    command = [*compiler, *options, f"-I{sysconfig.get_path('include')}", str(source), "-o", str(built)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return str(built)

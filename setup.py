"""LuaSIP is plain Python; with LUASIP_COMPILE=1 mypyc turns the code every message passes into C extensions;
the way into Lua, the search for header lines and what a thread has for itself are written in C.

    LUASIP_COMPILE=1 pip install .

LUASIP_PROFILE=make builds extensions that write down which code runs; built again with LUASIP_PROFILE=use in the same
place, what ran is laid out to be quick. With GCC only; scripts/environment.sh does both.

Beside each extension its Python source stays, so a build without it differs in speed only. Everything else stands in
pyproject.toml. Compile copies (scripts/environment.sh does), never the working tree in place: there an extension made
from older source would go before what stands in the file.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGES = ("sip", "transaction", "proxy")
"""Values, state machines and text: annotated throughout, no threads, nothing that is replaced at run time."""

FILES = (
    "kemi/current",
    "kemi/header_edits",
    "kemi/lists",
    "lock",
    "kemi/operation",
    "kemi/own_via",
    "kemi/route_context",
    "kemi/transaction_settings",
    "kemi/variable_reading",
    "modules/acc/observer",
    "modules/auth/checking",
    "modules/auth/guesses",
    "modules/auth/nonces",
    "modules/auth/places",
    "modules/auth_db/users",
    "modules/core/marks",
    "modules/corex/request_uri",
    "modules/hdr/removing",
    "modules/kx/reading",
    "modules/maxfwd/hop_count",
    "modules/pv/reading",
    "modules/registrar/address_of_record",
    "modules/registrar/answer",
    "modules/registrar/finding",
    "modules/registrar/looking_up",
    "modules/registrar/methods",
    "modules/registrar/registering",
    "modules/registrar/registration",
    "modules/registrar/saving",
    "modules/rr/in_dialog",
    "modules/rr/routing",
    "modules/sanity/checking",
    "modules/sanity/checks",
    "modules/siputils/dialogs",
    "modules/sleeping",
    "modules/tm/arming",
    "modules/tm/matching",
    "modules/tmx/matching",
    "modules/usrloc/contact",
    "modules/usrloc/matching",
    "modules/usrloc/table",
    "script/bridge",
    "script/steps",
    "server/durations",
    "server/execution",
    "server/frames",
    "server/light_sources",
    "server/next_hop",
    "server/onsend",
    "server/overload",
    "server/pool",
    "server/sending",
    "server/sockets",
    "server/source_rates",
    "server/stateless",
    "server/statistics",
    "server/task",
    "server/timers",
    "server/tokens",
    "server/traffic",
    "server/transactions/access",
    "server/transactions/answered",
    "server/transactions/destination",
    "server/transactions/events",
    "server/transactions/later",
    "server/transactions/layer",
    "server/transactions/outcome",
    "server/transactions/relay",
    "server/transactions/resting",
    "server/transactions/sent_responses",
    "server/transactions/table",
    "server/transactions/template",
    "server/transactions/transaction",
    "server/waiting",
    "server/wakeup",
    "server/worker",
    "server/working",
    "storage/placeholders",
    "storage/rows",
    "storage/sqlite_file",
    "transport/address",
    "transport/backlog",
    "transport/connection",
    "transport/connections",
    "transport/datagram_socket",
    "transport/outbox",
    "transport/packet",
    "transport/reporting",
    "transport/resolver",
    "transport/stream_loop",
    "transport/tcp",
    "transport/udp",
    "transport/wire",
)
"""Further files every message passes. Not: interfaces (Protocol), dataclasses that name a class of a file imported
later, and what is referred to weakly."""

IN_PLACE = not {"editable_wheel", "develop"}.isdisjoint(sys.argv)
"""An editable installation, which would put extensions beside sources that change."""

WANTED = os.environ.get("LUASIP_COMPILE", "") not in ("", "0") and not IN_PLACE


COLD = """
#include <Python.h>
#define RARE __attribute__((cold))
RARE void CPy_AddTraceback(const char *, const char *, int, PyObject *);
RARE void CPy_AttributeError(const char *, const char *, const char *, const char *, int, PyObject *);
RARE void CPy_TypeError(const char *, PyObject *);
RARE void CPy_TypeErrorTraceback(const char *, const char *, int, PyObject *, const char *, PyObject *);
RARE static void CPy_DecRef(PyObject *);
RARE static void CPy_XDecRef(void *);
"""
"""What mypyc calls where an exception passes. Known to be rare, such code is kept apart from what usually runs."""

DENSE = ["-fvisibility=hidden", "-fno-plt", "-Wno-unused-function"]
"""A message runs through more code than a processor's first cache holds; calls that go straight to where they lead, and
no copies of code, are worth a tenth of the misses."""


PROFILE = {
    "make": ["-fprofile-generate", "-fprofile-update=prefer-atomic"],
    # What did not run may still be what somebody needs most, so it is not made small and slow.
    "use": ["-fprofile-use", "-fprofile-partial-training", "-fprofile-correction", "-Wno-missing-profile"],
}.get(os.environ.get("LUASIP_PROFILE", ""), [])
PROFILE_LINKED = ["-fprofile-generate"] if "-fprofile-generate" in PROFILE else []


def dense_flags() -> list[str]:
    """Flags for the C compiler, the last ones it is given."""
    header = Path("build", "luasip_cold.h").absolute()
    header.parent.mkdir(exist_ok=True)
    header.write_text(COLD, "ascii")
    return [*DENSE, *PROFILE, "-include", str(header)]


def extensions() -> list:
    """What to build, [] for plain Python."""
    if not WANTED:
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:  # the first of pip's two runs, which asks what the build needs
        return []
    files = [str(file) for package in PACKAGES for file in sorted(Path("luasip", package).glob("*.py"))]
    files = [file for file in files if not file.endswith("__init__.py")]
    files += [f"luasip/{name}.py" for name in FILES]
    # A C file a module: one for all would take nearly twice as long, for a hundredth of the instructions.
    built = mypycify(files, opt_level="2", multi_file=True)
    flags = dense_flags()
    for extension in built:  # they share one list
        extension.extra_compile_args = [*extension.extra_compile_args, *flags]
    built.append(by_hand("luasip.sip.scanning"))
    if sys.platform == "linux":
        built += [by_hand("luasip.own"), by_hand("luasip.transport.datagrams"), by_hand("luasip.script.crossing", "dl")]
    for extension in built:
        extension.extra_link_args = [*extension.extra_link_args, *PROFILE_LINKED]
    return built


def by_hand(name: str, *libraries: str) -> Extension:
    """One written in C."""
    source = name.replace(".", "/") + ".c"
    return Extension(name, [source], libraries=[*libraries], extra_compile_args=[*DENSE, *PROFILE])


class BuildOnAllCores(build_ext):
    """Compiles several C files at one time."""

    def build_extensions(self) -> None:
        compile_files = self.compiler.compile

        def compile_each(sources: list[str], **options: object) -> list[str]:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                done = pool.map(lambda source: compile_files([source], **options), sources)
                return [made for each in done for made in each]

        self.compiler.compile = compile_each
        super().build_extensions()


setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": BuildOnAllCores},
    setup_requires=["mypy[mypyc]>=2.4,<3"] if WANTED else [],
)

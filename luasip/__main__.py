"""The command line: run, check, stubs, docs, and what luasip.control.client has for a running server.

A command is a function that returns an exit code: 0 done, 1 something is wrong and was told, 2 wrong usage, 3 no server
could be reached.
A user's mistake is told in plain lines on standard error, never as a Python traceback.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from luasip import __version__
from luasip.control.client.command_line import Client
from luasip.control.settings import ControlSettings
from luasip.errors import LuaSIPError, SettingsError

if TYPE_CHECKING:
    from luasip.server.logs import Logging
    from luasip.server.server import Server
    from luasip.server.settings import Settings

DEFAULT_SETTINGS = "conf/luasip.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    parsed = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        return command(parsed)
    except SettingsError as error:
        return _fail([*error.problems, *_advice(error)])
    except LuaSIPError as error:
        return _fail([f"luasip: {error}", *_advice(error)])
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _fail([f"luasip: {reason}", *_advice(error)])


def _advice(error: BaseException) -> list[str]:
    from luasip.server.advice import advice

    return advice(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="luasip", description="A SIP server whose routing is written in Lua.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"LuaSIP {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="run the server in the foreground")
    _add_settings_option(run)
    run.set_defaults(command=_run)

    check = commands.add_parser("check", help="check settings and script, and tell everything that is wrong")
    _add_settings_option(check)
    check.set_defaults(command=_check)

    stubs = commands.add_parser("stubs", help="write the editor stubs of all KSR functions")
    stubs.add_argument("--out", type=Path, default=Path("lua/ksr.gen.lua"), metavar="FILE")
    stubs.set_defaults(command=_stubs)

    docs = commands.add_parser("docs", help="write the reference pages")
    docs.add_argument("--out", type=Path, default=Path("docs/reference"), metavar="DIR")
    docs.add_argument(
        "--missing", action="store_true", help="only list the functions of Kamailio that the modules lack"
    )
    docs.set_defaults(command=_docs)

    Client(_control_settings, DEFAULT_SETTINGS).add_to(commands)
    return parser


def _control_settings(file: Path) -> ControlSettings:
    from luasip.server.settings_control import control_of

    return control_of(file)


def _add_settings_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        default=Path(DEFAULT_SETTINGS),
        metavar="FILE",
        help=f"the settings file (default: {DEFAULT_SETTINGS})",
    )


# Each command imports what it needs itself: --version and a usage mistake are answered at once.


def _run(options: argparse.Namespace) -> int:
    from luasip.script.c_modules import share_lua
    from luasip.server import logs, privileges
    from luasip.server.settings import load_settings

    settings = load_settings(options.config)
    account = privileges.account_of(settings.server.user, settings.server.group)
    privileges.shield_files()
    try:
        with privileges.acting_as(account):
            log = logs.setup(settings.log)
    except SettingsError as error:
        raise SettingsError([f"{settings.file}: {problem}" for problem in error.problems]) from None
    share_lua(settings.script.lua)
    try:
        if settings.server.directory:
            os.chdir(settings.server.directory)
        return _server(settings, log).run()
    finally:
        log.shutdown()


def _check(options: argparse.Namespace) -> int:
    from luasip.modules import MODULES
    from luasip.script.c_modules import share_lua
    from luasip.script.check import check_script
    from luasip.server.settings import load_settings, script_settings_only

    problems: list[str] = []
    settings: Settings | None
    try:
        settings = load_settings(options.config)
    except SettingsError as error:
        # The script is checked all the same, against every module, so that one run tells everything.
        problems += error.problems
        settings = script_settings_only(options.config)
    try:
        server = _server(settings) if settings is not None else None  # built, not started: nothing is opened
    except SettingsError as error:
        problems += error.problems
        settings = script_settings_only(options.config)
        server = _server(settings) if settings is not None else None
    if settings is not None and server is not None:
        script, required = settings.script, [settings.kemi.request_route_callback]
        share_lua(script.lua)
        found = check_script(script.path, server.modules, MODULES, lua=script.lua, required=required)
        problems += map(str, found)
        if not problems:
            print(f"ok: {options.config}, {script.path}, {len(server.modules)} modules")
    return _fail(problems) if problems else 0


def _server(settings: "Settings", log: "Logging | None" = None) -> "Server":
    """The server, built. Raises SettingsError for what only shows when a setting is used, naming the file."""
    from luasip.server.server import Server

    try:
        return Server(settings, log_in_use=log)
    except SettingsError as error:
        raise SettingsError([f"{settings.file}: {problem}" for problem in error.problems]) from None


def _stubs(options: argparse.Namespace) -> int:
    from luasip.kemi.stubs import render_stubs
    from luasip.modules import MODULES

    _write(options.out, render_stubs(MODULES))
    print(options.out)
    return 0


def _docs(options: argparse.Namespace) -> int:
    from luasip.kemi.coverage import missing
    from luasip.kemi.reference import render_commands_page, render_pages
    from luasip.modules import MODULES
    from luasip.server.control import OWN_COMMANDS
    from luasip.server.settings_reference import render_settings_page

    if options.missing:
        for function in missing(MODULES):
            table = "KSR" if function.module == "core" else f"KSR.{function.module}"
            print(f"{table}.{function.name}({', '.join(function.parameters)})")
        return 0
    pages = render_pages(MODULES) | {
        "settings.md": render_settings_page(),
        "commands.md": render_commands_page(OWN_COMMANDS, MODULES),
    }
    for name, text in pages.items():
        _write(options.out / name, text)
    print(f"{options.out}: {len(pages)} pages")
    return 0


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _fail(problems: Sequence[str]) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

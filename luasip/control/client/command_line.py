"""`luasip rpc`, `ul`, `reload`, `stats` and `top`: calling a running server.

Exit codes: 0 done, 1 the server refused, 2 wrong usage, 3 no server could be reached.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luasip.control.settings import ControlSettings
from luasip.errors import CommandError, SettingsError, TransportError

if TYPE_CHECKING:
    from luasip.control.client.connection import Endpoint

REFUSED, UNREACHABLE = 1, 3
INVALID_PARAMETERS = -32602
METHOD_NOT_FOUND = -32601
USAGE = 2

ReadSettings = Callable[[Path], ControlSettings]
"""Reads the [control] section of a settings file. Raises SettingsError."""

TOKEN_VARIABLE = "LUASIP_CONTROL_TOKEN"

COMPLETION_TIMEOUT = 2.0


# What takes long to load is loaded by the functions that need it: the server itself has this command line too.


class Client:
    """The subcommands that talk to a running server."""

    def __init__(self, read_settings: ReadSettings, default_settings: str) -> None:
        self._read_settings = read_settings
        self._default_settings = default_settings

    def add_to(self, commands: Any) -> None:
        """Add them to argparse's subparsers."""
        rpc = self._parser(commands, "rpc", "call a command of a running server", self._rpc)
        method = rpc.add_argument(
            "method", metavar="METHOD", nargs="?", help="its name; without it all are listed"
        )
        method.completer = self._complete  # type: ignore[attr-defined]  # argcomplete looks for it
        arguments = rpc.add_argument(
            "arguments", metavar="ARG", nargs="*", help='its arguments; "s:5" is the text 5, "i:5" the number'
        )
        arguments.completer = lambda **_: []  # type: ignore[attr-defined]
        contacts = self._parser(commands, "ul", "the registered contacts of a running server", self._contacts)
        contacts.add_argument(
            "action", choices=["show", "rm"], help="show them, or remove those of an address"
        )
        contacts.add_argument("address", nargs="?", default="", help="only this address of record")
        contacts.add_argument("--table", default="location", help="the location table (default: location)")
        self._parser(commands, "reload", "read settings and script of a running server again", self._reload)
        stats = self._parser(commands, "stats", "the statistics of a running server", self._stats)
        stats.add_argument("names", metavar="NAME", nargs="*", help='"GROUP:" or a name; without any all')
        live = self._parser(commands, "top", "what a running server does, again and again", self._top)
        live.add_argument("-i", "--interval", type=float, default=1.0, metavar="SECONDS")
        live.add_argument("-n", "--times", type=int, default=0, metavar="COUNT", help="end after as many")

    def _parser(
        self, commands: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=text.capitalize() + "."
        )
        parser.add_argument(
            "-c",
            "--config",
            type=Path,
            default=Path(self._default_settings),
            metavar="FILE",
            help=f"settings file of the server (default: {self._default_settings})",
        )
        parser.add_argument(
            "--socket", metavar="PATH", help="its UNIX stream socket, in place of the settings"
        )
        parser.add_argument(
            "--url", metavar="URL", help="its HTTP address, such as http://127.0.0.1:8080/RPC"
        )
        parser.add_argument(
            "--json", action="store_true", help="print JSON, as when the output is no terminal"
        )
        parser.set_defaults(command=lambda options: _told(run, options))
        return parser

    def _endpoint(self, options: argparse.Namespace, timeout: float = 30.0) -> "Endpoint":
        from luasip.control.client.connection import HttpEndpoint, StreamEndpoint, Unreachable, endpoint_of

        if options.socket:
            return StreamEndpoint(options.socket, timeout)
        if options.url:
            return HttpEndpoint(options.url, os.environ.get(TOKEN_VARIABLE, ""), timeout=timeout)
        if not options.config.exists():
            raise Unreachable(
                f"{options.config}: there is no such settings file; name that of the server with -c, or the server with"
                " --socket or --url"
            )
        found = endpoint_of(self._read_settings(options.config), timeout)
        if found is None:
            raise Unreachable(
                f"{options.config}: no control.stream and no control.http; add for example"
                ' [control] stream = "luasip.sock", or name one by --socket or --url'
            )
        return found

    def _rpc(self, options: argparse.Namespace) -> int:
        from luasip.control.client.connection import call

        endpoint = self._endpoint(options)
        if options.method is None:
            _show(call(endpoint, "system.describe"), options)
            return 0
        _show(call(endpoint, options.method, [argument_of(text) for text in options.arguments]), options)
        return 0

    def _contacts(self, options: argparse.Namespace) -> int:
        from luasip.control.client.connection import call

        endpoint = self._endpoint(options)
        if options.action == "rm":
            if not options.address:
                print("luasip ul rm: an address is needed", file=sys.stderr)
                return USAGE
            call(endpoint, "ul.rm", [options.table, options.address])
            return 0
        if options.address:
            found = [call(endpoint, "ul.lookup", [options.table, options.address])]
        else:
            found = list(_address_infos(call(endpoint, "ul.dump"), options.table))
        rows = [row for info in found for row in contact_rows(info)]
        if rows or not sys.stdout.isatty():
            _show(rows, options)
        else:
            print("no contacts")
        return 0

    def _reload(self, options: argparse.Namespace) -> int:
        from luasip.control.client.connection import call

        done = call(self._endpoint(options), "script.reload")
        _show(done, options, reload_shown)
        return 0

    def _stats(self, options: argparse.Namespace) -> int:
        from luasip.control.client.connection import call

        _show(call(self._endpoint(options), "stats.fetchn", options.names or ["all"]), options)
        return 0

    def _top(self, options: argparse.Namespace) -> int:
        from rich.console import Console

        from luasip.control.client import top

        with contextlib.suppress(KeyboardInterrupt):
            top.show(self._endpoint(options), Console(), max(options.interval, 0.1), options.times)
        return 0

    def _complete(self, prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        """The methods of the server that begin with what was typed; none when it cannot be asked."""
        from luasip.control.client.connection import call

        try:
            names: list[str] = call(self._endpoint(parsed_args, COMPLETION_TIMEOUT), "system.listMethods")
        except (TransportError, CommandError, SettingsError):
            return []
        return [name for name in names if name.startswith(prefix)]


def _told(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a subcommand and tell what went wrong."""
    try:
        return run(options)
    except CommandError as error:
        more = "; luasip rpc without a command lists all" if error.code == METHOD_NOT_FOUND else ""
        print(f"luasip: {error.code} {error.message}{more}", file=sys.stderr)
        return USAGE if error.code == INVALID_PARAMETERS else REFUSED
    except TransportError as error:
        print(f"luasip: {error}", file=sys.stderr)
        return UNREACHABLE


def _show(result: Any, options: argparse.Namespace, on_terminal: Callable[[Any], str] | None = None) -> None:
    """Print a result: JSON for programs, for people as `on_terminal` has it, or a table."""
    from rich.console import Console

    from luasip.control.client.rendering import as_json, rendered

    console = Console()
    if options.json or not console.is_terminal:
        print(as_json(result))
    elif on_terminal is not None:
        print(on_terminal(result))
    elif result not in ({}, None):
        console.print(rendered(result, console.width))


def reload_shown(done: dict[str, Any]) -> str:
    """What a reload did, for people."""
    lines = ["reloaded"]
    for title, key in (("changed", "changed"), ("takes a restart", "needs_restart")):
        if done.get(key):
            lines.append(f"{title}: {', '.join(done[key])}")
    return "\n".join(lines)


def argument_of(text: str) -> Any:
    """An argument as kamcmd reads it: a number where it looks like one, "s:5" the text 5, "i:5" the number 5."""
    if text.startswith("s:"):
        return text[2:]
    number = text[2:] if text.startswith("i:") else text
    try:
        value = int(number)
    except ValueError:
        return text
    # "007" is no number a server would give back as it was.
    return value if text.startswith("i:") or str(value) == text else text


def _address_infos(dump: dict[str, Any], table: str) -> Iterable[dict[str, Any]]:
    for one in dump["Domains"]:
        if one["Domain"]["Domain"] == table:
            for address in one["Domain"]["AoRs"]:
                yield address["Info"]


SHOWN = ("Address", "Expires", "Q", "Received", "Path", "Flags", "Socket", "User-Agent")


def contact_rows(info: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """The contacts of an address of record, each as a row."""
    return [
        {"AoR": info["AoR"], **{name: _said(one["Contact"].get(name)) for name in SHOWN}}
        for one in info["Contacts"]
    ]


def _said(value: Any) -> Any:
    return "" if value == "[not set]" else value

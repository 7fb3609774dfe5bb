"""The RPC commands of a server, by name: finding one, giving it its arguments, calling it.

Commands are methods marked @command, of KEMI modules and of the server's own parts. Inside they take and give wire
text; nothing here knows how a call came in.
"""

import difflib
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from luasip.errors import CommandError, LuaSIPError
from luasip.kemi.declare import Command, CommandParameter, commands_of

log = logging.getLogger("luasip.control")

METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMETERS: Final = -32602
INTERNAL_ERROR: Final = 500

Arguments = Sequence[Any] | Mapping[str, Any]
"""The arguments of a call, by position or by name."""


class Registry:
    """Every command of a server. It is filled before the first call and not changed afterwards."""

    def __init__(self, owners: Iterable[object] = ()) -> None:
        self._commands: dict[str, tuple[Command, Callable[..., Any]]] = {}
        for owner in owners:
            self.add(owner)

    def add(self, owner: object) -> None:
        """Add the commands of an object. Raises TypeError when one has a name that is taken."""
        for command in commands_of(type(owner)):
            if command.name in self._commands:
                raise TypeError(f"two commands are named {command.name}")
            self._commands[command.name] = (command, getattr(owner, command.attribute))

    @property
    def names(self) -> list[str]:
        """Every command's name, sorted."""
        return sorted(self._commands)

    def find(self, name: str) -> Command | None:
        """What a command declares."""
        found = self._commands.get(name)
        return None if found is None else found[0]

    def call(self, name: str, arguments: Arguments = ()) -> Any:
        """Run a command and return its result: plain values, texts as wire text, None for nothing to tell.

        Raises CommandError: -32601 there is no such command, -32602 the arguments do not fit, else what the command
        says, 500 when it failed in a way of its own.
        """
        found = self._commands.get(name)
        if found is None:
            raise CommandError(METHOD_NOT_FOUND, f"Method Not Found: {name}{self._nearest(name)}")
        command, function = found
        values = bind(command, arguments)
        log.debug("command %s %.200r", name, values)
        try:
            return function(*values)
        except CommandError:
            raise
        except LuaSIPError as error:
            raise CommandError(INTERNAL_ERROR, f"{name}: {error}") from error
        except Exception as error:  # a control request: a fault of ours is its answer, and the server goes on
            log.exception("command %s failed", name)
            raise CommandError(INTERNAL_ERROR, f"{name}: internal error: {error!r}") from error

    def _nearest(self, name: str) -> str:
        close = difflib.get_close_matches(name.lower(), self._commands, n=1)
        return f", did you mean {close[0]}?" if close else ""


def bind(command: Command, arguments: Arguments) -> list[Any]:
    """The values a command is called with. Raises CommandError -32602 naming what is missing or does not fit."""
    if isinstance(arguments, Mapping):
        return _bind_named(command, arguments)
    values: list[Any] = []
    given = list(arguments)
    for parameter in command.parameters:
        if parameter.variadic:
            values += [_value(command, parameter, value) for value in given]
            given = []
        elif given:
            values.append(_value(command, parameter, given.pop(0)))
        elif not parameter.optional:
            raise _refusal(command, f"{parameter.name} is missing")
        else:
            break
    if given:
        raise _refusal(command, f"{len(given)} arguments too many")
    return values


def _bind_named(command: Command, arguments: Mapping[str, Any]) -> list[Any]:
    known = {parameter.name: parameter for parameter in command.parameters}
    for name in arguments:
        if name not in known:
            raise _refusal(command, f"no parameter {name!r}")
    values: list[Any] = []
    skipped = ""
    for name, parameter in known.items():
        if name not in arguments:
            if not parameter.optional:
                raise _refusal(command, f"{name} is missing")
            skipped = skipped or name
            continue
        if skipped:
            raise _refusal(command, f"{name} needs {skipped} before it")
        value = arguments[name]
        several = value if parameter.variadic and isinstance(value, list) else [value]
        values += [_value(command, parameter, one) for one in several]
    return values


def _value(command: Command, parameter: CommandParameter, value: Any) -> Any:
    """A value as the parameter wants it: numbers may come as text and text as numbers, as from Kamailio's clients."""
    if parameter.kind == "any":
        return value
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, str | int | float):
        raise _refusal(command, f"{parameter.name} must be {_WORDS[parameter.kind]}")
    if parameter.kind == "str":
        return value if isinstance(value, str) else _plain_number(value)
    try:
        number = float(value)
        return number if parameter.kind == "float" else _integer(value, number)
    except (ValueError, OverflowError):
        raise _refusal(
            command, f"{parameter.name} must be {_WORDS[parameter.kind]}, not {value!r:.60}"
        ) from None


_WORDS: Final = {"str": "text", "int": "an integer", "float": "a number"}


def _integer(value: str | int | float, number: float) -> int:
    if isinstance(value, float):
        if number != int(number):
            raise ValueError
        return int(number)
    return int(value)


def _plain_number(value: int | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _refusal(command: Command, why: str) -> CommandError:
    return CommandError(INVALID_PARAMETERS, f"Invalid params: {why}; usage: {command.usage}")


def help_text(command: Command) -> str:
    """What a command does, its parameters and its result."""
    documentation = command.documentation
    lines = [command.usage, "", documentation.summary]
    if documentation.description:
        lines.append(inspect.cleandoc(documentation.description))
    lines += [f"  {name}: {text}" for name, text in documentation.parameters.items()]
    if documentation.returns:
        lines.append(f"Returns {documentation.returns}")
    return "\n".join(lines)

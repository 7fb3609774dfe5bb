"""system.*: what commands there are."""

from typing import Any

from luasip.control.registry import Registry, help_text
from luasip.errors import CommandError
from luasip.kemi.declare import Command, command


class SystemCommands:
    """Commands about the commands of `registry`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @command("system.listMethods")
    def list_methods(self) -> list[str]:
        """The names of all commands."""
        return self._registry.names

    @command("system.methodHelp")
    def method_help(self, name: str) -> str:
        """What a command does, its parameters and its result.

        Args:
            name: the command.
        """
        return help_text(self._find(name))

    @command("system.methodSignature")
    def method_signature(self, name: str) -> list[list[str]]:
        """The types of a command: of its result first, then of its parameters; once for each number of them.

        Args:
            name: the command.
        """
        kinds = ["any"]
        signatures: list[list[str]] = []
        for parameter in self._find(name).parameters:
            if parameter.optional:
                signatures.append(list(kinds))
            kinds.append(_KINDS[parameter.kind])
        return [*signatures, kinds]

    @command("jsonrpc.echo")
    def echo(self, *values: Any) -> list[Any]:
        """The arguments, as they came."""
        return list(values)

    @command("system.describe")
    def describe(self) -> list[dict[str, Any]]:
        """Every command with its parameters and its summary, for clients that complete and explain."""
        found = [self._find(name) for name in self._registry.names]
        return [{"name": one.name, "usage": one.usage, "help": one.documentation.summary} for one in found]

    def _find(self, name: str) -> Command:
        found = self._registry.find(name)
        if found is None:
            raise CommandError(400, "command not found")
        return found


_KINDS = {"str": "string", "int": "int", "float": "double", "any": "any"}

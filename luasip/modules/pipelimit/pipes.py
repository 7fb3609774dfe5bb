"""The pipes by name, and the table of a database they may come from. Not for several threads."""

from collections import OrderedDict
from collections.abc import Iterator

from sqlalchemy import select

from luasip.errors import StorageError
from luasip.modules.pipelimit.settings import PipelimitSettings
from luasip.modules.pipes import Algorithm, Pipe, algorithm_named
from luasip.storage.database import Database
from luasip.storage.tables import pipes_table


class NamedPipes:
    """Pipes of the database stay; of those that scripts made only the latest used ones."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lasting: dict[str, Pipe] = {}
        self._made: OrderedDict[str, Pipe] = OrderedDict()

    def find(self, name: str) -> Pipe | None:
        """A pipe by its name; one that a script made counts as used."""
        pipe = self._lasting.get(name)
        if pipe is None:
            pipe = self._made.get(name)
            if pipe is not None:
                self._made.move_to_end(name)
        return pipe

    def keep(self, name: str, pipe: Pipe) -> None:
        """Add a pipe that stays."""
        self._lasting[name] = pipe

    def make(self, name: str, pipe: Pipe) -> None:
        """Add a pipe of a script."""
        while len(self._made) >= self._limit:
            self._made.popitem(last=False)
        self._made[name] = pipe

    def remove(self, name: str) -> bool:
        """Forget a pipe; False when there is none of this name."""
        return bool(self._lasting.pop(name, None) or self._made.pop(name, None))

    def items(self) -> Iterator[tuple[str, Pipe]]:
        """Every name and pipe."""
        yield from self._lasting.items()
        yield from self._made.items()

    def forget_unused(self, intervals: int) -> None:
        """Forget what had no request in more than so many intervals."""
        for name in [name for name, pipe in self.items() if pipe.unused > intervals]:
            self.remove(name)


def load_pipes(database: Database, settings: PipelimitSettings) -> dict[str, Pipe]:
    """The pipes in the table, which is made when it is not there. Blocks; raises StorageError."""
    table = pipes_table(
        settings.plp_table_name,
        {
            "pipeid": settings.plp_pipeid_column,
            "plimit": settings.plp_limit_column,
            "algorithm": settings.plp_algorithm_column,
        },
    )
    database.create_table(table)
    found: dict[str, Pipe] = {}
    for name, limit, text in database.stream(
        select(table.c["pipeid"], table.c["plimit"], table.c["algorithm"])
    ):
        algorithm = algorithm_named(str(text))
        if algorithm is None:
            raise StorageError(f"pipelimit: pipe {name!r} has the unknown algorithm {text!r}")
        if name in found:
            raise StorageError(f"pipelimit: pipe {name!r} is there twice")
        found[str(name)] = Pipe(algorithm, int(limit))
    feedback = {pipe.limit for pipe in found.values() if pipe.algorithm is Algorithm.FEEDBACK}
    if len(feedback) > 1:
        raise StorageError(f"pipelimit: FEEDBACK limits differ: {', '.join(map(str, sorted(feedback)))}")
    return found

"""htable's settings, and the definitions of tables in them.

A definition is Kamailio's text: `name=>size=8;autoexpire=300;initval=0;`.
"""

from dataclasses import dataclass, field, fields
from typing import Final

from luasip.kemi.declare import Module


@dataclass
class HtableSettings(Module.Settings):
    """Which tables there are and where they are kept."""

    htable: list[str] = field(default_factory=list)
    """Definitions, each "name=>attribute=value;…". Attributes: size (slots are 2^size), autoexpire (seconds
    an item lives, 0 for ever), updateexpire (1: a write renews that time), initval (integer read where
    there is no item), dbtable, dbmode (1: written to dbtable at the end), cols, colnull, coldelim, reloadat
    (seconds between two
    loadings of dbtable), dmqreplicate (accepted, without effect)."""
    db_url: str = ""
    """Database URL for tables with a dbtable."""
    db_expires: int = 0
    """Load and store when items end (column expires) in tables with autoexpire."""
    timer_interval: int = 20
    """Seconds between two removals of expired items; they read as absent before."""
    array_size_suffix: str = "::size"
    """What follows a name to make the key that holds the size of an array loaded from a database."""
    event_callback: str = ""
    """Lua function called with "htable:mod-init", "htable:expired:TABLE" and "htable:reloaded:TABLE"."""
    event_callback_mode: int = 0
    """Accepted; the callback runs when the script is loaded in either mode."""
    key_name_column: str = "key_name"
    """Name of this column."""
    key_type_column: str = "key_type"
    """Name of this column."""
    value_type_column: str = "value_type"
    """Name of this column."""
    key_value_column: str = "key_value"
    """Name of this column."""
    expires_column: str = "expires"
    """Name of this column."""
    fetch_rows: int = 100
    """Accepted; rows are always fetched in portions."""
    timer_procs: int = 0
    """Accepted; one housekeeping thread is enough."""
    timer_mode: int = 0
    """Accepted; one housekeeping thread is enough."""
    enable_dmq: int = 0
    """Accepted, without effect."""
    dmq_init_sync: int = 0
    """Accepted, without effect."""

    def column_names(self) -> dict[str, str]:
        """The columns' names in the database, by Kamailio's default names."""
        return {
            name.removesuffix("_column"): value
            for name, value in vars(self).items()
            if name[-7:] == "_column"
        }


@dataclass(frozen=True, slots=True)
class Definition:
    """One table's definition; the fields are Kamailio's attributes."""

    name: str
    size: int = 4
    autoexpire: int = 0
    updateexpire: int = 1
    initval: int | None = None
    dbtable: str = ""
    dbmode: int = 0
    cols: tuple[str, ...] = ()
    colnull: str = "*"
    coldelim: str = ","
    reloadat: int = 0
    dmqreplicate: int = 0

    @property
    def slots(self) -> int:
        """2^size."""
        return 1 << self.size


_TEXTS: Final = frozenset(("dbtable", "cols", "colnull", "coldelim"))
_GREATEST_SIZE: Final = 31


def parse_definition(text: str) -> Definition:
    """Read "name=>attribute=value;…". Raises ValueError that says what is wrong."""
    name, arrow, rest = text.partition("=>")
    name = name.strip()
    if not name:
        raise ValueError(f"{text!r} does not begin with a table's name")
    known = {one.name for one in fields(Definition)} - {"name"}
    values: dict[str, object] = {}
    for part in rest.split(";") if arrow else ():
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip().strip("'\"")
        if key not in known:
            raise ValueError(f"table {name!r} has no attribute {key!r}; allowed: {', '.join(sorted(known))}")
        if not equals:
            raise ValueError(f"table {name!r}: {key} has no value")
        values[key] = _value(name, key, value)
    if isinstance(cols := values.get("cols"), str):
        values["cols"] = tuple(part.strip() for part in cols.split(",") if part.strip())
    return Definition(name, **values)  # type: ignore[arg-type]


def _value(table: str, key: str, text: str) -> str | int:
    if key in _TEXTS:
        return text
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"table {table!r}: {key}={text!r} is not a number") from None
    if key != "initval" and number < 0:
        raise ValueError(f"table {table!r}: {key}={number} is negative")
    if key == "size" and number > _GREATEST_SIZE:
        raise ValueError(f"table {table!r}: size={number} is greater than {_GREATEST_SIZE}")
    return number

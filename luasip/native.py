"""What mypyc is to know of a class that no annotation says. Without mypyc it means nothing.

`@mypyc_attr(acyclic=True)`: nothing such an object refers to ever leads back to it. Compiled, it is then no concern of
Python's collector, which visits all other objects made for a message again and again while they live.
"""

from typing import TYPE_CHECKING

__all__ = ["mypyc_attr"]

if TYPE_CHECKING:  # it need not be installed to run LuaSIP; mypyc knows the decorator by the name it has there
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**_known):
        """A decorator that leaves the class as it is."""
        return lambda decorated: decorated

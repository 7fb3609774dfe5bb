"""Log levels Python has no names for."""

from typing import Final

NOTICE: Final = 25
"""Between INFO and WARNING."""

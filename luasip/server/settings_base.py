"""What every section of the settings file is."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the settings file: fixed names, no change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # The settings that a reload or cfg.set changes while the server runs; the others take a start.
    changeable: ClassVar[tuple[str, ...]] = ()

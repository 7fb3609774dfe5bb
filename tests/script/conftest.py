"""Every test of the script package runs twice in one process: what one run leaves behind shows in the next."""

import pytest


@pytest.fixture(params=["first", "second"], autouse=True)
def run(request: pytest.FixtureRequest) -> str:
    """Which of the two runs this is."""
    return str(request.param)

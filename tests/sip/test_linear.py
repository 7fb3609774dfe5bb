"""Reading takes time in proportion to the text, whatever the text: shown by counting, not by a clock."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SLACK = 2.2
"""Twice the text may take this many times the steps; were any reader quadratic, it would take four times."""


@pytest.fixture(scope="module")
def counted() -> dict[str, list[int]]:
    """The steps of each case for n and 2n parts."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.sip.steps"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    steps: dict[str, list[int]] = json.loads(result.stdout)
    return steps


def test_twice_the_text_takes_twice_the_steps(counted: dict[str, list[int]]) -> None:
    assert len(counted) > 50
    assert {name: pair for name, pair in counted.items() if pair[1] > SLACK * pair[0]} == {}

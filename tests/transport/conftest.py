"""Every transport test must leave as many threads and file descriptors as it found."""

import os
import threading
from collections.abc import Iterator

import pytest

from tests.transport.stream_bench import Bench


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    threads = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd"))
    yield
    assert set(threading.enumerate()) <= threads
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@pytest.fixture
def bench(_nothing_leaks: None) -> Iterator[Bench]:
    """A bench for stream transports; everything is closed at the end."""
    bench = Bench()
    yield bench
    bench.end()

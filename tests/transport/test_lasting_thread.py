import logging
import threading
import time

import pytest

from luasip.transport.lasting_thread import LastingThread, is_stalled, restarts


def test_work_that_dies_is_begun_again_on_the_same_thread(caplog: pytest.LogCaptureFixture) -> None:
    faults: list[BaseException] = [SystemExit("a"), ValueError("b"), MemoryError()]
    seen: list[tuple[str, int | None, int]] = []

    def work(name: str) -> None:
        seen.append((name, thread.ident, restarts()))
        if faults:
            raise faults.pop()

    thread = LastingThread(work, "worker", ("x",))
    with caplog.at_level(logging.CRITICAL):
        thread.start()
        thread.join(10)
    assert not thread.is_alive()
    assert seen == [("x", thread.ident, number) for number in range(4)]
    assert thread.restarts == 3
    assert [record.getMessage() for record in caplog.records] == ["thread worker has died and is started again"] * 3


def test_work_that_returns_has_ended() -> None:
    thread = LastingThread(lambda: None, "worker")
    thread.start()
    thread.join(10)
    assert (thread.is_alive(), thread.daemon, thread.name, thread.restarts) == (False, True, "worker", 0)


def test_a_thread_that_stands_still() -> None:
    go_on = threading.Event()
    thread = LastingThread(go_on.wait, "waits")
    thread.start()
    now = time.monotonic()
    assert not is_stalled(thread, 0.0, 1.0)
    assert not is_stalled(thread, now - 1.0, 60.0)
    assert is_stalled(thread, now - 61.0, 60.0)
    go_on.set()
    thread.join(5.0)
    assert is_stalled(thread, 0.0, 60.0)

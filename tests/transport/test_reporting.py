import logging
import threading

import pytest

from luasip.transport.reporting import Counters, report_error


def test_counters_from_many_threads() -> None:
    counters = Counters()

    def count() -> None:
        for _ in range(1000):
            counters.count("a", 2)
            counters.count_message("sent", 10)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.values() == {"a": 8000, "messages_sent": 4000, "bytes_sent": 40000}


def test_report_error_tells_the_owner() -> None:
    told: list[Exception] = []
    error = OSError("no")
    report_error(told.append, error)
    report_error(None, error)
    assert told == [error]


def test_an_owner_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(error: Exception) -> None:
        raise KeyError("owner")

    with caplog.at_level(logging.ERROR):
        report_error(fail, OSError("no route"))
    assert "no route" in caplog.text
    assert "KeyError" in caplog.text

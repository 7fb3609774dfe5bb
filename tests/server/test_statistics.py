"""luasip/server/statistics.py"""

import threading

from luasip.server.statistics import Statistics


def test_counters_and_gauges() -> None:
    statistics = Statistics()
    size = [3]
    statistics.gauge("tm:current", lambda: size[0])
    statistics.add("core:rcv_requests")
    statistics.add("core:rcv_requests", 4)
    statistics.add("sl:sent", 0)
    assert statistics.all() == {"core:rcv_requests": 5, "sl:sent": 0, "tm:current": 3}
    size[0] = 7
    assert statistics.get("tm:current") == 7


def test_names() -> None:
    statistics = Statistics()
    statistics.add("a:count", 1)
    statistics.add("b:count", 2)
    statistics.add("b:only", 3)
    statistics.add("bare", 4)
    found = {name: statistics.get(name) for name in ("a:count", "b:count", "count", "only", "bare", "a", "x:y")}
    assert found == {
        "a:count": 1,
        "b:count": 2,
        "count": 1,
        "only": 3,
        "bare": 4,
        "a": None,
        "x:y": None,
    }


def test_no_count_is_lost_between_threads() -> None:
    statistics = Statistics()

    def count() -> None:
        for _ in range(2000):
            statistics.add("a:b")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert statistics.get("a:b") == 8000

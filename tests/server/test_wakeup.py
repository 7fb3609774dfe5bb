"""luasip/server/wakeup.py: who is woken by what."""

from typing import Any

from luasip.server.wakeup import WakeUps


def test_notify_wakes_all_waiters_of_the_key_once() -> None:
    wakeups, told = WakeUps(), list[tuple[str, Any]]()
    wakeups.add("key", lambda value: told.append(("a", value)))
    wakeups.add("key", lambda value: told.append(("b", value)))
    wakeups.add("other", lambda value: told.append(("other", value)))
    assert len(wakeups) == 3
    assert wakeups.notify("key", {"n": 1}) == 2
    assert told == [("a", {"n": 1}), ("b", {"n": 1})]
    assert wakeups.notify("key", 2) == 0
    assert len(wakeups) == 1


def test_notify_is_not_kept_for_those_who_come_later() -> None:
    wakeups, told = WakeUps(), list[Any]()
    assert wakeups.notify("key", 1) == 0
    wakeups.add("key", told.append)
    assert told == []


def test_remove() -> None:
    wakeups, told = WakeUps(), list[Any]()
    other = list[Any]()
    wakeups.add("key", told.append)
    wakeups.add("key", other.append)
    wakeups.remove("key", print)  # never waited
    wakeups.remove("no such key", told.append)
    assert len(wakeups) == 2
    first, second = vars(wakeups)["_waiters"]["key"]
    wakeups.remove("key", first)
    assert wakeups.notify("key", 1) == 1
    assert (told, other) == ([], [1])
    wakeups.remove("key", second)  # woken already
    wakeups.add("key", first)
    wakeups.remove("key", first)
    assert vars(wakeups)["_waiters"] == {}


def test_grant_before_and_after_the_waiter_comes() -> None:
    wakeups, told = WakeUps(), list[Any]()
    wakeups.grant("key", "early")
    wakeups.add("key", told.append)
    assert told == ["early"]
    wakeups.add("key", told.append)
    assert told == ["early"]
    wakeups.grant("key", "late")
    assert told == ["early", "late"]
    assert len(wakeups) == 0
    assert wakeups.notify("key", "nobody") == 0


def test_a_waiter_may_wait_again_and_notify() -> None:
    wakeups, told = WakeUps(), list[Any]()

    def waiter(value: int) -> None:
        told.append(value)
        if value < 3:
            wakeups.add("key", waiter)
            if value == 1:
                wakeups.notify("key", 2)

    wakeups.add("key", waiter)
    assert wakeups.notify("key", 1) == 1
    assert told == [1, 2]
    assert wakeups.notify("key", 3) == 1
    assert told == [1, 2, 3]

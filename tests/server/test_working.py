"""What each thread works on."""

from concurrent.futures import ThreadPoolExecutor

from luasip.server.working import unbind, work


def test_each_thread_has_one_of_its_own() -> None:
    mine = work()
    assert work() is mine
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(work).result()
        assert other is not mine
        assert thread.submit(work).result() is other
    assert work() is mine


def test_unbinding_concerns_this_thread_only() -> None:
    mine = work()
    mine.bind(None, "route", None)
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(unbind).result()
        assert mine.callback == "route"
    finally:
        unbind()
    assert mine.callback == ""

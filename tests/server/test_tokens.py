"""Tokens: length, letters, and that nothing is given out twice."""

import threading

from luasip.server.tokens import ALPHABET, DRAWN, Tokens


def test_length_and_letters() -> None:
    tokens = Tokens()
    for length in (0, 1, 16, 20, DRAWN, DRAWN + 1, 3 * DRAWN):
        token = tokens.take(length)
        assert len(token) == length
        assert set(token) <= set(ALPHABET)
    assert len(tokens.take()) == 16


def test_every_letter_comes() -> None:
    assert set(Tokens().take(20_000)) == set(ALPHABET)


def test_none_is_given_twice() -> None:
    tokens = Tokens()
    given = [tokens.take() for _ in range(5 * DRAWN // 16)]
    assert len(set(given)) == len(given)
    assert Tokens().take() != Tokens().take()


def test_from_many_threads() -> None:
    tokens = Tokens()
    given: list[str] = []

    def take() -> None:
        for _ in range(500):
            given.append(tokens.take())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == len(given) == 2000

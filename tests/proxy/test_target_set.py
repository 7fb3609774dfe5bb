from dataclasses import dataclass

import pytest

from luasip.proxy.target_set import by_preference, groups


@dataclass(frozen=True)
class Target:
    uri: str
    q: float | None = None


def test_order_is_by_q_and_stable() -> None:
    targets = [Target("sip:a"), Target("sip:b", 0.5), Target("sip:c", 1.0), Target("sip:d", 0.5), Target("sip:e", 0.0)]
    assert [target.uri for target in by_preference(targets)] == ["sip:c", "sip:b", "sip:d", "sip:e", "sip:a"]


@pytest.mark.parametrize(
    ("qs", "expected"),
    [
        ([], []),
        ([1.0], [["0"]]),
        ([0.5, 0.5], [["0", "1"]]),
        ([0.1, 0.9, 0.1, None, 0.0], [["1"], ["0", "2"], ["4"], ["3"]]),
    ],
)
def test_groups(qs: list[float | None], expected: list[list[str]]) -> None:
    made = groups([Target(str(index), q) for index, q in enumerate(qs)])
    assert [[target.uri for target in group] for group in made] == expected

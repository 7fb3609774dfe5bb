import pytest

from luasip.proxy.target_set import Q_UNSPECIFIED, Target, by_preference, groups, without_duplicates


def test_order_is_by_q_and_stable() -> None:
    targets = [Target("sip:a"), Target("sip:b", q=0.5), Target("sip:c", q=1.0), Target("sip:d", q=0.5)]
    assert [target.uri for target in by_preference(targets)] == ["sip:c", "sip:b", "sip:d", "sip:a"]


@pytest.mark.parametrize(
    ("qs", "expected"),
    [
        ([], []),
        ([1.0], [["0"]]),
        ([0.5, 0.5], [["0", "1"]]),
        ([0.1, 0.9, 0.1, Q_UNSPECIFIED, 0.0], [["1"], ["0", "2"], ["4"], ["3"]]),
    ],
)
def test_groups(qs: list[float], expected: list[list[str]]) -> None:
    made = groups([Target(str(index), q=q) for index, q in enumerate(qs)])
    assert [[target.uri for target in group] for group in made] == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Target("sip:a@b"), Target("sip:a@b"), True),
        (Target("sip:a@b"), Target("sip:a@B"), True),
        (Target("sip:a@b", q=0.1), Target("sip:a@b", q=0.9), True),
        (Target("sip:a@b"), Target("sip:A@b"), False),
        (Target("sip:a@b"), Target("sip:a@b", next_hop="sip:c"), False),
        (Target("sip:a@b", path="<sip:p;lr>"), Target("sip:a@b"), False),
        (Target("sip:a@b", socket="udp:1.2.3.4:5060"), Target("sip:a@b"), False),
        (Target("nonsense"), Target("nonsense"), True),
        (Target("nonsense"), Target("other nonsense"), False),
    ],
)
def test_each_place_once(one: Target, other: Target, same: bool) -> None:
    assert one.same_place(other) is same
    assert without_duplicates([one, other]) == ([one] if same else [one, other])


def test_repr_names_the_target() -> None:
    assert repr(Target("sip:a", q=0.5)) == "<Target sip:a q=0.5>"

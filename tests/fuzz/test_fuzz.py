"""The fuzz targets within the suite: every seed, every find, and what hypothesis makes of the seeds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.servers import SERVERS, end
from tests.fuzz.targets import TARGETS

ALL = {**TARGETS, **SERVERS}
CORPUS = Path(__file__).parent / "corpus"

PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b'"', b"\\", b"<", b">", b",", b";", b"=", b":", b"@", b"%", b"%00",
    b"{", b"}", b"$", b"(", b")", b"[", b"]", b"?", b"*", b"-1", b"99999999999", b"SIP/2.0", b"sip:", b"\xff", b"/",
    b"\r\nVia: SIP/2.0/UDP h", b"\r\nl: 3", b"\r\n\r\n", b";tag=x", b";lr", b"\r\n ",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _end() -> Iterator[None]:
    yield
    end()


def test_each_target_has_seeds() -> None:
    assert sorted(SEEDS) == sorted(ALL)
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_seeds(name: str) -> None:
    for seed in SEEDS[name]:
        ALL[name](seed)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_finds(path: Path) -> None:
    ALL[path.parent.name](path.read_bytes())


def mutated(name: str) -> st.SearchStrategy[bytes]:
    """A seed with some pieces of it taken out, put in or repeated."""
    change = st.tuples(st.integers(0, 10**6), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=4))

    def apply(seed: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
        data = seed
        for where, length, piece in changes:
            at = where % (len(data) + 1)
            data = data[:at] + piece + data[at + length :]
        return data

    return st.builds(apply, st.sampled_from(SEEDS[name]), st.lists(change, max_size=6))


SETTINGS = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", [name for name in ALL if name != "server"])
@SETTINGS
@given(st.data())
def test_changed_seeds(name: str, data: st.DataObject) -> None:
    ALL[name](data.draw(mutated(name) | st.binary(max_size=200)))


@settings(SETTINGS, max_examples=40)
@given(mutated("server"))
def test_changed_seeds_to_a_server(data: bytes) -> None:
    ALL["server"](data)

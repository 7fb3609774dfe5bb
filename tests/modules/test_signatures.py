"""luasip.sign: where the key comes from, and what a signature is."""

import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.modules.signatures import SignatureSettings
from luasip.modules.suspension import Suspension
from tests.bench import FakeServices, context

SECRET = "a long random text"


def sign(text: str = "dialog 1", **settings: Any) -> Any:
    return Suspension(SignatureSettings(**settings), FakeServices()).sign(context(), text)


def test_same_text_same_signature() -> None:
    assert sign(secret=SECRET) == sign(secret=SECRET)
    assert len(sign(secret=SECRET)) == 32
    assert len({sign(secret=SECRET), sign("dialog 2", secret=SECRET), sign(secret="another long text")}) == 3
    assert sign("\xe4\u20ac", secret=SECRET) != sign("\xe4", secret=SECRET)


def test_key_is_kept_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "var" / "luasip.secret"
    first = sign(secret_file=str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["luasip.secret"]
    assert sign(secret_file=str(file)) == first
    file.unlink()
    assert sign(secret_file=str(file)) != first


def test_servers_that_start_together_make_one_key(tmp_path: Path) -> None:
    file, made = str(tmp_path / "key"), list[Any]()
    threads = [threading.Thread(target=lambda: made.append(sign(secret_file=file))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_key_that_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "short").write_text("x\n")
    for file in ("/proc/nowhere/key", str(tmp_path), str(tmp_path / "short")):
        assert sign(secret_file=file) != sign(secret_file=file)
    assert caplog.text.count("no key can be kept") == 6
    assert sign(secret_file="") != sign(secret_file="")


def test_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"modules\.luasip\.secret"):
        sign(secret="short")

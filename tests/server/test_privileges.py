"""Becoming another user. What only root can do is tried in processes of its own, and left out when nobody is root."""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from luasip.errors import SettingsError
from luasip.server.privileges import account_of, acting_as, give_up, shield_files
from tests.wire.process import ROOT

# A developer who is not root runs the rest; continuous integration is root, and leaves nothing out.
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
NOBODY = 65534


def python_for_all() -> str:
    """A Python of this version that every user may read, "" when there is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        command = [python, "-c", "import os; print(os.__file__)"]
        with acting_as(account_of("nobody", "")):
            if _runs(command):
                return python
    return ""


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, user=NOBODY, cwd="/").returncode == 0
    except OSError:
        return False


def command_for_all(*arguments: str) -> tuple[list[str], dict[str, str]]:
    """A command and environment for a Python, with LuaSIP and what it needs, that any user may become."""
    python = python_for_all()
    assert python, "every user must be able to read some Python of this version, such as Debian's in /usr/bin"
    path = f"{ROOT}:{sysconfig.get_path('purelib')}:{sysconfig.get_path('platlib')}"
    return [python, *arguments], {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Python code as root."""
    command, environment = command_for_all("-c", code)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_nobody_named_nobody_changed(caplog: pytest.LogCaptureFixture) -> None:
    assert account_of("", "") is None
    give_up(None)
    assert ("running as root" in caplog.text) is (os.geteuid() == 0)
    with acting_as(None):
        assert os.geteuid() == os.getuid()


@pytest.mark.parametrize(
    ("user", "group", "problem"),
    [
        ("no-such-user", "", "server.user: there is no user 'no-such-user'"),
        ("", "no-such-group", "server.group"),
    ],
)
def test_unknown_names(user: str, group: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        account_of(user, group)


def test_account_and_group() -> None:
    if os.geteuid() != 0:
        with pytest.raises(SettingsError, match="only root can become"):
            account_of("root", "root")
        return
    account = account_of("nobody", "")
    assert account is not None
    assert (account.name, account.user) == ("nobody", NOBODY)
    other = account_of("nobody", "daemon")
    assert other is not None
    assert other.group != account.group


def test_files_are_not_for_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        shield_files()
        (tmp_path / "file").touch()
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


@needs_root
def test_files_made_for_the_account() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        with acting_as(account_of("nobody", "")):
            (folder / "file").touch()
        assert (folder / "file").stat().st_uid == NOBODY
    assert os.geteuid() == os.getegid() == 0


TAKEN = """
import json, os, sys, socket, threading
sys.path[:0] = os.environ["PYTHONPATH"].split(":")
from luasip.server.privileges import account_of, give_up
wait = threading.Event()
old = threading.Thread(target=wait.wait, daemon=True)
old.start()
give_up(account_of("nobody", "daemon"))
new = threading.Thread(target=wait.wait, daemon=True)
new.start()
threads = [dict(line.split(":", 1) for line in open(f"/proc/self/task/{t}/status").read().splitlines())
           for t in os.listdir("/proc/self/task")]
names = ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapInh", "CapAmb")
seen = [{name: thread[name].split() for name in names} for thread in threads]
tried = {}
for name, action in (("setuid", lambda: os.setuid(0)), ("setgid", lambda: os.setgid(0)),
                     ("low port", lambda: socket.socket().bind(("127.0.0.1", 81))),
                     ("shadow", lambda: open("/etc/shadow"))):
    try:
        action()
        tried[name] = "done"
    except OSError as error:
        tried[name] = "refused"
no_new = [line for line in open("/proc/self/status") if line.startswith("NoNewPrivs")]
print(json.dumps([seen, tried, no_new]))
"""


@needs_root
def test_what_root_had_is_gone_for_good(tmp_path: Path) -> None:
    result = run(TAKEN, tmp_path)
    assert result.returncode == 0, result.stderr
    threads, tried, [no_new] = json.loads(result.stdout)
    assert len(threads) == 3
    for thread in threads:
        assert thread["Uid"] == [str(NOBODY)] * 4
        assert len(set(thread["Gid"])) == 1
        assert "0" not in thread["Groups"] + thread["Gid"]
        assert {digit for name in ("CapPrm", "CapEff", "CapInh", "CapAmb") for digit in thread[name][0]} == {
            "0"
        }
    assert tried["setuid"] == tried["setgid"] == tried["shadow"] == "refused"
    assert no_new.split() == ["NoNewPrivs:", "1"]


BINDING = """
import os, sys
sys.path[:0] = os.environ["PYTHONPATH"].split(":")
import ctypes, socket
from luasip.server.privileges import give_up
library = ctypes.CDLL(None)
library.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
os.setgid(65534); os.setuid(65534)
header, one = (ctypes.c_uint32 * 2)(0x20080522, 0), 1 << 10  # CAP_NET_BIND_SERVICE
assert library.capset(header, (ctypes.c_uint32 * 6)(one, one, one, 0, 0, 0)) == 0
assert library.prctl(47, 2, 10, 0, 0) == 0  # PR_CAP_AMBIENT_RAISE
give_up(None)
wanted = ("CapPrm", "CapEff", "CapInh", "CapAmb")
print([line.split()[1].strip("0") for line in open("/proc/self/status") if line[:6] in wanted])
"""


@needs_root
def test_capability_that_was_for_binding_is_dropped(tmp_path: Path) -> None:
    """As systemd's AmbientCapabilities gives it to another user."""
    result = run(BINDING, tmp_path)
    assert result.stdout.strip() == str([""] * 4), result.stderr


@needs_root
def test_python_that_the_account_may_not_read() -> None:
    code = (
        "import os; from luasip.server import privileges; os.__file__ = '/proc/1/no/os.py';"
        "privileges.give_up(privileges.account_of('nobody', ''))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert "server.user: 'nobody' may not read /proc/1/no/os.py" in result.stderr

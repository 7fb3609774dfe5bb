"""What pip-audit says and what it means; the lock file that is looked up."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from security import audit

ROOT = Path(__file__).resolve().parents[1]
GOOD = {"name": "good", "version": "1.0", "vulns": []}
SKIPPED = {"name": "absent", "skip_reason": "Dependency not found on PyPI and could not be audited: absent (1)"}
BAD = {
    "name": "bad",
    "version": "2.0",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["2.1", "3.0"], "aliases": []},
        {"id": "GHSA-2", "fix_versions": []},
    ],
}
REFUSED = "Traceback (most recent call last):\n  …\nrequests.exceptions.ConnectionError: no route\n"


def output(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


@pytest.mark.parametrize(
    ("code", "text", "errors", "exit_code", "said"),
    [
        (0, output(GOOD), "", 0, "0 known vulnerabilities in 1 packages"),
        (0, output(GOOD, SKIPPED), "", 0, "not in the list: absent"),
        (1, output(GOOD, BAD), "Found 2", 1, "bad 2.0: PYSEC-1, fixed in 2.1, 3.0"),
        (1, output(BAD), "", 1, "bad 2.0: GHSA-2, fixed in no version"),
        (0, output(SKIPPED), "No known vulnerabilities found", 0, "NOT DONE"),
        (1, "", REFUSED, 0, "requests.exceptions.ConnectionError: no route"),
        (1, "", "ERROR:pip_audit._cli:Could not connect to the feed\n", 0, "NOT DONE"),
        (1, "", "No module named pip_audit", 2, "No module named pip_audit"),
        (1, output(GOOD), "ERROR: strange", 2, "ERROR: strange"),
        (2, "usage: …", "", 2, "exit code 2 and no output"),
        (0, "[]", "", 2, "no output"),
    ],
)
def test_what_it_means(
    code: int,
    text: str,
    errors: str,
    exit_code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "ask", lambda name, lock: audit.read(code, text, errors))
    assert audit.audit(Path("some.lock")) == exit_code
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def test_the_next_list_is_asked_when_one_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"pypi": audit.read(0, output(SKIPPED), ""), "osv": audit.read(1, output(BAD), "")}
    monkeypatch.setattr(audit, "ask", lambda name, lock: found[name])
    assert audit.audit(Path("some.lock")) == 1
    assert "pypi could not be had" in capsys.readouterr().err


def test_pip_audit_is_called_as_it_wants_to_be(tmp_path: Path) -> None:
    """A file it cannot read comes back as its own complaint, not as one about the command line."""
    found = audit.ask("pypi", tmp_path / "none.lock")
    assert "none.lock" in found.broken
    assert "usage:" not in found.broken


def locked() -> dict[str, str]:
    lines = audit.LOCK.read_text("ascii").splitlines()[1:]
    found: dict[str, str] = {}
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.+!-]*", line), line
        name, _, version = line.partition("==")
        found[canonicalize_name(name)] = version
    return found


def test_every_dependency_is_locked_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    versions = locked()
    for text in (*project["dependencies"], *extras["mysql"], *extras["postgres"]):
        wanted = Requirement(text)
        assert versions[canonicalize_name(wanted.name)] in wanted.specifier, f"{text}: run scripts/lock"

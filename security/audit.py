"""Look up the packages of a lock file in public lists of vulnerabilities, with pip-audit.

Where no list can be had, as on a machine without the internet, that is said, and it is no failure. pip-audit itself
calls it a success when a list knows none of the packages; a proxy that answers 404 to everything looks like that.

Exit code: 0 nothing known, or nothing to be had; 1 vulnerabilities; 2 pip-audit does not work.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
LISTS = ("pypi", "osv")
"""pip-audit's names of the lists, tried in this order until one can be had."""
LIMIT = 120.0
"""Seconds for one list."""
NOT_TO_BE_HAD = ("ConnectionError", "Could not connect", "Max retries exceeded", "ReadTimeout", "ConnectTimeout")
"""What pip-audit says when it reaches nobody."""


@dataclass
class Found:
    """What one run has come to."""

    audited: int = 0
    unknown: list[str] = field(default_factory=list)
    """Packages the list does not have."""
    vulnerabilities: list[str] = field(default_factory=list)
    unreachable: str = ""
    broken: str = ""


def read(code: int, output: str, errors: str) -> Found:
    """What pip-audit's exit code, JSON and messages mean."""
    try:
        dependencies = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = errors.strip().splitlines()[-1:] or [f"exit code {code} and no output"]
        if any(sign in errors for sign in NOT_TO_BE_HAD):
            return Found(unreachable=last[0])
        return Found(broken=errors.strip() or last[0])
    found = Found()
    for one in dependencies:
        if "skip_reason" in one:
            found.unknown.append(one["name"])
            continue
        found.audited += 1
        for known in one["vulns"]:
            fixed = ", ".join(known["fix_versions"]) or "no version"
            found.vulnerabilities.append(f"{one['name']} {one['version']}: {known['id']}, fixed in {fixed}")
    if not found.audited:
        found.unreachable = f"it knows none of the {len(found.unknown)} packages"
    elif code and not found.vulnerabilities:
        found.broken = errors.strip() or f"exit code {code}"
    return found


def ask(name: str, lock: Path) -> Found:
    """Look a lock file up in one list."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", name, "--requirement", str(lock)]
    command += ["--no-deps", "--disable-pip", "--timeout", "10", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return Found(unreachable=f"no answer in {LIMIT:g} s")
    return read(done.returncode, done.stdout, done.stderr)


def audit(lock: Path, lists: Sequence[str] = LISTS) -> int:
    """Tell what is known of a lock file's packages; the exit code."""
    for name in lists:
        found = ask(name, lock)
        if found.broken:
            print(f"audit: pip-audit does not work:\n{found.broken}", file=sys.stderr)
            return 2
        if found.unreachable:
            print(f"audit: the list {name} could not be had: {found.unreachable}", file=sys.stderr)
            continue
        without = f"; not in the list: {', '.join(found.unknown)}" if found.unknown else ""
        count = len(found.vulnerabilities)
        print(f"audit: {count} known vulnerabilities in {found.audited} packages of {lock.name}{without}")
        for line in found.vulnerabilities:
            print(f"  {line}")
        return 1 if count else 0
    print(f"audit: NOT DONE, since no list of vulnerabilities could be had: {lock.name} was not looked up")
    return 0


if __name__ == "__main__":
    sys.exit(audit(Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK))

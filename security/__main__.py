"""Attack private servers of this machine with SIPVicious, and tell what they let through.

Exit code: 0 nothing found, 1 something found, 2 the tools do not work here, so that nothing was shown.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from security.scan import Result, scan
from security.target import USERS, WORDS, Configuration, configurations, make_users


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scan and print the report."""
    parser = argparse.ArgumentParser(prog="scripts/security_scan", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--limit",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="how long each svcrack may take (default: 120)",
    )
    parser.add_argument("--only", metavar="NAME", help="one configuration: unprotected, default or hardened")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="luasip-scan-") as name:
        folder = Path(name)
        make_users(folder)
        chosen = [one for one in configurations(folder) if options.only in (None, one.name)]
        if not chosen:
            parser.error(f"no configuration {options.only!r}")
        results = [_scan(one, folder, options.limit) for one in chosen]
    works = all(attack_found(result) for result in results if result.configuration == "unprotected")
    findings = [finding for result in results for finding in result.findings]
    code = 2 if not works else 1 if findings else 0
    if options.json:
        print(
            json.dumps(
                {"exit_code": code, "configurations": [result.as_json() for result in results]}, indent=2
            )
        )
    else:
        print("\n\n".join([render(result) for result in results]))
        print(f"\n{_summary(code, len(findings))}")
    return code


def _scan(configuration: Configuration, folder: Path, limit: float) -> Result:
    print(f"attacking: {configuration.name} …", file=sys.stderr, flush=True)
    return scan(configuration, folder, limit)


def attack_found(result: Result) -> bool:
    """Whether the tools found the server, its users and the password where nothing hinders them."""
    return any(
        attack.servers and attack.password and attack.users["REGISTER"] == list(USERS)
        for attack in result.attacks
    )


def render(result: Result) -> str:
    """The report on one configuration, as text."""
    lines = [f"{result.configuration}: {result.meaning}"]
    lines.append(f"  says of itself       {'; '.join(result.identities) or 'nothing'}")
    lines.append(f"  users told apart     {'; '.join(result.told_apart) or 'none'}")
    lines.append(f"  a ringing phone      {'; '.join(result.ringing) or 'is not told to strangers'}")
    one, other = result.milliseconds
    lines.append(f"  a wrong password     {one:.1f} ms for a user, {other:.1f} ms for nobody")
    lines.append(f"  forwarded            {'; '.join(result.relayed) or 'nothing of strangers'}")
    for attack in result.attacks:
        lines.append(f"  SIPVicious as {attack.agent!r}")
        lines.append(f"    svmap              {', '.join(attack.servers) or 'found nothing'}")
        told = "; ".join([f"{method}: {' '.join(users)}" for method, users in attack.users.items() if users])
        lines.append(f"    svwar              {told or 'told nobody apart'}")
        lines.append(
            f"    svcrack            {attack.password or 'no password'} of {WORDS} words in {attack.seconds:.0f} s: "
            f"{attack.guesses} looked at ({attack.rate:.2f} a second), {attack.refused} not"
        )
    tries, successes = (int(result.phone[key]) for key in ("tries", "successes"))
    lines.append(
        f"  the user's phone     {successes} of {tries} registrations, slowest {result.phone['slowest']} s"
    )
    lines += [f"  FOUND: {finding}" for finding in result.findings]
    return "\n".join(lines)


def _summary(code: int, findings: int) -> str:
    return {
        0: "Nothing found.",
        1: f"{findings} found.",
        2: "The unprotected server held: the tools do not work here, and nothing was shown.",
    }[code]


if __name__ == "__main__":
    sys.exit(main())

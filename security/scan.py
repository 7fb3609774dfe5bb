"""One configuration attacked, and judged."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from security import probes, tools
from security.phone import LegitimatePhone
from security.target import USERS, VICTIM_USER, WORDS, Configuration, Counters, running, words
from security.tools import Target

EXTENSIONS = "1000-1019"
_SLOWER = 5.0
"""Milliseconds between two answers that count as a difference."""


@dataclass
class Attack:
    """SIPVicious with one User-Agent."""

    agent: str
    servers: list[str] = field(default_factory=list)
    """User-Agents of the servers that svmap found."""
    users: dict[str, list[str]] = field(default_factory=dict)
    """By method, the users svwar could tell from others."""
    password: str = ""
    seconds: float = 0.0
    guesses: int = 0
    """That the server looked at."""
    refused: int = 0
    """That it did not look at."""

    @property
    def rate(self) -> float:
        """Guesses a second that got through."""
        return self.guesses / self.seconds if self.seconds else 0.0


@dataclass
class Result:
    """What became of one configuration."""

    configuration: str
    meaning: str
    attacks: list[Attack] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    told_apart: list[str] = field(default_factory=list)
    ringing: list[str] = field(default_factory=list)
    """How strangers learn of a user whose phone is registered."""
    milliseconds: tuple[float, float] = (0.0, 0.0)
    relayed: list[str] = field(default_factory=list)
    phone: dict[str, float] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        found = asdict(self)
        for attack, shown in zip(self.attacks, found["attacks"], strict=True):
            shown["guesses_per_second"] = round(attack.rate, 2)
        return found


def scan(configuration: Configuration, folder: Path, limit: float) -> Result:
    """Start a server with a configuration and attack it; svcrack may take `limit` seconds."""
    result = Result(configuration.name, configuration.meaning)
    with running(configuration, folder) as target:
        with LegitimatePhone(target) as phone:
            result.identities = probes.identities(target)
            result.told_apart = probes.told_apart(target)
            result.ringing = probes.phone_is_told(target)
            result.milliseconds = probes.slowness(target)
            result.relayed = probes.relayed(target)
            counters = Counters(target)
            for agent in (tools.ORDINARY, tools.DISGUISED):
                result.attacks.append(attack(target, agent, folder, limit, counters))
            counters.close()
        result.phone = {
            "tries": phone.tries,
            "successes": phone.successes,
            "slowest": round(phone.slowest, 3),
        }
    if configuration.is_judged:
        result.findings = judge(result, is_private="PRIVATE" in configuration.settings)
    return result


def attack(
    target: Target, agent: str, folder: Path, limit: float, counters: Counters, at_once: int = 1
) -> Attack:
    """svmap, svwar with three methods, and svcrack, `at_once` of them with their share of the word list."""
    made = Attack(agent)
    made.servers = [name for _, name in tools.svmap(target, agent).rows]
    for method in ("REGISTER", "INVITE", "OPTIONS"):
        listed = {user for user, _ in tools.svwar(target, agent, EXTENSIONS, method).rows}
        # A list of everybody tells nobody apart.
        made.users[method] = sorted(listed) if listed - set(USERS) == set() else []
    counters.look()
    lists = word_lists(folder, at_once)
    with ThreadPoolExecutor(at_once) as pool:
        ran = list(pool.map(lambda file: tools.svcrack(target, agent, VICTIM_USER, file, limit), lists))
    made.password = next((password for one in ran for _, password in one.rows), "")
    made.seconds = max(one.seconds for one in ran)
    made.guesses, made.refused = counters.look()
    return made


def word_lists(folder: Path, number: int) -> list[Path]:
    """The word list in so many files."""
    files = [folder / f"words-{index}" for index in range(number)]
    for index, file in enumerate(files):
        file.write_text("\n".join(words()[index::number]) + "\n", "ascii")
    return files


def judge(result: Result, is_private: bool) -> list[str]:
    """What must not be."""
    found = [f"a version is told: {text}" for text in probes.versions(result.identities)]
    found += [f"users can be told apart: {text}" for text in result.told_apart]
    if is_private:
        found += [f"a registered user can be told: {text}" for text in result.ringing]
    found += [f"forwarded for a stranger: {text}" for text in result.relayed]
    one, other = result.milliseconds
    if abs(one - other) > _SLOWER:
        found.append(f"users can be told by time: {one:.1f} ms or {other:.1f} ms")
    for attack in result.attacks:
        found += _judge_attack(attack)
    if result.phone["successes"] < result.phone["tries"]:
        found.append(f"the phone that knows its password: {result.phone}")
    return found


def _judge_attack(attack: Attack) -> list[str]:
    found = [f"a version is told to svmap: {name}" for name in probes.versions(attack.servers)]
    if attack.agent == tools.ORDINARY and attack.servers:
        found.append(f"a scanner that says so is answered: {attack.servers}")
    found += [f"svwar {method}: {users}" for method, users in attack.users.items() if users]
    if attack.password:
        found.append(f"svcrack: the password is {attack.password}")
    if attack.guesses > WORDS / 100:
        found.append(f"svcrack: {attack.guesses} guesses were looked at")
    return found

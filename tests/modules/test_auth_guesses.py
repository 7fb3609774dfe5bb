"""auth: how wrong passwords are counted and slowed down, and who is not held up by it."""

from dataclasses import replace
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.modules.auth import Auth
from luasip.modules.auth.guesses import Attempt, Guesses, GuessLimits, Verdict
from luasip.modules.auth.nonces import Nonces
from luasip.modules.auth.places import guesser, is_for, is_within
from luasip.modules.auth.settings import AuthSettings, read_networks
from tests.bench import FakeServices, context
from tests.modules.test_auth import PASSWORD, REALM, credentials, request

LIMITS = GuessLimits(pair=3, origin=6, user=5, delay=5.0, longest_delay=60.0, window=3600.0, size=100)


class Bench:
    """Guesses with a clock; every guess has another response."""

    def __init__(self, limits: GuessLimits = LIMITS) -> None:
        self.guesses = Guesses(limits)
        self.now = 0.0
        self.number = 0

    def attempt(self, user: str = "alice", origin: str = "a", port: int = 5060) -> Attempt:
        self.number += 1
        return Attempt(origin, f"host-{origin}", port, f"{user}@x", str(self.number))

    def wrong(self, user: str = "alice", origin: str = "a", port: int = 5060) -> bool:
        """Whether a wrong password was looked at."""
        attempt = self.attempt(user, origin, port)
        looked_at = self.guesses.begin(attempt, self.now) is Verdict.FREE
        if looked_at:
            self.guesses.fail(attempt, self.now)
        return looked_at

    def right(self, user: str = "alice", origin: str = "a", port: int = 5060) -> bool:
        """Whether the right password was accepted."""
        attempt = self.attempt(user, origin, port)
        looked_at = self.guesses.begin(attempt, self.now) is Verdict.FREE
        if looked_at:
            self.guesses.succeed(attempt, self.now)
        return looked_at


def test_waiting_begins_at_the_limit_and_doubles() -> None:
    bench = Bench()
    assert [bench.wrong() for _ in range(5)] == [True, True, True, False, False]
    assert not bench.right()
    waits = []
    for _ in range(6):
        began = bench.now
        while not bench.wrong():
            bench.now += 1
        waits.append(bench.now - began)
    assert waits == [5, 10, 20, 40, 60, 60]


def test_the_little_that_is_forgotten_between_two_guesses_gives_no_further_one() -> None:
    bench = Bench()
    looked_at = []
    for _ in range(4):
        looked_at.append(bench.wrong())
        bench.now += 0.01
    assert looked_at == [True, True, True, False]


def test_a_day_of_guessing_is_few_guesses() -> None:
    bench = Bench(GuessLimits(10, 100, 200, 5.0, 900.0, 86400.0, 100))
    guesses = 0
    while bench.now < 86400:
        guesses += bench.wrong()
        bench.now += 0.5 if guesses < 20 else 5
    assert guesses < 130


def test_wrong_passwords_are_forgotten_slowly() -> None:
    bench = Bench()
    assert [bench.wrong() for _ in range(3)] == [True] * 3
    bench.now += 1200  # a third of the window: one is forgotten
    assert [bench.wrong() for _ in range(2)] == [True, False]
    bench.now += 4000
    assert [bench.wrong() for _ in range(4)] == [True, True, True, False]


def test_right_password_starts_afresh() -> None:
    bench = Bench(replace(LIMITS, origin=100))
    for _ in range(5):
        assert [bench.wrong(), bench.wrong(), bench.right(port=1)] == [True] * 3


def test_one_address_and_many_users() -> None:
    bench = Bench()
    assert [bench.wrong(f"user{number}") for number in range(8)] == [True] * 6 + [False] * 2
    assert bench.wrong("user0", "elsewhere")


def test_phone_with_an_old_password_does_not_lock_its_neighbours() -> None:
    bench = Bench()
    for _ in range(200):
        bench.wrong("alice")
        bench.now += 30
    assert bench.right("bob")


def test_botnet_is_held_up_and_the_user_is_not() -> None:
    bench = Bench()
    assert bench.right("alice", "home", 5060)
    assert bench.right("alice", "office", 5060)
    assert [bench.wrong("alice", f"bot{number}") for number in range(7)] == [True] * 5 + [False] * 2
    assert bench.right("alice", "home", 5060)
    assert bench.right("alice", "office", 40000)  # known there, from any port
    assert not bench.right("alice", "hotel")
    bench.now += 6
    assert bench.right("alice", "hotel")
    bench.now += 2 * LIMITS.window
    bench.wrong("alice", "home", 7)
    assert bench.right("bob", "home")


def test_guesser_behind_the_same_address_does_not_keep_the_phone_out() -> None:
    bench = Bench()
    assert bench.right("alice", port=5060)
    assert [bench.wrong("alice", port=6666) for _ in range(4)] == [True, True, True, False]
    assert bench.right("alice", port=5060)
    for number in range(8):
        bench.wrong(f"user{number}", port=6666)
    assert bench.right("alice", port=5060)
    assert not bench.right("bob", port=5062)


def test_nobody_is_known_where_the_challenge_did_not_go() -> None:
    bench = Bench()
    assert bench.right()
    overheard = bench.attempt()
    overheard.is_elsewhere = True
    for number in range(LIMITS.user):
        bench.wrong("alice", f"bot{number}")
    assert bench.guesses.begin(overheard, bench.now) is Verdict.LOCKED
    assert bench.right()
    bench.now += 6
    assert bench.guesses.begin(overheard, bench.now) is Verdict.FREE
    bench.guesses.succeed(overheard, bench.now)
    assert len(bench.guesses._known) == 2


def test_known_phone_with_a_new_wrong_password_is_counted() -> None:
    bench = Bench()
    assert bench.right()
    assert [bench.wrong() for _ in range(4)] == [True, True, True, False]


def test_same_response_again_is_no_new_guess() -> None:
    bench = Bench()
    attempt = bench.attempt()
    for _ in range(20):
        assert bench.guesses.begin(attempt, bench.now) is Verdict.FREE
        bench.guesses.fail(attempt, bench.now)
    assert bench.guesses.listed(bench.now)[0]["failures"] == 1


def test_no_more_are_looked_at_together_than_may_be_wrong() -> None:
    bench = Bench()
    attempts = [bench.attempt() for _ in range(5)]
    verdicts = [bench.guesses.begin(attempt, 0.0) for attempt in attempts]
    assert verdicts == [Verdict.FREE] * 3 + [Verdict.BUSY] * 2
    bench.guesses.abandon(attempts[0], 0.0)
    assert bench.guesses.begin(attempts[3], 0.0) is Verdict.FREE
    for attempt in attempts[1:4]:
        bench.guesses.fail(attempt, 0.0)
    assert bench.guesses.begin(attempts[4], 0.0) is Verdict.LOCKED
    bench.now = 6.0
    both = [bench.guesses.begin(bench.attempt(), 6.0) for _ in range(2)]
    assert both == [Verdict.FREE, Verdict.BUSY]


def test_right_passwords_leave_nothing_behind_but_the_place() -> None:
    bench = Bench()
    for number in range(300):
        assert bench.right(f"user{number}", f"o{number}")
        assert bench.right(f"user{number}", f"o{number}")
    assert bench.guesses.listed(bench.now) == []
    assert len(bench.guesses._known) == 200
    assert not bench.guesses._users.entries


def test_memory_is_bounded() -> None:
    bench = Bench()
    for number in range(1000):
        bench.wrong(f"user{number}", f"o{number}")
    sizes = [len(c.entries) for c in (bench.guesses._pairs, bench.guesses._origins, bench.guesses._users)]
    assert sizes == [100, 100, 100]
    assert len(bench.guesses._hosts) == 100


def test_limit_of_zero_counts_nothing() -> None:
    bench = Bench(GuessLimits(0, 0, 0, 5.0, 60.0, 3600.0, 100))
    assert all(bench.wrong() for _ in range(50))
    assert bench.guesses.listed(0.0) == []


@pytest.mark.parametrize(
    ("which", "forgotten", "alice"),
    [("", 3, True), ("alice", 2, True), ("alice@x", 2, True), ("host-a", 2, True), ("bob", 0, False)],
)
def test_forgiving(which: str, forgotten: int, alice: bool) -> None:
    bench = Bench()
    while bench.wrong():
        pass
    assert [(one["user"], one["address"]) for one in bench.guesses.listed(0.0)] == [
        ("alice@x", "host-a"),
        ("", "host-a"),
        ("alice@x", ""),
    ]
    assert bench.guesses.listed(1.0)[0] == {
        "user": "alice@x",
        "address": "host-a",
        "failures": 3,
        "locked": 4,
    }
    assert bench.guesses.clear(which) == forgotten
    assert bench.right() is alice


# In the module


def guess(
    module: Auth, services: FakeServices, password: str = "guess", host: str = "192.0.2.1", **more: Any
) -> int:
    """The code of one pv_www_authenticate; the challenge went to `challenged`, else to `host`."""
    challenged = more.pop("challenged", host)
    asked = context(request(), services, host=challenged)
    line = module.checker.challenge(asked, REALM, "auth", "authorization", False)
    nonce = line.partition('nonce="')[2].partition('"')[0]
    value = credentials(nonce, password=password, **more)
    ctx = context(request(header=f"Authorization: {value}"), services, host=host)
    return module.pv_www_authenticate(ctx, REALM, PASSWORD, 0)


def module(**settings: Any) -> tuple[Auth, FakeServices]:
    services = FakeServices()
    return Auth(AuthSettings(**settings), services), services


def test_locked_address_is_told_nothing() -> None:
    auth, services = module(guess_limit=3)
    assert [guess(auth, services) for _ in range(3)] == [-2] * 3
    assert guess(auth, services, PASSWORD) == -2
    assert guess(auth, services, PASSWORD, "192.0.2.2") == 1
    assert services.counters == {"auth:wrong_passwords": 3, "auth:refused_guesses": 1}
    [pair, *_] = auth.guesses()
    assert (pair["user"], pair["address"], pair["locked"]) == ("alice@example.com", "192.0.2.1", 5)
    assert auth.forgive("alice") == {"forgotten": 2}
    assert guess(auth, services, PASSWORD) == 1


@pytest.mark.parametrize("user", ["ALICE", "alice@example.com", " alice"])
def test_other_spellings_of_a_user_are_the_same_user(user: str) -> None:
    auth, services = module(guess_limit=3)
    assert [guess(auth, services, user=user) for _ in range(3)] == [-2] * 3
    assert guess(auth, services, PASSWORD) == -2


def test_sender_who_pretends_to_be_the_phone_does_not_lock_it() -> None:
    """Datagrams with the phone's address, but a nonce that was sent to the guesser."""
    auth, services = module(guess_limit=3)
    for _ in range(5):
        guess(auth, services, host="192.0.2.1", challenged="203.0.113.6")
    assert guess(auth, services, PASSWORD, "192.0.2.1") == 1


def test_guesser_with_two_addresses_is_counted_where_the_challenge_went() -> None:
    auth, services = module(guess_limit=3)
    codes = [
        guess(
            auth, services, PASSWORD if number > 3 else "guess", f"192.0.2.{number}", challenged="203.0.113.6"
        )
        for number in range(5)
    ]
    assert codes == [-2] * 5


def test_exempt_addresses_are_not_counted() -> None:
    auth, services = module(guess_limit=3, guess_exempt=["192.0.2.0/24", "2001:db8::1"])
    assert [guess(auth, services) for _ in range(5)] == [-2] * 5
    assert guess(auth, services, PASSWORD) == 1


def test_errors_are_no_guesses() -> None:
    auth, services = module(guess_limit=2)
    assert [guess(auth, services, response="short") for _ in range(3)] == [-1] * 3
    assert [guess(auth, services, uri="sip:other@example.com") for _ in range(3)] == [-1] * 3
    assert auth.guesses() == []


def test_same_network_of_ipv6_is_one_guesser() -> None:
    auth, services = module(guess_limit=3)
    for number in range(3):
        guess(auth, services, host=f"2001:db8::{number}")
    assert guess(auth, services, PASSWORD, "2001:db8::ffff") == -2
    assert guess(auth, services, PASSWORD, "2001:db8:0:1::1") == 1


def test_nonce_carries_where_it_went() -> None:
    nonces = Nonces("secret", 300, 3)
    made = [nonces.make(1, "r", "", host) for host in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    assert [nonces.origin(nonce) == nonces.origin(made[0]) for nonce in made] == [True, True, False]
    assert [nonces.went_to(nonce, "192.0.2.1") for nonce in made] == [True, True, False]


@pytest.mark.parametrize(
    ("host", "stands_for"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("no:address", "no:address"),
    ],
)
def test_guesser(host: str, stands_for: str) -> None:
    if "%" in host:
        assert guesser(host) in ("fe80::/64", host)
    else:
        assert guesser(host) == stands_for


def test_is_within() -> None:
    networks = read_networks(["10.0.0.0/8", "2001:db8::/32", "nonsense"])
    hosts = ["10.1.2.3", "11.0.0.1", "2001:db8::9", "2001:db9::9", "name"]
    assert [is_within(host, networks) for host in hosts] == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("uri", "request_uri", "same"),
    [
        ("sip:bob@example.com", "sip:bob@example.com", True),
        ("sip:bob@EXAMPLE.com:5060", "sip:bob@example.com;transport=tcp", True),
        ("sip:%62ob@example.com", "sip:bob@example.com", True),
        ("sip:Bob@example.com", "sip:bob@example.com", False),
        ("sip:example.com", "sip:bob@example.com", False),
        ("sip:bob@example.com:5070", "sip:bob@example.com", False),
        ("sips:bob@example.com", "sip:bob@example.com", False),
        ("tel:+1555", "tel:+1555", True),
        ("tel:+1555", "tel:+1556", False),
        ("", "sip:bob@example.com", False),
        ("/", "sip:bob@example.com", False),
    ],
)
def test_uri_of_credentials(uri: str, request_uri: str, same: bool) -> None:
    assert is_for(uri, request_uri) is same


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"guess_limit": -1}, "guess_limit"),
        ({"guess_window": 0.0}, "guess_window"),
        ({"guess_table_size": 0}, "guess_table_size"),
        ({"guess_exempt": ["10.0.0.0/33"]}, "guess_exempt"),
        ({"algorithm": "MD5,MD4"}, "algorithm"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        module(**settings)

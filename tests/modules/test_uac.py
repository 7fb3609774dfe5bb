"""uac's parts: stored URIs, edits of addresses, $uac_req(…), challenges, settings; return codes of its functions."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import Branch, RouteContext
from luasip.kemi.coverage import missing
from luasip.kemi.declare import Route
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.modules.pv import Pv
from luasip.modules.rr import Rr
from luasip.modules.uac import Uac
from luasip.modules.uac.account import DISABLED, Account
from luasip.modules.uac.address_edits import put_address, received_address, rewrite_address
from luasip.modules.uac.challenges import answer, challenges_of, is_stale
from luasip.modules.uac.own_request import RequestValues
from luasip.modules.uac.registrations import Registrations
from luasip.modules.uac.settings import Credential, Restoring, UacSettings, parse_credentials, restoring_mode
from luasip.modules.uac.stored_uri import recover, store
from luasip.sip.message import Response
from luasip.sip.parser import parse_message
from tests.bench import INVITE, FakeServices, context, settle


class Sent:
    """Transactions that only note what is sent."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.code = 1

    def send_own(self, request: Any, completed: Any = None) -> int:
        self.requests.append((request, completed))
        return self.code


def uac(services: FakeServices | None = None, rr: dict[str, Any] | None = None, **settings: Any) -> Uac:
    services = services or FakeServices()
    services.transactions = services.transactions or Sent()
    services.variables = PseudoVariables(services)
    services.variables.add(Pv(Pv.Settings(), services))
    module = Uac(UacSettings(**settings), services, Rr(Rr.Settings(**(rr or {})), services))
    services.variables.add(module)
    return module


def test_every_function_is_there() -> None:
    assert [function.name for function in missing((Uac,)) if function.module == "uac"] == []


# Stored URIs


@pytest.mark.parametrize(
    ("original", "replacement", "password", "stored"),
    [
        # "a" ^ "b" = 3; the longer one's rest stands as it is.
        ("a", "b", "", "Aw--"),
        ("sip:a@b", "sip:b@b", "", "AAAAAAMAAA--"),
        ("ab", "a", "", "AGI-"),
        ("a", "b", "\x03", "AA--"),
    ],
)
def test_stored_uris(original: str, replacement: str, password: str, stored: str) -> None:
    assert store(original, replacement, password) == stored
    assert recover(stored, replacement, password) == original
    assert recover(stored, original, password) == replacement


URIS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='<>"'), min_size=1)


@given(URIS, URIS, st.text(st.characters(min_codepoint=1, max_codepoint=255)))
def test_any_two_uris_can_be_stored(original: str, replacement: str, password: str) -> None:
    stored = store(original, replacement, password)
    assert not set(stored) & set(";=?>, ")
    assert recover(stored, replacement, password) == original
    assert recover(stored, original, password) == replacement


@pytest.mark.parametrize("stored", ["", "A", "A===", "no base64!", "é", "AAAA"])
def test_values_that_were_never_stored(stored: str) -> None:
    assert recover(stored, "sip:a@b") == ""


# Addresses


def rewritten(
    value: str, display: str = "", uri: str = "", change: Callable[[RouteContext], None] | None = None
) -> str:
    ctx = context(INVITE.replace('"Alice A." <sip:alice@example.com>;tag=from1', value))
    if change is not None:
        change(ctx)
    assert rewrite_address(ctx, "from", display=display, uri=uri)
    message = parse_message(ctx.edits.apply(ctx.message))
    return message.required("from").value


@pytest.mark.parametrize(
    ("value", "display", "uri", "sent"),
    [
        ('"A \\"<B" <sip:a@b>;tag=1', '"C"', "sip:c@d", '"C" <sip:c@d>;tag=1'),
        ('"A" <sip:a@b;x=1>;tag=1;y', "", "sip:c@d", '"A" <sip:c@d>;tag=1;y'),
        ('"A" <sip:a@b>;tag=1', "C", "", "C <sip:a@b>;tag=1"),
        ("<sip:a@b> ;tag=1", "C", "", "C <sip:a@b> ;tag=1"),
        ("sip:a@b;tag=1", "C", "", "C <sip:a@b>;tag=1"),
        ("sip:a@b;tag=1", "", "sip:c@d", "sip:c@d;tag=1"),
        ("sip:a@b;tag=1", "", "sip:c@d;user=phone", "<sip:c@d;user=phone>;tag=1"),
        ("A B\r\n <sip:a@b>;tag=1", "", "tel:1", "A B <tel:1>;tag=1"),
        ("<sip:a@b>", "", "", "<sip:a@b>"),
    ],
)
def test_rewriting_an_address(value: str, display: str, uri: str, sent: str) -> None:
    assert rewritten(value, display, uri) == sent


def test_rewriting_goes_on_from_what_is_pending() -> None:
    def change(ctx: RouteContext) -> None:
        assert rewrite_address(ctx, "from", uri="sip:first@x")

    assert rewritten('"A" <sip:a@b>;tag=1', display="B", change=change) == "B <sip:first@x>;tag=1"


def test_putting_an_address_back() -> None:
    ctx = context(INVITE)
    assert received_address(ctx.message, "from") is not None
    assert put_address(ctx, "from", "<sip:x@y>")
    assert "From: <sip:x@y>;tag=from1\r\n" in ctx.edits.apply(ctx.message)
    broken = context(INVITE.replace("<sip:alice@example.com>", "<>"))
    assert received_address(broken.message, "from") is None
    assert not put_address(broken, "from", "x")
    assert not rewrite_address(broken, "from", uri="x")
    assert received_address(broken.message, "also-known-as") is None


# $uac_req(…)


def test_values_of_a_request() -> None:
    values = RequestValues()
    assert [values.get(name) for name in ("method", "evroute", "flags", "all")] == [None, 0, 0, 0]
    assert values.set("method", "OPTIONS")
    assert values.set("evroute", "2")
    assert values.set("auser", 100)
    assert [values.get(name) for name in ("method", "evroute", "auser")] == ["OPTIONS", 2, "100"]
    copy = values.copy()
    assert values.set("all", None)
    assert values.get("method") is None
    assert copy.get("method") == "OPTIONS"
    assert copy.set("method", None)
    assert copy.get("method") is None
    with pytest.raises(KeyError):
        values.get("colour")


@pytest.mark.parametrize(
    ("name", "value"),
    [("colour", "blue"), ("all", "x"), ("evroute", "often"), ("flags", -1), ("evroute", "²")],
)
def test_values_that_cannot_be_set(name: str, value: str | int) -> None:
    assert not RequestValues().set(name, value)


def test_the_variable() -> None:
    services = FakeServices()
    uac(services)
    ctx = context(services=services)
    variables = services.variables
    assert variables.set(ctx, "$uac_req(ruri)", "sip:a@b")
    assert variables.get(ctx, "$uac_req(ruri)") == "sip:a@b"
    assert not variables.set(ctx, "$uac_req(colour)", "blue")
    assert variables.get(ctx, "$uac_req(colour)") is None
    assert variables.get(context(services=services), "$uac_req(ruri)") is None
    assert variables.set(ctx, "$uac_req(all)", None)
    assert variables.get(ctx, "$uac_req(ruri)") is None


def test_a_user_agent_is_added_where_there_is_none() -> None:
    values = RequestValues({"method": "INFO", "ruri": "sip:a@b", "hdrs": "X: 1\r\n"})
    assert values.request("c", "t", "me", "").headers == "X: 1\r\nUser-Agent: me"
    values.set("hdrs", "user-agent : you")
    assert values.request("c", "t", "me", "").headers == "user-agent : you"
    values.set("hdrs", None)
    assert values.request("c", "t", "", "").headers == ""
    values.set("furi", '"X" <sip:x@y>')
    request = values.request("c", "t", "", "udp:127.0.0.1:5060")
    assert (request.from_, request.to, request.cseq) == ('"X" <sip:x@y>;tag=t', "<sip:a@b>", 10)
    assert request.socket == "udp:127.0.0.1:5060"


@pytest.mark.parametrize("values", [{}, {"method": "INFO"}, {"ruri": "sip:a@b"}])
def test_requests_that_cannot_be_sent(values: dict[str, str | int]) -> None:
    module = uac()
    ctx = context()
    for name, value in values.items():
        module.set_request_value(ctx, name, None, value)
    assert module.uac_req_send(ctx) == -1


def test_a_request_that_cannot_be_built() -> None:
    services = FakeServices()
    module = uac(services)
    services.transactions.code = -1
    ctx = context()
    for name, value in (("method", "I N"), ("ruri", "sip:a@b")):
        module.set_request_value(ctx, name, None, value)
    assert module.uac_req_send(ctx) == -1


def test_without_a_callback_nobody_is_told() -> None:
    services = FakeServices()
    module = uac(services)
    ctx = context()
    for name, value in (("method", "INFO"), ("ruri", "sip:a@b"), ("evroute", 1)):
        module.set_request_value(ctx, name, None, value)
    assert module.uac_req_send(ctx) == 1
    [(_, completed)] = services.transactions.requests
    completed(408, None)
    assert services.events == []


# Challenges

ANSWER = (
    "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:b@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n{headers}Content-Length: 0\r\n\r\n"
)
MD5 = 'WWW-Authenticate: Digest realm="r", nonce="n"\r\n'
SHA = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, stale=TRUE\r\n'
UNKNOWN = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=NONE\r\nWWW-Authenticate: Digest x\r\n'


def response(headers: str, status: int = 401) -> Response:
    found = parse_message(ANSWER.format(status=status, headers=headers))
    assert isinstance(found, Response)
    return found


def header(
    headers: str, status: int = 401, password: str = "p", realm: str = "r", is_ha1: bool = False
) -> str:
    return answer(
        response(headers, status),
        lambda asked: Credential("u", realm, password) if asked == realm else None,
        method="INVITE",
        uri="sip:b@b",
        cnonce="c",
        is_ha1=is_ha1,
    )


def test_the_first_challenge_that_is_understood_is_answered() -> None:
    assert [challenge.algorithm for challenge in challenges_of(response(UNKNOWN + SHA + MD5))] == [
        "SHA-256",
        "MD5",
    ]
    assert "algorithm=SHA-256" in header(UNKNOWN + SHA + MD5)
    assert header(MD5 + SHA).startswith("Authorization: Digest username=")
    assert header(MD5.replace("WWW", "Proxy"), 407).startswith("Proxy-Authorization: ")


def test_challenges_without_answer() -> None:
    assert (
        header("")
        == header(UNKNOWN)
        == header(MD5, realm="other")
        == header(MD5, 407)
        == header(MD5, 403)
        == ""
    )


def test_ha1_chooses_the_algorithm() -> None:
    assert "algorithm" not in header(SHA + MD5, password="0" * 32, is_ha1=True)
    assert "SHA-256" in header(MD5 + SHA, password="0" * 64, is_ha1=True)
    assert header(MD5 + SHA, password="p", is_ha1=True) == ""


def test_stale() -> None:
    assert is_stale(response(MD5 + SHA))
    assert not is_stale(response(MD5))


def failed(ctx: RouteContext, status: int = 401) -> None:
    """Make it the context of a failure route whose only branch was answered."""

    class View:
        target = Branch("sip:b@branch")
        request_uri = "sip:b@branch"

    class Transaction:
        branches = (View(),)

    ctx.route = Route.FAILURE
    ctx.transaction = Transaction()  # type: ignore[assignment]
    ctx.branch_index = 0
    ctx.winner = response(MD5, status)


def test_uac_auth_codes() -> None:
    module = uac(credential=["u:r:p"])
    assert module.uac_auth(context()) == -1
    ctx = context()
    failed(ctx, 486)
    assert module.uac_auth(ctx) == -1
    failed(ctx)
    assert module.uac_auth_mode(ctx, 1) == -1  # "p" is no H(A1)
    assert module.uac_auth(ctx) == 1
    assert ctx.target.uri == "sip:b@branch"
    assert 'uri="sip:b@branch"' in ctx.edits.apply(ctx.message)


# Replacing


def test_codes_of_replacing() -> None:
    module = uac()
    ctx = context()
    assert module.uac_replace_from(ctx, "", "") == 1
    assert not ctx.on_response
    assert module.uac_replace_from(ctx, '"X"', "") == 1
    assert module.uac_replace_from(ctx, "X\r\nEvil: 1", "") == -1
    assert module.uac_replace_from_uri(ctx, "no uri") == -1
    assert module.uac_replace_from_uri(ctx, "sip:x@y\r\nX: 1") == -1
    assert module.uac_replace_from_uri(ctx, "sip:x@y") == 1
    assert module.uac_replace_from_uri(ctx, "sip:x@z") == -1
    assert module.uac_replace_to(ctx, "Y", "sip:y@z") == 1
    sent = ctx.edits.apply(ctx.message)
    assert 'From: "X" <sip:x@y>;tag=from1\r\n' in sent
    assert "To: Y <sip:y@z>\r\n" in sent
    assert len(ctx.on_response) == 2


def test_not_in_a_dialog_nor_a_reply() -> None:
    text = INVITE.replace("To: Bob <sip:bob@example.com>", "To: Bob <sip:bob@example.com>;tag=to")
    assert uac().uac_replace_from_uri(context(text), "sip:x@y") == -1
    assert uac().uac_replace_from(context(text), "X", "") == 1
    assert uac(restore_mode="manual").uac_replace_from_uri(context(text), "sip:x@y") == 1
    assert uac().uac_replace_from_uri(context(ANSWER.format(status=200, headers="")), "sip:x@y") == -1
    assert uac().uac_restore_from(context(text)) == uac().uac_restore_to(context(text)) == -1


def test_the_original_is_kept_for_the_script() -> None:
    services = FakeServices()
    module = uac(services, restore_from_avp="$avp(from)", restore_to_avp="$avp(to)")
    ctx = context(services=services)
    assert module.uac_replace_from_uri(ctx, "sip:x@y") == module.uac_replace_to_uri(ctx, "sip:x@y") == 1
    assert services.variables.get(ctx, "$avp(from)") == '"Alice A." <sip:alice@example.com>'
    assert services.variables.get(ctx, "$avp(to)") == "Bob <sip:bob@example.com>"


# Settings


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"restore_mode": "often"}, "restore_mode"),
        ({"rr_from_store_param": "a b"}, "rr_from_store_param"),
        ({"rr_to_store_param": ""}, "rr_to_store_param"),
        ({"auth_realm_avp": "$avp(r)"}, "auth_username_avp"),
        ({"reg_db_url": "sqlite:///x"}, "reg_contact_addr"),
        ({"reg_contact_addr": "sip:x"}, "without scheme"),
        ({"reg_timer_interval": 0}, "reg_timer_interval"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        restoring_mode(UacSettings(**settings))


def test_settings_that_do_not_go_together() -> None:
    with pytest.raises(SettingsError, match="append_fromtag"):
        uac(rr={"append_fromtag": 0})
    uac(rr={"append_fromtag": 0}, restore_mode="Manual")
    assert restoring_mode(UacSettings(restore_mode="AUTO")) is Restoring.AUTO


def test_credentials_of_the_settings() -> None:
    found = parse_credentials(["a:r:p:q", " b : s : p ", "c:r:last"])
    assert found == {"r": Credential("c", "r", "last"), "s": Credential("b", "s", "p")}
    for text in ("", "a", "a:b", "a:b:", ":b:c", "a::c"):
        with pytest.raises(SettingsError, match=r"credential\[0\]") as caught:
            parse_credentials([text])
        assert text == "" or f"'{text}'" not in str(caught.value)


# Registrations

ACCOUNT = Account(
    "line1", "alice", "example.com", "4711", "them.example", "r", "u", "p", "", "sip:proxy", 600, 0, 0, "", ""
)


def account(**changes: Any) -> Account:
    values = {name: getattr(ACCOUNT, name) for name in Account.__slots__}
    return Account(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"auth_ha1": "F" * 32, "auth_password": ""}, ""),
        ({"r_domain": ""}, "r_domain"),
        ({"l_uuid": "", "r_username": ""}, "l_uuid, r_username"),
        ({"r_domain": "a b"}, "character"),
        ({"l_uuid": "a@b"}, "character"),
        ({"contact_addr": "a>\r\nX: 1"}, "character"),
        ({"auth_password": ""}, "no auth_password"),
        ({"auth_ha1": "F" * 31}, "H(A1)"),
        ({"auth_ha1": "G" * 32}, "H(A1)"),
    ],
)
def test_what_an_account_needs(changes: dict[str, Any], problem: str) -> None:
    found = account(**changes).problem()
    assert problem in found
    assert bool(found) is bool(problem)


def test_codes_about_registrations() -> None:
    services = FakeServices()
    module = uac(
        services,
        reg_contact_addr="h",
        auth_realm_avp="$avp(r)",
        auth_username_avp="$avp(u)",
        auth_password_avp="$avp(p)",
    )
    registrations: Registrations = vars(module)["_registrations"]
    assert registrations.put(account(auth_ha1="0" * 32))
    ctx = context(services=services)
    assert module.uac_reg_lookup(ctx, "none", "$ru") == -1
    assert module.uac_reg_lookup(ctx, "line1", "$nonsense") == -1
    assert module.uac_reg_lookup(ctx, "line1", "$ru") == 1
    assert ctx.target.uri == "sip:alice@example.com"
    assert module.uac_reg_lookup_uri(ctx, "nonsense", "$ru") == -2
    assert module.uac_reg_lookup_uri(ctx, "sip:bob@example.com", "$ru") == -1
    assert module.uac_reg_lookup_uri(ctx, "sip:alice@elsewhere", "$var(x)") == 1
    assert module.uac_reg_status(ctx, "none") == -1
    assert module.uac_reg_status(ctx, "line1") == -99
    assert [module.uac_reg_request_to(ctx, *call) for call in (("line1", 4), ("none", 0), ("bob", 1))] == [
        -1
    ] * 3
    assert module.uac_reg_request_to(ctx, "alice", 3) == 1
    assert (ctx.target.uri, ctx.target.destination_uri) == ("sip:4711@them.example", "sip:proxy")
    assert services.variables.get(ctx, "$avp(p)") == "0" * 32
    assert module.uac_reg_disable(ctx, "l_uuid", "") == module.uac_reg_enable(ctx, "", "x") == -1
    assert module.uac_reg_disable(ctx, "l_uuid", "none") == -2
    assert module.uac_reg_disable(ctx, "colour", "blue") == -3
    assert module.uac_reg_disable(ctx, "auth_username", "u") == 1
    assert module.uac_reg_status(ctx, "line1") == -3
    assert module.uac_reg_enable(ctx, "l_username", "alice") == 1
    assert module.uac_reg_status(ctx, "line1") == -99
    assert settle(module.uac_reg_refresh(ctx, "line1")) == -1


def test_domains_count_where_the_settings_say_so() -> None:
    services = FakeServices()
    module = uac(
        services,
        reg_contact_addr="h",
        reg_use_domain=1,
        auth_realm_avp="$avp(r)",
        auth_username_avp="$avp(u)",
        auth_password_avp="$avp(p)",
    )
    registrations: Registrations = vars(module)["_registrations"]
    assert registrations.put(account())
    ctx = context(services=services)
    assert module.uac_reg_lookup_uri(ctx, "sip:alice@elsewhere", "$var(x)") == -1
    assert module.uac_reg_lookup_uri(ctx, "sip:alice@example.com", "$var(x)") == 1
    assert module.uac_reg_request_to(ctx, "alice", 1) == -2
    assert module.uac_reg_request_to(ctx, "sip:alice@example.com", 1) == 1


def test_calls_as_an_account_need_variables() -> None:
    module = uac(reg_contact_addr="h")
    registrations: Registrations = vars(module)["_registrations"]
    assert registrations.put(account())
    assert module.uac_reg_request_to(context(), "line1", 0) == -1


def test_commands_without_registrations() -> None:
    module = uac()
    calls: list[Callable[[], Any]] = [
        module.reg_dump,
        module.reg_reload,
        lambda: module.reg_info("l_uuid", "x"),
        lambda: module.reg_remove("x"),
        lambda: module.reg_active(1),
    ]
    for call in calls:
        with pytest.raises(CommandError, match="Not enabled"):
            call()
    with pytest.raises(CommandError, match="No database"):
        uac(reg_contact_addr="h").reg_reload()


def test_counts_follow_every_change() -> None:
    services = FakeServices()
    registrations = Registrations(UacSettings(reg_contact_addr="h"), services)
    for accounts, counts in (
        ([account(), account(l_uuid="line2", flags=DISABLED)], (2, 1)),
        ([account()], (1, 0)),
        ([account(flags=DISABLED)], (1, 1)),
        ([], (0, 0)),
    ):
        registrations.load(accounts)
        assert (services.counters["uac:regtotal"], services.counters.get("uac:regdisabled", 0)) == counts


def test_what_cannot_be_sent_has_failed() -> None:
    services = FakeServices()
    services.transactions = Sent()
    services.transactions.code = -1
    registrations = Registrations(UacSettings(reg_contact_addr="h"), services)
    registrations.put(account())
    registrations.look()
    found = registrations.find("line1")
    assert found is not None
    assert found.flags & DISABLED


def test_many_registrations_leave_in_portions() -> None:
    services = FakeServices()
    services.transactions = Sent()
    registrations = Registrations(UacSettings(reg_contact_addr="h"), services)
    registrations.load([account(l_uuid=f"line{number}") for number in range(120)])
    registrations.look()
    sent = services.transactions.requests
    assert len(sent) == 50
    registrations.remove("line60")
    services.timers["after 0.1"]()
    assert len(sent) == 99
    services.timers["after 0.2"]()
    assert len(sent) == 119
    registrations.look()
    assert len(sent) == 119


def test_an_attempt_that_was_lost_is_made_anew() -> None:
    services = FakeServices()
    services.transactions = Sent()
    registrations = Registrations(UacSettings(reg_contact_addr="h"), services)
    registrations.put(account())
    for clock, sent in ((1000.0, 1), (1290.0, 1), (1300.0, 2)):
        services.clock = clock
        registrations.look()
        assert len(services.transactions.requests) == sent

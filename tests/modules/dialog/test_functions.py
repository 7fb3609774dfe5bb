"""The functions and variables of KSR.dialog: return codes and edge cases."""

import pytest

from luasip.kemi.coverage import differences, missing
from luasip.kemi.declare import Route
from luasip.modules.dialog import DialogModule
from luasip.modules.dialog.dialog import State
from tests.bench import INVITE, settle
from tests.modules.dialog.bench import Bench, later


def test_every_function_is_there_as_kamailio_has_it() -> None:
    assert missing((DialogModule,)) == []
    assert differences((DialogModule,)) == []


# dlg_manage


def test_dlg_manage() -> None:
    bench = Bench()
    assert bench.call("is_known_dlg") == -1
    assert bench.call("dlg_manage") == 1
    assert bench.call("dlg_manage") == 1  # the same INVITE: a spiral
    assert bench.call("is_known_dlg") == 1
    assert len(bench.module.list_all()) == 1
    bench.rr.record_route(bench.ctx)
    assert bench.ctx.record_route is not None
    assert bench.ctx.record_route.parameters.count(";did=") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (INVITE.replace("INVITE", "MESSAGE"), -1),
        (INVITE.replace("From:", "X:"), -1),
        (INVITE.replace("To: Bob", "X: Bob"), -1),
        (later("BYE"), 1),
    ],
)
def test_what_begins_no_dialog(text: str, code: int) -> None:
    bench = Bench()
    assert bench.call("dlg_manage", ctx=bench.context(text)) == code
    assert bench.module.list_all() == []


def test_a_reply_begins_no_dialog() -> None:
    bench = Bench()
    ctx = bench.context(bench.response(200).text, Route.REPLY)
    assert bench.call("dlg_manage", ctx=ctx) == -1
    assert bench.call("is_known_dlg", ctx=ctx) == -1


def test_without_spirals_each_invite_is_a_dialog() -> None:
    bench = Bench(detect_spirals=0)
    bench.call("dlg_manage")
    bench.call("dlg_manage")
    assert len(bench.module.list_all()) == 2


def test_a_later_request_is_found_without_route() -> None:
    bench = Bench()
    bench.connect()
    assert bench.dialog.state == State.CONFIRMED
    assert bench.call("is_known_dlg", ctx=bench.context(later("INFO"))) == 1
    assert bench.call("is_known_dlg", ctx=bench.context(later("INFO", to_tag="other"))) == -1
    bench.within("BYE", cseq=8)
    assert bench.dialog.state is State.DELETED


def test_the_flag_needs_the_setting() -> None:
    assert Bench().transactions.created_told == []
    [told] = Bench(dlg_flag=3).transactions.created_told
    bench = Bench(dlg_flag=3)
    [told] = bench.transactions.created_told
    told(bench.ctx, bench.ctx.transaction)
    assert bench.module.list_all() == []
    bench.ctx.flags = 1 << 3
    told(bench.ctx, bench.ctx.transaction)
    assert len(bench.module.list_all()) == 1


# Variables


def test_variables_before_and_after() -> None:
    bench = Bench()
    assert (bench.call("var_get", "x"), bench.call("var_gete", "x"), bench.call("var_getw", "x")) == (
        *(None, "", "<null>"),
    )
    assert bench.call("var_is_null", "x") == 1
    assert bench.call("var_sets", "x", "1") == 1
    assert bench.set("$dlg_var(y)", 2)
    assert bench.call("var_sets", "z", "3") == 1
    assert bench.call("var_rm", "z") == 1
    assert (bench.get("$dlg_var(x)"), bench.get("$dlg_var(y)"), bench.get("$dlg_var(z)")) == ("1", "2", None)
    bench.connect()
    assert bench.dialog.variables == {"x": "1", "y": "2"}
    assert (bench.call("var_get", "x"), bench.call("var_is_null", "y")) == ("1", -1)
    later_ctx = bench.within("INFO", cseq=8)
    assert bench.set("$dlg_var(x)", None, later_ctx)
    assert bench.call("var_rm", "nothing", ctx=later_ctx) == 1
    assert bench.dialog.variables == {"y": "2"}


def test_variables_of_any_dialog() -> None:
    bench = Bench()
    bench.connect()
    other = bench.context(INVITE.replace("call1@", "call2@"))
    key = ("call1@127.0.0.2", "from1", "to1")
    assert bench.call("dlg_set_var", *key, "x", "1", ctx=other) == 1
    assert bench.call("dlg_get_var", *key, "x", ctx=other) == "1"
    assert bench.call("dlg_get_var", *key, "y", ctx=other) is None
    assert bench.call("dlg_set_var", "no", "from1", "to1", "x", "1", ctx=other) == -1
    assert bench.call("dlg_get_var", "no", "from1", "to1", "x", ctx=other) is None
    assert bench.call("is_known_dlg", ctx=other) == -1
    assert bench.call("dlg_get", "call1@127.0.0.2", "from1", "to1", ctx=other) == 1
    assert bench.call("dlg_get", "call1@127.0.0.2", "from1", "no", ctx=other) == -1
    assert (bench.call("is_known_dlg", ctx=other), bench.get("$dlg_ctx(dir)", other)) == (1, 1)
    assert bench.call("var_get", "x", ctx=other) == "1"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("state", 1, 4),
        ("callid", "call1@127.0.0.2", "call1@127.0.0.2"),
        ("from_uri", "sip:alice@example.com", "sip:alice@example.com"),
        ("to_uri", "sip:bob@example.com", "sip:bob@example.com"),
        ("from_tag", "from1", "from1"),
        ("to_tag", None, "to1"),
        ("from_cseq", "7", "7"),
        ("to_cseq", None, "0"),
        ("from_contact", "sip:alice@127.0.0.2:5070", "sip:alice@127.0.0.2:5070"),
        ("to_contact", None, "sip:bob@127.0.0.9:5064"),
        ("from_bindaddr", "udp:127.0.0.1:5060", "udp:127.0.0.1:5060"),
        ("from_rs", None, None),
        ("req_uri", "sip:bob@example.com;transport=udp", "sip:bob@example.com;transport=udp"),
        ("lifetime", 43200, 43200),
        ("start_ts", 0, 1_700_000_000),
        ("sflags", 0, 0),
        ("dflags", 0, 0),
        ("ref", 1, 1),
        ("toroute", 0, 0),
        ("nonsense", None, None),
        ("from_nonsense", None, None),
    ],
)
def test_dlg(name: str, before: object, after: object) -> None:
    bench = Bench()
    assert bench.get(f"$dlg({name})") is None
    bench.call("dlg_manage")
    assert bench.get(f"$dlg({name})") == before
    bench.answer()
    bench.within("ACK")
    assert bench.get(f"$dlg({name})") == after


def test_dlg_status_lifetime_and_count() -> None:
    bench = Bench()
    assert [bench.get(f"$DLG_{name}") for name in ("status", "lifetime", "count")] == [None, None, 0]
    bench.call("dlg_manage")
    assert bench.get("$DLG_status") is None
    bench.answer()
    assert bench.get("$DLG_status") == 3
    bench.within("ACK")
    bench.services.clock += 12
    assert [bench.get(f"$DLG_{name}") for name in ("status", "lifetime", "count")] == [4, 12, 1]
    bench.within("BYE", cseq=8)
    bench.services.clock += 5
    assert [bench.get(f"$DLG_{name}") for name in ("status", "lifetime", "count")] == [5, 12, 0]


def test_dlg_ctx_before_the_dialog() -> None:
    bench = Bench()
    names = ("on", "set", "dir", "timeout", "timeout_bye", "timeout_route", "timeout_route_id", "flags")
    assert [bench.get(f"$dlg_ctx({name})") for name in names] == [0, 0, 0, 0, 0, None, 0, 0]
    for name, value in (("on", 1), ("timeout", 60), ("timeout_bye", "1"), ("timeout_route", "over")):
        assert bench.set(f"$dlg_ctx({name})", value)
    assert not bench.set("$dlg_ctx(set)", 1)
    assert not bench.set("$dlg_ctx(timeout)", "soon")
    assert bench.get("$dlg_ctx(nonsense)") is None
    bench.call("dlg_manage")
    assert [bench.get(f"$dlg_ctx({name})") for name in names] == [1, 1, 1, 60, 1, "over", 0, 0]
    assert (bench.dialog.lifetime, bench.dialog.properties, bench.dialog.timeout_route) == (60, 1, "over")


def test_dlg_ctx_within_the_dialog() -> None:
    bench = Bench()
    bench.connect()
    ctx = bench.within("INFO", cseq=8, upstream=True)
    assert bench.get("$dlg_ctx(dir)", ctx) == 2
    for name, value in (("timeout", 60), ("timeout_bye", 1), ("timeout_route", "over"), ("flags", 6)):
        assert bench.set(f"$dlg_ctx({name})", value, ctx)
    dialog = bench.dialog
    assert (dialog.lifetime, dialog.timeout_at, dialog.properties) == (60, 1060.0, 1)
    assert (dialog.timeout_route, dialog.script_flags) == ("over", 6)
    assert bench.set("$dlg_ctx(timeout_bye)", 0, ctx)
    assert bench.set("$dlg_ctx(timeout_route)", None, ctx)
    assert (dialog.properties, dialog.timeout_route) == (0, "")


# Flags, properties, timeouts, states


def test_flags() -> None:
    bench = Bench()
    assert (bench.call("dlg_setflag", 3), bench.call("dlg_isflagset", 3)) == (1, 1)
    assert [bench.call("dlg_setflag", number) for number in (-1, 32)] == [-1, -1]
    bench.connect()
    ctx = bench.within("INFO", cseq=8)
    assert (bench.call("dlg_isflagset", 3, ctx=ctx), bench.call("dlg_isflagset", 4, ctx=ctx)) == (1, -1)
    assert bench.call("dlg_setflag", 31, ctx=ctx) == 1
    assert (bench.call("dlg_resetflag", 3, ctx=ctx), bench.call("dlg_resetflag", 40, ctx=ctx)) == (1, -1)
    assert bench.dialog.script_flags == 1 << 31


def test_properties() -> None:
    bench = Bench()
    assert bench.call("dlg_set_property", "ka-src") == -1
    bench.call("dlg_manage")
    for name in ("ka-src", "ka-dst", "timeout-noreset"):
        assert bench.call("dlg_set_property", name) == 1
    assert bench.dialog.properties == 14
    assert bench.call("dlg_reset_property", "ka-dst") == 1
    assert bench.dialog.properties == 10
    assert (bench.call("dlg_set_property", "other"), bench.call("dlg_reset_property", "")) == (-1, -1)


def test_timeouts() -> None:
    bench = Bench()
    assert bench.call("dlg_set_timeout", 60) == -1
    bench.call("dlg_manage")
    assert (bench.call("dlg_set_timeout", 60), bench.call("dlg_set_timeout", 0)) == (1, -1)
    assert (bench.dialog.lifetime, bench.dialog.timeout_at) == (60, 0.0)
    bench.answer()
    assert bench.dialog.timeout_at == 1060.0
    entry, number = bench.dialog.identity
    assert bench.call("dlg_set_timeout_id", 90, entry, number) == 1
    assert bench.call("dlg_set_timeout_id", 90, entry, number + 1) == -1
    assert bench.dialog.timeout_at == 1090.0


@pytest.mark.parametrize(
    ("text", "state"), [("e", 2), ("a", 3), ("confirmed", 4), ("4", 4), ("d", 5), ("u", 1), ("x", 1), ("", 1)]
)
def test_states_by_hand(text: str, state: int) -> None:
    bench = Bench()
    assert bench.call("dlg_set_state", "c") == -1
    bench.call("dlg_manage")
    assert bench.call("dlg_set_state", text) == (-1 if text in ("x", "") else 1)
    assert bench.dialog.state == state
    active = {3: 1, 4: 1}.get(state, 0)
    assert (bench.get("$DLG_count"), bench.services.statistic("dialog:early_dialogs")) == (
        active,
        int(state == 2),
    )
    if state == 5:
        assert bench.call("dlg_set_state", "c") == -1


def test_dlg_update_state() -> None:
    bench = Bench()
    assert bench.call("dlg_update_state") == -1
    bench.call("dlg_manage")
    for status, state in ((180, State.EARLY), (200, State.UNACKNOWLEDGED)):
        ctx = bench.context(bench.response(status).text, Route.REPLY)
        assert bench.call("dlg_update_state", ctx=ctx) == 1
        assert bench.dialog.state is state
    assert bench.call("dlg_update_state", ctx=bench.context(later("ACK"))) == 1
    assert bench.dialog.state is State.CONFIRMED
    other = Bench()
    other.call("dlg_manage")
    other.call("dlg_update_state", ctx=other.context(other.response(500).text, Route.REPLY))
    assert other.dialog.state is State.DELETED


def test_contacts_and_sockets_by_hand() -> None:
    bench = Bench()
    bench.connect()
    assert bench.call("dlg_update_contact", ctx=bench.context(INVITE.replace("call1@", "x@"))) == -1
    moved = bench.context(later("INFO", headers="Contact: <sip:alice@127.0.0.7>\r\n"))
    assert bench.call("dlg_update_contact", ctx=moved) == 1
    assert bench.call("dlg_update_contact", ctx=bench.context(later("INFO"))) == -1
    up = bench.context(later("INFO", upstream=True, headers="Contact: <sip:bob@127.0.0.8>\r\n"))
    assert bench.call("dlg_update_contact", ctx=up) == 1
    reply = bench.context(bench.response(200, contact="sip:bob@127.0.0.6").text, Route.REPLY)
    assert bench.call("dlg_update_contact", ctx=reply) == 1
    dialog = bench.dialog
    assert (dialog.caller.contact, dialog.callee.contact) == ("sip:alice@127.0.0.7", "sip:bob@127.0.0.6")
    up.source.listener = bench.services.listeners[1]
    assert bench.call("dlg_update_socket", ctx=up) == 1
    assert (dialog.caller.socket, dialog.callee.socket) == ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    assert bench.call("dlg_update_socket", ctx=bench.context(INVITE.replace("call1@", "x@"))) == -1
    assert bench.call("dlg_remove_dialogs_from_node", "sip:x") == -1


# Profiles


def test_profiles_before_and_after() -> None:
    bench = Bench()
    assert bench.call("set_dlg_profile", "caller", "alice") == 1
    assert bench.call("set_dlg_profile_static", "all") == 1
    failure = bench.context(INVITE, Route.FAILURE)
    assert bench.call("set_dlg_profile", "caller", "alice", ctx=failure) == -1
    assert [bench.call("set_dlg_profile", *pair) for pair in (("none", "x"), ("caller", ""))] == [-1, -1]
    assert bench.call("is_in_profile", "caller", "alice") == -1
    bench.call("dlg_manage")
    assert bench.call("set_dlg_profile", "callee", "bob") == 1
    assert [
        bench.call("is_in_profile", *pair)
        for pair in (("caller", "alice"), ("caller", "bob"), ("all", "x"), ("caller", ""), ("none", "x"))
    ] == [1, -1, 1, -1, -1]
    assert [bench.call("is_in_profile_static", name) for name in ("caller", "all", "none")] == [1, 1, -1]
    assert bench.call("unset_dlg_profile", "caller", "bob") == -1
    assert (
        bench.call("unset_dlg_profile", "caller", "alice"),
        bench.call("unset_dlg_profile_static", "all"),
    ) == (1, 1)
    assert bench.dialog.profiles == [("callee", "bob")]


def test_profile_sizes() -> None:
    bench = Bench()
    bench.call("dlg_manage")
    for name, value in (("caller", "a"), ("caller", "b"), ("all", "")):
        bench.call("set_dlg_profile", name, value)

    def size(name: str, *value: str) -> object:
        function = "get_profile_size" if value else "get_profile_size_static"
        code = bench.call(function, name, *value, "$var(n)")
        return bench.get("$var(n)") if code == 1 else code

    assert [size("caller", "a"), size("caller", "x"), size("caller", ""), size("caller")] == [1, 0, 2, 2]
    assert [size("all", "whatever"), size("none", "x"), size("none")] == [1, -1, -1]
    assert bench.call("get_profile_size", "all", "", "$nothing") == -1
    bench.answer(486)
    assert (size("caller"), bench.call("set_dlg_profile", "caller", "a")) == (0, -1)


# Requests


def test_requests_of_our_own_need_an_answered_call() -> None:
    bench = Bench()
    assert bench.call("dlg_bye", "all") == -1
    bench.call("dlg_manage")
    assert bench.call("dlg_bye", "all") == -1
    assert bench.call("dlg_req_within4", "caller", "INFO", "", "") == -1
    assert bench.call("dlg_refer_cid", "call1@127.0.0.2", "caller", "sip:c@x") == -1
    assert bench.transactions.sent == []


def test_a_bye_that_cannot_be_sent() -> None:
    bench = Bench()
    bench.connect()
    bench.transactions.code = -1
    assert bench.call("dlg_bye", "all") == -1


def test_dlg_refer_did() -> None:
    bench = Bench()
    bench.connect()
    entry, number = bench.dialog.identity
    assert bench.call("dlg_refer_did", entry, number, "caller", "sip:c@x") == 1
    [(request, _)] = bench.transactions.sent
    assert (request.method, request.request_uri) == ("REFER", "sip:alice@127.0.0.2:5070")
    assert (request.from_, request.to) == (
        "<sip:bob@example.com>;tag=to1",
        "<sip:alice@example.com>;tag=from1",
    )
    assert (request.cseq, request.socket) == (1, "udp:127.0.0.1:5060")
    assert bench.call("dlg_refer_did", entry, number + 1, "caller", "sip:c@x") == -1


def test_without_database() -> None:
    bench = Bench()
    for name, arguments in (
        ("dlg_db_load_callid", ("x",)),
        ("dlg_db_load_callid", ("",)),
        ("dlg_db_load_extra", ()),
    ):
        assert settle(bench.call(name, *arguments)) == -1

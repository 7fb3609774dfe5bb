"""pv: what assigning to pseudo-variables does."""

import pytest

from luasip.errors import SettingsError
from luasip.kemi.context import Branch
from luasip.modules.pv import Pv
from tests.bench import INVITE, FakeListener, FakeServices
from tests.kemi.variables_bench import VariablesBench

REPLY = (
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
    "Call-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"
)
Assignment = tuple[str, str | int | None]


@pytest.mark.parametrize(
    ("assignments", "uri"),
    [
        ([("$ru", "sip:carol@h")], "sip:carol@h"),
        ([("$rU", "carol")], "sip:carol@example.com;transport=udp"),
        ([("$rU", None)], "sip:example.com;transport=udp"),
        ([("$rU", "")], "sip:example.com;transport=udp"),
        ([("$rU", 4711)], "sip:4711@example.com;transport=udp"),
        ([("$rd", "h.org")], "sip:bob@h.org;transport=udp"),
        ([("$rp", "5070")], "sip:bob@example.com:5070;transport=udp"),
        ([("$rp", 5070)], "sip:bob@example.com:5070;transport=udp"),
        ([("$rp", "5070"), ("$rd", "h")], "sip:bob@h:5070;transport=udp"),
        ([("$rp", "5070"), ("$rp", None)], "sip:bob@example.com;transport=udp"),
        ([("$ru", "sip:a:pw@h"), ("$rU", None)], "sip:h"),
        ([("$ru", "sip:h"), ("$rU", "x")], "sip:x@h"),
        ([("$ruri", "tel:+1"), ("$rU", "+2")], "tel:+2"),
    ],
)
def test_request_uri_shows_at_once(assignments: list[Assignment], uri: str) -> None:
    bench = VariablesBench()
    for text, value in assignments:
        assert bench.set(text, value) is True
    assert bench.get("$ru") == uri == bench.ctx.target.uri
    assert bench.get("$ou") == "sip:bob@example.com;transport=udp"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$ru", None),
        ("$ru", ""),
        ("$rd", None),
        ("$rd", ""),
        ("$rd", "a b"),
        ("$rU", "a@b c"),
        ("$rp", "0"),
        ("$rp", "65536"),
        ("$rp", "x"),
        ("$fu", None),
        ("$tu", ""),
        ("$fd", None),
        ("$td", ""),
        ("$fd", "a b"),
        ("$fs", "udp:9.9.9.9:1"),
        ("$mf", "x"),
        ("$Mf(32)", 1),
        ("$Mf(1)", "x"),
        ("$bf", "x"),
        ("$Bf(-1)", 1),
        ("$sf", "x"),
        ("$Sf(99)", 1),
        ("$br", None),
        ("$br", ""),
        ("$(branch(uri)[0])", "sip:x@h"),
        ("$sbranch(q)", 1001),
        ("$sbranch(q)", "x"),
        ("$sbranch(flags)", "x"),
        ("$sbranch(ruid)", "x"),
        ("$sbranch(send_socket)", "9.9.9.9"),
        ("$avp()", "x"),
        ("$xavp(=>b)", "x"),
        ("$xavp(a=>)", "x"),
        ("$xavp(a[x]=>b)", "x"),
        ("$xavp(a[1=>b)", "x"),
        ("$xavp(a[0]=>b)", "x"),
        ("$xavp(a[*]=>b)", "x"),
        ("$xavp(a[3])", "x"),
        ("$xavu(=>b)", "x"),
        ("$rs", 200),
        ("$ou", "sip:x@h"),
        ("$hdr(Via)", "x"),
    ],
)
def test_refused(text: str, value: str | int | None) -> None:
    bench = VariablesBench()
    before = bench.sent(), bench.ctx.target.uri, bench.ctx.flags, len(bench.ctx.branches)
    assert bench.set(text, value) is False
    assert (bench.sent(), bench.ctx.target.uri, bench.ctx.flags, len(bench.ctx.branches)) == before


@pytest.mark.parametrize("text", ["$ru", "$rU", "$rd", "$rp", "$br"])
def test_replies_have_no_request_uri_to_set(text: str) -> None:
    bench = VariablesBench(REPLY)
    assert bench.set(text, "1234") is False
    assert bench.get(text) is None


def test_destination_uri() -> None:
    bench = VariablesBench()
    assert bench.set("$du", "sip:1.2.3.4:5070;transport=tcp") is True
    shown = {text: bench.get(text) for text in ("$du", "$dd", "$dp", "$dP", "$nh(d)", "$nh(p)", "$nh(U)")}
    assert shown == {
        "$du": "sip:1.2.3.4:5070;transport=tcp",
        "$dd": "1.2.3.4",
        "$dp": "5070",
        "$dP": "tcp",
        "$nh(d)": "1.2.3.4",
        "$nh(p)": "5070",
        "$nh(U)": None,
    }
    assert bench.variables.unset(bench.ctx, "$du") is True
    assert bench.get("$du") is None
    bench.set("$du", "not a uri")
    assert (bench.get("$du"), bench.get("$dd")) == ("not a uri", None)


FROM = 'From: "Alice A." <sip:alice@example.com>;tag=from1\r\n'
TO = "To: Bob <sip:bob@example.com>\r\n"


@pytest.mark.parametrize(
    ("assignments", "line"),
    [
        ([("$fu", "sip:x@y")], 'From: "Alice A." <sip:x@y>;tag=from1\r\n'),
        ([("$from", "sip:x@y")], 'From: "Alice A." <sip:x@y>;tag=from1\r\n'),
        ([("$fU", "carol")], 'From: "Alice A." <sip:carol@example.com>;tag=from1\r\n'),
        ([("$fU", None)], 'From: "Alice A." <sip:example.com>;tag=from1\r\n'),
        ([("$fU", 5)], 'From: "Alice A." <sip:5@example.com>;tag=from1\r\n'),
        ([("$fd", "z.org")], 'From: "Alice A." <sip:alice@z.org>;tag=from1\r\n'),
        ([("$fn", '"C"')], 'From: "C" <sip:alice@example.com>;tag=from1\r\n'),
        ([("$fn", None)], "From: <sip:alice@example.com>;tag=from1\r\n"),
        ([("$fU", "a"), ("$fd", "b"), ("$fn", "N")], "From: N <sip:a@b>;tag=from1\r\n"),
        ([("$fu", "sip:x@y"), ("$fu", "sip:p@q"), ("$fU", "z")], 'From: "Alice A." <sip:z@q>;tag=from1\r\n'),
    ],
)
def test_from_is_a_pending_edit(assignments: list[Assignment], line: str) -> None:
    bench = VariablesBench()
    for text, value in assignments:
        assert bench.set(text, value) is True
    assert bench.sent() == INVITE.replace(FROM, line)
    assert bench.get("$fu") == "sip:alice@example.com"
    assert bench.get("$fn") == '"Alice A."'


def test_to_is_a_pending_edit() -> None:
    bench = VariablesBench()
    assert bench.set("$tU", "x")
    assert bench.set("$td", "y")
    assert bench.set("$tn", '"Z"')
    assert bench.sent() == INVITE.replace(TO, 'To: "Z" <sip:x@y>\r\n')
    assert bench.set("$tu", "sip:q@w")
    assert bench.set("$tn", None)
    assert bench.sent() == INVITE.replace(TO, "To: <sip:q@w>\r\n")
    assert bench.get("$tu") == "sip:bob@example.com"


def test_address_without_brackets_and_folded() -> None:
    bench = VariablesBench(INVITE.replace(FROM, "From: sip:alice@example.com;tag=1\r\n"))
    assert bench.set("$fU", "x")
    assert "From: sip:x@example.com;tag=1\r\n" in bench.sent()
    assert bench.set("$fn", '"N"')
    assert 'From: "N" <sip:x@example.com>;tag=1\r\n' in bench.sent()
    folded = VariablesBench(INVITE.replace(FROM, 'From: "A"\r\n <sip:alice@h>\r\n ;tag=1\r\n'))
    assert folded.set("$fU", "x")
    assert 'From: "A" <sip:x@h> ;tag=1\r\n' in folded.sent()


def test_other_edits_of_the_message_stay() -> None:
    bench = VariablesBench()
    bench.ctx.edits.append_header(bench.ctx.message, "X-A: 1\r\n")
    bench.ctx.edits.insert_header(bench.ctx.message, "X-B: 1\r\n")
    bench.set("$fU", "x")
    bench.set("$fU", "y")
    sent = bench.sent()
    assert sent.count("X-A: 1") == sent.count("X-B: 1") == 1
    assert sent.count("From:") == 1
    assert "<sip:y@example.com>;tag=from1" in sent
    assert bench.get("$mbu") == sent


@pytest.mark.parametrize("key", ["m", "b", "s"])
def test_flags(key: str) -> None:
    bench = VariablesBench()
    assert bench.set(f"${key}f", 5)
    assert (bench.get(f"${key}f"), bench.get(f"${key}F")) == (5, "00000005")
    assert bench.set(f"${key}F", "16")
    assert bench.get(f"${key}f") == 16
    single = f"${key.upper()}f"
    assert bench.set(f"{single}(31)", 1)
    assert bench.set(f"{single}(4)", 0)
    assert (bench.get(f"${key}F"), bench.get(f"{single}(31)"), bench.get(f"{single}(4)")) == (
        "80000000",
        1,
        0,
    )
    assert bench.set(f"${key}f", None)
    assert bench.get(f"${key}f") == 0


def test_send_socket() -> None:
    listeners = [FakeListener(), FakeListener("tcp"), FakeListener("udp", "::1", 5080, "pub.org", 6000, True)]
    bench = VariablesBench(INVITE, FakeServices(listeners=listeners))
    for text, found in {
        "tcp:127.0.0.1:5060": "tcp:127.0.0.1:5060",
        "127.0.0.1": "udp:127.0.0.1:5060",
        "UDP:[::1]:5080": "udp:::1:5080",
        "udp:pub.org:6000": "udp:::1:5080",
    }.items():
        assert bench.set("$fs", text) is True
        assert bench.get("$fs") == found
    assert bench.get("$fsp") == 5080
    assert bench.set("$fs", None) is True
    assert bench.get("$fs") is None


def test_branches() -> None:
    bench = VariablesBench()
    assert bench.set("$br", "sip:one@h")
    bench.ctx.branches.append(Branch("sip:two@h"))
    for text, value in {
        "$(branch(uri)[1])": "sip:three@h",
        "$(branch(dst_uri)[-1])": "sip:next",
        "$(branch(path)[1])": "<sip:p>",
        "$(branch(q)[1])": 250,
        "$(branch(flags)[1])": 3,
        "$(branch(send_socket)[1])": "tcp:127.0.0.1:5060",
    }.items():
        assert bench.set(text, value) is True
        assert bench.get(text) == value
    assert bench.set("$(branch(q)[1])", None)
    assert bench.get("$(branch(q)[1])") is None
    assert bench.set("$(branch(send_socket)[1])", None)
    assert bench.set("$branch(uri)", None) is True
    assert bench.get("$bR") == "sip:three@h"


def test_static_branch() -> None:
    bench = VariablesBench()
    assert bench.set("$sbranch(uri)", "sip:s@h")
    assert bench.set("$sbranch(q)", 500)
    assert (bench.get("$sbranch(uri)"), bench.get("$sbranch(q)"), bench.get("$branch(count)")) == (
        "sip:s@h",
        500,
        0,
    )
    assert bench.set("$sbranch(uri)", None)
    assert bench.get("$sbranch(q)") is None


def test_settings() -> None:
    settings = Pv.Settings(
        shvset=["a=i:5", "b=s:te:xt"], varset=["v=i:-1"], avp_aliases="short=long; other = i:7"
    )
    bench = VariablesBench()
    pv = Pv(settings, bench.services)
    assert (pv.shared, pv.initial) == ({"a": 5, "b": "te:xt"}, {"v": -1})
    assert [pv.avp_name(name) for name in ("short", "other", "s:x", "y")] == ["long", "i:7", "x", "y"]
    assert pv.script_variable(bench.ctx, "v", None) == -1


@pytest.mark.parametrize("item", ["x", "x=5", "x=i:y", "x=z:1"])
def test_bad_settings_name_the_item(item: str) -> None:
    with pytest.raises(SettingsError, match="shvset"):
        Pv(Pv.Settings(shvset=[item]), FakeServices())


def test_rpc() -> None:
    pv = VariablesBench().pv
    assert pv.set_shared("n", "int", "7") == "ok"
    assert pv.set_shared("t", "str", "é") == "ok"
    assert "no number" in pv.set_shared("n", "int", "x")
    assert pv.get_shared() == {"n": 7, "t": "é"}
    assert pv.get_shared("n") == {"n": 7}
    assert [command.name for command in Pv.commands()] == ["pv.shvGet", "pv.shvSet"]

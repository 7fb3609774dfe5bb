"""pv: every pseudo-variable, by what it gives for known messages."""

import os
import re

import pytest

import luasip
from luasip.kemi.context import Branch
from luasip.kemi.credentials import accept_credentials
from luasip.kemi.declare import Module, Route
from luasip.kemi.outgoing import Outgoing, set_outgoing
from luasip.modules.pv import Pv
from luasip.sip.digest import parse_credentials
from tests.bench import INVITE, FakeListener, FakeServices
from tests.kemi.variables_bench import VariablesBench

REPLY = (
    "SIP/2.0 180 Ringing Now\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKtwo;i=7\r\n"
    "v: SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKone;received=10.1.1.1;rport=6000\r\n"
    "Record-Route: <sip:a;lr>, <sip:b;lr>\r\n"
    "f: <sip:alice@example.com>;tag=from1\r\n"
    "t: <sip:bob@example.com>;tag=to1\r\n"
    "i: call1\r\n"
    "CSeq: 7 INVITE\r\n"
    "l: 0\r\n"
    "\r\n"
)
RICH = INVITE.replace(
    "User-Agent: phone/1.0\r\n",
    "User-Agent: phone/1.0\r\n"
    "Expires: 300\r\n"
    "m: <sip:second@h>;expires=60, <sip:third@h>;expires=900\r\n"
    "X-Key: one\r\n"
    "x-key: two\r\n"
    "P-Asserted-Identity: <sip:pai@h>, <tel:+1>\r\n"
    'P-Preferred-Identity: "P" <sip:ppi@ph>\r\n'
    "Remote-Party-ID: <sip:rpid@h>;party=calling\r\n"
    "r: <sip:target@h>\r\n"
    "Diversion: <sip:div@h>;reason=busy;privacy=off;counter=2\r\n"
    'Proxy-Authorization: Digest username="alice@dom", realm="r", nonce="n", uri="sip:u", response="abc",'
    ' algorithm=MD5, cnonce="c", opaque="o"\r\n',
)
NULL_OF_REPLIES = (
    *("ru", "rU", "rUl", "rd", "rp", "rP", "rz", "ou", "oU", "oUl", "od", "op", "oP", "oz"),
    *("au", "aU", "ad", "ar", "adu", "aa", "adn", "adc", "adr", "ado"),
)

REQUEST_CASES: list[tuple[str, str | int | None]] = [
    ("$ru", "sip:bob@example.com;transport=udp"),
    ("$ruri", "sip:bob@example.com;transport=udp"),
    ("$rU", "bob"),
    ("$ruri.user", "bob"),
    ("$rUl", 3),
    ("$rd", "example.com"),
    ("$ruri.domain", "example.com"),
    ("$rp", "5060"),
    ("$rP", "udp"),
    ("$rz", "sip"),
    ("$ou", "sip:bob@example.com;transport=udp"),
    ("$ouri", "sip:bob@example.com;transport=udp"),
    ("$oU", "bob"),
    ("$oUl", 3),
    ("$od", "example.com"),
    ("$op", "5060"),
    ("$oP", "udp"),
    ("$oz", "sip"),
    ("$du", None),
    ("$duri", None),
    ("$dd", None),
    ("$dp", None),
    ("$dP", None),
    ("$nh(u)", "sip:bob@example.com;transport=udp"),
    ("$nh(U)", "bob"),
    ("$nh(d)", "example.com"),
    ("$nh(p)", "5060"),
    ("$nh(P)", "udp"),
    ("$nh(x)", None),
    ("$fu", "sip:alice@example.com"),
    ("$from", "sip:alice@example.com"),
    ("$fU", "alice"),
    ("$from.user", "alice"),
    ("$fUl", 5),
    ("$fd", "example.com"),
    ("$from.domain", "example.com"),
    ("$fn", '"Alice A."'),
    ("$ft", "from1"),
    ("$tu", "sip:bob@example.com"),
    ("$to", "sip:bob@example.com"),
    ("$tU", "bob"),
    ("$to.user", "bob"),
    ("$tUl", 3),
    ("$td", "example.com"),
    ("$to.domain", "example.com"),
    ("$tn", "Bob"),
    ("$tt", None),
    ("$hdr(User-Agent)", "phone/1.0"),
    ("$hdr(user-agent)", "phone/1.0"),
    ("$hdr(X-Key)", "one"),
    ("$(hdr(X-Key)[1])", "two"),
    ("$(hdr(X-Key)[-1])", "two"),
    ("$(hdr(X-Key)[-2])", "one"),
    ("$(hdr(X-Key)[2])", None),
    ("$(hdr(X-Key)[*])", "one,two"),
    ("$(hdr(*)[0])", "SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKone;rport"),
    ("$hdr(f)", '"Alice A." <sip:alice@example.com>;tag=from1'),
    ("$hdr(Nope)", None),
    ("$hdr", None),
    ("$(hdr(Nope)[*])", None),
    ("$hdrc(X-Key)", 2),
    ("$hdrc(Nope)", 0),
    ("$hfl(Contact)", "<sip:alice@127.0.0.2:5070>"),
    ("$(hfl(Contact)[2])", "<sip:third@h>;expires=900"),
    ("$(hfl(Contact)[-1])", "<sip:third@h>;expires=900"),
    ("$hflc(Contact)", 3),
    ("$ci", "call1@127.0.0.2"),
    ("$cs", "7"),
    ("$csb", "7 INVITE"),
    ("$ct", "<sip:alice@127.0.0.2:5070>"),
    ("$cT", "application/sdp"),
    ("$cl", 5),
    ("$ua", "phone/1.0"),
    ("$expires(min)", 60),
    ("$expires(max)", 900),
    ("$expires(x)", None),
    ("$ai", "sip:pai@h"),
    ("$(ai[1])", "tel:+1"),
    ("$(ai[2])", None),
    ("$pu", "sip:ppi@ph"),
    ("$pU", "ppi"),
    ("$pd", "ph"),
    ("$pn", "P"),
    ("$(pn[1])", None),
    ("$re", "sip:rpid@h"),
    ("$rt", "sip:target@h"),
    ("$di", "sip:div@h"),
    ("$dir", "busy"),
    ("$dip", "off"),
    ("$dic", "2"),
    ("$rm", "INVITE"),
    ("$rmid", 1),
    ("$rs", None),
    ("$rr", None),
    ("$rv", "SIP/2.0"),
    ("$rb", "v=0\r\n"),
    ("$bs", 5),
    ("$mb", RICH),
    ("$mbu", RICH),
    ("$ml", len(RICH)),
    ("$mt", 1),
    ("$mts", "rq"),
    ("$msg(len)", len(RICH)),
    ("$msg(buf)", RICH),
    ("$msg(body)", "v=0\r\n"),
    ("$msg(body_len)", 5),
    ("$msg(fline)", "INVITE sip:bob@example.com;transport=udp SIP/2.0"),
    ("$msg(hdrc)", 20),
    ("$(msg(hdrs){line.count})", 20),
    ("$(msg(fpart){line.count})", 21),
    ("$msg(hdrs_len)", len(RICH) - len("INVITE sip:bob@example.com;transport=udp SIP/2.0") - 2 - 4 - 5),
    ("$msg(x)", None),
    ("$mf", 0),
    ("$mF", "00000000"),
    ("$Mf(3)", 0),
    ("$Mf(32)", None),
    ("$sf", 0),
    ("$sF", "00000000"),
    ("$Sf(1)", 0),
    ("$via0(host)", "127.0.0.2"),
    ("$via0(port)", 5070),
    ("$via0(branch)", "z9hG4bKone"),
    ("$via0(proto)", "UDP"),
    ("$via0(protoid)", 1),
    ("$via0(rport)", None),
    ("$via0(received)", None),
    ("$via0(nope)", None),
    ("$via1(host)", None),
    ("$viaZ(host)", "127.0.0.2"),
    ("$rpl(duri)", None),
    ("$si", "127.0.0.2"),
    ("$src_ip", "127.0.0.2"),
    ("$siz", "127.0.0.2"),
    ("$sp", 5070),
    ("$su", "sip:127.0.0.2:5070"),
    ("$sut", "sip:127.0.0.2:5070;transport=udp"),
    ("$sas", "udp:127.0.0.2:5070"),
    ("$pr", "udp"),
    ("$proto", "udp"),
    ("$prid", 1),
    ("$conid", None),
    ("$af(id)", 2),
    ("$af(name)", "IPv4"),
    ("$af(x)", None),
    ("$Ri", "127.0.0.1"),
    ("$Rp", 5060),
    ("$Ru", "sip:127.0.0.1:5060"),
    ("$Rut", "sip:127.0.0.1:5060;transport=udp"),
    ("$RAi", "127.0.0.1"),
    ("$RAp", 5060),
    ("$RAu", "sip:127.0.0.1:5060"),
    ("$RAut", "sip:127.0.0.1:5060;transport=udp"),
    ("$fs", None),
    ("$fsp", 0),
    ("$snd(ip)", None),
    ("$sndto(ip)", None),
    ("$sndfrom(ip)", None),
    ("$rcv(srcip)", "127.0.0.2"),
    ("$rcv(srcport)", 5070),
    ("$rcv(rcvip)", "127.0.0.1"),
    ("$rcv(rcvport)", 5060),
    ("$rcv(proto)", 1),
    ("$rcv(sproto)", "udp"),
    ("$rcv(af)", 2),
    ("$rcv(len)", len(RICH)),
    ("$rcv(x)", None),
    ("$br", None),
    ("$bR", None),
    ("$ds", "Contact: <sip:bob@example.com;transport=udp>"),
    ("$branch(count)", 0),
    ("$branch(uri)", None),
    ("$sbranch(uri)", None),
    ("$bf", 0),
    ("$bF", "00000000"),
    ("$Bf(2)", 0),
    ("$ruid", None),
    ("$location_ua", None),
    ("$au", "alice"),
    ("$aU", "alice@dom"),
    ("$ad", "dom"),
    ("$ar", "r"),
    ("$adu", "sip:u"),
    ("$aa", "MD5"),
    ("$adn", "n"),
    ("$adc", "c"),
    ("$adr", "abc"),
    ("$ado", "o"),
    ("$Au", "alice@example.com"),
    ("$AU", "alice"),
    ("$Ts", 1_700_000_000),
    ("$TS", 1_700_000_000),
    ("$Tb", 1_700_000_000),
    ("$(Tf{s.substr,-4,0})", "2023"),
    ("$(TF{s.substr,-4,0})", "2023"),
    ("$TV(s)", 1_700_000_000),
    ("$TV(u)", 0),
    ("$TV(sn)", 1_700_000_000),
    ("$TV(un)", 0),
    ("$TV(Sn)", "1700000000.000000"),
    ("$(TV(Fn){s.select,1,.})", "000000"),
    ("$TV(x)", None),
    ("$utime(year)", 2023),
    ("$utime(mon)", 11),
    ("$utime(mday)", 14),
    ("$utime(hour)", 22),
    ("$utime(min)", 13),
    ("$utime(sec)", 20),
    ("$utime(wday)", 3),
    ("$utime(yday)", 318),
    ("$utime(isdst)", 0),
    ("$utime(x)", None),
    ("$time(year)", 2023),
    ("$timef(%Y)", "2023"),
    ("$utimef(%Y-%m-%d %H:%M)", "2023-11-14 22:13"),
    ("$avp(none)", None),
    ("$cnt($avp(none))", 0),
    ("$cnt($xavp(none))", 0),
    ("$cnt($xavi(NONE))", 0),
    ("$cnt(x)", None),
    ("$xavp(none)", None),
    ("$xavi(none)", None),
    ("$xavu(none)", None),
    ("$var(none)", 0),
    ("$vz(none)", 0),
    ("$vn(none)", None),
    ("$shv(none)", 0),
    ("$shvinc(one)", 1),
    ("$true", 1),
    ("$false", 0),
    ("$null", None),
    ("$_s(a $rU)", "a bob"),
    ("$rc", 0),
    ("$retcode", 0),
    ("$sid", 0),
    ("$env(LUASIP_TEST)", "caf\xc3\xa9"),
    ("$env(LUASIP_NOPE)", None),
    ("$def(WITH_X)", "5"),
    ("$def(NOPE)", None),
    ("$defn(WITH_X)", 5),
    ("$defn(NOPE)", None),
    ("$version(num)", luasip.__version__),
    ("$version(full)", f"LuaSIP {luasip.__version__}"),
    ("$version(x)", None),
    ("$ksr(ver)", luasip.__version__),
    ("$ksr(x)", None),
    ("$HN(i)", "127.0.0.1"),
    ("$HN(x)", None),
    ("$K(IPv4)", 2),
    ("$K(IPv6)", 10),
    ("$K(UDP)", 1),
    ("$K(WSS)", 6),
    ("$K(x)", None),
    ("$C(rg)", "\x1b[0;31;42m"),
    ("$C(Rx)", "\x1b[1;31m"),
    ("$C(q)", None),
    ("$stat(x)", None),
    ("$err.class", None),
    ("$err.level", None),
    ("$err.info", None),
    ("$err.rcode", None),
    ("$err.rreason", None),
    ("$sel(ruri)", "sip:bob@example.com;transport=udp"),
    ("$sel(@ruri.user)", "bob"),
    ("$sel(ruri.transport)", "udp"),
    ("$sel(ruri.params)", "transport=udp"),
    ("$sel(ruri.hostport)", "example.com:5060"),
    ("$sel(dst_uri)", None),
    ("$sel(from)", '"Alice A." <sip:alice@example.com>;tag=from1'),
    ("$sel(from.uri.host)", "example.com"),
    ("$sel(from.tag)", "from1"),
    ("$sel(f.name)", "Alice A."),
    ("$sel(to.params.tag)", None),
    ("$sel(contact.uri)", "sip:alice@127.0.0.2:5070"),
    ("$sel(via[0].host)", "127.0.0.2"),
    ("$sel(v.params.branch)", "z9hG4bKone"),
    ("$sel(via[1])", None),
    ("$sel(cseq.num)", "7"),
    ("$sel(cseq.method)", "INVITE"),
    ("$sel(call_id)", "call1@127.0.0.2"),
    ("$sel(method)", "INVITE"),
    ("$sel(src.ip)", "127.0.0.2"),
    ("$sel(dst.port)", "5060"),
    ("$sel(hf_value.X-Key[1])", "two"),
    ("$sel(nope.nope)", None),
]

REPLY_CASES: list[tuple[str, str | int | None]] = [
    ("$rm", "INVITE"),
    ("$rs", 180),
    ("$rr", "Ringing Now"),
    ("$rv", "SIP/2.0"),
    ("$mt", 2),
    ("$mts", "rp"),
    ("$fU", "alice"),
    ("$tt", "to1"),
    ("$tn", None),
    ("$ci", "call1"),
    ("$ua", None),
    ("$cT", None),
    ("$ct", None),
    ("$rb", ""),
    ("$bs", 0),
    ("$cl", 0),
    ("$expires(min)", None),
    ("$nh(u)", "sip:10.1.1.1:6000;transport=tcp"),
    ("$nh(d)", "10.1.1.1"),
    ("$nh(p)", "6000"),
    ("$nh(P)", "tcp"),
    ("$via0(i)", "7"),
    ("$via1(received)", "10.1.1.1"),
    ("$via1(rport)", "6000"),
    ("$via1(port)", 5060),
    ("$viaZ(host)", "10.0.0.9"),
    ("$rpl(duri)", "sip:10.1.1.1:6000;transport=tcp"),
    ("$rpl(dhost)", "10.1.1.1"),
    ("$rpl(dport)", 6000),
    ("$rpl(dproto)", "tcp"),
    ("$rpl(dprotoid)", 2),
    ("$rpl(cntvia)", 2),
    ("$rpl(cntrr)", 2),
    ("$rpl(x)", None),
    ("$bR", None),
    ("$ds", None),
    ("$hfl(Via)", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKtwo;i=7"),
    ("$hflc(Record-Route)", 2),
    ("$Au", "alice@example.com"),
    *((f"${name}", None) for name in NULL_OF_REPLIES),
]


def rich() -> VariablesBench:
    return VariablesBench(RICH, FakeServices(defines={"WITH_X": "5"}))


@pytest.mark.parametrize(("text", "expected"), REQUEST_CASES)
def test_request(text: str, expected: str | int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUASIP_TEST", "café")
    found = rich().get(text)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(("text", "expected"), REPLY_CASES)
def test_reply(text: str, expected: str | int | None) -> None:
    found = VariablesBench(REPLY).get(text)
    assert (type(found), found) == (type(expected), expected)


def test_every_pseudo_variable_is_tried() -> None:
    tried = {
        match.group(1) for text, _ in REQUEST_CASES for match in [re.match(r"\$\(?([\w.]+)", text)] if match
    }
    assert {export.name for export in Pv.variables()} - {"pp", "pid", "mi"} <= tried


@pytest.mark.parametrize("text", [f"${export.name}" for export in Pv.variables()])
def test_nothing_raises_on_a_poor_message(text: str) -> None:
    poor = "OPTIONS sip:h SIP/2.0\r\nFrom: nonsense\r\nTo: <>\r\nVia: ?\r\nCSeq: x\r\nContact: <\r\nExpires: x\r\n\r\n"
    bench = VariablesBench(poor)
    for inner in ("", "(min)", "(host)", "(x)", "(uri)", "(dst.ip)"):
        found = bench.get(text + inner)
        assert found is None or isinstance(found, str | int)


def test_ipv6_and_streams_and_advertised_addresses() -> None:
    listener = FakeListener("tls", "::1", 5061, "example.com", 443, is_ipv6=True)
    bench = VariablesBench(INVITE, FakeServices(listeners=[listener]), host="2001:db8::1")
    bench.ctx.source.connection_id = 7
    expected = {
        "$si": "2001:db8::1",
        "$siz": "[2001:db8::1]",
        "$su": "sip:[2001:db8::1]:5070;transport=tls",
        "$sas": "tls:[2001:db8::1]:5070",
        "$pr": "tls",
        "$prid": 3,
        "$conid": 7,
        "$af(name)": "IPv6",
        "$af(id)": 10,
        "$Ru": "sip:[::1]:5061;transport=tls",
        "$RAi": "example.com",
        "$RAp": 443,
        "$RAu": "sip:example.com:443;transport=tls",
    }
    assert {text: bench.get(text) for text in expected} == expected


def test_branches() -> None:
    bench = VariablesBench()
    first, second = Branch("sip:one@h", "sip:next", 0.5, 4), Branch("sip:two@h")
    first.path, first.ruid, first.instance, first.location_user_agent = "<sip:p;lr>", "uid", "inst", "ua"
    bench.ctx.branches += [first, second]
    bench.ctx.target.ruid, bench.ctx.target.location_user_agent = "uid0", "ua0"
    expected = {
        "$br": "sip:one@h",
        "$bR": "<sip:one@h>;q=0.5, sip:two@h",
        "$ds": "Contact: <sip:bob@example.com;transport=udp>, <sip:one@h>;q=0.5, <sip:two@h>",
        "$branch(count)": 2,
        "$branch(uri)": "sip:one@h",
        "$(branch(uri)[1])": "sip:two@h",
        "$(branch(uri)[-1])": "sip:two@h",
        "$(branch(uri)[2])": None,
        "$branch(dst_uri)": "sip:next",
        "$(branch(dst_uri)[1])": None,
        "$branch(q)": 500,
        "$(branch(q)[1])": None,
        "$branch(path)": "<sip:p;lr>",
        "$branch(flags)": 4,
        "$branch(ruid)": "uid",
        "$branch(instance)": "inst",
        "$branch(location_ua)": "ua",
        "$branch(send_socket)": None,
        "$branch(nope)": None,
        "$ruid": "uid0",
        "$location_ua": "ua0",
    }
    assert {text: bench.get(text) for text in expected} == expected


def test_accounting_user_is_the_accepted_one() -> None:
    bench = rich()
    assert bench.get("$Au") == "alice@example.com"
    header = (
        'Digest username="eve@x", realm="r", nonce="n", uri="u", response="00000000000000000000000000000000"'
    )
    accept_credentials(bench.ctx, parse_credentials(header))
    assert bench.get("$Au") == "eve@r"
    assert bench.get("$AU") == "eve"


def test_what_is_being_sent() -> None:
    bench = VariablesBench()
    bench.ctx.route = Route.ONSEND
    listener = bench.services.listeners[0]
    set_outgoing(bench.ctx, Outgoing("udp", "10.0.0.1", 5080, listener, "text"))
    expected = {
        "$snd(ip)": "10.0.0.1",
        "$sndto(port)": 5080,
        "$sndto(proto)": 1,
        "$sndto(sproto)": "udp",
        "$sndto(af)": 2,
        "$sndto(buf)": "text",
        "$sndto(len)": 4,
        "$sndto(x)": None,
        "$sndfrom(ip)": "127.0.0.1",
        "$sndfrom(port)": 5060,
    }
    assert {text: bench.get(text) for text in expected} == expected


def test_time_of_the_message_stays() -> None:
    bench = VariablesBench()
    bench.ctx.source.received_at = 995.5
    assert bench.get("$Ts") == 1_699_999_995
    assert bench.get("$TV(u)") == 500_000
    bench.services.clock += 60
    assert bench.get("$Ts") == 1_699_999_995
    assert bench.get("$TS") == 1_700_000_060


def test_default_ports() -> None:
    for uri, port in {
        "sip:h": "5060",
        "sips:h": "5061",
        "sip:h;transport=tls": "5061",
        "sip:h:7": "7",
    }.items():
        bench = VariablesBench()
        bench.set("$ru", uri)
        bench.set("$du", uri)
        assert (bench.get("$rp"), bench.get("$dp"), bench.get("$nh(p)")) == (port, port, port)


def test_statistics_come_from_the_server() -> None:
    bench = VariablesBench()
    bench.services.counters["core:x"] = 3
    assert bench.get("$stat(core:x)") == 3


def test_cancel_and_ack_have_no_credentials() -> None:
    text = RICH.replace("INVITE sip", "ACK sip").replace("7 INVITE", "7 ACK")
    assert VariablesBench(text).get("$au") is None


def test_process_id() -> None:
    assert rich().get("$pp") == rich().get("$pid") == os.getpid()


def test_message_number() -> None:
    bench = rich()
    assert bench.get("$mi") == 0
    bench.ctx.source.number = 7
    assert bench.get("$mi") == 7


def test_documentation_is_there() -> None:
    assert isinstance(rich().pv, Module)
    assert all(export.documentation for export in Pv.variables())


def test_no_topic_hides_a_method_of_another() -> None:
    seen: dict[str, type] = {}
    for base in Pv.__bases__:
        for name in vars(base):
            if not name.startswith("__"):
                assert name not in seen, f"{name} is in {seen[name].__name__} and {base.__name__}"
                seen[name] = base

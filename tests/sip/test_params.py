import pytest

from luasip.errors import HeaderError
from luasip.sip.params import parse_comma_params, parse_params, render_param, split_items


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (";lr", {"lr": ""}),
        (";a=1;B=c", {"a": "1", "b": "c"}),
        (" ; a = 1 ;\tb ", {"a": "1", "b": ""}),
        (';a="x;y\\"";b', {"a": '"x;y\\""', "b": ""}),
        (";received=2001:db8::1;maddr=[::1]", {"received": "2001:db8::1", "maddr": "[::1]"}),
        (";a=1;A=1", {"a": "1"}),
        (";x=<sip:a;b>;y", {"x": "<sip:a;b>", "y": ""}),
        (';p="\xd1\x80"', {"p": '"\xd1\x80"'}),
    ],
)
def test_parse_params(text: str, expected: dict[str, str]) -> None:
    assert parse_params(text) == expected
    assert parse_params("xx" + text, 2) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x;a",
        ";",
        ";;a",
        ";a;",
        ";=1",
        ";a=",
        ";a b",
        ";a=b c",
        ";a=1;a=2",
        ';a="x',
        ';a="x"y',
        ';a=x"y"',
        ";a@b=1",
        ";a=<x",
        ";a=<x>y",
        ";a=x<y",
        ";a=x>",
        ";a=x\x01",
        ";a=\x7f",
    ],
)
def test_bad_params(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_params(text, 0, "Contact")
    assert (caught.value.name, caught.value.status) == ("Contact", 400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        ("", [""]),
        ("a, b ,c", ["a", "b", "c"]),
        (",", ["", ""]),
        ('"a,b" , <c,d>', ['"a,b"', "<c,d>"]),
        ('"<" <a>, b', ['"<" <a>', "b"]),
        (r'"a\",b", c', [r'"a\",b"', "c"]),
        ('<a">, "b"', ['<a">', '"b"']),
        ("a\r\n ,\r\n b", ["a", "b"]),
    ],
)
def test_split_items(text: str, expected: list[str]) -> None:
    wrapped = f"[[{text}]]"
    ranges = split_items(wrapped, ",", 2, 2 + len(text), "X")
    assert [wrapped[start:end] for start, end in ranges] == expected


@pytest.mark.parametrize("text", ['"a, b', "<a, b", '"a\\", b'])
def test_split_items_unclosed(text: str) -> None:
    with pytest.raises(HeaderError):
        split_items(text, ",", 0, len(text), "X")


def test_split_items_is_not_quadratic() -> None:
    text = '""' * 30000 + ",x"
    assert len(split_items(text, ",", 0, len(text), "X")) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('realm="a, b", qop=auth', {"realm": "a, b", "qop": "auth"}),
        ('Nonce = "x\\"y" ,nc=00000001', {"nonce": 'x"y', "nc": "00000001"}),
    ],
)
def test_comma_params(text: str, expected: dict[str, str]) -> None:
    assert parse_comma_params(text, "Authorization") == expected


@pytest.mark.parametrize("text", ["", "a", "a=1,,b=2", "a=", "a=1,a=1", 'a="x', "=x", "a b=1", 'a="x"y'])
def test_bad_comma_params(text: str) -> None:
    with pytest.raises(HeaderError):
        parse_comma_params(text, "Authorization")


def test_render_param() -> None:
    assert render_param("lr", "") + render_param("a", "1") == ";lr;a=1"

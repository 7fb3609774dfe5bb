import pytest

from luasip.errors import StorageError
from luasip.storage.urls import DatabaseUrl, parse_database_url


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        (
            "mysql://kamailio:kamailiorw@localhost/kamailio",
            DatabaseUrl("mysql+pymysql", "kamailio", "kamailiorw", "localhost", None, "kamailio"),
            "mysql://kamailio@localhost/kamailio",
        ),
        (
            "mysql://u:p@ss/w@db.example.com:3307/sip",
            DatabaseUrl("mysql+pymysql", "u", "p@ss/w", "db.example.com", 3307, "sip"),
            "mysql://u@db.example.com:3307/sip",
        ),
        (
            "postgres://u:p@[::1]:5433/sip",
            DatabaseUrl("postgresql+psycopg", "u", "p", "::1", 5433, "sip"),
            "postgresql://u@::1:5433/sip",
        ),
        (
            "sqlite:////var/lib/x.db",
            DatabaseUrl("sqlite", database="/var/lib/x.db"),
            "sqlite:////var/lib/x.db",
        ),
        ("sqlite:///var/x.db", DatabaseUrl("sqlite", database="var/x.db"), "sqlite:///var/x.db"),
        ("sqlite://", DatabaseUrl("sqlite"), "sqlite:///:memory:"),
        ("sqlite:///:memory:", DatabaseUrl("sqlite"), "sqlite:///:memory:"),
    ],
)
def test_read(text: str, expected: DatabaseUrl, shown: str) -> None:
    url = parse_database_url(text)
    assert url == expected
    assert str(url) == shown


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "scheme"),
        ("text:///etc/db", "scheme"),
        ("oracle://u:secret@h/d", "scheme"),
        ("mysql://u:secret@h", "name is missing"),
        ("mysql://u:secret@h/", "name is missing"),
        ("mysql://u:secret@h:99999/d", "port"),
        ("mysql://u:secret@h:x/d", "port"),
    ],
)
def test_refused_without_telling_the_password(text: str, problem: str) -> None:
    with pytest.raises(StorageError, match=problem) as caught:
        parse_database_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://user:hush", "mysql://user:***"),
        ("mysql://user:hush/x", "mysql://user:***"),
        ("nosuch://user:hu@sh@db/x", "nosuch://user:***@db/x"),
        ("mysql://db:3306", "mysql://db:3306"),
        ("mysql://db", "mysql://db"),
        ("user:hush@db/x", "user:***@db/x"),
    ],
)
def test_messages_do_not_tell_passwords(url: str, shown: str) -> None:
    with pytest.raises(StorageError) as raised:
        parse_database_url(url)
    assert "hush" not in str(raised.value)
    assert repr(shown) in str(raised.value)


def test_values_do_not_show_passwords() -> None:
    assert "hush" not in repr(parse_database_url("mysql://user:hush@db/x"))

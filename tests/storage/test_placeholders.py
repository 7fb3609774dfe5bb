import pytest

from luasip.storage.placeholders import positional


@pytest.mark.parametrize(
    ("statement", "dialect", "expected", "count"),
    [
        ("select 1", "sqlite", "select 1", 0),
        ("a = ? and b=?", "sqlite", "a = ? and b=?", 2),
        ("a = ? and b like '%?'", "mysql", "a = %s and b like '%%?'", 1),
        ("'it''s ?' || ?", "sqlite", "'it''s ?' || ?", 1),
        (r"'a\'?' , ?", "mysql", r"'a\'?' , %s", 1),
        (r"'a\' , ?", "postgresql", r"'a\' , %s", 1),
        ('"a?" = ?', "postgresql", '"a?" = %s', 1),
        ("`a?` = ?", "mysql", "`a?` = %s", 1),
        ("? -- why?\n, ?", "postgresql", "%s -- why?\n, %s", 2),
        ("? # why?\n, ?", "mysql", "%s # why?\n, %s", 2),
        ("? /* why? */, ?", "mysql", "%s /* why? */, %s", 2),
        ("j ?? 'k' and a = ?", "postgresql", "j ? 'k' and a = %s", 1),
        ("'open ?", "mysql", "'open ?", 0),
    ],
)
def test_placeholders(statement: str, dialect: str, expected: str, count: int) -> None:
    marker = "?" if dialect == "sqlite" else "%s"
    assert positional(statement, dialect, marker) == (expected, count)

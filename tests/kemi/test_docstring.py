"""luasip/kemi/docstring.py: the parts of a docstring."""

import inspect

import pytest

from luasip.kemi.docstring import Docstring, parse_docstring


def parse(text: str) -> Docstring:
    return parse_docstring(inspect.cleandoc(text), "Here.it")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Do it.", Docstring("Do it.", "", {}, "")),
        ("Do it.\n\nReturns: 1.", Docstring("Do it.", "", {}, "1.")),
        ("Do it.\n\nReturns:\n    1 or\n    -1.", Docstring("Do it.", "", {}, "1 or -1.")),
        ("Do it.\n\nReturns: 1 or\n    -1.", Docstring("Do it.", "", {}, "1 or -1.")),
        ("Do it.\n\nOne.\nTwo.\n\nThree.", Docstring("Do it.", "One.\nTwo.\n\nThree.", {}, "")),
        ("Do it.\n\nArgs: key: which.\nReturns: 1.", Docstring("Do it.", "", {"key": "which."}, "1.")),
        (
            "Do it.\n\nArgs:\n    key: which\n        of them: one.\n    value: what.\nReturns: 1.",
            Docstring("Do it.", "", {"key": "which of them: one.", "value": "what."}, "1."),
        ),
        ("Do it.\n\nArgs:\n    *rest: others.", Docstring("Do it.", "", {"rest": "others."}, "")),
        ("Do it.\n\nArgs:\n    key: which.\n\nMore.", Docstring("Do it.", "More.", {"key": "which."}, "")),
        (
            "Do it.\n\nArgs: key: which,\n    of many.\nReturns: 1.",
            Docstring("Do it.", "", {"key": "which, of many."}, "1."),
        ),
    ],
)
def test_parts(text: str, expected: Docstring) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["", "\n\n", "\nArgs:\n    key: which."])
def test_no_summary(text: str) -> None:
    with pytest.raises(TypeError, match=r"Here\.it: no docstring"):
        parse(text)

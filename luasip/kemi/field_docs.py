"""The docstrings under the fields of a class, which Python itself does not keep: read from its source."""

import ast
import inspect
import textwrap


def field_documentation(cls: type) -> dict[str, str]:
    """Field name → the docstring under it, base classes included; fields without one are left out.

    Raises TypeError when the source of a class cannot be read.
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if inspect.get_annotations(base):
            found.update(_of_class(base))
    return found


def _of_class(cls: type) -> dict[str, str]:
    try:
        source = inspect.getsource(cls)
    except OSError as error:
        raise TypeError(f"{cls.__qualname__}: no source to read the field docstrings from: {error}") from None
    (definition,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            found[statement.target.id] = inspect.cleandoc(following.value.value)
    return found

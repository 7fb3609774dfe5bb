"""The destination a script prepares with $sbranch(…) before it is appended or becomes the first one."""

from typing import Final

from luasip.kemi.context import Branch, RouteContext

_STATIC: Final = "pv.static_branch"


def static_branch(ctx: RouteContext) -> Branch:
    """The branch $sbranch(…) fills before it is appended or becomes the Request-URI."""
    branch = ctx.attributes.get(_STATIC)
    return branch if isinstance(branch, Branch) else reset_static_branch(ctx)


def reset_static_branch(ctx: RouteContext) -> Branch:
    """An empty one."""
    branch = ctx.attributes[_STATIC] = Branch("")
    return branch

"""Contacts to be tried one group after the other: kept in an XAVP, so that they are there in failure routes."""

import itertools

from luasip.kemi.context import Branch, RouteContext
from luasip.kemi.lists import Value, XavpRecord
from luasip.proxy.target_set import groups


def load(ctx: RouteContext, name: str, flows_name: str, *, each_alone: bool) -> None:
    """Sort the targets of `ctx` by q into the XAVP `name`; further flows of an instance go into `flows_name`."""
    seen: set[str] = set()
    records: list[Value] = []
    flows: list[Value] = []
    numbers = itertools.count()
    for group in groups([ctx.target, *ctx.branches]):
        number = next(numbers)
        for target in group:
            if flows_name and target.instance and target.instance in seen:
                flows.append(_record(target, 0))
                continue
            seen.add(target.instance)
            records.append(_record(target, next(numbers) if each_alone else number))
    ctx.lists.xavps[name] = records
    if flows_name:
        ctx.lists.xavps[flows_name] = flows
    ctx.branches = []


def take_group(ctx: RouteContext, name: str) -> bool:
    """Make the first group the targets of `ctx`; False when none is left."""
    records = [record for record in ctx.lists.xavps.get(name, []) if isinstance(record, XavpRecord)]
    if not records:
        ctx.lists.xavps.pop(name, None)
        return False
    group = records[0].get("group")
    chosen = [record for record in records if record.get("group") == group]
    ctx.lists.xavps[name] = [record for record in records if record.get("group") != group]
    branches = [_branch(ctx, record) for record in chosen]
    _set_target(ctx, branches[0])
    ctx.branches = branches[1:]
    return True


def take_flow(ctx: RouteContext, name: str) -> bool:
    """Make another flow of the current target's instance the target; False when there is none."""
    records = ctx.lists.xavps.get(name, [])
    for record in records:
        if isinstance(record, XavpRecord) and record.get("instance") == ctx.target.instance:
            records.remove(record)
            _set_target(ctx, _branch(ctx, record))
            return True
    return False


def _set_target(ctx: RouteContext, branch: Branch) -> None:
    branch.protocol = ctx.target.protocol
    ctx.target = branch


def _record(target: Branch, group: int) -> XavpRecord:
    record = XavpRecord()
    fields: dict[str, str | int] = {
        "group": group,
        "contact": target.uri,
        "dst_uri": target.destination_uri,
        "path": target.path,
        "branch_flags": target.flags,
        "instance": target.instance,
        "ruid": target.ruid,
        "sock": target.send_socket.text if target.send_socket is not None else "",
        "q": "" if target.q is None else f"{target.q:g}",
    }
    for field, value in fields.items():
        record.set(field, value)
    return record


def _branch(ctx: RouteContext, record: XavpRecord) -> Branch:
    def text(name: str) -> str:
        return str(record.get(name) or "")

    branch = Branch(text("contact"), text("dst_uri"), float(text("q")) if text("q") else None)
    flags = record.get("branch_flags")
    branch.flags = flags if isinstance(flags, int) else 0
    branch.path = text("path")
    branch.instance = text("instance")
    branch.ruid = text("ruid")
    branch.send_socket = next((s for s in ctx.services.listeners if s.text == text("sock")), None)
    return branch

"""pvx: whole XAVP records: made from lists of parameters and back, copied, moved, printed."""

import logging

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.flag_values import flags_value
from luasip.kemi.lists import Value, XavpRecord
from luasip.kemi.socket_text import find_listener
from luasip.kemi.transformations.parameters import split
from luasip.kemi.transformations.strings import to_integer
from luasip.kemi.xavp_store import copy_record, push, record, written
from luasip.modules.pv import Pv

_log = logging.getLogger("luasip.script")
_LONGEST_IMPLODED = 65535


class RecordFunctions(Module):
    """xavp_params_…, xavp_slist_explode, xavp_copy and the like."""

    pv: Pv
    services: Services

    @function()
    def xavp_params_explode(self, ctx: RouteContext, sparams: str, sxname: str) -> int:
        """Make a record of a parameter list.

        Args:
            sparams: "a=1;b=2".
            sxname: name of the new record; each parameter is a field.
        Returns: 1, -1 when there is no parameter or no name.
        """
        return _explode(ctx, sparams, ";", sxname)

    @function()
    def xavp_xparams_explode(self, ctx: RouteContext, sparams: str, sep: str, sxname: str) -> int:
        """Make a record of a parameter list with any separator.

        Args:
            sparams: "a=1&b=2".
            sep: the separator, one character.
            sxname: name of the new record; each parameter is a field.
        Returns: 1, -1 when there is no parameter, no name or no separator.
        """
        return _explode(ctx, sparams, sep[0], sxname) if sep else -1

    @function()
    def xavu_params_explode(self, ctx: RouteContext, sparams: str, sxname: str) -> int:
        """Make an XAVU of a parameter list.

        Args:
            sparams: "a=1;b=2".
            sxname: name of the XAVU; each parameter is a field.
        Returns: 1, -1 when there is no parameter or no name.
        """
        pairs = split(sparams)
        if not pairs or not sxname:
            return -1
        ctx.lists.xavus[sxname] = dict(pairs)
        return 1

    @function()
    def xavp_params_implode(self, ctx: RouteContext, sxname: str, svname: str) -> int:
        """Write the newest record as a parameter list into a pseudo-variable.

        Args:
            sxname: name of the record.
            svname: the pseudo-variable, "$var(x)".
        Returns: 1, -1 when there is no record or the pseudo-variable cannot be set.
        """
        return self._implode(ctx, _fields(record(ctx.lists.xavps, sxname)), svname, "")

    @function()
    def xavp_params_implode_qval(self, ctx: RouteContext, sxname: str, svname: str) -> int:
        """The same with every value in double quotes.

        Args:
            sxname: name of the record.
            svname: the pseudo-variable, "$var(x)".
        Returns: 1, -1 when there is no record or the pseudo-variable cannot be set.
        """
        return self._implode(ctx, _fields(record(ctx.lists.xavps, sxname)), svname, '"')

    @function()
    def xavu_params_implode(self, ctx: RouteContext, sxname: str, svname: str) -> int:
        """Write the fields of an XAVU as a parameter list into a pseudo-variable.

        Args:
            sxname: name of the XAVU.
            svname: the pseudo-variable, "$var(x)".
        Returns: 1, -1 when there are no fields or the pseudo-variable cannot be set.
        """
        fields = ctx.lists.xavus.get(sxname)
        pairs = list(fields.items()) if isinstance(fields, dict) else []
        return self._implode(ctx, pairs, svname, "")

    def _implode(self, ctx: RouteContext, pairs: list[tuple[str, str | int]], target: str, quote: str) -> int:
        items = [f"{name}={quote}{value}{quote};" if value != "" else f"{name};" for name, value in pairs]
        text = "".join(items)
        if not items or len(text) > _LONGEST_IMPLODED:
            return -1
        notation = target if target.startswith("$") else f"${target}"
        return 1 if self.services.variables.set(ctx, notation, text) else -1

    @function()
    def xavp_slist_explode(self, ctx: RouteContext, slist: str, sep: str, mode: str, sxname: str) -> int:
        """Make a record of a list; its items become the values of the field "v", the first in front.

        Args:
            slist: the list.
            sep: separators, each of its characters is one.
            mode: "t" strips white space around items, "" keeps it.
            sxname: name of the new record.
        Returns: 1, -1 when a parameter is empty.
        """
        if not slist or not sep or not sxname:
            return -1
        for other in sep[1:]:
            slist = slist.replace(other, sep[0])
        items = [item.strip() if mode.startswith("t") else item for item in slist.split(sep[0])]
        made = XavpRecord()
        values: list[Value] = [item for item in items if item]
        if values:
            made.fields["v"] = values
        push(ctx.lists.xavps, sxname, made)
        return 1

    @function()
    def xavp_copy(self, ctx: RouteContext, src_name: str, src_idx: int, dst_name: str) -> int:
        """Copy a record under another name, as its newest.

        Args:
            src_name: name of the record.
            src_idx: its position, 0 the newest.
            dst_name: name of the copy.
        Returns: 1, -1 when there is no such record.
        """
        source = record(ctx.lists.xavps, src_name, src_idx)
        if source is None or not dst_name:
            return -1
        push(ctx.lists.xavps, dst_name, copy_record(source))
        return 1

    @function()
    def xavp_copy_dst(
        self, ctx: RouteContext, src_name: str, src_idx: int, dst_name: str, dst_idx: int
    ) -> int:
        """Copy a record over another one.

        Args:
            src_name: name of the record.
            src_idx: its position, 0 the newest.
            dst_name: name of the one to replace.
            dst_idx: its position.
        Returns: 1, -1 when one of them does not exist.
        """
        source = record(ctx.lists.xavps, src_name, src_idx)
        values = ctx.lists.xavps.get(dst_name, [])
        if source is None or not -len(values) <= dst_idx < len(values):
            return -1
        values[dst_idx] = copy_record(source)
        return 1

    @function()
    def xavp_lshift(self, ctx: RouteContext, xname: str, idx: int) -> int:
        """Rotate the values of a name to the left.

        Args:
            xname: the name.
            idx: how many positions; -1 moves the oldest to the front.
        Returns: 1, -1 when there is no value.
        """
        values = ctx.lists.xavps.get(xname)
        if not values:
            return -1
        steps = idx % len(values)
        ctx.lists.xavps[xname] = values[steps:] + values[:steps]
        return 1

    @function()
    def xavp_push_dst(self, ctx: RouteContext, xname: str) -> int:
        """Make the newest record the destination of the request, and take it away.

        Args:
            xname: name of records with fields uri, dst_uri (or duri), path, socket (or sock), flags.
        Returns: 1, -1 when there is no record or it has no URI.
        """
        source = record(ctx.lists.xavps, xname)
        if source is None or not ctx.is_request:
            return -1
        uri, destination = _text(source, "uri"), _text(source, "dst_uri", "duri")
        if not uri and not destination:
            return -1
        target = ctx.target
        target.uri = uri or target.uri
        target.destination_uri = destination
        target.path = _text(source, "path")
        socket = _text(source, "socket", "sock")
        target.send_socket = find_listener(self.services.listeners, socket) if socket else target.send_socket
        target.flags = flags_value(to_integer(_text(source, "flags"))) or 0
        values = ctx.lists.xavps[xname]
        values.pop(0)
        if not values:
            del ctx.lists.xavps[xname]
        return 1

    @function()
    def pv_var_to_xavp(self, ctx: RouteContext, varname: str, xname: str) -> int:
        """Copy script variables into a record, which replaces all of its name.

        Args:
            varname: name of a $var(…), "*" for all.
            xname: name of the record; each variable is a field.
        Returns: 1, -1 when there is no such variable.
        """
        ctx.lists.xavps.pop(xname, None)
        made = XavpRecord()
        for name, value in self.pv.script_variables(ctx).items():
            if varname in ("*", name):
                made.set(name, value)
        if not made.fields:
            return -1
        push(ctx.lists.xavps, xname, made)
        return 1

    @function()
    def pv_xavp_to_var(self, ctx: RouteContext, xname: str) -> int:
        """Copy the fields of the newest record into script variables.

        Args:
            xname: name of the record.
        Returns: 1, -1 when there is no record.
        """
        source = record(ctx.lists.xavps, xname)
        if source is None:
            return -1
        ctx.script_variables.update(_fields(source))
        return 1

    @function()
    def pv_xavp_print(self, ctx: RouteContext) -> int:
        """Write all XAVPs to the log.

        Returns: 1.
        """
        for name, values in ctx.lists.xavps.items():
            _log.info("xavp %s: %s", name, [_shown(value) for value in values])
        return 1

    @function()
    def pv_xavi_print(self, ctx: RouteContext) -> int:
        """Write all XAVIs to the log.

        Returns: 1.
        """
        for name, values in ctx.lists.xavis.items():
            _log.info("xavi %s: %s", name, [_shown(value) for value in values])
        return 1

    @function()
    def pv_xavu_print(self, ctx: RouteContext) -> int:
        """Write all XAVUs to the log.

        Returns: 1.
        """
        for name, value in ctx.lists.xavus.items():
            _log.info("xavu %s: %s", name, value)
        return 1


def _explode(ctx: RouteContext, text: str, separator: str, name: str) -> int:
    pairs = split(text, separator)
    if not pairs or not name:
        return -1
    made = XavpRecord()
    for key, value in pairs:
        made.fields.setdefault(key, []).append(value)
    push(ctx.lists.xavps, name, made)
    return 1


def _fields(source: XavpRecord | None) -> list[tuple[str, str | int]]:
    """(field, newest value) of a record's plain fields."""
    if source is None:
        return []
    pairs = ((name, values[0]) for name, values in source.fields.items() if values)
    return [(name, value) for name, value in pairs if not isinstance(value, XavpRecord)]


def _text(source: XavpRecord, *names: str) -> str:
    for name in names:
        value = written(source.get(name))
        if value is not None:
            return str(value)
    return ""


def _shown(value: Value) -> object:
    return (
        {key: [_shown(v) for v in vs] for key, vs in value.fields.items()}
        if isinstance(value, XavpRecord)
        else value
    )

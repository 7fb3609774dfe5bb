"""pv: variables of scripts: $avp, $xavp, $xavu, $xavi, $var, $vn, $shv."""

import threading

from luasip.kemi import xavp_store
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.lists import pick
from luasip.kemi.pseudo_variables import Index
from luasip.kemi.xavp_store import parse_name


def null_variable(name: str) -> str:
    """The key of $vn(name) among the script variables."""
    return f"vn({name})"


class ListVariables(Module):
    """Variables a script sets itself."""

    aliases: dict[str, str]
    """avp_aliases: alias → name of an AVP."""
    initial: dict[str, str | int]
    """varset: start values of $var(…)."""
    shared: dict[str, str | int]
    """$shv(…)."""
    shared_lock: threading.Lock

    def avp_name(self, text: str) -> str:
        """The AVP a notation means: "s:name" is "name", an alias what it stands for."""
        name = self.aliases.get(text, text)
        return name.removeprefix("s:")

    @variable("avp")
    def avp(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$avp(name): the newest value; $(avp(name)[i]) the i-th newest, negative from the oldest, [*] all
        with ", ".

        Assigning adds a value; $(avp(name)[*]) replaces all; null takes the newest (or all) away.
        """
        values = ctx.lists.avps.get(self.avp_name(inner))
        if values is None:
            return None
        if index is None:
            return values[0] if values else None
        if index == "*":
            return ", ".join(map(str, values)) if values else None
        value = pick(values, index) if isinstance(index, int) else None
        return value if isinstance(value, str | int) else None

    @variable_setter("avp")
    def set_avp(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Add a value, or take values away."""
        name = self.avp_name(inner)
        if not name:
            return False
        avps = ctx.lists.avps
        if index == "*":
            avps.pop(name, None)
        elif value is None and avps.get(name):
            avps[name].pop(0)
        if value is not None:
            avps.setdefault(name, []).insert(0, value)
        elif not avps.get(name):
            avps.pop(name, None)
        return True

    @variable("cnt", raw_inner=True)
    def count(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$cnt($avp(name)) or $cnt($xavp(name)): how many values there are, an int."""
        kind, _, name = inner.strip().removeprefix("$").removesuffix(")").partition("(")
        if kind == "avp":
            return len(ctx.lists.avps.get(self.avp_name(name), ()))
        if kind == "xavp":
            return len(ctx.lists.xavps.get(name, ()))
        return len(ctx.lists.xavis.get(name.lower(), ())) if kind == "xavi" else None

    @variable("xavp")
    def xavp(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$xavp(root=>field), $xavp(root[i]=>field[j]), $xavp(root). Assigning without a root position adds
        a record.
        """
        name = parse_name(inner)
        return None if name is None else xavp_store.read(ctx.lists.xavps, name)

    @variable_setter("xavp")
    def set_xavp(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Assign or take away."""
        return _set_xavp(ctx.lists.xavps, inner, value)

    @variable("xavi")
    def xavi(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """As $xavp(…), with names that ignore case."""
        name = parse_name(inner.lower())
        return None if name is None else xavp_store.read(ctx.lists.xavis, name)

    @variable_setter("xavi")
    def set_xavi(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Assign or take away."""
        return _set_xavp(ctx.lists.xavis, inner.lower(), value)

    @variable("xavu")
    def xavu(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$xavu(name) and $xavu(name=>field): one value a name. Writable."""
        name = parse_name(inner)
        if name is None:
            return None
        value = ctx.lists.xavus.get(name.root)
        if isinstance(value, dict):
            return value.get(name.field) if name.field else xavp_store.RECORD
        return None if name.field else value

    @variable_setter("xavu")
    def set_xavu(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Assign, or take away with null."""
        name = parse_name(inner)
        if name is None:
            return False
        xavus = ctx.lists.xavus
        if not name.field:
            if value is None:
                xavus.pop(name.root, None)
            else:
                xavus[name.root] = value
            return True
        fields = xavus.get(name.root)
        if value is None:
            if isinstance(fields, dict):
                fields.pop(name.field, None)
            return True
        if not isinstance(fields, dict):
            fields = xavus[name.root] = {}
        fields[name.field] = value
        return True

    @variable("var", "vz")
    def script_variable(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$var(name): belongs to the Lua state and survives the message; 0 until it is set. Writable."""
        return ctx.script_variables.get(inner, self.initial.get(inner, 0))

    @variable_setter("var", "vz")
    def set_script_variable(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Assign; null means 0."""
        ctx.script_variables[inner] = 0 if value is None else value
        return True

    def script_variables(self, ctx: RouteContext) -> dict[str, str | int]:
        """Every $var(…) that was set: name → value."""
        hidden = null_variable("")[:-1]
        return {name: value for name, value in ctx.script_variables.items() if not name.startswith(hidden)}

    @variable("vn")
    def nullable_variable(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$vn(name): as $var(name), but null until it is set. Writable."""
        return ctx.script_variables.get(null_variable(inner))

    @variable_setter("vn")
    def set_nullable_variable(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Assign; null forgets it."""
        if value is None:
            ctx.script_variables.pop(null_variable(inner), None)
        else:
            ctx.script_variables[null_variable(inner)] = value
        return True

    @variable("shv")
    def shared_variable(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$shv(name): shared by all workers; 0 until it is set. Writable."""
        return self.shared.get(inner, 0)

    @variable_setter("shv")
    def set_shared_variable(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Assign; null means 0."""
        with self.shared_lock:
            self.shared[inner] = 0 if value is None else value
        return True

    @variable("shvinc")
    def incremented_shared_variable(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$shvinc(name): adds 1 to $shv(name) and gives the sum; a text starts at 0."""
        return self.increment_shared(inner)

    def increment_shared(self, name: str) -> int:
        """Add 1 to a shared variable; what is no number counts as 0."""
        with self.shared_lock:
            value = self.shared.get(name, 0)
            number = (value if isinstance(value, int) else 0) + 1
            self.shared[name] = number
            return number


def _set_xavp(store: xavp_store.Store, inner: str, value: PvValue) -> bool:
    name = parse_name(inner)
    if name is None:
        return False
    return xavp_store.remove(store, name) if value is None else xavp_store.write(store, name, value)

"""pv: the time of the message, the time now, and both by strftime."""

import time
from typing import Final

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, variable
from luasip.kemi.pseudo_variables import Index

_ARRIVED: Final = "pv.arrived"
_MICROSECONDS: Final = 1_000_000
_LONGEST_FORMATTED: Final = 1024


def _format(pattern: str, moment: time.struct_time) -> str | None:
    try:
        return time.strftime(pattern.replace("\0", ""), moment)[:_LONGEST_FORMATTED] or None
    except ValueError:
        return None


def _field(moment: time.struct_time, name: str) -> int | None:
    match name:
        case "sec":
            return moment.tm_sec
        case "min":
            return moment.tm_min
        case "hour":
            return moment.tm_hour
        case "mday":
            return moment.tm_mday
        case "mon":
            return moment.tm_mon
        case "year":
            return moment.tm_year
        case "wday":
            return (moment.tm_wday + 1) % 7 + 1
        case "yday":
            return moment.tm_yday
        case "isdst":
            return moment.tm_isdst
    return None


class ClockVariables(Module):
    """$Ts $TS $Tf $TF $Tb $TV(…) $time(…) $timef(…)."""

    services: Services
    started: float
    """Seconds since the epoch at which the server came up."""

    def arrived(self, ctx: RouteContext) -> float:
        """When the message came, in seconds since the epoch; the same for every reading."""
        found = ctx.attributes.get(_ARRIVED)
        if isinstance(found, float):
            return found
        age = self.services.now() - ctx.source.received_at if ctx.source.received_at else 0.0
        arrived = float(self.services.wall_clock() - max(age, 0.0))
        ctx.attributes[_ARRIVED] = arrived
        return arrived

    @variable("Ts")
    def message_seconds(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """When the message came, seconds since the epoch as an int."""
        return int(self.arrived(ctx))

    @variable("TS")
    def seconds(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Now, seconds since the epoch as an int."""
        return int(self.services.wall_clock())

    @variable("Tf")
    def message_time(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """When the message came, as "Thu Jan  1 00:00:00 1970", local time."""
        return time.ctime(int(self.arrived(ctx)))

    @variable("TF")
    def time_now(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Now, as "Thu Jan  1 00:00:00 1970", local time."""
        return time.ctime(int(self.services.wall_clock()))

    @variable("Tb")
    def start_seconds(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """When the server started, seconds since the epoch as an int."""
        return int(self.started)

    @variable("TV")
    def time_value(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$TV(s|u) seconds and microseconds of the message; $TV(sn|un) of now; $TV(Sn) both as text; $TV(Fn)
        with the date.
        """
        moment = self.arrived(ctx) if inner in ("s", "u") else self.services.wall_clock()
        micros = round(moment * _MICROSECONDS)
        seconds, rest = divmod(micros, _MICROSECONDS)
        match inner:
            case "s" | "sn":
                return seconds
            case "u" | "un":
                return rest
            case "Sn":
                return f"{seconds}.{rest:06d}"
            case "Fn":
                return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) + f".{rest:06d}"
        return None

    @variable("time")
    def local_field(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$time(sec|min|hour|mday|mon|year|wday|yday|isdst): of the message, local time; Sunday is 1."""
        return _field(time.localtime(self.arrived(ctx)), inner)

    @variable("utime")
    def utc_field(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The same in UTC."""
        return _field(time.gmtime(self.arrived(ctx)), inner)

    @variable("timef")
    def local_formatted(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$timef(%Y-%m-%d): when the message came by strftime, local time."""
        return _format(inner, time.localtime(self.arrived(ctx)))

    @variable("utimef")
    def utc_formatted(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The same in UTC."""
        return _format(inner, time.gmtime(self.arrived(ctx)))

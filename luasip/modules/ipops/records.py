"""The order of DNS records: SRV by priority and chance (RFC 2782), NAPTR by order and preference (RFC 3403)."""

import random
from collections.abc import Iterable

Record = dict[str, str | int]
"""As luasip.kemi.context.Services.dns_records gives them."""


def in_order_to_try(records: Iterable[Record], chance: random.Random) -> list[Record]:
    """SRV records, the lowest priority first; among equals one of twice the weight comes first twice as often."""
    left = sorted(records, key=lambda record: (int(record["priority"]), int(record["weight"]) > 0))
    ordered: list[Record] = []
    while left:
        same = [record for record in left if record["priority"] == left[0]["priority"]]
        # Those of weight 0 stand first, so they are taken now and then too.
        mark = chance.randint(0, sum(int(record["weight"]) for record in same))
        for record in same:
            mark -= int(record["weight"])
            if mark <= 0:
                break
        ordered.append(record)
        left.remove(record)
    return ordered


def in_naptr_order(records: Iterable[Record]) -> list[Record]:
    """NAPTR records by their order, then their preference."""
    return sorted(records, key=lambda record: (int(record["order"]), int(record["pref"])))

"""A dialog's identity as it stands in the Record-Route, written as Kamailio writes it: h_entry.h_id.

Both are hexadecimal with the digits in reverse order, so that calls survive a change from Kamailio with its database.
"""


def cookie_of(entry: int, number: int) -> str:
    """The parameter's value for a dialog."""
    return f"{entry:x}"[::-1] + "." + f"{number:x}"[::-1]


def read_cookie(text: str) -> tuple[int, int] | None:
    """(h_entry, h_id) of a parameter's value, None when it is none."""
    entry, dot, number = text.partition(".")
    if not dot or not _is_hex(entry) or not _is_hex(number):
        return None
    return int(entry[::-1], 16), int(number[::-1], 16)


def _is_hex(text: str) -> bool:
    return 0 < len(text) <= 8 and not text.strip("0123456789abcdefABCDEF")

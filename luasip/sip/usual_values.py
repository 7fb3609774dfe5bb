"""Values of which `scan` has found where their parts stand: nothing is searched or checked again.

It must not know what is usual: each reader may be asked only when its bit is set in the table (`header_lines`). What it
gives is what the reader of the same name in `values` would give.
"""

from luasip.sip.header_lines import CSEQ_METHOD, CSEQ_NUMBER, VIA_BRANCH, VIA_HOST_END, VIA_PORT, number_at
from luasip.sip.values import CSeq, NameAddr, Via


def usual_via(text: str, table: bytes, start: int, end: int) -> Via:
    """The topmost Via, `text[start:end]`, of a message with this text and table."""
    host = text[start + len("SIP/2.0/UDP ") : number_at(table, VIA_HOST_END)]
    port_above = number_at(table, VIA_PORT)
    branch = text[number_at(table, VIA_BRANCH) + len(";branch=") : end]
    transport = "UDP" if text[start + len("SIP/2.0/")] == "U" else "TCP"
    return Via(None, transport, host, port_above - 1 if port_above else None, branch, None, start, end, text)


def usual_name_addr(text: str, table: bytes, parts: int, start: int, end: int, header: str) -> NameAddr:
    """From or To, `text[start:end]`; `parts` is the offset of its numbers in the table."""
    closed = number_at(table, parts + 8) + start
    name_end = number_at(table, parts) - start
    tag = text[closed + len(">;tag=") : end]
    return NameAddr(None, name_end, None, tag, None, start, end, header, text)


def usual_cseq(text: str, table: bytes, end: int) -> CSeq:
    """CSeq, whose value ends at `end`."""
    return CSeq(number_at(table, CSEQ_NUMBER), text[number_at(table, CSEQ_METHOD) : end])

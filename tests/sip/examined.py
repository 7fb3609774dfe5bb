"""What every message meets before a script routes it: the server's look at its headers, and sanity's default checks."""

from luasip.errors import SipError
from luasip.modules.sanity import Sanity
from luasip.modules.sanity.checks import Subject, first_fault
from luasip.sip.message import Message, Request
from luasip.sip.validation import check_headers

_DEFAULTS = Sanity.Settings()


def examine(message: Message) -> None:
    """SipError when one of them objects."""
    check_headers(message)
    request_uri = message.request_uri if isinstance(message, Request) else ""
    subject = Subject(message, request_uri, _DEFAULTS.uri_checks, ())
    fault = first_fault(subject, _DEFAULTS.default_checks)
    if fault is not None:
        raise SipError(fault.reason, fault.status)

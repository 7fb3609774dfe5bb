"""Reading a REGISTER: the contacts it asks for, checked, with their lives worked out.

Knows no table; what it cannot accept it raises as RegistrationRefused.
"""

import random
from typing import Final

from luasip.errors import HeaderError, SipError
from luasip.kemi.lists import Value, XavpRecord
from luasip.kemi.route_context import RouteContext
from luasip.modules.registrar.methods import allowed_methods, method_mask
from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.usrloc.contact import MEMORY_ONLY, Contact
from luasip.sip.grammar import unquote
from luasip.sip.message import Message
from luasip.sip.params import split_items
from luasip.sip.uri import unescape
from luasip.sip.values import NameAddr, parse_name_addr, parse_qvalue

SAVE_MEMORY_ONLY: Final = 0x01
SAVE_NO_REPLY: Final = 0x02
SAVE_REPLACE: Final = 0x04
SAVE_NO_VARIATION: Final = 0x08
SAVE_PREPARE_REPLY: Final = 0x10

Q_OVERRIDE: Final = "registrar.q"
"""Attribute of the context: what set_q_override set, in thousandths."""

LONGEST_LIFE: Final = 0x7FFFFFFF
_STREAMS: Final = frozenset(("tcp", "tls", "ws", "wss"))
_LONGEST_RECEIVED: Final = 255
_SHORTEST_URI: Final = 4
_NO_USER_AGENT: Final = "n/a"


class Registration:
    """One REGISTER as far as it can be read without the table.

    Attributes:
        star: it asks to remove every contact.
        aor: address of record, the table's key; owner: the URI it was made of.
        flags: those of save.
        contacts: what it asks for, each without a ruid; one whose `expires` is 0 is to be removed.
        path: the Path vector to keep, "" without.
        now: seconds since the epoch.
    """

    __slots__ = ("aor", "contacts", "flags", "max_contacts", "now", "owner", "path", "star")

    def __init__(self, aor: str, owner: str, flags: int, now: int) -> None:
        self.aor = aor
        self.owner = owner
        self.flags = flags
        self.now = now
        self.star = False
        self.contacts: list[Contact] = []
        self.path = ""
        self.max_contacts = 0


class RegistrationReader:
    """Makes a Registration of a request by the settings."""

    __slots__ = ("_nat_flag", "_settings")

    def __init__(self, settings: RegistrarSettings, nat_flag: int) -> None:
        self._settings = settings
        self._nat_flag = nat_flag

    def read(self, ctx: RouteContext, registration: Registration) -> None:
        """Read what ctx's request asks for into `registration`. Raises RegistrationRefused."""
        message = ctx.message
        configuration = configuration_of(ctx, self._settings)
        registration.max_contacts = configured_int(configuration, "max_contacts", self._settings.max_contacts)
        _check_headers(message)
        contacts = _read_contacts(message)
        expires = _read_expires(message)
        if message.contact_star:
            if expires != 0:
                raise RegistrationRefused(Refusal.STAR_EXPIRES)
            if contacts or len(message.all("contact")) > 1:
                raise RegistrationRefused(Refusal.STAR_CONTACTS)
            registration.star = True
        use_reg_id = self._check_outbound(message, contacts)
        path, path_received = self._read_path(message)
        registration.path = path
        self._check_path_support(message, path)
        if contacts:
            common = _Common(ctx, self._settings, configuration, registration, path_received, use_reg_id)
            if path_received:
                common.cflags |= self._nat_flag
            for given in contacts:
                registration.contacts.append(self._contact(common, given, expires))

    def _contact(self, common: "_Common", given: NameAddr, expires: int | None) -> Contact:
        settings, registration = self._settings, common.registration
        uri = given.uri_text
        if len(uri) > settings.contact_max_size:
            raise RegistrationRefused(Refusal.CONTACT_LENGTH)
        if len(uri) <= _SHORTEST_URI:
            raise RegistrationRefused(Refusal.CONTACT_PARSE)
        params = given.params
        life = self._life(common, params, expires)
        instance = unquote(params.get("+sip.instance", ""))
        return Contact(
            registration.aor,
            "",
            uri,
            expires=registration.now + life if life else 0,
            q=self._q(common, params),
            call_id=common.call_id,
            cseq=common.cseq,
            received=common.received_of(params),
            path=registration.path,
            flags=MEMORY_ONLY if registration.flags & SAVE_MEMORY_ONLY else 0,
            cflags=common.cflags,
            user_agent=common.user_agent,
            socket=common.socket,
            methods=_methods(common, params),
            instance=instance,
            reg_id=_reg_id(params) if common.use_reg_id and instance else 0,
            connection_id=common.connection_id,
            last_modified=registration.now,
        )

    def _life(self, common: "_Common", params: dict[str, str], expires: int | None) -> int:
        """Seconds the contact is to live, 0 to remove it."""
        settings = self._settings
        shorten = 0
        life = configured_int(common.configuration, "expires", -1)
        if life < 0:
            given = params.get("expires", "")
            asked = _number(given) if given else expires
            shorten = settings.default_expires_range if asked is None else settings.expires_range
            life = settings.default_expires if asked is None else asked
        if life == 0:
            return 0
        if life < settings.min_expires:
            if settings.min_expires_mode:
                raise RegistrationRefused(Refusal.INTERVAL)
            life = settings.min_expires
        if shorten and not common.registration.flags & SAVE_NO_VARIATION:
            lowest = life - life * shorten // 100
            life = max(lowest + (life - lowest) * random.randrange(100) // 100, settings.min_expires)
        if settings.max_expires:
            life = min(life, settings.max_expires)
        return min(life, LONGEST_LIFE)

    def _q(self, common: "_Common", params: dict[str, str]) -> int:
        if common.q_override is not None:
            return common.q_override
        q = configured_int(common.configuration, "q", -2)
        if q != -2:
            if not 0 <= q <= 1000:
                raise RegistrationRefused(Refusal.Q)
            return q
        text = params.get("q", "")
        return max(min(self._settings.default_q, 1000), -1) if not text else read_q(text)

    def _check_outbound(self, message: Message, contacts: list[NameAddr]) -> bool:
        """Whether reg-id counts (RFC 5626 §6)."""
        mode = self._settings.outbound_mode
        if mode == 0:
            if has_option(message, "require", "outbound"):
                raise RegistrationRefused(Refusal.OUTBOUND_REQUIRED)
            return True
        supported = has_option(message, "supported", "outbound")
        if mode == 2 and not supported:
            raise RegistrationRefused(Refusal.OUTBOUND_UNSUPPORTED)
        if not contacts or len(message.vias) < 2 or _edge_has_outbound(message):
            return True
        if self._settings.regid_mode == 1:
            return True
        if supported and "reg-id" in contacts[0].params:
            raise RegistrationRefused(Refusal.OUTBOUND_EDGE)
        return False

    def _read_path(self, message: Message) -> tuple[str, str]:
        """The Path vector and the received URI its first hop gives, "" each when there is none."""
        if not self._settings.use_path:
            return "", ""
        path = ",".join(line.value for line in message.all("path"))
        if not path:
            return "", ""
        try:
            uri = path_hops(path)[0].uri
        except SipError as error:
            raise RegistrationRefused(Refusal.PATH_PARSE) from error
        if not uri.is_loose_router:
            raise RegistrationRefused(Refusal.PATH_PARSE)
        received = uri.params.get("received", "") if self._settings.path_use_received else ""
        return path, unescape(received)

    def _check_path_support(self, message: Message, path: str) -> None:
        # Refused before anything is saved (RFC 3327 §5.3).
        if path and self._settings.path_mode == 2 and not has_option(message, "supported", "path"):
            raise RegistrationRefused(Refusal.PATH_UNSUPPORTED)


class _Common:
    """What all contacts of one REGISTER share."""

    def __init__(
        self,
        ctx: RouteContext,
        settings: RegistrarSettings,
        configuration: XavpRecord | None,
        registration: Registration,
        path_received: str,
        use_reg_id: bool,
    ) -> None:
        message = ctx.message
        self.configuration = configuration
        self.registration = registration
        self.use_reg_id = use_reg_id
        self.call_id = message.required("call-id").value
        self.cseq = message.cseq.number
        self.cflags = ctx.target.flags
        user_agent = message.user_agent
        self.user_agent = user_agent if 0 < len(user_agent) < 255 else _NO_USER_AGENT
        self.methods = allowed_methods(message)
        self.socket = _socket(ctx, settings, configuration)
        self.connection_id = _connection(ctx, configuration)
        self.q_override: int | None = ctx.attributes.get(Q_OVERRIDE)
        self._path_received = path_received
        self._avp_received = _received_avp(ctx, settings.received_avp)

    def received_of(self, params: dict[str, str]) -> str:
        """Where requests for this contact go instead of its URI."""
        received = self._path_received or unquote(params.get("received", "")) or self._avp_received
        if len(received) > _LONGEST_RECEIVED:
            raise RegistrationRefused(Refusal.CONTACT_LENGTH)
        return received


def configuration_of(ctx: RouteContext, settings: RegistrarSettings) -> XavpRecord | None:
    """The XAVP xavp_cfg: what the script has set for this call. None when there is none."""
    name = settings.xavp_cfg
    if not name:
        return None
    records = ctx.lists.xavps.get(name)
    record = records[0] if records else None
    return record if isinstance(record, XavpRecord) else None


def configured(configuration: XavpRecord | None, field: str) -> Value | None:
    """A field of the XAVP xavp_cfg, None when it is not set."""
    return None if configuration is None else configuration.get(field)


def configured_int(configuration: XavpRecord | None, field: str, default: int) -> int:
    """An integer field of the XAVP xavp_cfg, or `default`."""
    if configuration is None:
        return default
    value = configuration.get(field)
    return value if isinstance(value, int) else default


def read_q(text: str) -> int:
    """A q value in thousandths. Raises RegistrationRefused."""
    try:
        return round(parse_qvalue(text) * 1000)
    except HeaderError as error:
        raise RegistrationRefused(Refusal.Q) from error


def has_option(message: Message, key: str, option: str) -> bool:
    """Whether the Supported or Require headers name an option tag."""
    if message.first(key) is None:
        return False
    return any(option == name.strip().lower() for line in message.all(key) for name in line.value.split(","))


def path_hops(path: str) -> list[NameAddr]:
    """The hops of a Path vector. Raises HeaderError."""
    return [
        parse_name_addr(path[start:end], "Path", start, end)
        for start, end in split_items(path, ",", 0, len(path), "Path")
        if start < end
    ]


def _check_headers(message: Message) -> None:
    if message.first("to") is None:
        raise RegistrationRefused(Refusal.TO_MISSING)
    if message.first("call-id") is None:
        raise RegistrationRefused(Refusal.CALL_ID_MISSING)
    try:
        _ = message.cseq
    except HeaderError as error:
        raise RegistrationRefused(Refusal.CSEQ_MISSING) from error


def _read_contacts(message: Message) -> list[NameAddr]:
    try:
        return message.contacts
    except HeaderError as error:
        raise RegistrationRefused(Refusal.CONTACT_PARSE) from error


def _read_expires(message: Message) -> int | None:
    try:
        return message.expires
    except HeaderError as error:
        raise RegistrationRefused(Refusal.EXPIRES_PARSE) from error


def _number(text: str) -> int | None:
    return min(int(text), LONGEST_LIFE) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def _reg_id(params: dict[str, str]) -> int:
    text = params.get("reg-id", "")
    if not text:
        return 0
    number = _number(text)
    if not number:
        raise RegistrationRefused(Refusal.REG_ID)
    return number


def _methods(common: _Common, params: dict[str, str]) -> int:
    names = unquote(params.get("methods", ""))
    return method_mask(names.split(",")) if names else common.methods


def _edge_has_outbound(message: Message) -> bool:
    try:
        hops = message.paths
        return bool(hops) and "ob" in hops[0].uri.params
    except SipError as error:
        raise RegistrationRefused(Refusal.PATH_PARSE) from error


def _received_avp(ctx: RouteContext, name: str) -> str:
    if not name:
        return ""
    values = ctx.lists.avps.get(name.removeprefix("$avp(").removesuffix(")").removeprefix("s:"))
    return str(values[0]) if values else ""


def _socket(ctx: RouteContext, settings: RegistrarSettings, configuration: XavpRecord | None) -> str:
    if settings.sock_flag >= 0 and ctx.flags >> settings.sock_flag & 1:
        wanted = _wanted_socket(ctx, settings, configuration)
        if wanted:
            return wanted
    listener = ctx.source.listener
    if settings.sock_mode & 1 and listener.advertised_host:
        return f"{listener.protocol}:{listener.sent_by}"
    return listener.text


def _wanted_socket(ctx: RouteContext, settings: RegistrarSettings, configuration: XavpRecord | None) -> str:
    """The socket a header or xavp_cfg names, "" when it is not one of ours."""
    if settings.sock_hdr_name:
        line = next(
            (h for h in ctx.message.headers if h.name.lower() == settings.sock_hdr_name.lower()), None
        )
        wanted = line.value if line is not None else ""
    else:
        value = configured(configuration, "socket")
        wanted = value if isinstance(value, str) else ""
    return wanted if any(listener.text == wanted for listener in ctx.services.listeners) else ""


def _connection(ctx: RouteContext, configuration: XavpRecord | None) -> int:
    given = configured_int(configuration, "tcpconn_id", 0)
    if given > 0:
        return given
    source = ctx.source
    return source.connection_id if source.listener.protocol in _STREAMS and source.connection_id else -1

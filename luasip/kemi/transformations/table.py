"""Every transformation by its name in lower case. A new one is a function in this folder and a line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from luasip.kemi.transformations import (
    addresses,
    digests,
    encodings,
    json_text,
    lines,
    parameters,
    strings,
    uris,
    values,
)
from luasip.kemi.transformations.signature import Kind, Transformation, plain, taking
from luasip.kemi.transformations.substitution import substitute

_NUMBER, _TEXT, _COMMA, _CHARACTER = Kind.NUMBER, Kind.TEXT, Kind.COMMA, Kind.CHARACTER

_STRINGS: Final = {
    "s.len": plain(strings.length),
    "s.int": Transformation(strings.to_integer, takes_any=True),
    "s.intv": Transformation(strings.to_integer, takes_any=True),
    "s.tolower": plain(strings.lower),
    "s.toupper": plain(strings.upper),
    "s.substr": taking(strings.substring, _NUMBER, _NUMBER),
    "s.select": taking(strings.select, _NUMBER, _CHARACTER),
    "s.selectsw": taking(strings.select_white, _NUMBER),
    "s.strip": taking(strings.strip, _NUMBER),
    "s.striptail": taking(strings.strip_tail, _NUMBER),
    "s.stripto": taking(strings.strip_to, _TEXT),
    "s.prefixes": taking(strings.prefixes, _NUMBER, required=0),
    "s.prefixes.quoted": taking(strings.quoted_prefixes, _NUMBER, required=0),
    "s.replace": taking(strings.replace, _TEXT, _TEXT),
    "s.rm": taking(strings.remove, _TEXT),
    "s.trim": plain(strings.trim),
    "s.rtrim": plain(strings.trim_right),
    "s.ltrim": plain(strings.trim_left),
    "s.rmws": plain(strings.remove_white),
    "s.rmhdws": plain(strings.unfold),
    "s.rmhlws": plain(strings.join_lines),
    "s.unquote": plain(strings.unquote),
    "s.unbracket": plain(strings.unbracket),
    "s.count": taking(strings.count, _COMMA),
    "s.before": taking(strings.before, _COMMA),
    "s.after": taking(strings.after, _COMMA),
    "s.rbefore": taking(strings.before_last, _COMMA),
    "s.rafter": taking(strings.after_last, _COMMA),
    "s.fmtlines": taking(strings.lines_indented_by_blanks, _NUMBER, _NUMBER),
    "s.fmtlinet": taking(strings.lines_indented_by_tabs, _NUMBER, _NUMBER),
    "s.numeric": plain(strings.numeric),
    "s.charat": taking(strings.character_at, _NUMBER),
    "s.byteat": taking(strings.byte_at, _NUMBER),
    "s.ftime": Transformation(strings.format_time, (_TEXT,), 1, takes_any=True),
}

_DIGESTS: Final = {
    "s.md5": plain(digests.hexadecimal("md5")),
    "s.sha1": plain(digests.hexadecimal("sha1")),
    "s.sha256": plain(digests.hexadecimal("sha256")),
    "s.sha384": plain(digests.hexadecimal("sha384")),
    "s.sha512": plain(digests.hexadecimal("sha512")),
    "s.sha3": taking(digests.sha3, _TEXT, required=0),
    "s.crc32": plain(digests.crc32),
    "s.corehash": taking(digests.core_hash, _NUMBER, required=0),
}

_ENCODINGS: Final = {
    "s.encode.hexa": plain(encodings.encode_hexadecimal),
    "s.decode.hexa": plain(encodings.decode_hexadecimal),
    "s.encode.7bit": plain(encodings.encode_7bit),
    "s.decode.7bit": plain(encodings.decode_7bit),
    "s.encode.base58": plain(encodings.encode_base58),
    "s.decode.base58": plain(encodings.decode_base58),
    "s.encode.base64": plain(encodings.encode_base64),
    "s.decode.base64": plain(encodings.decode_base64),
    "s.encode.base64t": plain(encodings.encode_base64_unpadded),
    "s.decode.base64t": plain(encodings.decode_base64),
    "s.encode.base64url": plain(encodings.encode_base64_url),
    "s.decode.base64url": plain(encodings.decode_base64_url),
    "s.encode.base64urlt": plain(encodings.encode_base64_url_unpadded),
    "s.decode.base64urlt": plain(encodings.decode_base64_url),
    "s.escape.common": plain(encodings.escape_common),
    "s.unescape.common": plain(encodings.unescape_common),
    "s.escape.crlf": plain(encodings.escape_line_ends),
    "s.unescape.crlf": plain(encodings.unescape_line_ends),
    "s.escape.user": plain(encodings.escape_user),
    "s.unescape.user": plain(encodings.unescape_user),
    "s.escape.param": plain(encodings.escape_param),
    "s.unescape.param": plain(encodings.unescape_param),
    "s.escape.csv": plain(encodings.escape_csv),
    "s.urlencode.param": plain(encodings.url_encode),
    "s.urldecode.param": plain(encodings.url_decode),
    "urlencode.param": plain(encodings.url_encode),
    "urldecode.param": plain(encodings.url_decode),
}

_URIS: Final = {
    "uri.user": plain(uris.part(lambda uri: uri.user)),
    "uri.host": plain(uris.part(lambda uri: uri.host)),
    "uri.domain": plain(uris.part(lambda uri: uri.host)),
    "uri.passwd": plain(uris.part(lambda uri: uri.password)),
    "uri.port": plain(uris.part(lambda uri: uri.port or 0)),
    "uri.scheme": plain(uris.part(lambda uri: uri.text.partition(":")[0])),
    "uri.params": plain(uris.part(uris.parameters)),
    "uri.headers": plain(uris.part(lambda uri: uri.headers)),
    "uri.param": taking(uris.parameter, _TEXT),
    "uri.rmparam": taking(uris.without_parameter, _TEXT),
    "uri.transport": plain(uris.named("transport")),
    "uri.ttl": plain(uris.named("ttl")),
    "uri.uparam": plain(uris.named("user")),
    "uri.maddr": plain(uris.named("maddr")),
    "uri.method": plain(uris.named("method")),
    "uri.lr": plain(uris.named("lr")),
    "uri.r2": plain(uris.named("r2")),
    "uri.saor": plain(uris.part(uris.short_aor)),
    "uri.suri": plain(uris.part(uris.short_uri)),
    "uri.duri": plain(uris.part(uris.destination)),
    "uri.tosocket": plain(uris.part(uris.socket)),
    "urialias.encode": plain(uris.encode_alias),
    "urialias.decode": plain(uris.decode_alias),
}

_STRUCTURES: Final = {
    "param.value": taking(parameters.value, _TEXT, _CHARACTER, required=1),
    "param.in": taking(parameters.contains, _TEXT, _CHARACTER, required=1),
    "param.valueat": taking(parameters.value_at, _NUMBER, _CHARACTER, required=1),
    "param.name": taking(parameters.name_at, _NUMBER, _CHARACTER, required=1),
    "param.count": taking(parameters.count, _COMMA, required=0),
    "nameaddr.uri": plain(addresses.uri),
    "nameaddr.name": plain(addresses.name),
    "nameaddr.len": plain(addresses.size),
    "tobody.uri": plain(addresses.part(lambda address, uri: address.uri)),
    "tobody.user": plain(addresses.part(lambda address, uri: uri.user)),
    "tobody.host": plain(addresses.part(lambda address, uri: uri.host)),
    "tobody.tag": plain(addresses.part(lambda address, uri: addresses.tag(address))),
    "tobody.display": plain(addresses.part(lambda address, uri: address.display_name)),
    "tobody.params": plain(addresses.part(lambda address, uri: address.parameters)),
    "line.at": taking(lines.at, _NUMBER),
    "line.sw": taking(lines.starting_with, _TEXT),
    "line.count": plain(lines.count),
    "json.parse": Transformation(json_text.parse, (_TEXT,), 1),
    "json.encode": plain(json_text.encode),
    "re.subst": Transformation(substitute, (Kind.REST,), 1, expands=True),
}

_VALUES: Final = {
    "val.n0": Transformation(values.null_as_zero, takes_any=True),
    "val.ne": Transformation(values.null_as_empty, takes_any=True),
    "val.json": Transformation(values.json_escaped, takes_any=True),
    "val.jsonqe": Transformation(values.json_quoted, takes_any=True),
    "num.fdigit": Transformation(values.first_digit, takes_any=True),
    "num.ldigit": Transformation(values.last_digit, takes_any=True),
    "sql.val": Transformation(values.sql, takes_any=True),
    "sql.val.int": Transformation(values.sql_integer, takes_any=True),
    "sql.val.str": Transformation(values.sql_text, takes_any=True),
}

TRANSFORMATIONS: Final[Mapping[str, Transformation]] = MappingProxyType(
    {**_STRINGS, **_DIGESTS, **_ENCODINGS, **_URIS, **_STRUCTURES, **_VALUES}
)

"""The KEMI modules. MODULES is the explicit list, in the order in which they are started."""

from luasip.kemi.declare import Module
from luasip.modules.acc import Acc
from luasip.modules.app_lua import AppLua
from luasip.modules.async_ import Async
from luasip.modules.auth import Auth
from luasip.modules.auth_db import AuthDb
from luasip.modules.cfgutils import Cfgutils
from luasip.modules.core import Core
from luasip.modules.corex import Corex
from luasip.modules.counters import Counters
from luasip.modules.dialog import DialogModule
from luasip.modules.domain import Domain
from luasip.modules.evapi import Evapi
from luasip.modules.hdr import Hdr
from luasip.modules.htable import Htable
from luasip.modules.http_async_client import HttpAsyncClient
from luasip.modules.http_client import HttpClient
from luasip.modules.ipops import Ipops
from luasip.modules.jsonrpcs import Jsonrpcs
from luasip.modules.kex import Kex
from luasip.modules.kx import Kx
from luasip.modules.luasip_http import Http
from luasip.modules.luasip_jsonrpc import JsonRpc
from luasip.modules.luasip_sql import Sql
from luasip.modules.maxfwd import Maxfwd
from luasip.modules.mqueue import Mqueue, Queue
from luasip.modules.nathelper import Nathelper
from luasip.modules.permissions import Permissions
from luasip.modules.pike import Pike
from luasip.modules.pipelimit import Pipelimit
from luasip.modules.pv import Pv
from luasip.modules.pvx import Pvx
from luasip.modules.ratelimit import Ratelimit
from luasip.modules.regex import Regex
from luasip.modules.registrar import Registrar
from luasip.modules.rr import Rr
from luasip.modules.rtimer import Rtimer
from luasip.modules.sanity import Sanity
from luasip.modules.siputils import Siputils
from luasip.modules.sl import Sl
from luasip.modules.sqlops import Sqlops
from luasip.modules.statistics import Statistics
from luasip.modules.suspension import Suspension
from luasip.modules.textops import Textops
from luasip.modules.textopsx import Textopsx
from luasip.modules.timer import Timer
from luasip.modules.tm import Tm
from luasip.modules.tmx import Tmx
from luasip.modules.uac import Uac
from luasip.modules.usrloc import Usrloc
from luasip.modules.uuid_ import Uuid
from luasip.modules.x import X
from luasip.modules.xhttp import Xhttp
from luasip.modules.xhttp_prom import XhttpProm
from luasip.modules.xlog import Xlog

MODULES: tuple[type[Module], ...] = (
    Core,
    Hdr,
    X,
    Pv,
    Pvx,
    Kx,
    Xlog,
    Maxfwd,
    Corex,
    Rr,
    Sanity,
    Siputils,
    Textops,
    Textopsx,
    Sl,
    Suspension,
    Tm,
    Tmx,
    AppLua,
    Async,
    Cfgutils,
    Rtimer,
    Timer,
    Usrloc,
    Registrar,
    Nathelper,
    DialogModule,
    Acc,
    Auth,
    AuthDb,
    Uac,
    Htable,
    Queue,
    Mqueue,
    Evapi,
    Statistics,
    Counters,
    Ipops,
    Kex,
    Regex,
    Uuid,
    Pike,
    Permissions,
    Domain,
    Ratelimit,
    Pipelimit,
    Sql,
    Sqlops,
    Http,
    JsonRpc,
    HttpClient,
    HttpAsyncClient,
    Xhttp,
    Jsonrpcs,
    XhttpProm,
)

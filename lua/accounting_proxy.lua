-- LuaSIP: every call that is taken is told to an accounting server, by a SIP request of its own.
--
--   1. A callee answers 200. Before the caller hears of it the record goes into a durable queue, that is onto the disk.
--   2. The record is sent at once: an ACCOUNTING request to the accounting server (lua/accounting_server.lua).
--   3. 200 "Stored" comes back: the record leaves the queue. Anything else, or nothing: it stays and is sent again.
--
-- A record may be sent twice, for the answer may be lost: the server's table takes each call once.
--
-- In the settings file (conf/accounting_proxy.toml):
--   [define]
--   ACCOUNTING_SERVER = "sip:192.0.2.60:5060;transport=tcp"
--
-- The rest is lua/default.lua: this file replaces two of its functions, relay and on_reply_from_branch.

require("default")

local QUEUE = "accounting"  -- of [modules.mqueue]: durable
local STATE = "accounting"  -- table of [modules.htable]; an entry lives as long as the server is left alone
local FLAG_ACCOUNTED = 3    -- on requests that begin a call
local KEPT_FOR = 120        -- seconds in which an answer must have come; longer than tm's fr_timer
local SENT_AT_ONCE = 50     -- old records sent in one round of the timer

---------------------------------------------------------------------------------------------------------- the record

-- Fields are separated by commas: what could be taken for one, or for the end of a line, is written as in a URI.
local function field(text)
    return (string.gsub(text or "", "[%%,%c]", function(found) return string.format("%%%02X", string.byte(found)) end))
end

-- Time (UTC), Call-ID, both tags, who calls, who is called.
local function record()
    return table.concat({
        os.date("!%Y-%m-%d %H:%M:%S"),
        field(KSR.kx.get_callid()),
        field(KSR.pv.gete("$ft")),
        field(KSR.pv.gete("$tt")),
        field(KSR.pv.gete("$fu")),
        field(KSR.pv.gete("$tu")),
    }, ",")
end

------------------------------------------------------------------------------------------------------------- sending

local function is_left_alone()
    return KSR.htable.sht_is_null(STATE, "away") < 0
end

-- Send the oldest record that is not under way; false when there is none. Nobody waits for the answer here.
local function send_one()
    local call, body, receipt = luasip.queue.take(QUEUE, 0, KEPT_FOR)
    if not call then
        return false
    end
    KSR.pv.unset("$uac_req(all)")
    KSR.pv.sets("$uac_req(method)", "ACCOUNTING")
    KSR.pv.sets("$uac_req(ruri)", KSR.kx.get_def("ACCOUNTING_SERVER"))
    KSR.pv.sets("$uac_req(hdrs)", "Content-Type: text/accounting-csv\r\n")
    KSR.pv.sets("$uac_req(body)", body)
    KSR.pv.seti("$uac_req(evroute)", 1)
    KSR.pv.sets("$uac_req(evparam)", tostring(receipt))
    if KSR.uac.uac_req_send() < 0 then
        KSR.err("ACCOUNTING cannot be sent; is ACCOUNTING_SERVER a SIP URI?\n")
        luasip.queue.give_back(QUEUE, receipt)
        KSR.htable.sht_seti(STATE, "away", 1)
        return false
    end
    return true
end

-- Called for each answer to an ACCOUNTING request, and when none came (event_callback of [modules.uac]).
function accounting_answered()
    local status = KSR.pv.get("$uac_req(evcode)")
    local receipt = tonumber(KSR.pv.get("$uac_req(evparam)"))
    if status >= 200 and status < 300 then
        luasip.queue.done(QUEUE, receipt)
        return
    end
    luasip.queue.give_back(QUEUE, receipt)
    if not is_left_alone() then
        KSR.warn("the accounting server answers " .. status .. "; " .. KSR.mqueue.mq_size(QUEUE) .. " records wait\n")
        KSR.htable.sht_seti(STATE, "away", 1)
    end
end

-- Called by the timer: what could not be sent, or was not answered, is sent again.
function send_waiting_records()
    for _ = 1, SENT_AT_ONCE do
        if is_left_alone() or not send_one() then
            return
        end
    end
end

-------------------------------------------------------------------------------- what is replaced in lua/default.lua

local relay_request = relay

function relay()
    if KSR.is_INVITE() and KSR.siputils.has_totag() < 0 then
        KSR.setflag(FLAG_ACCOUNTED)
    end
    relay_request()
end

local reply_from_branch = on_reply_from_branch

function on_reply_from_branch()
    reply_from_branch()
    if KSR.kx.get_status() ~= 200 or not KSR.isflagset(FLAG_ACCOUNTED) then
        return
    end
    local call = KSR.kx.get_callid() .. ";" .. KSR.pv.gete("$ft") .. ";" .. KSR.pv.gete("$tt")
    local body = record()
    if KSR.mqueue.mq_add(QUEUE, call, body) < 0 then
        KSR.err("not accounted: " .. body .. "\n")
    elseif not is_left_alone() then
        send_one()
    end
end

-- LuaSIP: calls for phones that sleep. A push message wakes the phone; the call waits until it registers.
--
--   1. Somebody calls a user who has no contact. The script posts {user, from, call_id} to the push gateway, which
--      knows the user's phone and the way to it (APNs, FCM …).
--   2. The gateway took it (2xx): the caller gets "110 Push sent", and the INVITE is held.
--      It does not know the user (404, 410): 501 Destination Unknown. It cannot be reached, or fails: 501 No Link.
--   3. The phone wakes and sends REGISTER. When its contact is saved, the held INVITE goes on to it.
--      No phone comes: 480 after PUSH_DEADLINE seconds.
--
-- Holding is written in two forms. They do the same; a script of one's own needs one of them.
--   LuaSIP's way: the route waits where it is and goes on with the next line.
--   Kamailio's way: the transaction is suspended, its id kept in a table, and the REGISTER continues it.
--
-- In the settings file (conf/push.toml):
--   [define]
--   PUSH_GATEWAY = "http://192.0.2.40/push"
--   PUSH_DEADLINE = 60         # seconds; 60 when it is not there
--   HOLD_BY_T_SUSPEND = true   # Kamailio's way
--
-- The rest is lua/default.lua: this file replaces two of its functions, no_phone and register_contact.

require("default")

local json = require("cjson")

local CONTACTS = "location"

local function deadline()
    return tonumber(KSR.kx.get_def("PUSH_DEADLINE")) or 60
end

------------------------------------------------------------------------------------------------ the parts that differ

-- LuaSIP's way. A phone may register while its push message is still under way, before the call waits. So the call
-- begins to wait first, and then looks whether somebody came: no registration can fall between the two.
local function hold_by_wait(user)
    local came = "registered:" .. user
    luasip.all(
        function() luasip.wait(came, deadline()) end,
        function() if KSR.registrar.registered(CONTACTS) > 0 then luasip.notify(came) end end
    )
    LOCATION()
end

local function wake_by_notify(user)
    luasip.notify("registered:" .. user)
end

-- Kamailio's way. The table "vtp" has the calls that wait for a user under join::USER, as "index:label index:label".
-- Whoever changes that list holds the user's lock. A call enters it only when no contact is there, and a REGISTER reads
-- it after its contact is saved: whichever is first, the other one sees it.
local function hold_by_t_suspend(user)
    KSR.tm.t_on_failure("nobody_came")
    KSR.tm.t_set_fr(0, deadline() * 1000)
    KSR.cfgutils.lock(user)
    if KSR.registrar.registered(CONTACTS) > 0 then
        KSR.cfgutils.unlock(user)
        return LOCATION()
    end
    if KSR.tmx.t_suspend() < 0 then
        KSR.cfgutils.unlock(user)
        reply(500, "Server Internal Error")
    end
    local list = KSR.pv.gete("$sht(vtp=>join::$rU)")
    KSR.pv.sets("$sht(vtp=>join::$rU)", list .. " " .. KSR.pv.get("$T(id_index)") .. ":" .. KSR.pv.get("$T(id_label)"))
    KSR.cfgutils.unlock(user)
end

local function wake_by_t_continue(user)
    KSR.cfgutils.lock(user)
    local list = KSR.pv.gete("$sht(vtp=>join::$tU)")
    KSR.pv.unset("$sht(vtp=>join::$tU)")
    KSR.cfgutils.unlock(user)
    for index, label in string.gmatch(list, "(%d+):(%d+)") do
        KSR.tmx.t_continue(index, label, "LOCATION") -- -1 for a caller who has hung up
    end
end

-- Called when nobody continued the call in time.
function nobody_came()
    local user = KSR.kx.get_ruser()
    local id = KSR.pv.get("$T(id_index)") .. ":" .. KSR.pv.get("$T(id_label)")
    KSR.cfgutils.lock(user)
    local others = {}
    for other in string.gmatch(KSR.pv.gete("$sht(vtp=>join::$rU)"), "%S+") do
        if other ~= id then table.insert(others, other) end
    end
    if #others > 0 then
        KSR.pv.sets("$sht(vtp=>join::$rU)", table.concat(others, " "))
    else
        KSR.pv.unset("$sht(vtp=>join::$rU)")
    end
    KSR.cfgutils.unlock(user)
    KSR.tm.t_reply(480, "Temporarily Unavailable")
end

local function holds_by_t_suspend()
    return KSR.kx.ifdef("HOLD_BY_T_SUSPEND")
end

------------------------------------------------------------------------------------------------- what both forms share

-- The end of waiting, in both forms: send the call to where the phone is now.
function LOCATION()
    if KSR.tm.t_is_canceled() > 0 then
        return -- the caller hung up, and has been answered
    end
    KSR.tm.t_reset_fr()
    if KSR.registrar.lookup(CONTACTS) < 0 then
        reply(480, "Temporarily Unavailable")
    end
    record_route()
    relay()
end

-- Ask the gateway to wake a user's phone. Ends the route with 501 when it does not.
local function send_push(user)
    local message = json.encode({ user = user, from = KSR.kx.get_furi(), call_id = KSR.kx.get_callid() })
    local headers = "Content-Type: application/json"
    local status = KSR.http_client.query_post_hdrs(KSR.kx.get_def("PUSH_GATEWAY"), message, headers, "$var(push)")
    if status == 404 or status == 410 then
        reply(501, "Destination Unknown")
    elseif status < 200 or status > 299 then -- below 100: there was no answer
        KSR.err("push for " .. user .. " failed: " .. status .. "\n")
        reply(501, "No Link")
    end
    KSR.sl.send_reply(110, "Push sent")
    if KSR.tm.t_is_canceled() > 0 then
        KSR.x.exit() -- the caller hung up meanwhile
    end
end

-------------------------------------------------------------------------------- what is replaced in lua/default.lua

local reply_no_phone = no_phone

-- A request for a user without contact. Only calls wait; the rest is answered as before.
function no_phone(address_of_record)
    if not KSR.is_INVITE() then
        return reply_no_phone(address_of_record)
    end
    local user = KSR.kx.get_ruser()
    KSR.tm.t_newtran() -- the caller may repeat the request, or cancel it, while the push is under way
    send_push(user)
    if holds_by_t_suspend() then
        hold_by_t_suspend(user)
    else
        hold_by_wait(user)
    end
    KSR.x.exit()
end

-- A registration: when it brought a contact, wake the calls that wait for it.
function register_contact()
    if not KSR.is_REGISTER() then
        return
    end
    local user = KSR.kx.get_tuser()
    if KSR.registrar.save(CONTACTS, 0) < 0 then
        KSR.info("registration of " .. KSR.kx.get_turi() .. " failed\n")
    elseif KSR.registrar.registered_uri(CONTACTS, KSR.kx.get_turi()) > 0 then -- not so when it took the contact away
        if holds_by_t_suspend() then
            wake_by_t_continue(user)
        else
            wake_by_notify(user)
        end
    end
    KSR.x.exit()
end

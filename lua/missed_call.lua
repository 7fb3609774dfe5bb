-- LuaSIP: who was called without a phone gets a direct message: "Missed call from sip:alice@example.com".
--
--   1. A call for a user without contact: the caller is answered at once, and (callee, text) goes into a queue.
--   2. A timer with a thread of its own takes the queue's items every few seconds, looks in the table "sipweetusers"
--      what the callee's account is called, and posts the message.
--   3. What could not be delivered goes back into the queue and is tried again the next time.
--
-- Looking up and posting take as long as they take: no call waits for them.
--
-- In the settings file (conf/missed_call.toml):
--   [define]
--   MESSAGES_URL = "https://api.example.com/1/direct_messages/new.json"
--   OAUTH_CONSUMER_KEY = "…"      # who may post: the keys of an application, and of an account
--   OAUTH_CONSUMER_SECRET = "…"
--   OAUTH_TOKEN = "…"
--   OAUTH_TOKEN_SECRET = "…"
--
-- The rest is lua/default.lua: this file replaces one of its functions, no_phone.

require("default")

local QUEUE = "missed_calls"
local DATABASE = "users" -- of [modules.sqlops], with the table sipweetusers (id, twuser, sipuser)

-------------------------------------------------------------------------------- what is replaced in lua/default.lua

local reply_no_phone = no_phone

-- A request for a user without contact. The time is in the text because it may be delivered late.
function no_phone(address_of_record)
    if KSR.is_INVITE() then
        local text = "Missed call from " .. KSR.kx.get_furi() .. os.date(", %d %b %H:%M")
        KSR.mqueue.mq_add(QUEUE, KSR.kx.get_ruser(), text)
    end
    reply_no_phone(address_of_record)
end

------------------------------------------------------------------------------------------------------- delivering

-- Runs on the pool "lua", whose threads may block, in a Lua state without KSR (lua/oauth1.lua, LuaSocket).
local POST = [[
    local url, fields, keys = ...
    return require("oauth1").post(url, fields, keys, 3)
]]

-- Post a direct message. Gives true when the matter is closed, or nil and why it should be tried again.
local function post(account, text)
    local keys = {
        consumer_key = KSR.kx.get_def("OAUTH_CONSUMER_KEY"),
        consumer_secret = KSR.kx.get_def("OAUTH_CONSUMER_SECRET"),
        token = KSR.kx.get_def("OAUTH_TOKEN"),
        token_secret = KSR.kx.get_def("OAUTH_TOKEN_SECRET"),
    }
    local fields = { screen_name = account, text = text }
    local status, problem = luasip.lua_runstring(POST, 4, KSR.kx.get_def("MESSAGES_URL"), fields, keys)
    if not status then
        return nil, problem
    elseif status == 403 or status == 404 then -- this account takes no message from us, now or later
        KSR.warn("message to " .. account .. " refused with " .. status .. ", given up: " .. text .. "\n")
        return true
    elseif status < 200 or status > 299 then
        return nil, "answered " .. status
    end
    return true
end

-- Deliver one message. The callee's name came from the network: it goes to the database as a value of its own, for
-- the ?, and never into the statement's text.
local function deliver(callee, text)
    local rows, problem = luasip.sql.query(DATABASE, "select twuser from sipweetusers where sipuser = ?", { callee })
    if not rows then
        return nil, problem
    end
    if not rows[1] then
        return true -- somebody without an account
    end
    return post(rows[1].twuser, text)
end

-- Called by the timer. An item stays in the queue's journal until it is done, so none is lost when the server stops or
-- falls in between. The first failure ends this round: whatever ails the service ails it for the next message too.
function deliver_missed_calls()
    while true do
        local callee, text, receipt = luasip.queue.take(QUEUE, 0, 60)
        if not callee then
            return
        end
        local closed, problem = deliver(callee, text)
        if not closed then
            KSR.mqueue.mq_add(QUEUE, callee, text) -- to the end: a message nobody takes does not stop the others
        end
        luasip.queue.done(QUEUE, receipt)
        if not closed then
            KSR.warn("message for " .. callee .. " not delivered, will be tried again: " .. problem .. "\n")
            return
        end
    end
end

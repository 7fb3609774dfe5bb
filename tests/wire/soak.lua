-- The script of scripts/soak: lua/default.lua, and before it a way for each kind of waiting and of keeping things.
-- What a MESSAGE is to do is the part of its user before the first "."; the rest makes each of them another user.

require("default")

local DEFAULT = ksr_request_route
local FLAG_KNOWN_SENDER = 1
local ways = {}

local function http(path)
    return "http://127.0.0.1:" .. KSR.kx.get_def("HTTP_PORT") .. "/" .. path
end

local function answer(text)
    KSR.sl.send_reply(200, tostring(text))
    KSR.x.exit()
end

function ksr_request_route()
    local way = KSR.is_MESSAGE() and ways[string.match(KSR.kx.gete_ruser(), "^[^.]*")]
    if way then
        return way(KSR.kx.get_ruser())
    end
    return DEFAULT()
end

-- In place of the default script's: of all requests only those to "secret" need a password.
function recognize_sender()
    if string.sub(KSR.kx.gete_ruser(), 1, 6) == "secret" then
        local realm = KSR.kx.gete_rhost()
        if KSR.auth_db.auth_check(realm, "subscriber", 0) < 0 then
            KSR.auth.auth_challenge(realm, 0)
            KSR.x.exit()
        end
        KSR.setflag(FLAG_KNOWN_SENDER)
    end
end

function ways.secret()
    recognize_sender()
    answer("known")
end

function ways.sleep()
    luasip.sleep(0.3)
    answer("slept")
end

function ways.sql(user)
    local rows = luasip.sql.query("db", "select username from subscriber where username = ?", { "alice" })
    luasip.sql.execute("db", "update subscriber set password = password where username = ?", { user })
    KSR.sqlops.sql_query("db", "select username, domain from subscriber", "ra")
    local count = KSR.pv.get("$dbr(ra=>rows)")
    KSR.sqlops.sql_result_free("ra")
    local _, problem = luasip.sql.query("db", "select nothing from nowhere", {})
    answer(#rows .. " " .. count .. " " .. #problem)
end

function ways.wait(user)
    luasip.spawn(function(key) luasip.sleep(0.1) luasip.notify(key, { key }) end, user)
    local came = luasip.wait(user, 2)
    local nobody = luasip.wait(user .. "-nobody", 0.2)
    answer(tostring(came) .. tostring(nobody))
end

function ways.all(user)
    local first, second, third = luasip.all(
        function() luasip.sleep(0.1) return 1 end,
        function() return luasip.sql.query("db", "select 2 as two")[1].two end,
        function() error("on purpose, for " .. user) end
    )
    answer(first + second + (third or 0))
end

function ways.suspend(user)
    KSR.tm.t_newtran()
    local id = { index = KSR.pv.get("$T(id_index)"), label = KSR.pv.get("$T(id_label)") }
    KSR.tmx.t_suspend()
    if string.byte(user, -1) % 8 == 0 then return end -- nobody continues it: fr_timer ends it
    luasip.spawn(function() luasip.sleep(0.1) KSR.tmx.t_continue(id.index, id.label, "go_on") end)
end

function go_on()
    KSR.tm.t_reply(200, "Continued")
end

function ways.async()
    KSR.async.task_data("beside", KSR.kx.get_callid())
    KSR.async.ms_route("go_on", 200)
end

function beside()
    KSR.htable.sht_sets("kept", KSR.async.get_data(), "yes")
end

function ways.http(user)
    local response, problem = luasip.http.request { url = http(user), json = { user = user }, timeout = 0.5 }
    KSR.http_client.query(http("plain"), "$var(body)")
    answer(response and response.json().path or #problem)
end

function ways.later()
    KSR.tm.t_newtran()
    KSR.http_async_client.query(http("later"), "answered")
end

function answered()
    KSR.tm.t_reply(200, "HTTP " .. tostring(KSR.pv.get("$http_rs")))
end

function ways.evapi(user)
    KSR.tm.t_newtran()
    local id = KSR.pv.get("$T(id_index)") .. ":" .. KSR.pv.get("$T(id_label)")
    if KSR.evapi.async_unicast(id .. ":" .. user, "router") < 0 then
        KSR.tm.t_reply(503, "Nobody There")
    end
end

function ksr_evapi(event)
    if event ~= "evapi:message-received" then return end
    local index, label = string.match(KSR.pv.get("$evapi(msg)"), "^(%d+):(%d+):")
    if index then
        KSR.tmx.t_continue(index, label, "go_on")
    else
        KSR.evapi.set_tag(KSR.pv.get("$evapi(msg)"))
    end
end

function ways.blocking(user)
    local length = luasip.lua_runstring("local text = ... return #text", 1, user)
    luasip.lua_runstring("error('on purpose')", 1)
    KSR.app_lua.runstring("KSR.pv.sets('$var(made)', '" .. user .. "')")
    answer(length)
end

function ways.tables(user)
    KSR.htable.sht_sets("kept", user, string.rep("x", 200))
    KSR.htable.sht_inc("kept", "count." .. user)
    KSR.mqueue.mq_add("jobs", user, "work")
    local key = luasip.queue.get("jobs", 0.5)
    for number = 1, 5 do
        KSR.pvx.xavp_child_seti("list", "item" .. number, number)
        KSR.pv.sets("$avp(" .. user .. ")", "value")
        KSR.pv.get("$(ru{uri.user}{s.substr," .. number .. ",2})")
    end
    KSR.xhttp_prom.counter_inc_l1("messages", 1, "tables")
    KSR.xlog.xinfo("tables of $rU, $ci\n")
    KSR.hdr.append("X-User: " .. user .. "\r\n")
    KSR.textops.search_body("nothing")
    KSR.acc.acc_log_request("200 kept by " .. user)
    KSR.cfgutils.lock(user)
    KSR.cfgutils.unlock(user)
    answer(key)
end

function ways.failing(user)
    KSR.err("on purpose, for " .. user .. "\n")
    if string.byte(user, -1) % 2 == 0 then
        luasip.sleep(0.05)
    end
    error("on purpose, for " .. user)
end

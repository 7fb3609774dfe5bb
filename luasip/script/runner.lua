-- Runs the callbacks of a route script, each in a coroutine of its own, and suspends and resumes them.
--
-- Python calls only the functions returned at the end, and none of them ever raises. `host` is a table of Python
-- functions, none of which calls Lua back, except `block`, which may start other routes through these same functions.
-- This file also replaces the coroutine functions scripts see: a call that suspends inside a script's own coroutine is
-- passed outwards, coroutine by coroutine, to the route, and its answer inwards again.

local host = ...
local OURS = "=[luasip]"
local EXIT = "~~ksr~exit~~"
local SUSPEND, DONE = {}, {}
local getinfo, getlocal, sethook, traceback = debug.getinfo, debug.getlocal, debug.sethook, debug.traceback
local raw_create, raw_yield = coroutine.create, coroutine.yield
local raw_resume = host.resume or coroutine.resume
local raw_status, running, raw_close = coroutine.status, coroutine.running, coroutine.close
local type, tostring, error, select, rawget, rawset = type, tostring, error, select, rawget, rawset
local pcall, xpcall, setmetatable, getmetatable, pairs = pcall, xpcall, setmetatable, getmetatable, pairs
local collectgarbage = collectgarbage
local load_text = loadstring or load
local globals = _G
local legacy = _VERSION == "Lua 5.1" and not jit

---------------------------------------------------------------------------------------------------- where in the script

-- The outermost function of a coroutine is body(fn, …): when the script left `fn` by `return KSR.x.y()`, its frame is
-- gone and its definition is the nearest place there is. When `fn` has ended the coroutine waits for the next callback.
local function body(fn, ...)
    fn(...)
    return body(raw_yield(DONE))
end

-- "file:line: ". Lua's short_src cuts long file names; the source of a file is "@" and its name.
local function place(info, line)
    local name = info.source:sub(1, 1) == "@" and info.source:sub(2) or info.short_src
    return name .. ":" .. line .. ": "
end

-- "file:line: " of the innermost frame that belongs to the script, "" when there is none.
local function where(level)
    level = level + 1
    local info = getinfo(level, "Sl")
    local outermost
    while info do
        if info.source ~= OURS and info.currentline > 0 then
            return place(info, info.currentline)
        end
        outermost = level
        level = level + 1
        info = getinfo(level, "Sl")
    end
    if outermost and getinfo(outermost, "f").func == body then
        local _, fn = getlocal(outermost, 1)
        info = getinfo(fn, "S")
        return place(info, info.linedefined)
    end
    return ""
end

local function raise(message)
    error(where(2) .. message, 0)
end

---------------------------------------------------------------------------------------------------- time and memory

local guard, COUNT = nil, 10000
local soft_limit = host.soft_limit -- KiB, or nil
local limited = host.time_limited or soft_limit
local memory_message = "memory limit of the script reached"
local overran = false -- a limit was passed in this step

-- What Lua itself says when memory is filled before the hook looks; the longer one is of Lua 5.3, with a place before it.
local LUAS_OWN, LUAS_LONGER = "not enough memory", "not enough memory for buffer allocation$"

local function is_out_of_memory(value)
    return soft_limit and type(value) == "string" and (value == LUAS_OWN or value:find(LUAS_LONGER) ~= nil)
end

-- Collect before complaining: the collector lets garbage pile up.
local function memory_exhausted()
    if collectgarbage("count") <= soft_limit then return false end
    collectgarbage()
    return collectgarbage("count") > soft_limit
end

if limited then
    local over_time = host.over_time
    if jit then
        jit.off()
        jit.flush()
    end
    -- LuaJIT has one hook for all coroutines: between routes it must do nothing.
    local function between_routes()
        if not jit then return false end
        local co, main = running()
        if co and not main then return false end
        sethook(guard, "", COUNT)
        return true
    end
    -- Once over a limit every further instruction raises, so no pcall of the script can hold the route.
    local function overrun(message)
        local function again()
            if between_routes() then return end
            if over_time() or soft_limit and memory_exhausted() then raise(message) end
            sethook(guard, "", COUNT)
        end
        overran = true
        sethook(again, "", 1)
        raise(message)
    end
    guard = function()
        if between_routes() then return end
        if over_time() then
            overrun("time limit of the script reached")
        elseif soft_limit and memory_exhausted() then
            overrun(memory_message)
        end
    end
end

-- A message handler runs inside the hook that raised, where no hook can stop it: skip the script's.
if guard then
    function globals.xpcall(fn, handler, ...)
        return xpcall(fn, function(message)
            if overran then return message end
            return handler(message)
        end, ...)
    end

    function debug.sethook()
        raise("debug.sethook is in use by the limits of the script (script.time_limit, script.memory_limit)")
    end
end

if guard and host.set_guard then host.set_guard(guard) end

-- host.resume sets the hook when a step lasts (crossing.c).
local function watch(co)
    if not guard or host.resume then return end
    if jit then sethook(guard, "", COUNT) else sethook(co, guard, "", COUNT) end
end

-- Room for `size` more bytes, and for the Lua objects made from them.
local function make_room(size)
    if not soft_limit then return end
    local used = collectgarbage("count") -- nil amid a finalizer
    if used and used + size / 512 > soft_limit then
        collectgarbage()
        if collectgarbage("count") + size / 512 > soft_limit then raise(memory_message) end
    end
end

---------------------------------------------------------------------------------------------------- coroutines of scripts

local scripts_own = setmetatable({}, { __mode = "k" }) -- coroutines made by the script
local waiting = setmetatable({}, { __mode = "k" }) -- those in the middle of a suspended call

-- Lua before 5.3 cannot say whether a yield would cross a C function: look for one.
local function crosses_no_c_function()
    local co, main = running()
    if not co or main then return false end
    local level = 3
    local info = getinfo(level, "Sf")
    while info do
        if info.what == "C" and info.func ~= pcall and info.func ~= xpcall then return false end
        level = level + 1
        info = getinfo(level, "Sf")
    end
    return true
end
local may_yield = coroutine.isyieldable or crosses_no_c_function

-- Wait for the answer to the call that was just suspended: value, code as a module function gives.
local function suspend()
    if may_yield() then return raw_yield(SUSPEND) end
    return host.block(where(3))
end

function coroutine.create(fn)
    local co = raw_create(fn)
    scripts_own[co] = true
    if not jit then watch(co) end
    return co
end

local function pass_on(co, ok, mark, ...)
    if ok and mark == SUSPEND then
        waiting[co] = true
        local value, code = suspend()
        waiting[co] = nil
        return pass_on(co, raw_resume(co, value, code))
    end
    return ok, mark, ...
end

-- A script can hold the coroutine of a callback, by coroutine.running(), but it waits for somebody else.
local function is_callbacks(co)
    return type(co) == "thread" and not scripts_own[co]
end

function coroutine.resume(co, ...)
    if is_callbacks(co) then return false, "cannot resume the coroutine of a callback" end
    if waiting[co] then return false, "cannot resume a coroutine that waits for a suspended call" end
    return pass_on(co, raw_resume(co, ...))
end

local function unwrap(ok, ...)
    if ok then return ... end
    error((...), 0)
end

function coroutine.wrap(fn)
    local co = coroutine.create(fn)
    return function(...)
        if waiting[co] then raise("cannot resume a coroutine that waits for a suspended call") end
        return unwrap(pass_on(co, raw_resume(co, ...)))
    end
end

function coroutine.yield(...)
    if not scripts_own[running()] then raise("attempt to yield from outside a coroutine") end
    return raw_yield(...)
end

if raw_close then
    function coroutine.close(co)
        if is_callbacks(co) then raise("cannot close the coroutine of a callback") end
        return raw_close(co)
    end
end

function coroutine.status(co)
    if waiting[co] then return "normal" end
    return raw_status(co)
end

if coroutine.isyieldable then
    local isyieldable = coroutine.isyieldable
    function coroutine.isyieldable(...)
        return select("#", ...) == 0 and scripts_own[running()] == true and isyieldable()
    end
end

-- Lua 5.1 cannot yield across pcall: run the protected function in a coroutine, whose calls are passed on.
if legacy then
    local raw_pcall = pcall
    function pcall(fn, ...)
        if type(fn) ~= "function" or getinfo(fn, "S").what == "C" then return raw_pcall(fn, ...) end
        local co = raw_create(fn)
        watch(co)
        return pass_on(co, raw_resume(co, ...))
    end
    local function handled(on_error, ok, ...)
        if ok then return ok, ... end
        return false, on_error((...))
    end
    globals.pcall = pcall
    function globals.xpcall(fn, on_error)
        return handled(on_error, pcall(fn))
    end
end

---------------------------------------------------------------------------------------------------- routes

local routes = {} -- coroutine number → suspended coroutine
local codes = setmetatable({}, { __mode = "k" }) -- coroutines of text or files, which KSR.x.exit() ends as failed
local last_number = 0
local suspended = 0

local function describe(value)
    if type(value) == "string" then return value end
    local ok, text = pcall(tostring, value)
    if not ok or type(text) ~= "string" then text = "error object is a " .. type(value) .. " value" end
    return text
end

-- The message of a failure, with the place when the error value itself does not tell.
local function located(co, value)
    local message = describe(value)
    if is_out_of_memory(value) then message = message:gsub(LUAS_OWN .. ".*$", memory_message) end
    if message:find("^[^\n]-:%d+: ") then return message end
    for level = 0, 250 do
        local info = getinfo(co, level, "Sl")
        if not info then break end
        if info.source ~= OURS and info.currentline > 0 then
            return place(info, info.currentline) .. message
        end
    end
    return message
end

-- Coroutines whose callback has ended: the next callback saves making one.
local idle, idle_count, MOST_IDLE = {}, 0, 16

local function take_coroutine()
    if idle_count == 0 then
        local co = raw_create(body)
        watch(co)
        return co
    end
    local co = idle[idle_count]
    idle[idle_count] = nil
    idle_count = idle_count - 1
    if jit then watch(co) end
    return co
end

-- What is known of the message while a callback runs, for the functions that need no more to answer (shims.py).
-- With crossing.c these functions are its own and this stays as it is.
local now = { method = false, level = 0 }
local keeps_now = not host.at_once

-- Runs a coroutine until it waits or ends; a callback may do so inside the step of another.
local function step(method, level, co, ...)
    if not keeps_now then return raw_resume(co, ...) end
    local outer_method, outer_level = now.method, now.level
    now.method, now.level = method, level
    local ok, result = raw_resume(co, ...)
    now.method, now.level = outer_method, outer_level
    return ok, result
end

-- nil when the route ended, its number when it is suspended, message and traceback when it failed.
local function outcome(co, number, ok, result)
    if ok and result == SUSPEND then
        if not number then
            number = last_number + 1
            last_number = number
            suspended = suspended + 1
        end
        routes[number] = co
        return number
    end
    if number then
        routes[number] = nil
        suspended = suspended - 1
    end
    if ok then
        if idle_count < MOST_IDLE and not codes[co] then
            idle_count = idle_count + 1
            idle[idle_count] = co
        end
        return nil
    end
    if result == EXIT and not codes[co] then return nil end
    if soft_limit then host.lift_memory_limit() end
    return located(co, result), traceback(co)
end

if host.set_start then host.set_start(take_coroutine, outcome, DONE) end

local kept, last_kept = {}, 0 -- functions handed to Python, by number, until they are started

local function keep(fn)
    last_kept = last_kept + 1
    kept[last_kept] = fn
    return last_kept
end

local function take(name)
    local fn = kept[name]
    if not fn then return rawget(globals, name) end
    kept[name] = nil
    return fn
end

-- For code that cannot suspend: true and what `fn` gives, or false, message, traceback and whether a limit was passed.
local function completed(co, ok, ...)
    if ok then return true, ... end
    if soft_limit then host.lift_memory_limit() end
    return false, located(co, (...)), traceback(co), overran or is_out_of_memory((...))
end

local function complete(fn, ...)
    overran = false
    local co = raw_create(fn)
    watch(co)
    return completed(co, raw_resume(co, ...))
end

local runner = {}

-- crossing.c does the same where nothing special happens.
function runner.start(method, level, name, ...)
    local fn = take(name)
    if type(fn) ~= "function" then return false end
    overran = false
    local co = take_coroutine()
    return outcome(co, nil, step(method, level, co, fn, ...))
end

function runner.start_code(method, level, code, is_file)
    local chunk, problem
    if is_file then chunk, problem = loadfile(code) else chunk, problem = load_text(code, code) end
    if not chunk then return problem, "" end
    overran = false
    local co = raw_create(body)
    codes[co] = true
    watch(co)
    return outcome(co, nil, step(method, level, co, chunk))
end

function runner.resume(method, level, number, value, code)
    local co = routes[number]
    if not co then return false end
    overran = false
    if jit then watch(co) end
    return outcome(co, number, step(method, level, co, value, code))
end

function runner.abandon(number)
    local co = routes[number]
    if not co then return end
    routes[number] = nil
    suspended = suspended - 1
    if raw_close then raw_close(co) end
end

-- "file:line" where a suspended route waits, the innermost of the script; "" when it is unknown.
function runner.position(number)
    local co = routes[number]
    if not co then return "" end
    for level = 0, 250 do
        local info = getinfo(co, level, "Sl")
        if not info then break end
        if info.source ~= OURS and info.currentline > 0 then
            return (place(info, info.currentline):gsub(": $", ""))
        end
    end
    return ""
end

function runner.has(name)
    if type(name) == "number" then return kept[name] ~= nil end
    return type(rawget(globals, name)) == "function"
end

function runner.has_global(name)
    return rawget(globals, name) ~= nil
end

-- The names of the global functions.
function runner.functions()
    local names = {}
    for name, value in pairs(globals) do
        if type(name) == "string" and type(value) == "function" then names[#names + 1] = name end
    end
    return names
end

function runner.suspended()
    return suspended
end

function runner.collect()
    collectgarbage()
end

function runner.memory_used()
    return collectgarbage("count") * 1024
end

-- Whether what the script keeps leaves no room for another step.
function runner.crowded()
    return memory_exhausted()
end

-- nil, or message and traceback.
function runner.load(_, _, path)
    local chunk, problem = loadfile(path)
    if not chunk then return problem, "" end
    local co = raw_create(body)
    watch(co)
    return outcome(co, nil, raw_resume(co, chunk))
end

-- From now on a new global is worth a warning: interleaved routes share it.
function runner.watch_globals()
    local meta = getmetatable(globals)
    if meta and rawget(meta, "__newindex") ~= nil then return end
    meta = meta or {}
    meta.__newindex = function(_, name, value)
        rawset(globals, name, value)
        host.global_written(describe(name), where(2))
    end
    setmetatable(globals, meta)
end

function runner.forget(number)
    kept[number] = nil
end

return runner, { where = where, raise = raise, suspend = suspend, make_room = make_room, keep = keep, EXIT = EXIT, now = now,
    soft_limit = soft_limit, complete = complete, load_text = load_text }

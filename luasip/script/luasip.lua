-- What luasip's functions do with Lua functions given to them: arguments and results stay in Lua, where they may be
-- anything, tables and functions included.

local luasip, raise = ...
local select, type = select, type
local pack, unpack = table.pack, table.unpack
local spawn, all = luasip.spawn, luasip.all

function luasip.spawn(fn, ...)
    if type(fn) ~= "function" then raise("luasip.spawn: a function is needed, not a " .. type(fn)) end
    if select("#", ...) == 0 then return spawn(fn) end
    local arguments = pack(...)
    return spawn(function() fn(unpack(arguments, 1, arguments.n)) end)
end

function luasip.all(...)
    local work, results = pack(...), {}
    for i = 1, work.n do
        local fn = work[i]
        if type(fn) ~= "function" then raise("luasip.all: argument " .. i .. " is not a function") end
        work[i] = function() results[i] = fn() end
    end
    all(unpack(work, 1, work.n))
    return unpack(results, 1, work.n)
end

if luasip.http then
    local request, decode = luasip.http.request, package.preload["cjson.safe"]().decode

    function luasip.http.request(...)
        local response, problem = request(...)
        if not response then return nil, problem end
        local body = response.body
        function response.json() return decode(body) end
        return response
    end
end

-- What a route script finds besides Lua's own libraries: names of Lua 5.1, a `print` that logs, an `os.exit` that does
-- not exit, and a `require`, `dofile` and `loadfile` that tell which files were read.

local host, support, cjson, popen = ...
local raise, where = support.raise, support.where
local type, tostring, select, concat, unpack = type, tostring, select, table.concat, table.unpack or unpack

KSRVERSION = "2.0"

function print(...)
    local texts = {}
    for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
    host.print(concat(texts, "\t"))
end

function os.exit()
    raise("os.exit would end the whole server: end the route with KSR.x.exit()")
end

if not pcall(io.popen, ":", "r") then io.popen = popen end

---------------------------------------------------------------------------------------------------- names of Lua 5.1

-- `_G.unpack` and so on: only what means the same in every version. setfenv, getfenv and module do not.
_G.unpack = unpack
table.unpack = unpack
table.pack = table.pack or function(...) return { n = select("#", ...), ... } end
loadstring = loadstring or load
table.getn = table.getn or function(list) return #list end
table.maxn = table.maxn or function(list)
    local greatest = 0
    for key in pairs(list) do
        if type(key) == "number" and key > greatest then greatest = key end
    end
    return greatest
end
table.foreach = table.foreach or function(list, fn)
    for key, value in pairs(list) do
        local result = fn(key, value)
        if result ~= nil then return result end
    end
end
table.foreachi = table.foreachi or function(list, fn)
    for i = 1, #list do
        local result = fn(i, list[i])
        if result ~= nil then return result end
    end
end
string.gfind = string.gfind or string.gmatch
math.pow = math.pow or function(x, y) return x ^ y end
math.mod = math.mod or math.fmod
math.log10 = math.log10 or function(x) return math.log(x, 10) end
math.ldexp = math.ldexp or function(x, exponent) return x * 2.0 ^ exponent end
math.cosh = math.cosh or function(x) return (math.exp(x) + math.exp(-x)) / 2 end
math.sinh = math.sinh or function(x) return (math.exp(x) - math.exp(-x)) / 2 end
math.tanh = math.tanh or function(x) return math.sinh(x) / math.cosh(x) end
package.loaders = package.loaders or package.searchers

---------------------------------------------------------------------------------------------------- files

local open = io.open
local searchers = package.searchers or package.loaders

local function search(name, templates)
    local tried = {}
    local file = name:gsub("%.", package.config:sub(1, 1))
    for template in templates:gmatch("[^;]+") do
        local path = template:gsub("%?", (file:gsub("%%", "%%%%")))
        local handle = open(path, "r")
        if handle then
            handle:close()
            return path
        end
        tried[#tried + 1] = "\n\tno file '" .. path .. "'"
    end
    return nil, concat(tried)
end

package.path = host.folder .. "/?.lua;" .. host.folder .. "/?/init.lua;" .. package.path

-- Where Debian keeps modules: lupa's Lua looks below /usr/local only.
local version = _VERSION:match("%d%.%d")
for _, place in ipairs { "?.lua", "?/init.lua" } do
    package.path = package.path .. ";/usr/share/lua/" .. version .. "/" .. place
end
for _, folder in ipairs { host.libraries, "/usr/lib" } do
    package.cpath = package.cpath .. ";" .. folder .. "/lua/" .. version .. "/?.so"
end

local raw_loadfile, raw_dofile = loadfile, dofile

searchers[2] = function(name)
    local path, tried = search(name, package.path)
    if not path then return tried end
    host.read(path)
    local chunk, problem = raw_loadfile(path)
    if not chunk then raise("error loading module '" .. name .. "' from file '" .. path .. "':\n\t" .. problem) end
    return chunk, path
end

function loadfile(path, ...)
    if type(path) == "string" then host.read(path) end
    return raw_loadfile(path, ...)
end

function dofile(path)
    if type(path) == "string" then host.read(path) end
    return raw_dofile(path)
end

package.preload["cjson"] = function() return cjson end
package.preload["cjson.safe"] = function() return cjson.new_safe() end

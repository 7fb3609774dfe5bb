-- Tables to and from the text luasip.script.plain_data reads and writes: plain data crosses between Lua and Python as
-- one string, because Python must not touch Lua's stack while Lua runs. Without `keep` functions cannot be passed.

local keep, null = ...
local byte, sub, find, format = string.byte, string.sub, string.find, string.format
local type, pairs, tostring, tonumber, concat = type, pairs, tostring, tonumber, table.concat
local is_integer = math.type and function(value) return math.type(value) == "integer" end
    or function(value) return value == math.floor(value) and value > -2 ^ 53 and value < 2 ^ 53 end
local DEEPEST = 100

local read

local function read_number(text, at)
    local stop = find(text, ";", at, true)
    local digits = sub(text, at, stop - 1)
    local value = tonumber(digits)
    if not value then
        value = digits == "inf" and math.huge or digits == "-inf" and -math.huge or 0 / 0
    end
    return value, stop + 1
end

local readers = {
    [byte "n"] = function(_, at) return nil, at end,
    [byte "t"] = function(_, at) return true, at end,
    [byte "f"] = function(_, at) return false, at end,
    [byte "i"] = read_number,
    [byte "d"] = read_number,
    [byte "s"] = function(text, at)
        local length
        length, at = read_number(text, at)
        return sub(text, at, at + length - 1), at + length
    end,
    [byte "l"] = function(text, at)
        local count, list
        count, at = read_number(text, at)
        list = {}
        for i = 1, count do list[i], at = read(text, at) end
        return list, at
    end,
    [byte "v"] = function(text, at)
        local count, list
        count, at = read_number(text, at)
        list = { n = count }
        for i = 1, count do list[i], at = read(text, at) end
        return list, at
    end,
    [byte "m"] = function(text, at)
        local count, map, key
        count, at = read_number(text, at)
        map = {}
        for _ = 1, count do
            key, at = read(text, at)
            map[key], at = read(text, at)
        end
        return map, at
    end,
}

function read(text, at)
    return readers[byte(text, at)](text, at + 1)
end

local function decode(text)
    return (read(text, 1))
end

local write

local function write_list(out, list, count, depth)
    out[#out + 1] = "l" .. count .. ";"
    for i = 1, count do
        local problem = write(out, list[i], depth)
        if problem then return problem end
    end
end

local function write_table(out, value, depth)
    if depth > DEEPEST then return "the table is nested too deeply, or contains itself" end
    local length, count = #value, 0
    for _ in pairs(value) do count = count + 1 end
    if length > 0 and length == count then return write_list(out, value, length, depth + 1) end
    out[#out + 1] = "m" .. count .. ";"
    for key, item in pairs(value) do
        if type(key) ~= "string" and type(key) ~= "number" then return "a table key is a " .. type(key) .. " value" end
        local problem = write(out, key, depth + 1) or write(out, item, depth + 1)
        if problem then return problem end
    end
end

function write(out, value, depth)
    local kind = type(value)
    if kind == "string" then
        out[#out + 1] = "s" .. #value .. ";" .. value
    elseif kind == "number" then
        out[#out + 1] = is_integer(value) and format("i%d;", value) or format("d%.17g;", value)
    elseif kind == "boolean" then
        out[#out + 1] = value and "t" or "f"
    elseif value == nil or value == null then
        out[#out + 1] = "n"
    elseif kind == "table" then
        return write_table(out, value, depth)
    elseif kind == "function" and keep then
        out[#out + 1] = "h" .. keep(value) .. ";"
    else
        return "a " .. kind .. " value cannot be passed"
    end
end

-- text, or nil and what is wrong.
local function encode(list, count)
    local out = {}
    local problem = write_list(out, list, count, 1)
    if problem then return nil, problem end
    return concat(out)
end

return decode, encode

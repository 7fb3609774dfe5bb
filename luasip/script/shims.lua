-- What the functions in KSR and luasip are made of: argument coercion and the ways a call can end.
--
-- A module function answers (value) or (value, code). A code that is a string is the message of an error.

local host, support, decode, encode = ...
local SUSPENDED, TABLE, VALUES, LARGE, LOADING = 1, 2, 3, 4, 5
local raise, suspend, make_room, where = support.raise, support.suspend, support.make_room, support.where
local type, tostring, tonumber, select, error = type, tostring, tonumber, select, error
local floor, ceil, huge = math.floor, math.ceil, math.huge
local unpack = table.unpack or unpack
local to_integer = math.tointeger or function(number) return number end

-- A `str` parameter: numbers as tostring writes them, anything else but a string is "".
local function text(value)
    if type(value) == "number" then return tostring(value) end
    return ""
end

-- An `int` parameter: a C int from a number or a numeric string; fractions are cut, anything else is 0.
local function integer(value)
    if type(value) == "string" then value = tonumber(value) end
    if type(value) ~= "number" or value ~= value or value == huge or value == -huge then return 0 end
    value = value >= 0 and floor(value) or ceil(value)
    value = value % 4294967296
    if value >= 2147483648 then value = value - 4294967296 end
    return to_integer(value)
end

local function too_few(expected, given)
    raise(expected .. ", got " .. given .. (given == 1 and " argument" or " arguments"))
end

-- Ends every call that did not just give a value.
local function settle(value, code)
    while true do
        if code == nil then return value end
        if code == SUSPENDED then
            value, code = suspend()
        elseif code == TABLE then
            return decode(value)
        elseif code == VALUES then
            local values = decode(value)
            return unpack(values, 1, values.n)
        elseif code == LARGE then
            make_room(value)
            value, code = host.fetch()
        elseif code == LOADING then
            host.called_while_loading(value, where(2))
            return false
        else
            raise(code)
        end
    end
end

-- Types that need no encoding.
local plain = { string = true, number = true, boolean = true, ["nil"] = true }

-- The arguments of a function with "any" parameters: as they are, or encoded when one is no scalar.
local function pass_any(call, n, ...)
    for i = 1, n do
        if not plain[type((select(i, ...)))] then
            local encoded, problem = encode({ n = n, ... }, n)
            if problem then raise(problem) end
            return call(true, encoded)
        end
    end
    return call(false, ...)
end

if host.set_endings then host.set_endings(settle, support.EXIT, support.soft_limit) end

return {
    rawget = rawget, quicken = host.quicken, at_once = host.at_once, type = type, select = select, error = error, text = text, integer = integer, too_few = too_few, settle = settle,
    pass_any = pass_any, plain = plain, kind = math.type or function(value)
        return type(value) == "number" and floor(value) == value and "integer" or nil
    end,
    EXIT = support.EXIT, now = support.now, find = string.find, upper = string.upper, soft_limit = support.soft_limit, memory = collectgarbage,
    make_room = function() make_room(0) end,
}

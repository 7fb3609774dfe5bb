-- The interface of lua-cjson, byte-safe: strings pass through as the bytes they are.

local raise = ...
local byte, char, find, sub, format, gsub = string.byte, string.char, string.find, string.sub, string.format, string.gsub
local type, tostring, tonumber, pairs, concat, floor = type, tostring, tonumber, pairs, table.concat, math.floor
local getmetatable, setmetatable, huge, pcall, select = getmetatable, setmetatable, math.huge, pcall, select
local to_integer = math.tointeger or function(number) return number end
local is_integer = math.type and function(value) return math.type(value) == "integer" end or function() return false end

local null = setmetatable({}, {
    __tostring = function() return "userdata: NULL" end,
    __newindex = function() raise("cjson.null cannot be changed") end,
    __metatable = "cjson.null",
})
local empty_array_mt, array_mt = {}, {}
local empty_array = setmetatable({}, empty_array_mt)

---------------------------------------------------------------------------------------------------- decode

local SIMPLE = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function utf8_bytes(code)
    if code < 0x80 then return char(code) end
    if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
    if code < 0x10000 then return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64) end
    return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64,
        0x80 + code % 64)
end

local function found(text, at)
    if at > #text then return "T_END" end
    local rest = sub(text, at, at)
    if find(rest, "[%]%[{}:,]") then
        local names = { ["]"] = "T_ARR_END", ["["] = "T_ARR_BEGIN", ["{"] = "T_OBJ_BEGIN", ["}"] = "T_OBJ_END",
            [":"] = "T_COLON", [","] = "T_COMMA" }
        return names[rest]
    end
    if rest == '"' then return "T_STRING" end
    return "invalid token"
end

local function expected(what, text, at)
    raise("Expected " .. what .. " but found " .. found(text, at) .. " at character " .. at)
end

-- The character an escape at `at` (the backslash) stands for, and where it ends.
local function escape(text, at)
    local letter = sub(text, at + 1, at + 1)
    if SIMPLE[letter] then return SIMPLE[letter], at + 2 end
    local digits = letter == "u" and select(3, find(text, "^(%x%x%x%x)", at + 2))
    if not digits then
        raise("Expected value but found invalid " .. (letter == "u" and "unicode escape code" or "escape code")
            .. " at character " .. at)
    end
    local code, stop = tonumber(digits, 16), at + 6
    if code >= 0xD800 and code < 0xDC00 then
        local low = select(3, find(text, "^\\u([dD][c-fC-F]%x%x)", stop))
        if not low then raise("Expected value but found invalid unicode escape code at character " .. at) end
        code, stop = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00, stop + 6
    elseif code >= 0xDC00 and code < 0xE000 then
        raise("Expected value but found invalid unicode escape code at character " .. at)
    end
    return utf8_bytes(code), stop
end

local function read_string(text, at)
    local start, parts = at, nil
    at = at + 1
    while true do
        local stop = find(text, '["\\%c]', at)
        local letter = stop and byte(text, stop)
        if letter == 34 then
            if not parts then return sub(text, at, stop - 1), stop + 1 end
            parts[#parts + 1] = sub(text, at, stop - 1)
            return concat(parts), stop + 1
        elseif letter == 92 then
            parts = parts or {}
            parts[#parts + 1] = sub(text, at, stop - 1)
            parts[#parts + 1], at = escape(text, stop)
        elseif letter == 127 then
            parts = parts or {}
            parts[#parts + 1] = sub(text, at, stop)
            at = stop + 1
        else
            raise("Expected value but found unexpected end of string at character " .. (stop or start))
        end
    end
end

local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", null } }

local function read_number(text, at)
    local _, stop, digits = find(text, "^(-?%d+%.?%d*[eE]?[+-]?%d*)", at)
    local value = digits and tonumber(digits)
    if not value or find(digits, "^-?0%d") then expected("value", text, at) end
    if not find(digits, "[.eE]") then value = to_integer(value) or value end
    return value, stop + 1
end

local function read_value(text, at, depth, deepest, as_array)
    at = find(text, "[^ \t\r\n]", at) or #text + 1
    local letter = sub(text, at, at)
    if letter == '"' then return read_string(text, at) end
    if letter == "{" or letter == "[" then
        if depth >= deepest then
            raise("Found too many nested data structures (" .. depth + 1 .. ") at character " .. at)
        end
    end
    if letter == "{" then
        local object = {}
        at = find(text, "[^ \t\r\n]", at + 1) or #text + 1
        if sub(text, at, at) == "}" then return object, at + 1 end
        while true do
            local key
            at = find(text, "[^ \t\r\n]", at) or #text + 1
            if sub(text, at, at) ~= '"' then expected("object key string", text, at) end
            key, at = read_string(text, at)
            at = find(text, "[^ \t\r\n]", at) or #text + 1
            if sub(text, at, at) ~= ":" then expected("colon", text, at) end
            object[key], at = read_value(text, at + 1, depth + 1, deepest, as_array)
            at = find(text, "[^ \t\r\n]", at) or #text + 1
            letter = sub(text, at, at)
            at = at + 1
            if letter == "}" then return object, at end
            if letter ~= "," then expected("comma or object end", text, at - 1) end
        end
    end
    if letter == "[" then
        local list, count = as_array and setmetatable({}, array_mt) or {}, 0
        at = find(text, "[^ \t\r\n]", at + 1) or #text + 1
        if sub(text, at, at) == "]" then return list, at + 1 end
        while true do
            count = count + 1
            list[count], at = read_value(text, at, depth + 1, deepest, as_array)
            at = find(text, "[^ \t\r\n]", at) or #text + 1
            letter = sub(text, at, at)
            at = at + 1
            if letter == "]" then return list, at end
            if letter ~= "," then expected("comma or array end", text, at - 1) end
        end
    end
    local word = WORDS[letter]
    if word and sub(text, at, at + #word[1] - 1) == word[1] then return word[2], at + #word[1] end
    return read_number(text, at)
end

---------------------------------------------------------------------------------------------------- encode

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
    ["\r"] = "\\r", ["\t"] = "\\t", ["\127"] = "\\u007f" }
for code = 0, 31 do ESCAPES[char(code)] = ESCAPES[char(code)] or format("\\u%04x", code) end

local function write_string(text)
    return '"' .. gsub(text, '[%c"\\/\127]', ESCAPES) .. '"'
end

local function cannot(value, why)
    raise("Cannot serialise " .. value .. ": " .. why)
end

local function write_number(value, precision)
    if value ~= value or value == huge or value == -huge then cannot("number", "must not be NaN or Infinity") end
    if is_integer(value) then return format("%d", value) end
    return format("%." .. precision .. "g", value)
end

-- The length of a table that is an array, nil for an object; lua-cjson's rule for sparse arrays.
local function array_length(value, settings)
    local greatest, count = 0, 0
    for key in pairs(value) do
        if type(key) ~= "number" or key < 1 or floor(key) ~= key then return nil end
        if key > greatest then greatest = key end
        count = count + 1
    end
    local ratio = settings.sparse_ratio
    if ratio > 0 and greatest > count * ratio and greatest > settings.sparse_safe then
        if not settings.sparse_convert then cannot("table", "excessively sparse array") end
        return nil
    end
    return greatest
end

local write_value

local function write_table(out, value, depth, settings)
    if depth > settings.encode_depth then raise("Cannot serialise, excessive depth (" .. depth .. ")") end
    local meta = getmetatable(value)
    local length = array_length(value, settings)
    if meta == array_mt or meta == empty_array_mt and length == 0 then length = length or #value
    elseif length == 0 and settings.empty_as_object then length = nil end
    if length then
        out[#out + 1] = "["
        for i = 1, length do
            if i > 1 then out[#out + 1] = "," end
            write_value(out, value[i], depth, settings)
        end
        out[#out + 1] = "]"
        return
    end
    local separator = "{"
    for key, item in pairs(value) do
        local kind = type(key)
        if kind ~= "string" and kind ~= "number" then cannot(kind, "table key must be a number or string") end
        local name = kind == "number" and write_number(key, settings.precision) or key
        out[#out + 1] = separator .. write_string(name) .. ":"
        write_value(out, item, depth, settings)
        separator = ","
    end
    out[#out + 1] = separator == "{" and "{}" or "}"
end

function write_value(out, value, depth, settings)
    local kind = type(value)
    if kind == "string" then
        out[#out + 1] = write_string(value)
    elseif kind == "number" then
        out[#out + 1] = write_number(value, settings.precision)
    elseif kind == "boolean" then
        out[#out + 1] = tostring(value)
    elseif value == nil or value == null then
        out[#out + 1] = "null"
    elseif kind == "table" then
        write_table(out, value, depth + 1, settings)
    else
        cannot(kind, "type not supported")
    end
end

---------------------------------------------------------------------------------------------------- module

local function new()
    local settings = { encode_depth = 1000, decode_depth = 1000, precision = 14, empty_as_object = true,
        sparse_convert = false, sparse_ratio = 2, sparse_safe = 10, arrays = false }
    local cjson = { null = null, empty_array = empty_array, empty_array_mt = empty_array_mt, array_mt = array_mt,
        _NAME = "cjson", _VERSION = "2.1.0", new = new }

    local function setting(name, kind)
        return function(value)
            if value ~= nil then
                if type(value) ~= kind then raise("expected " .. kind .. ", got " .. type(value)) end
                settings[name] = value
            end
            return settings[name]
        end
    end

    function cjson.encode(...)
        if select("#", ...) ~= 1 then raise("bad argument #1 to 'encode' (expected 1 argument)") end
        local out = {}
        write_value(out, (...), 0, settings)
        return concat(out)
    end

    function cjson.decode(text)
        if type(text) == "number" then text = tostring(text) end
        if type(text) ~= "string" then
            raise("bad argument #1 to 'decode' (string expected, got " .. type(text) .. ")")
        end
        local value, at = read_value(text, 1, 0, settings.decode_depth, settings.arrays)
        at = find(text, "[^ \t\r\n]", at)
        if at then expected("the end", text, at) end
        return value
    end

    cjson.encode_max_depth = setting("encode_depth", "number")
    cjson.decode_max_depth = setting("decode_depth", "number")
    cjson.encode_number_precision = setting("precision", "number")
    cjson.encode_empty_table_as_object = setting("empty_as_object", "boolean")
    cjson.decode_array_with_array_mt = setting("arrays", "boolean")
    function cjson.encode_keep_buffer() return true end
    function cjson.encode_invalid_numbers() return false end
    function cjson.decode_invalid_numbers() return false end
    function cjson.encode_sparse_array(convert, ratio, safe)
        if convert ~= nil then settings.sparse_convert = convert end
        settings.sparse_ratio, settings.sparse_safe = ratio or settings.sparse_ratio, safe or settings.sparse_safe
        return settings.sparse_convert, settings.sparse_ratio, settings.sparse_safe
    end

    -- cjson.safe: nil and the message instead of an error.
    function cjson.new_safe()
        local safe = new()
        for _, name in pairs { "encode", "decode" } do
            local raising = safe[name]
            safe[name] = function(...)
                local ok, result = pcall(raising, ...)
                if ok then return result end
                return nil, (gsub(result, "^.-:%d+: ", "", 1))
            end
        end
        return safe
    end
    return cjson
end

return new(), null

-- SHA-1 (RFC 3174), HMAC-SHA1 (RFC 2104) and Base64 (RFC 4648) in plain Lua, for every Lua version.
--
--   local hmac_sha1 = require("hmac_sha1")
--   hmac_sha1.base64(hmac_sha1.hmac(key, text))
--
-- Made for signing a short text now and then: a few hundred bytes take some milliseconds.

local hmac_sha1 = {}

local WORD = 4294967296 -- 2^32

-- A function that combines two words bit by bit, as `combine(a, b)` says for one bit of each. It looks four bits at a
-- time up in a table, because Lua 5.1 has no operators for bits.
local function by_bits(combine)
    local nibbles = {}
    for a = 0, 15 do
        for b = 0, 15 do
            local value = 0
            for bit = 0, 3 do
                local weight = 2 ^ bit
                if combine(math.floor(a / weight) % 2 == 1, math.floor(b / weight) % 2 == 1) then
                    value = value + weight
                end
            end
            nibbles[a * 16 + b] = value
        end
    end
    return function(a, b)
        local result, weight = 0, 1
        for _ = 1, 8 do
            local low_a, low_b = a % 16, b % 16
            result = result + nibbles[low_a * 16 + low_b] * weight
            a, b, weight = (a - low_a) / 16, (b - low_b) / 16, weight * 16
        end
        return result
    end
end

local bits_and = by_bits(function(a, b) return a and b end)
local bits_xor = by_bits(function(a, b) return a ~= b end)

local function rotate_left(word, count)
    local high = 2 ^ (32 - count)
    return (word % high) * 2 ^ count + math.floor(word / high)
end

local function word_at(text, position)
    local a, b, c, d = string.byte(text, position, position + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
end

local function word_bytes(word)
    local bytes = {}
    for place = 4, 1, -1 do
        bytes[place] = string.char(word % 256)
        word = math.floor(word / 256)
    end
    return table.concat(bytes)
end

-- The function and constant of each of the four stages of twenty rounds (RFC 3174, section 5).
local STAGES = {
    { 0x5A827999, function(b, c, d) return bits_xor(d, bits_and(b, bits_xor(c, d))) end },
    { 0x6ED9EBA1, function(b, c, d) return bits_xor(bits_xor(b, c), d) end },
    { 0x8F1BBCDC, function(b, c, d) return bits_and(b, c) + bits_and(d, bits_xor(b, c)) end },
    { 0xCA62C1D6, function(b, c, d) return bits_xor(bits_xor(b, c), d) end },
}

local function add_block(state, text, position)
    local words = {}
    for index = 0, 15 do
        words[index] = word_at(text, position + index * 4)
    end
    for index = 16, 79 do
        local mixed = bits_xor(bits_xor(words[index - 3], words[index - 8]), bits_xor(words[index - 14], words[index - 16]))
        words[index] = rotate_left(mixed, 1)
    end
    local a, b, c, d, e = state[1], state[2], state[3], state[4], state[5]
    for index = 0, 79 do
        local stage = STAGES[math.floor(index / 20) + 1]
        local sum = rotate_left(a, 5) + stage[2](b, c, d) + e + words[index] + stage[1]
        a, b, c, d, e = sum % WORD, a, rotate_left(b, 30), c, d
    end
    for index, word in ipairs({ a, b, c, d, e }) do
        state[index] = (state[index] + word) % WORD
    end
end

-- The digest of a text: 20 bytes.
function hmac_sha1.sha1(text)
    local bits = #text * 8
    local padded = text .. "\128" .. string.rep("\0", (55 - #text) % 64)
        .. word_bytes(math.floor(bits / WORD)) .. word_bytes(bits % WORD)
    local state = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0 }
    for position = 1, #padded, 64 do
        add_block(state, padded, position)
    end
    local digest = {}
    for index, word in ipairs(state) do
        digest[index] = word_bytes(word)
    end
    return table.concat(digest)
end

-- The authentication code of a text under a key: 20 bytes.
function hmac_sha1.hmac(key, text)
    if #key > 64 then
        key = hmac_sha1.sha1(key)
    end
    key = key .. string.rep("\0", 64 - #key)
    local inner, outer = {}, {}
    for index = 1, 64 do
        inner[index] = string.char(bits_xor(string.byte(key, index), 0x36))
        outer[index] = string.char(bits_xor(string.byte(key, index), 0x5C))
    end
    return hmac_sha1.sha1(table.concat(outer) .. hmac_sha1.sha1(table.concat(inner) .. text))
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Bytes as Base64.
function hmac_sha1.base64(bytes)
    local found = {}
    for position = 1, #bytes, 3 do
        local a, b, c = string.byte(bytes, position, position + 2)
        local group = a * 65536 + (b or 0) * 256 + (c or 0)
        for place = 3, 0, -1 do
            local digit = math.floor(group / 64 ^ place) % 64 + 1
            table.insert(found, string.sub(DIGITS, digit, digit))
        end
        if not c then
            found[#found] = "="
        end
        if not b then
            found[#found - 1] = "="
        end
    end
    return table.concat(found)
end

return hmac_sha1

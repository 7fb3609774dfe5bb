-- OAuth 1.0a: HTTP requests signed with HMAC-SHA1 (RFC 5849), and a signed POST by LuaSocket.
--
--   local oauth1 = require("oauth1")
--   local status, problem = oauth1.post(url, { text = "hello" }, keys, 5)
--
-- `keys` has consumer_key, consumer_secret, token and token_secret.
-- post() blocks: call it by luasip.lua_runstring, never in a route. LuaSocket is Debian's package lua-socket; for an
-- https URL lua-sec is needed too.

local hmac_sha1 = require("hmac_sha1")

local oauth1 = {}

-- A text as section 3.6 encodes it: all but letters, digits and - . _ ~ as %XX.
function oauth1.escape(text)
    return (string.gsub(tostring(text), "[^%w%-%._~]", function(char)
        return string.format("%%%02X", string.byte(char))
    end))
end

local function unescape(text)
    return (string.gsub(string.gsub(text, "%+", " "), "%%(%x%x)", function(digits)
        return string.char(tonumber(digits, 16))
    end))
end

-- Names and values of a form ("a=1&b=2"), each pair as { name, value }.
function oauth1.pairs_of(form)
    local found = {}
    for part in string.gmatch(form, "[^&]+") do
        local name, value = string.match(part, "^([^=]*)=?(.*)$")
        table.insert(found, { unescape(name), unescape(value) })
    end
    return found
end

-- The URL without query, scheme and host in lower case, without the scheme's own port (section 3.4.1.2); and its query.
local function split_url(url)
    local scheme, authority, path, query = string.match(url, "^(%a+)://([^/?#]+)([^?#]*)%??([^#]*)")
    if not scheme then
        error("not a URL: " .. tostring(url), 3)
    end
    scheme, authority = string.lower(scheme), string.lower(authority)
    authority = string.gsub(authority, scheme == "https" and ":443$" or ":80$", "")
    return scheme .. "://" .. authority .. (path == "" and "/" or path), query
end

-- What is signed (section 3.4.1). `parameters` are all pairs but those in the URL: of the form and of OAuth itself.
function oauth1.base_string(method, url, parameters)
    local address, query = split_url(url)
    local encoded = {}
    for _, list in ipairs({ parameters, oauth1.pairs_of(query) }) do
        for _, pair in ipairs(list) do
            table.insert(encoded, { oauth1.escape(pair[1]), oauth1.escape(pair[2]) })
        end
    end
    table.sort(encoded, function(a, b)
        if a[1] == b[1] then return a[2] < b[2] end
        return a[1] < b[1]
    end)
    local joined = {}
    for index, pair in ipairs(encoded) do
        joined[index] = pair[1] .. "=" .. pair[2]
    end
    return string.upper(method) .. "&" .. oauth1.escape(address) .. "&" .. oauth1.escape(table.concat(joined, "&"))
end

-- The signature of a base string (section 3.4.2).
function oauth1.signature(base_string, consumer_secret, token_secret)
    local key = oauth1.escape(consumer_secret) .. "&" .. oauth1.escape(token_secret or "")
    return hmac_sha1.base64(hmac_sha1.hmac(key, base_string))
end

-- The value of the Authorization header (section 3.5.1). `form` has the pairs of the body, `nonce` is a text never used
-- before with this `timestamp` in seconds.
function oauth1.authorization(method, url, form, keys, nonce, timestamp)
    for _, name in ipairs({ "consumer_key", "consumer_secret", "token", "token_secret" }) do
        if not keys[name] then
            error("no " .. name .. " to sign with", 2)
        end
    end
    local own = {
        { "oauth_consumer_key", keys.consumer_key },
        { "oauth_nonce", nonce },
        { "oauth_signature_method", "HMAC-SHA1" },
        { "oauth_timestamp", timestamp },
        { "oauth_token", keys.token },
        { "oauth_version", "1.0" },
    }
    local parameters = {}
    for _, list in ipairs({ own, form }) do
        for _, pair in ipairs(list) do
            table.insert(parameters, pair)
        end
    end
    local base_string = oauth1.base_string(method, url, parameters)
    table.insert(own, { "oauth_signature", oauth1.signature(base_string, keys.consumer_secret, keys.token_secret) })
    local shown = {}
    for index, pair in ipairs(own) do
        shown[index] = pair[1] .. '="' .. oauth1.escape(pair[2]) .. '"'
    end
    return "OAuth " .. table.concat(shown, ", ")
end

-- Unguessable text: Lua states that start at the same time must not repeat each other, as math.random would.
local function random_text()
    local source = assert(io.open("/dev/urandom", "rb"))
    local bytes = source:read(16)
    source:close()
    return (string.gsub(bytes, ".", function(char) return string.format("%02x", string.byte(char)) end))
end

-- POST a table of names and values as a signed form; `seconds` without a byte from the server end it.
-- Gives the status, or nil and what went wrong.
function oauth1.post(url, fields, keys, seconds)
    local http = require(string.find(url, "^[hH][tT][tT][pP][sS]:") and "ssl.https" or "socket.http")
    local ltn12 = require("ltn12")
    local form, encoded = {}, {}
    for name, value in pairs(fields) do
        table.insert(form, { name, value })
        table.insert(encoded, oauth1.escape(name) .. "=" .. oauth1.escape(value))
    end
    local body = table.concat(encoded, "&")
    local timestamp = string.format("%d", os.time())
    http.TIMEOUT = seconds
    local done, status = http.request({
        method = "POST",
        url = url,
        redirect = false,
        headers = {
            ["Authorization"] = oauth1.authorization("POST", url, form, keys, random_text(), timestamp),
            ["Content-Type"] = "application/x-www-form-urlencoded",
            ["Content-Length"] = tostring(#body),
        },
        source = ltn12.source.string(body),
        sink = ltn12.sink.null(),
    })
    if not done then
        return nil, tostring(status)
    end
    return status
end

return oauth1

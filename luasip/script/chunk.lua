-- Runs a chunk of Lua code to its end: what the pool of luasip.lua_runstring does.
--
-- Every chunk has globals of its own before those of the state, so what one leaves behind no other finds; modules it
-- requires stay loaded.

local complete, raise, load_text, decode, encode = ...
local pack, unpack, setmetatable = table.pack, table.unpack or unpack, setmetatable
local setfenv = setfenv
local shared = { __index = _G }

local function compile(code)
    local own = setmetatable({}, shared)
    if not setfenv then return load(code, code, "t", own) end
    local chunk, problem = load_text(code, code)
    if chunk then setfenv(chunk, own) end
    return chunk, problem
end

local function evaluate(code, arguments)
    local chunk, problem = compile(code)
    if not chunk then raise(problem) end
    local given = decode(arguments)
    local results = pack(chunk(unpack(given, 1, given.n)))
    local text, unfit = encode(results, results.n)
    if not text then raise("a result: " .. unfit) end
    return text
end

return function(code, arguments)
    return complete(evaluate, code, arguments)
end

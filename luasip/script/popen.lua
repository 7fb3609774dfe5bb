-- io.popen for Lua built without it: the command runs to its end first, over a temporary file, and its output is read
-- then; what is written to one is handed over when it is closed.

local raise = ...
local execute, open, remove, tmpname = os.execute, io.open, os.remove, os.tmpname
local floor, setmetatable, type = math.floor, setmetatable, type

local Handle = {}
Handle.__index = Handle

-- Such a Lua does not take a wait status apart either.
local function exit_code(ok, why, status)
    if type(status) == "number" and status > 255 then status = floor(status / 256) end
    return { ok, why, status }
end

local function run(handle, direction)
    return exit_code(execute("{ " .. handle.command .. "\n} " .. direction .. handle.path))
end

function Handle:read(...) return self.file:read(...) end
function Handle:lines(...) return self.file:lines(...) end
function Handle:seek(...) return self.file:seek(...) end
function Handle:setvbuf() return true end
function Handle:flush() return self.file:flush() end

function Handle:write(...)
    self.file:write(...)
    return self
end

function Handle:close()
    self.file:close()
    if self.writes then self.ended = run(self, "<") end
    remove(self.path)
    return self.ended[1], self.ended[2], self.ended[3]
end

return function(command, mode)
    mode = mode or "r"
    if not mode:find("^[rw]$") then raise("bad argument #2 to 'popen' (invalid mode)") end
    local handle = setmetatable({ command = command, path = tmpname(), writes = mode == "w" }, Handle)
    if not handle.writes then handle.ended = run(handle, ">") end
    local file, problem = open(handle.path, mode)
    if not file then return nil, problem end
    handle.file = file
    return handle
end

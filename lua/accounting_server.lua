-- LuaSIP: a server that stores what lua/accounting_proxy.lua tells it about calls.
--
--   ACCOUNTING requests with a body of type text/accounting-csv: time, Call-ID, both tags, who calls, who is called. Each
--   is a row of the table "accounting", and is answered 200 "Stored" when it is one. Other answers mean: send it again.
--
-- In the settings file (conf/accounting_server.toml):
--   [modules.sqlops]
--   sqlcon = ["accounting=>mysql://user:password@192.0.2.61/accounting"]
--
-- The table, whose unique key makes a record that comes twice one row:
--   create table accounting (
--       id bigint auto_increment primary key, time datetime not null, call_id varchar(255) not null,
--       from_tag varchar(128) not null, to_tag varchar(128) not null, source varchar(255) not null,
--       destination varchar(255) not null, unique key one_call (call_id, from_tag, to_tag));

local DATABASE = "accounting"
local PROXIES = 1 -- group of [modules.permissions]; without that module everybody who reaches the server may store

-- A field of the body; commas and control characters in it were written as %2C and so on.
local function field(index)
    local text = KSR.pv.gete("$(rb{s.select," .. index .. ",,})")
    return (string.gsub(text, "%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end))
end

-- Values go to the database by themselves, each for a ?. Put into the statement's text, the Call-ID
-- x'); drop table accounting; -- would be a statement of its own: every one of these was chosen by somebody outside.
local FIND = "select id from accounting where call_id = ? and from_tag = ? and to_tag = ?"
local INSERT = "insert into accounting (time, call_id, from_tag, to_tag, source, destination) values (?, ?, ?, ?, ?, ?)"

local function is_stored(call_id, from_tag, to_tag)
    local rows = luasip.sql.query(DATABASE, FIND, { call_id, from_tag, to_tag })
    return rows and rows[1] ~= nil
end

local function store(time, call_id, from_tag, to_tag, source, destination)
    if is_stored(call_id, from_tag, to_tag) then
        return true
    end
    local values = { time, call_id, from_tag, to_tag, source, destination }
    -- The same record may be on its way to the database twice at this moment. Then one of the two is refused here.
    return luasip.sql.execute(DATABASE, INSERT, values) ~= nil or is_stored(call_id, from_tag, to_tag)
end

function ksr_request_route()
    if KSR.is_ACK() then
        return
    elseif not KSR.is_method("ACCOUNTING") then
        KSR.hdr.append_to_reply("Allow: ACCOUNTING\r\n")
        KSR.sl.send_reply(405, "Method Not Allowed")
    elseif KSR.permissions and KSR.permissions.allow_source_address(PROXIES) < 0 then
        KSR.sl.send_reply(403, "Forbidden")
    elseif KSR.pv.gete("$cT") ~= "text/accounting-csv" then
        KSR.hdr.append_to_reply("Accept: text/accounting-csv\r\n")
        KSR.sl.send_reply(415, "Unsupported Media Type")
    elseif field(0) == "" or field(1) == "" or KSR.pv.gete("$(rb{s.select,5,,})") == "" then
        KSR.err("no accounting record: " .. KSR.pv.gete("$rb") .. "\n")
        KSR.sl.send_reply(400, "Bad Record")
    elseif store(field(0), field(1), field(2), field(3), field(4), field(5)) then
        KSR.sl.send_reply(200, "Stored")
    else
        KSR.sl.send_reply(500, "Not Stored")
    end
end

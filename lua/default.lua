-- LuaSIP's default route script: a registrar and proxy for the phones of its own domains.
--
-- How a route script works
--   The server calls ksr_request_route() for every SIP request that arrives. What the script does with the request it
--   does through the functions in the table KSR: KSR.sl answers, KSR.tm forwards, KSR.registrar knows where phones are.
--   Most functions return a number, positive for yes or done, negative for no or failed. Lua takes every number
--   for true, so compare it: `if KSR.tm.t_relay() < 0 then`. A few return true or false, as KSR.is_INVITE() does.
--   KSR.x.exit() ends the route at once, from however deep; each step below either returns, and the request goes on
--   to the next step, or has dealt with the request and exits.
--   Never keep something about one request in a global variable: many routes run at one time. Use `local`, or a flag.
--
-- What this script does not have to do
--   Retransmissions are answered, and ACKs for failed calls taken, before a route is called. Replies find their way
--   back by themselves.
--
-- What it does only when asked
--   Modules that are loaded switch parts on: auth and auth_db (passwords), permissions (trusted addresses), nathelper
--   (phones behind NAT), pike and htable (floods). In the settings file, a table [modules.NAME] loads a module and
--   [define] VOICEMAIL = "sip:voicemail@192.0.2.30" sends calls that nobody takes there. Also in [define]:
--   PRIVATE = true lets nobody in but our own users and trusted addresses; ANSWER_SCANNERS = true answers scanners.

-- Message flags belong to one request, branch flags to one of its destinations; both are numbers from 0 to 31.
local FLAG_KNOWN_SENDER = 1
local FLAG_VOICEMAIL = 2
local BRANCH_FLAG_NAT = 6 -- saved with a contact by save(), and set again by lookup()

local CONTACTS = "location"      -- table of the registrar
local SUBSCRIBERS = "subscriber" -- table of auth_db
local TRUSTED_ADDRESSES = 1      -- group of the permissions module
local BANNED = "ipban"           -- table of htable, defined in [modules.htable]: addresses to be ignored
local STRIKES = "ipstrikes"      -- the same: how often an address was refused lately
local MOST_STRIKES = 30          -- more than this, and it is banned

-- User-Agents of scanners, in lower case: not answered, since any answer is an invitation.
local SCANNERS = {
    "friendly-scanner", "friendly-request", "sipvicious", "sipcli", "sip-scan", "sipscan", "sundayddr", "iwar",
    "siparmyknife", "smap", "vaxsipuseragent", "pplsip",
}

-- What auth_check says to a password that is wrong, or would be if there were such a user.
local WRONG_PASSWORD = -2
local UNKNOWN_USER = -3

-- Contact private, Via not the source address, Via port not the source port: 1 + 2 + 16 (nathelper.nat_uac_test).
local BEHIND_NAT = 19

------------------------------------------------------------------------------------------------ the way of a request

function ksr_request_route()
    drop_floods()
    check_message()
    answer_keepalive()
    relay_cancel()
    prepare_for_nat()
    route_within_dialog()
    refuse_strays()

    -- From here on only requests that begin something: a registration, a call, a subscription, a message.
    -- Where they go is decided here, not by a route they bring along.
    KSR.hdr.remove("Route")
    if KSR.is_REGISTER() and not (KSR.is_myself_ruri() and KSR.is_myself_turi()) then
        refuse(403, "Relaying Forbidden")
    end
    recognize_sender()
    if not KSR.is_myself_ruri() then
        route_to_other_domain()
    end
    register_contact()
    route_to_phone()
end

-- Ignore addresses that are banned, and ban those that send more than [modules.pike] allows. With a table of htable the
-- ban lasts as long as the table says, without one as long as the flood.
function drop_floods()
    if KSR.is_myself_srcip() or is_trusted_address() then
        return
    end
    local source = KSR.kx.get_srcip()
    if is_banned(source) then
        KSR.x.exit()
    end
    local verdict = KSR.pike and KSR.pike.pike_check_req() or 1
    if verdict < 0 then
        if verdict == -2 then -- not blocked before
            KSR.warn("flood: ignoring requests from " .. source .. "\n")
        end
        ban(source)
        KSR.x.exit()
    end
end

function is_banned(source)
    return KSR.htable ~= nil and KSR.htable.sht_is_null(BANNED, source) == -1
end

-- Does nothing without htable or its table.
function ban(source)
    if KSR.htable then
        KSR.htable.sht_seti(BANNED, source, 1)
    end
end

-- Count a refusal; who is refused again and again is looking for something. Only with a table "ipstrikes", because a
-- datagram's sender may be somebody else than it says.
function strike()
    local source = KSR.kx.get_srcip()
    if not KSR.htable or KSR.htable.sht_inc(STRIKES, source) <= MOST_STRIKES or is_trusted_address() then
        return
    end
    KSR.warn("refused too often: ignoring requests from " .. source .. "\n")
    ban(source)
end

-- Refuse what goes round in circles and what is not sound.
function check_message()
    if is_scanner(string.lower(KSR.kx.gete_ua())) and not KSR.kx.ifdef("ANSWER_SCANNERS") then
        strike()
        KSR.x.exit()
    end
    if KSR.maxfwd.process_maxfwd(70) < 0 then
        reply(483, "Too Many Hops")
    end
    -- The numbers choose the checks (18407 includes Proxy-Require); the reply has been sent when one fails.
    if KSR.sanity.sanity_check(18407, 7) < 0 then
        KSR.info("malformed " .. KSR.kx.get_method() .. " from " .. KSR.kx.get_srcip() .. " refused\n")
        KSR.x.exit()
    end
end

function is_scanner(agent)
    for _, name in ipairs(SCANNERS) do
        if string.find(agent, name, 1, true) then
            return true
        end
    end
    return false
end

-- Phones and other servers ask with OPTIONS whether we are there. With a user in the Request-URI it is for a phone.
function answer_keepalive()
    if KSR.is_OPTIONS() and KSR.is_myself_ruri() and KSR.corex.has_ruri_user() < 0 then
        KSR.siputils.options_reply()
        KSR.x.exit()
    end
end

-- A caller hangs up before the call is answered: cancel it wherever it rings.
function relay_cancel()
    if not KSR.is_CANCEL() then
        return
    end
    if KSR.tm.t_check_trans() > 0 then
        relay()
    end
    reply(481, "Call/Transaction Does Not Exist")
end

-- A request within a dialog (its To has a tag) follows the route that the first request recorded; without one it does
-- not belong to a dialog of ours, and is not forwarded.
function route_within_dialog()
    if KSR.siputils.has_totag() < 0 then
        return
    end
    if KSR.rr.loose_route() > 0 and is_our_dialog() then
        find_way_through_nat()
        if KSR.is_NOTIFY() then
            KSR.rr.record_route() -- it may come before the answer to its SUBSCRIBE
            mark_dialog()
        end
        relay()
    end
    if KSR.is_ACK() then
        if KSR.tm.t_check_trans() > 0 then -- for a call we answered ourselves
            relay()
        end
        KSR.x.exit() -- an ACK is never answered
    end
    refuse(404, "Not Here")
end

-- These make no sense but within a dialog. Some cannot be asked for a password, so none may come any further.
local ONLY_WITHIN_DIALOG = { ACK = true, BYE = true, INFO = true, PRACK = true, UPDATE = true }

function refuse_strays()
    if ONLY_WITHIN_DIALOG[KSR.kx.get_method()] then
        refuse(481, "Call/Transaction Does Not Exist")
    end
end

-- Whether our Route bears the mark that record_route() gave the dialog with this Call-ID: nobody else can make it.
function is_our_dialog()
    local mark = dialog_mark()
    return mark == "" or KSR.rr.check_route_param("mark=" .. mark) > 0
end

function dialog_mark()
    return luasip and string.sub(luasip.sign("dialog " .. KSR.kx.get_callid()), 1, 16) or "" -- Kamailio has no luasip
end

----------------------------------------------------------------------------------------------------- who may do what

-- Whether a request comes from an address that the permissions module trusts, such as a gateway.
function is_trusted_address()
    return KSR.permissions ~= nil and KSR.permissions.allow_source_address(TRUSTED_ADDRESSES) > 0
end

-- Sets FLAG_KNOWN_SENDER for those who may send requests to other domains. With auth, users of our own domains must
-- prove who they are; without it anybody may say so, which is why nobody counts as known.
function recognize_sender()
    if is_trusted_address() then
        KSR.setflag(FLAG_KNOWN_SENDER)
        return
    end
    if not KSR.auth or not KSR.auth_db then
        return
    end
    local is_own = KSR.is_myself_furi()
    if not is_own and not KSR.is_REGISTER() and not KSR.kx.ifdef("PRIVATE") then
        return -- somebody from another domain; may reach our users only
    end
    local realm = is_own and KSR.kx.gete_fhost() or KSR.kx.gete_rhost()
    local verdict = KSR.auth_db.auth_check(realm, SUBSCRIBERS, 1)
    if verdict < 0 then
        if verdict == WRONG_PASSWORD or verdict == UNKNOWN_USER then
            strike()
        end
        KSR.auth.auth_challenge(realm, 1)
        KSR.x.exit()
    end
    if not KSR.is_method_in("RP") then
        KSR.auth.consume_credentials() -- they are for us only
    end
    KSR.setflag(FLAG_KNOWN_SENDER)
end

-- A request for a domain that is not ours. Forwarding it for anybody would make us an open relay.
function route_to_other_domain()
    if KSR.is_REGISTER() or not KSR.isflagset(FLAG_KNOWN_SENDER) then
        KSR.info(KSR.kx.get_method() .. " to " .. KSR.kx.get_ruri() .. " refused: not our domain, unknown sender\n")
        refuse(403, "Relaying Forbidden")
    end
    record_route()
    relay()
end

------------------------------------------------------------------------------------------- where the phones are

-- REGISTER: a phone says where it can be reached. save() answers it, refusals included.
function register_contact()
    if not KSR.is_REGISTER() then
        return
    end
    if KSR.registrar.save(CONTACTS, 0) < 0 then
        KSR.info("registration of " .. KSR.kx.get_turi() .. " failed\n")
    end
    KSR.x.exit()
end

-- A request for one of our users: replace the address of record by the contacts of the phones.
function route_to_phone()
    if KSR.corex.has_ruri_user() < 0 then
        refuse(404, "Not Found") -- the server itself takes no calls
    end
    local address_of_record = KSR.kx.get_ruri()
    local found = KSR.registrar.lookup(CONTACTS)
    if found < 0 then
        no_phone(address_of_record, found)
    end
    record_route()
    relay()
end

-- No phone for this request. Strangers get one answer, whatever the reason, so that they cannot find out who our users
-- are; others hear that none of the phones takes this method (405), that a user is away (480) or that there is none.
function no_phone(address_of_record, found)
    if KSR.is_INVITE() and send_to_voicemail() then
        record_route()
        relay()
    end
    if KSR.isflagset(FLAG_KNOWN_SENDER) then
        if found == -2 then
            reply(405, "Method Not Allowed")
        end
        if KSR.auth_db and KSR.auth_db.is_subscriber(address_of_record, SUBSCRIBERS, 0) > 0 then
            reply(480, "Temporarily Unavailable")
        end
    end
    refuse(404, "Not Found")
end

-- Point the request to the VOICEMAIL of [define]; false when there is none or it has been tried.
function send_to_voicemail()
    local voicemail = KSR.kx.get_def("VOICEMAIL")
    if not voicemail or voicemail == "" or KSR.isflagset(FLAG_VOICEMAIL) then
        return false
    end
    KSR.setflag(FLAG_VOICEMAIL)
    KSR.pv.sets("$ru", voicemail)
    KSR.resetdsturi() -- the phone's address, and what is known about its NAT, do not count any more
    KSR.resetbflag(BRANCH_FLAG_NAT)
    return true
end

--------------------------------------------------------------------------------------------- answering and forwarding

-- Answer the request and end the route. An ACK is dropped: the protocol has no answer to it.
function reply(code, reason)
    if not KSR.is_ACK() then
        KSR.sl.send_reply(code, reason)
    end
    KSR.x.exit()
end

-- Answer as reply() does, and count it: who asks for what is not there is counted out at some time.
function refuse(code, reason)
    if not KSR.isflagset(FLAG_KNOWN_SENDER) then
        strike()
    end
    reply(code, reason)
end

-- Keep us in the path of the dialog that this request may begin.
function record_route()
    if KSR.is_method_in("IS") then
        KSR.rr.record_route()
        mark_dialog()
    end
end

function mark_dialog()
    local mark = dialog_mark()
    if mark ~= "" then
        KSR.rr.add_rr_param(";mark=" .. mark)
    end
end

-- Forward the request to its destinations and end the route. The server does the rest: it repeats the request until
-- something comes back, passes the best answer on, and calls the three functions named here.
function relay()
    if KSR.is_method_in("ISU") then
        KSR.tm.t_on_branch("before_branch")
        KSR.tm.t_on_reply("on_reply_from_branch")
    end
    if KSR.is_INVITE() then
        KSR.tm.t_on_failure("when_all_branches_failed")
    end
    if KSR.tm.t_relay() < 0 then
        KSR.sl.sl_reply_error()
    end
    KSR.x.exit()
end

-- Called for each destination before the request is sent to it. Changes made here are for this destination only.
function before_branch()
    KSR.dbg("branch " .. KSR.tm.t_get_branch_index() .. " to " .. KSR.kx.get_ruri() .. "\n")
    if KSR.nathelper and KSR.isbflagset(BRANCH_FLAG_NAT) and KSR.siputils.has_totag() < 0 then
        KSR.rr.add_rr_param(";nat=yes") -- for route_within_dialog
    end
end

-- Called for each reply of a destination, before it is passed on.
function on_reply_from_branch()
    KSR.dbg("reply " .. KSR.kx.get_status() .. "\n")
    if KSR.nathelper and KSR.isbflagset(BRANCH_FLAG_NAT) then
        KSR.nathelper.set_contact_alias() -- so that the caller's next requests find back to the phone
    end
end

-- Called when no destination took the call, before the caller hears of it. Returning passes the best answer on.
function when_all_branches_failed()
    if KSR.tm.t_is_canceled() > 0 then
        return -- the caller gave up
    end
    if KSR.tm.t_check_status("408|480|486|603") > 0 and send_to_voicemail() then
        relay() -- a new destination for the same call
    end
    if KSR.tm.t_any_timeout() > 0 and KSR.tm.t_any_replied() < 0 then
        KSR.tm.t_reply(480, "Temporarily Unavailable") -- registered, but not one phone answers any more
    end
end

--------------------------------------------------------------------------------------------------------------- NAT

-- A phone behind NAT writes addresses into its messages that nobody else can reach: use the one it sends from.
function prepare_for_nat()
    if not KSR.nathelper then
        return
    end
    KSR.force_rport()
    if KSR.nathelper.nat_uac_test(BEHIND_NAT) < 0 or KSR.siputils.is_first_hop() < 0 then
        return
    end
    if KSR.is_REGISTER() then
        KSR.nathelper.fix_nated_register() -- save() keeps the source address beside the contact
        KSR.setbflag(BRANCH_FLAG_NAT)
    else
        KSR.nathelper.set_contact_alias() -- the contact takes the source address along as a parameter
        if KSR.siputils.has_totag() < 0 then
            KSR.rr.add_rr_param(";nat=yes")
        end
    end
end

-- Within a dialog: send to the address that the phone's contact took along, and mark the branch for the replies.
function find_way_through_nat()
    if not KSR.nathelper then
        return
    end
    if not KSR.isdsturiset() then
        KSR.nathelper.handle_ruri_alias()
    end
    if KSR.rr.check_route_param("nat=yes") > 0 then
        KSR.setbflag(BRANCH_FLAG_NAT)
    end
end

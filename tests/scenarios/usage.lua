-- A script that calls every function public KEMI scripts use of these modules, the way they do: numbers as strings,
-- surplus arguments, KSR.x.exit() from deep inside, pcall around calls, results compared or not.
-- The user of the Request-URI chooses the part; what a call gives is said, one line "name = value" a call.

FLT_KEEP = 3
FLB_NATB = 6

local cases = {}

local function say(name, value)
    KSR.info(name .. " = " .. tostring(value) .. "\n")
end

local function answer_and_exit()
    KSR.sl.send_reply("200", "Done", "surplus")
    KSR.x.exit()
end

function ksr_request_route()
    if KSR.is_ACK() and KSR.rr.loose_route() < 0 then return 1 end
    local user = KSR.kx.get_ruser()
    local case = user and cases[user]
    if case == nil then
        KSR.sl.sl_send_reply(404, "No such case")
        return -255
    end
    case()
    answer_and_exit()
    say("after exit", "never said")
end

------------------------------------------------------------------------------------------------------ core

function cases.methods()
    for _, name in ipairs({ "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "UPDATE", "NOTIFY",
        "SUBSCRIBE", "REFER", "KDMQ" }) do
        local is = KSR["is_" .. name]()
        if is then say("is_" .. name, is) end
    end
    say("is_method", KSR.is_method(KSR.pv.get("$rm")))
    say("is_method_in", KSR.is_method_in("IABCROUNSF"))
    say("kx.get_method", KSR.kx.get_method())
    say("UDP WS WSS WSX", table.concat({ tostring(KSR.is_UDP()), tostring(KSR.is_WS()), tostring(KSR.is_WSS()),
        tostring(KSR.is_WSX()) }, " "))
    -- Called by name, so that they are all in this file: KSR.is_INVITE KSR.is_ACK KSR.is_BYE KSR.is_CANCEL
    -- KSR.is_REGISTER KSR.is_OPTIONS KSR.is_INFO KSR.is_UPDATE KSR.is_NOTIFY KSR.is_SUBSCRIBE KSR.is_REFER KSR.is_KDMQ
end

function cases.myself()
    say("is_myself", KSR.is_myself("sip:10.0.0.1:5060"))
    say("is_myself alias", KSR.is_myself("sip:someone@example.com"))
    say("is_myself other", KSR.is_myself("sip:10.0.0.99"))
    say("is_myself_ruri", KSR.is_myself_ruri())
    say("is_myself_furi", KSR.is_myself_furi())
    say("is_myself_turi", KSR.is_myself_turi())
    say("is_myself_suri", KSR.is_myself_suri())
    say("is_myself_srcip", KSR.is_myself_srcip())
end

function cases.flags()
    say("setflag", KSR.setflag("3"))
    say("isflagset", KSR.isflagset(FLT_KEEP))
    say("isflagset other", KSR.isflagset(4))
    say("setbflag", KSR.setbflag(FLB_NATB))
    say("isbflagset", KSR.isbflagset(FLB_NATB))
    say("isdsturiset", KSR.isdsturiset())
    say("setdsturi", KSR.setdsturi("sip:10.0.0.3:5060"))
    say("isdsturiset after", KSR.isdsturiset())
    say("kx.get_duri", KSR.kx.get_duri())
    say("seturi", KSR.seturi("sip:changed@example.com"))
    say("kx.get_ruri", KSR.kx.get_ruri())
    say("force_rport", KSR.force_rport())
    say("set_reply_no_connect", KSR.set_reply_no_connect())
    say("set_reply_close", KSR.set_reply_close())
    say("set_forward_no_connect", KSR.set_forward_no_connect())
end

function cases.logs()
    KSR.dbg("at debug\n")
    KSR.notice("at notice\n")
    KSR.warn("at warn\n")
    KSR.err("at err\n")
    KSR.log("WARN", "by name $rm\n")
    say("xlog.xinfo", KSR.xlog.xinfo("xinfo $rm $fU\n"))
    say("xlog.xerr", KSR.xlog.xerr("xerr $rU\n"))
    say("xlog.xlog", KSR.xlog.xlog("L_WARN", "xlog $(ru{uri.host})\n"))
end

function cases.forward()
    KSR.pv.sets("$du", "sip:10.0.0.3:5060")
    say("forward", KSR.forward())
    KSR.x.exit()
end

function cases.forward_uri()
    say("forward_uri", KSR.forward_uri("sip:10.0.0.3:5060"))
    KSR.x.exit()
end

function cases.silence()
    KSR.set_drop()
    say("after set_drop", "goes on")
    KSR.x.drop()
    say("after drop", "never said")
end

-- A call caught by pcall: the exit arrives as an error value, other mistakes with their place.
function cases.caught()
    local ok, value = pcall(KSR.x.exit)
    say("exit caught", tostring(ok) .. " " .. tostring(value))
    ok, value = pcall(function() return KSR.pv.get("$rm") end)
    say("pcall", tostring(ok) .. " " .. tostring(value))
    for _, name in ipairs({ "drop", "error" }) do -- what scripts call and Kamailio never had
        say("KSR." .. name, KSR[name])
    end
    ok, value = pcall(function() KSR.xlog("L_INFO", "text") end)
    say("KSR.xlog called", ok)
    for module, names in pairs({
        siputils = { "is_method" }, kx = { "gete_furi" }, hdr = { "append_hf" }, sl = { "set_reply_no_connect" },
        tm = { "is_method" }, pv = { "setw", "xavm_rm" }, tmx = { "t_check_trans" },
        textopsx = { "append_hf", "remove_hf", "bf_iterator_start", "bf_iterator_next", "bf_iterator_end" },
    }) do
        for _, name in ipairs(names) do
            if KSR[module][name] ~= nil then say(module .. "." .. name, "exists") end
        end
    end
    if KSR.dialog and KSR.dialog.dlg_manage() then say("dialog", "is there") end
    say("route", KSR.route("NATIVE"))
end

---------------------------------------------------------------------------------------------------- pv, pvx, kx

function cases.pv()
    say("pv.get", KSR.pv.get("$rm"))
    say("pv.get null", KSR.pv.get("$avp(none)"))
    say("pv.gete", KSR.pv.gete("$avp(none)") .. "|")
    say("pv.getw", KSR.pv.getw("$avp(none)"))
    say("pv.getvs", KSR.pv.getvs("$avp(none)", "instead"))
    say("pv.getvn", KSR.pv.getvn("$avp(none)", "7"))
    say("pv.is_null", KSR.pv.is_null("$avp(none)"))
    say("pv.sets", KSR.pv.sets("$avp(a)", "text"))
    say("pv.seti", KSR.pv.seti("$avp(n)", "42"))
    say("pv.get number", KSR.pv.get("$avp(n)") + 1)
    say("pv.unset", KSR.pv.unset("$avp(a)"))
    say("pv.is_null after", KSR.pv.is_null("$avp(a)"))
    local field = "who"
    KSR.pv.sets("$xavp(box=>" .. field .. ")", "nobody")
    say("xavp by concatenation", KSR.pv.get("$xavp(box[0]=>" .. field .. ")"))
    say("transformation", KSR.pv.get("$(fu{uri.user}{s.len})"))
end

function cases.pvx()
    say("pvx.avp_sets", KSR.pvx.avp_sets("name", "value"))
    say("avp", KSR.pv.get("$avp(name)"))
    say("pvx.var_sets", KSR.pvx.var_sets("seen", "yes"))
    say("pvx.var_get", KSR.pvx.var_get("seen"))
    say("pvx.xavp_is_null", KSR.pvx.xavp_is_null("list"))
    say("pvx.xavp_slist_explode", KSR.pvx.xavp_slist_explode("one,two,three", ",", "t", "list"))
    say("pvx.xavp_is_null after", KSR.pvx.xavp_is_null("list"))
    say("xavp list", KSR.pv.get("$xavp(list=>v)") .. " " .. KSR.pv.get("$xavp(list=>v[2])"))
    KSR.pv.sets("$xavp(rec=>colour)", "green")
    KSR.pv.sets("$xavp(rec[0]=>size)", "large")
    say("pvx.xavp_child_gete", KSR.pvx.xavp_child_gete("rec", "size"))
    local record = KSR.pvx.xavp_getd_p1("rec", "0")
    say("pvx.xavp_getd_p1", record.colour[1])
    say("pvx.xavp_child_rm", KSR.pvx.xavp_child_rm("rec", "size"))
    say("pvx.xavp_child_gete after", KSR.pvx.xavp_child_gete("rec", "size") .. "|")
end

function cases.kx()
    say("get_ruri", KSR.kx.get_ruri())
    say("get_ruser", KSR.kx.get_ruser())
    say("get_furi", KSR.kx.get_furi())
    say("get_fuser", KSR.kx.get_fuser())
    say("get_fhost", KSR.kx.get_fhost())
    say("get_turi", KSR.kx.get_turi())
    say("get_tuser", KSR.kx.get_tuser())
    say("get_srcip", KSR.kx.get_srcip())
    say("get_srcport", KSR.kx.get_srcport() + 0)
    say("get_rcvadvip", KSR.kx.get_rcvadvip())
    say("get_callid", KSR.kx.get_callid())
    say("get_ua", KSR.kx.get_ua())
    say("get_msglen", KSR.kx.get_msglen() == KSR.pv.get("$ml"))
    say("get_conid", KSR.kx.get_conid())
    say("get_status", KSR.kx.get_status())
    say("gets_status", KSR.kx.gets_status())
    say("get_au", KSR.kx.get_au())
    say("get_duri", KSR.kx.get_duri())
    say("gete_ua", KSR.kx.gete_ua())
    say("gete_fhost", KSR.kx.gete_fhost())
    say("gete_fuser", KSR.kx.gete_fuser())
    say("gete_ruser", KSR.kx.gete_ruser())
    say("gete_rhost", KSR.kx.gete_rhost())
    say("gete_thost", KSR.kx.gete_thost())
    say("gete_au", KSR.kx.gete_au() .. "|")
    say("gete_duri", KSR.kx.gete_duri() .. "|")
    say("getw_thost", KSR.kx.getw_thost())
    say("getw_tuser", KSR.kx.getw_tuser())
    say("get_def", KSR.kx.get_def("GATEWAY"))
    say("ifdef", KSR.kx.ifdef("WITH_IT"))
    say("ifdef not", KSR.kx.ifdef("WITHOUT_IT"))
end

-------------------------------------------------------------------------------------- siputils, corex, sanity, maxfwd

function cases.checks()
    say("siputils.has_totag", KSR.siputils.has_totag())
    say("siputils.is_request", KSR.siputils.is_request())
    say("siputils.is_reply", KSR.siputils.is_reply())
    say("siputils.is_first_hop", KSR.siputils.is_first_hop())
    say("corex.has_ruri_user", KSR.corex.has_ruri_user())
    say("corex.has_user_agent", KSR.corex.has_user_agent())
    say("sanity.sanity_check", KSR.sanity.sanity_check("17895", 7))
    say("sanity.sanity_check_defaults", KSR.sanity.sanity_check_defaults())
    say("maxfwd.process_maxfwd", KSR.maxfwd.process_maxfwd("10"))
    say("tmx.t_precheck_trans", KSR.tmx.t_precheck_trans())
    say("tm.t_check_trans", KSR.tm.t_check_trans())
    say("textops.has_body_type", KSR.textops.has_body_type("application/sdp"))
    say("textops.search_hf", KSR.textops.search_hf("Subject", "lunch", "a"))
end

-- Two packets past the transactions: raw data, and a request from a chosen socket.
function cases.send()
    say("corex.send_data", KSR.corex.send_data("sip:10.0.0.3:5060", "ping\r\n"))
    say("corex.set_send_socket", KSR.corex.set_send_socket("udp:10.0.0.1:5070"))
    say("tm.t_relay_to_proto_addr", KSR.tm.t_relay_to_proto_addr("udp", "10.0.0.3", "5060"))
    KSR.x.exit()
end

------------------------------------------------------------------------------------------- hdr, textops, textopsx

function cases.headers()
    say("hdr.is_present", KSR.hdr.is_present("subject"))
    say("hdr.is_present not", KSR.hdr.is_present("X-None"))
    say("hdr.get", KSR.hdr.get("Subject"))
    say("hdr.get not", KSR.hdr.get("X-None"))
    say("hdr.gete", KSR.hdr.gete("X-None") .. "|")
    say("hdr.get_idx", KSR.hdr.get_idx("X-List", "1"))
    say("hdr.get_idx last", KSR.hdr.get_idx("X-List", -1))
    say("hdr.append", KSR.hdr.append("X-New: appended\r\n"))
    say("hdr.append_after", KSR.hdr.append_after("X-After: call id\r\n", "Call-ID"))
    say("hdr.remove", KSR.hdr.remove("X-Secret"))
    say("hdr.rmappend", KSR.hdr.rmappend("Subject", "Subject: dinner\r\n"))
    say("hdr.get unchanged", KSR.hdr.get("Subject"))
    say("textopsx.msg_apply_changes", KSR.textopsx.msg_apply_changes())
    say("hdr.get changed", KSR.hdr.get("Subject"))
    say("textops.remove_hf", KSR.textops.remove_hf("X-List"))
    say("textopsx.append_hf_value", KSR.textopsx.append_hf_value("X-Values", "one"))
    say("textopsx.insert_hf_value", KSR.textopsx.insert_hf_value("Supported", "first"))
    say("textopsx.remove_hf_value", KSR.textopsx.remove_hf_value("Require[0]"))
    KSR.hdr.append_to_reply("X-Reply: told\r\n")
    KSR.textopsx.hf_iterator_start("i")
    local names = {}
    while KSR.textopsx.hf_iterator_next("i") > 0 do
        if KSR.textopsx.hf_iterator_hname("i") == "Call-ID" then
            say("textopsx.hf_iterator_hbody", KSR.textopsx.hf_iterator_hbody("i"))
        end
        names[#names + 1] = KSR.textopsx.hf_iterator_hname("i")
    end
    KSR.textopsx.hf_iterator_end("i")
    say("iterated", table.concat(names, " "))
    KSR.pv.sets("$du", "sip:10.0.0.3:5060")
    KSR.tm.t_relay()
    KSR.x.exit()
end

------------------------------------------------------------------------------------------------------ htable, pike

function cases.htable()
    say("sht_sets", KSR.htable.sht_sets("cache", "alice", "here"))
    say("sht_get", KSR.htable.sht_get("cache", "alice"))
    say("sht_get none", KSR.htable.sht_get("cache", "bob"))
    say("sht_gete none", KSR.htable.sht_gete("cache", "bob") .. "|")
    say("sht_seti", KSR.htable.sht_seti("cache", "count", "3"))
    say("sht_get number", KSR.htable.sht_get("cache", "count") + 1)
    say("sht_is_null", KSR.htable.sht_is_null("cache", "alice"))
    say("sht_is_null none", KSR.htable.sht_is_null("cache", "bob"))
    say("sht_inc", KSR.htable.sht_inc("counted", "calls"))
    say("sht_inc again", KSR.htable.sht_inc("counted", "calls"))
    say("sht_inc without initval", KSR.htable.sht_inc("cache", "new"))
    say("sht_setxs", KSR.htable.sht_setxs("cache", "short", "lived", "5"))
    say("sht_match_name", KSR.htable.sht_match_name("cache", "eq", "alice") > 0)
    say("sht_match_name not", KSR.htable.sht_match_name("cache", "re", "^zo") > 0)
    KSR.htable.sht_iterator_start("it", "cache")
    local found = {}
    while KSR.htable.sht_iterator_next("it") > 0 do
        found[#found + 1] = KSR.pv.get("$shtitkey(it)") .. "=" .. KSR.pv.get("$shtitval(it)")
    end
    KSR.htable.sht_iterator_end("it")
    table.sort(found)
    say("iterated", table.concat(found, " "))
    say("sht_rm", KSR.htable.sht_rm("cache", "alice"))
    say("sht_get after", KSR.htable.sht_get("cache", "alice"))
    say("$sht", KSR.pv.get("$sht(cache=>count)"))
end

function cases.later()
    say("short", KSR.htable.sht_get("cache", "short"))
    say("count", KSR.htable.sht_get("cache", "count"))
end

function cases.pike()
    say("pike", KSR.pike.pike_check_req())
end

-------------------------------------------------------------------------------------------------------- registrar

function cases.registrar()
    if KSR.is_REGISTER() then
        say("save", KSR.registrar.save("location", "0", "surplus"))
        KSR.x.exit()
    end
end

function cases.registrar_uri()
    say("save_uri", KSR.registrar.save_uri("location", 2, "sip:carol@example.com"))
    say("registered_uri", KSR.registrar.registered_uri("location", "sip:carol@example.com"))
end

function cases.lookups()
    KSR.seturi("sip:carol@example.com")
    say("registered", KSR.registrar.registered("location"))
    say("registered_uri not", KSR.registrar.registered_uri("location", "sip:nobody@example.com"))
    say("lookup_uri", KSR.registrar.lookup_uri("location", "sip:carol@example.com"))
    say("ruri", KSR.kx.get_ruri())
    KSR.seturi("sip:carol@example.com")
    say("lookup", KSR.registrar.lookup("location"))
    say("ruri", KSR.kx.get_ruri())
    say("unregister", KSR.registrar.unregister("location", "sip:carol@example.com") >= 0)
    KSR.seturi("sip:carol@example.com")
    say("lookup after", KSR.registrar.lookup("location"))
end

------------------------------------------------------------------------------------------------------------- rr, tm

function cases.dialog()
    if KSR.siputils.has_totag() > 0 then
        say("loose_route", KSR.rr.loose_route())
        say("check_route_param", KSR.rr.check_route_param("nat=yes"))
        say("check_route_param not", KSR.rr.check_route_param("nat=no"))
        say("is_direction downstream", KSR.rr.is_direction("downstream"))
        say("is_direction upstream", KSR.rr.is_direction("upstream"))
    else
        say("loose_route", KSR.rr.loose_route())
        say("add_rr_param", KSR.rr.add_rr_param(";nat=yes"))
        say("record_route", KSR.rr.record_route())
        KSR.pv.sets("$du", "sip:10.0.0.3:5060")
    end
    KSR.tm.t_relay()
    KSR.x.exit()
end

function cases.advertised()
    say("record_route_advertised_address", KSR.rr.record_route_advertised_address("192.0.2.1:5080"))
    say("loose_route_mode", KSR.rr.loose_route_mode("1"))
    KSR.pv.sets("$du", "sip:10.0.0.3:5060")
    KSR.tm.t_relay()
    KSR.x.exit()
end

-- A call that is forked, fails, and is tried elsewhere.
function cases.call()
    if KSR.is_CANCEL() then
        say("t_check_trans of CANCEL", KSR.tm.t_check_trans())
        KSR.tm.t_relay()
        KSR.x.exit()
    end
    say("t_newtran", KSR.tm.t_newtran())
    say("t_newtran again", KSR.tm.t_newtran() < 0)
    say("t_is_set", KSR.tm.t_is_set("failure_route"))
    KSR.tm.t_on_branch("ksr_branch_one")
    KSR.tm.t_on_reply("ksr_onreply_one")
    KSR.tm.t_on_failure("ksr_failure_one")
    say("t_is_set after", KSR.tm.t_is_set("failure_route"))
    say("t_set_fr", KSR.tm.t_set_fr("10000", 5000))
    say("t_set_disable_6xx", KSR.tm.t_set_disable_6xx("1"))
    KSR.setflag(FLT_KEEP)
    KSR.pv.sets("$avp(kept)", "in the transaction")
    KSR.seturi("sip:one@10.0.0.3:5060")
    say("corex.append_branch", KSR.corex.append_branch())
    KSR.seturi("sip:two@10.0.0.4:5060")
    say("t_relay", KSR.tm.t_relay())
    KSR.x.exit()
end

function ksr_branch_one()
    say("branch", KSR.tm.t_get_branch_index() .. " " .. KSR.kx.get_ruri())
    say("t_is_branch_route", KSR.tmx.t_is_branch_route())
    KSR.hdr.append("X-Branch: " .. KSR.tm.t_get_branch_index() .. "\r\n")
    if KSR.tm.t_get_branch_index() == 0 then KSR.setbflag(FLB_NATB) end
end

function ksr_onreply_one()
    say("onreply", KSR.kx.get_status() .. " " .. tostring(KSR.isbflagset(FLB_NATB)))
    say("t_check_status", KSR.tm.t_check_status("[45][0-9][0-9]"))
end

function ksr_failure_one()
    say("t_is_canceled", KSR.tm.t_is_canceled())
    if KSR.tm.t_is_canceled() > 0 then return end
    say("failure", KSR.tm.t_get_status_code() .. " " .. KSR.pv.get("$T_reply_code"))
    say("kept", tostring(KSR.isflagset(FLT_KEEP)) .. " " .. KSR.pv.get("$avp(kept)"))
    say("t_branch_timeout", KSR.tm.t_branch_timeout())
    say("t_branch_replied", KSR.tm.t_branch_replied())
    if KSR.tm.t_check_status("486|408|603") > 0 then
        KSR.tm.t_on_failure("ksr_failure_two")
        KSR.pv.sets("$ru", "sip:three@10.0.0.5:5060")
        KSR.tm.t_relay()
    end
end

function ksr_failure_two()
    say("second failure", KSR.tm.t_get_status_code())
    say("t_reply", KSR.tm.t_reply("480", "Gave Up"))
end

function cases.stateful()
    say("t_send_reply", KSR.tm.t_send_reply("486", "Busy"))
    KSR.x.exit()
end

-- Nothing can be sent there: the script answers itself.
function cases.unreachable()
    say("t_set_disable_internal_reply", KSR.tm.t_set_disable_internal_reply("1"))
    KSR.pv.sets("$du", "sip:10.0.0.3:5060;transport=sctp")
    say("t_relay", KSR.tm.t_relay())
    say("sl_reply_error", KSR.sl.sl_reply_error())
    KSR.x.exit()
end

local held = {}

function cases.hold()
    say("t_suspend", KSR.tmx.t_suspend())
    held.index, held.label = KSR.pv.get("$T(id_index)"), KSR.pv.get("$T(id_label)")
    KSR.x.exit()
end

function cases.continue()
    say("t_continue", KSR.tmx.t_continue(held.index, held.label, "ksr_continued"))
    say("t_continue again", KSR.tmx.t_continue(held.index, held.label, "ksr_continued"))
end

function ksr_continued(event)
    say("continued", event .. " " .. KSR.kx.get_ruser())
    KSR.tm.t_reply("202", "Went On")
end

function ksr_reply_route()
    if KSR.kx.get_status() == 183 then
        KSR.set_drop()
    end
    return 1
end

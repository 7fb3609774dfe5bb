-- What LuaSIP and Kamailio run when they are compared: the calls Kamailio's sample script for KEMI makes for each
-- request, in its order. No module is asked for that only one of them has; auth is loaded for one workload.

local FLT_ACC = 1
local FLT_ACCMISSED = 2

function ksr_request_route()
  check_request()

  if KSR.is_CANCEL() then
    if KSR.tm.t_check_trans() > 0 then relay() end
    return 1
  end
  if not KSR.is_ACK() then
    if KSR.tmx.t_precheck_trans() > 0 then
      KSR.tm.t_check_trans()
      return 1
    end
    if KSR.tm.t_check_trans() == 0 then return 1 end
  end

  within_dialog()
  authenticate()

  KSR.hdr.remove("Route")
  if KSR.is_method_in("IS") then KSR.rr.record_route() end
  if KSR.is_INVITE() then KSR.setflag(FLT_ACC) end

  if not KSR.is_myself_ruri() then
    KSR.hdr.append("P-Hint: outbound\r\n")
    relay()
  end
  if KSR.is_REGISTER() then
    if KSR.registrar.save("location", 0) < 0 then KSR.sl.sl_reply_error() end
    KSR.x.exit()
  end
  if KSR.corex.has_ruri_user() < 0 then
    KSR.sl.sl_send_reply(484, "Address Incomplete")
    return 1
  end
  to_contacts()
  return 1
end

function check_request()
  KSR.set_reply_no_connect()
  KSR.force_rport()
  local agent = KSR.kx.gete_ua()
  if string.find(agent, "friendly") or string.find(agent, "scanner")
      or string.find(agent, "sipcli") or string.find(agent, "sipvicious") then
    KSR.sl.sl_send_reply(200, "OK")
    KSR.x.exit()
  end
  if KSR.maxfwd.process_maxfwd(10) < 0 then
    KSR.sl.sl_send_reply(483, "Too Many Hops")
    KSR.x.exit()
  end
  if KSR.is_OPTIONS() and KSR.is_myself_ruri() and KSR.corex.has_ruri_user() < 0 then
    KSR.sl.sl_send_reply(200, "Keepalive")
    KSR.x.exit()
  end
  if KSR.sanity.sanity_check(17895, 7) < 0 then
    KSR.err("malformed request from " .. KSR.kx.get_srcip() .. ":" .. KSR.kx.get_srcport() .. "\n")
    KSR.x.exit()
  end
end

function within_dialog()
  if KSR.siputils.has_totag() < 0 then return end
  if KSR.rr.loose_route() > 0 then
    if KSR.is_BYE() then
      KSR.setflag(FLT_ACC)
    elseif KSR.is_NOTIFY() then
      KSR.rr.record_route()
    end
    relay()
  end
  if KSR.is_ACK() then
    if KSR.tm.t_check_trans() > 0 then relay() end
    KSR.x.exit()
  end
  KSR.sl.sl_send_reply(404, "Not here")
  KSR.x.exit()
end

function authenticate()
  if not KSR.auth or not KSR.is_INVITE() then return end
  if KSR.auth_db.auth_check(KSR.kx.gete_fhost(), "subscriber", 1) < 0 then
    KSR.auth.auth_challenge(KSR.kx.gete_fhost(), 0)
    KSR.x.exit()
  end
  KSR.auth.consume_credentials()
end

function to_contacts()
  local found = KSR.registrar.lookup("location")
  if found < 0 then
    KSR.tm.t_newtran()
    if found == -2 then
      KSR.sl.send_reply(405, "Method Not Allowed")
    else
      KSR.sl.send_reply(404, "Not Found")
    end
    KSR.x.exit()
  end
  if KSR.is_INVITE() then KSR.setflag(FLT_ACCMISSED) end
  relay()
end

function relay()
  if KSR.is_method_in("IBSU") and KSR.tm.t_is_set("branch_route") < 0 then
    KSR.tm.t_on_branch("ksr_branch_manage")
  end
  if KSR.is_method_in("ISU") and KSR.tm.t_is_set("onreply_route") < 0 then
    KSR.tm.t_on_reply("ksr_onreply_manage")
  end
  if KSR.is_INVITE() and KSR.tm.t_is_set("failure_route") < 0 then
    KSR.tm.t_on_failure("ksr_failure_manage")
  end
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
  KSR.x.exit()
end

function ksr_branch_manage()
  KSR.dbg("new branch [" .. KSR.pv.get("$T_branch_idx") .. "] to " .. KSR.kx.get_ruri() .. "\n")
  return 1
end

function ksr_onreply_manage()
  KSR.dbg("incoming reply\n")
  local status = KSR.kx.get_status()
  if status > 100 and status < 299 then KSR.dbg("answered\n") end
  return 1
end

function ksr_failure_manage()
  if KSR.tm.t_is_canceled() > 0 then return 1 end
  return 1
end

function ksr_reply_route()
  KSR.dbg("response\n")
  if KSR.sanity.sanity_check(17604, 6) < 0 then
    KSR.err("malformed response from " .. KSR.kx.get_srcip() .. ":" .. KSR.kx.get_srcport() .. "\n")
    KSR.x.drop()
  end
  return 1
end


-- Behind route.lua: what the growth benchmark fills a server with, and how it asks for a statistic.
local route = ksr_request_route

function ksr_request_route()
  local user = KSR.pv.gete("$rU")
  if user == "held" then
    -- A transaction without a branch, whose route has ended.
    if KSR.tm.t_newtran() > 0 then KSR.tmx.t_suspend() end
  elseif user == "asleep" then
    if KSR.tm.t_newtran() > 0 then luasip.sleep(3600) end
  elseif KSR.is_OPTIONS() and user ~= "" then
    KSR.sl.sl_send_reply(200, tostring(KSR.pv.get("$stat(" .. user .. ")")))
  else
    return route()
  end
end

---@meta
-- The functions of a LuaSIP route script, for editors. Written by `luasip stubs`; not to be edited or loaded.

---@class KSR
KSR = {}

---Write a log record.
---@param level string|number dbg, info, notice, warn, err or crit, in any case; anything else means err.
---@param txt string|number the text.
function KSR.log(level, txt) end

---Write a debug record.
---@param txt string|number the text.
function KSR.dbg(txt) end

---Write an information record.
---@param txt string|number the text.
function KSR.info(txt) end

---Write a notice.
---@param txt string|number the text.
function KSR.notice(txt) end

---Write a warning.
---@param txt string|number the text.
function KSR.warn(txt) end

---Write an error record.
---@param txt string|number the text.
function KSR.err(txt) end

---Write a critical record.
---@param txt string|number the text.
function KSR.crit(txt) end

---The log level by Kamailio's numbers.
---@return integer # 3 debug, 2 information, 1 notice, 0 warning, -1 error, -2 critical.
function KSR.get_debug() end

---Answer to the port the request came from, as if its Via had ;rport (RFC 3581).
---@return boolean # true.
function KSR.force_rport() end

---Put ;rport in the Via the server adds.
---@return boolean # true.
function KSR.add_local_rport() end

---Send replies only over an open connection.
---@return boolean # true.
function KSR.set_reply_no_connect() end

---Close the connection after the reply.
---@return boolean # true.
function KSR.set_reply_close() end

---Forward only over an open connection.
---@return boolean # true.
function KSR.set_forward_no_connect() end

---Close the connection after forwarding.
---@return boolean # true.
function KSR.set_forward_close() end

---Use the connection the message came over for the peer's address with this port too.
---@param port integer|string the port the peer listens on.
---@return integer # 1, also when the message did not come over a connection; -1 when the alias was refused.
function KSR.add_tcp_alias(port) end

---Use the connection the message came over for the peer's address with the port of its Via too.
---@return integer # 1, also when the message did not come over a connection; -1 when the alias was refused.
function KSR.add_tcp_alias_via() end

---Show another address in the Via and Record-Route of this message.
---@param addr string|number the host.
---@return integer # 1, -1 when it is empty.
function KSR.set_advertised_address(addr) end

---Show another port in the Via and Record-Route of this message.
---@param port string|number the port number.
---@return integer # 1, -1 when it is no port.
function KSR.set_advertised_port(port) end

---Replace the Request-URI.
---@param uri string|number the new one.
---@return boolean # true; false when it is empty or the message is a reply.
function KSR.seturi(uri) end

---Replace the user part of the Request-URI.
---@param user string|number the new one, escaped where it must be; "" removes user and password.
---@return boolean # true; false when the Request-URI cannot be read or the result is no URI.
function KSR.setuser(user) end

---Replace the host of the Request-URI; its port stays.
---@param host string|number the new one, IPv6 in brackets.
---@return boolean # true; false when it is no host or the Request-URI cannot be read.
function KSR.sethost(host) end

---Set the destination URI ($du), which wins over the Request-URI as next hop.
---@param uri string|number the next hop.
---@return boolean # true; false when it is empty.
function KSR.setdsturi(uri) end

---Forget the destination URI.
---@return boolean # true.
function KSR.resetdsturi() end

---Whether there is a destination URI.
---@return boolean # true when there is.
function KSR.isdsturiset() end

---Forward the request without a transaction to its next hop.
---
---Allowed in: request, failure, event.
---@return integer # 1 when sent, -1 when not.
function KSR.forward() end

---Forward the request without a transaction to a URI; the Request-URI stays as it is.
---
---Allowed in: request, failure, event.
---@param vuri string|number where to send it.
---@return integer # 1 when sent, -1 when not.
function KSR.forward_uri(vuri) end

---Run a native routing block by name. There are none: all routing is Lua.
---@param route string|number the name.
---@return integer # -1.
function KSR.route(route) end

---Mark the message as dropped and go on; KSR.x.drop() also ends the route.
function KSR.set_drop() end

---Set a message flag.
---@param flag integer|string 0 to 31.
---@return boolean # true; false when the number is out of range.
function KSR.setflag(flag) end

---Clear a message flag.
---@param flag integer|string 0 to 31.
---@return boolean # true; false when the number is out of range.
function KSR.resetflag(flag) end

---Test a message flag.
---@param flag integer|string 0 to 31.
---@return boolean # true when it is set.
function KSR.isflagset(flag) end

---Set a flag of the first branch (the Request-URI's).
---@param flag integer|string 0 to 31.
---@return boolean # true; false when the number is out of range.
function KSR.setbflag(flag) end

---Clear a flag of the first branch.
---@param flag integer|string 0 to 31.
---@return boolean # true; false when the number is out of range.
function KSR.resetbflag(flag) end

---Test a flag of the first branch.
---@param flag integer|string 0 to 31.
---@return boolean # true when it is set.
function KSR.isbflagset(flag) end

---Set a flag of one branch; a branch that does not exist is left alone.
---@param flag integer|string 0 to 31.
---@param branch integer|string 0 for the Request-URI's, 1 and up for appended ones.
---@return boolean # true; false when the flag is out of range.
function KSR.setbiflag(flag, branch) end

---Clear a flag of one branch; a branch that does not exist is left alone.
---@param flag integer|string 0 to 31.
---@param branch integer|string 0 for the Request-URI's, 1 and up for appended ones.
---@return boolean # true; false when the flag is out of range.
function KSR.resetbiflag(flag, branch) end

---Test a flag of one branch.
---@param flag integer|string 0 to 31.
---@param branch integer|string 0 for the Request-URI's, 1 and up for appended ones.
---@return boolean # true when the branch exists and the flag is set.
function KSR.isbiflagset(flag, branch) end

---Set a script flag, which all messages share.
---@param flag integer|string 0 to 31.
---@return boolean # true; false when the number is out of range.
function KSR.setsflag(flag) end

---Clear a script flag.
---@param flag integer|string 0 to 31.
---@return boolean # true; false when the number is out of range.
function KSR.resetsflag(flag) end

---Test a script flag.
---@param flag integer|string 0 to 31.
---@return boolean # true when it is set.
function KSR.issflagset(flag) end

---Whether a URI or a bare host is the server's.
---@param uri string|number "sip:host[:port][;transport=x]", or a host; without port any listening port matches.
---@return boolean # true when it is.
function KSR.is_myself(uri) end

---Whether the current Request-URI is the server's.
---@return boolean # true when it is; false on replies.
function KSR.is_myself_ruri() end

---Whether the From URI is the server's.
---@return boolean # true when it is.
function KSR.is_myself_furi() end

---Whether the To URI is the server's.
---@return boolean # true when it is.
function KSR.is_myself_turi() end

---Whether the destination URI is the server's.
---@return boolean # true when one is set and is.
function KSR.is_myself_duri() end

---Whether the next hop, the destination URI or else the Request-URI, is the server's.
---@return boolean # true when it is; false on replies.
function KSR.is_myself_nhuri() end

---Whether the message came from one of the server's IP addresses, whatever the port.
---@return boolean # true when it did.
function KSR.is_myself_srcip() end

---Whether the message came from one of the server's sockets: address, port and transport.
---@return boolean # true when it did.
function KSR.is_myself_suri() end

---Compare the transport the message came by with a set of letters.
---
---E TLS, S SCTP, T TCP, U UDP, V WS, W WSS; case does not matter.
---@param sproto string|number the letters, such as "UT".
---@return boolean # true when one of them stands for the transport.
function KSR.is_proto(sproto) end

---Whether the message came by UDP.
---@return boolean # true when it did.
function KSR.is_UDP() end

---Whether the message came by TCP.
---@return boolean # true when it did.
function KSR.is_TCP() end

---Whether the message came by TLS.
---@return boolean # true when it did.
function KSR.is_TLS() end

---Whether the message came by SCTP.
---@return boolean # true when it did.
function KSR.is_SCTP() end

---Whether the message came by WS.
---@return boolean # true when it did.
function KSR.is_WS() end

---Whether the message came by WSS.
---@return boolean # true when it did.
function KSR.is_WSS() end

---Whether the message came by TCP or TLS.
---@return boolean # true when it did.
function KSR.is_TCPX() end

---Whether the message came by WS or WSS.
---@return boolean # true when it did.
function KSR.is_WSX() end

---Whether the message would leave by UDP: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_UDP() end

---Whether the message would leave by TCP: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_TCP() end

---Whether the message would leave by TLS: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_TLS() end

---Whether the message would leave by SCTP: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_SCTP() end

---Whether the message would leave by WS: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_WS() end

---Whether the message would leave by WSS: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_WSS() end

---Whether the message would leave by WS or WSS: by the next hop's URI, a reply by its second Via.
---@return boolean # true when it would.
function KSR.to_WSX() end

---Whether the message came over IPv4.
---@return boolean # true when it did.
function KSR.is_IPv4() end

---Whether the message came over IPv6.
---@return boolean # true when it did.
function KSR.is_IPv6() end

---Whether the next hop is an IPv4 address (a name is neither).
---@return boolean # true when it is.
function KSR.to_IPv4() end

---Whether the next hop is an IPv6 address (a name is neither).
---@return boolean # true when it is.
function KSR.to_IPv6() end

---Compare the port the message came from.
---@param vport integer|string the port.
---@return boolean # true when it is the same.
function KSR.is_src_port(vport) end

---Compare the local port the message came to.
---@param vport integer|string the port.
---@return boolean # true when it is the same.
function KSR.is_dst_port(vport) end

---Compare the method with one name, ignoring case.
---@param vmethod string|number a single method name.
---@return boolean # true when it is the method.
function KSR.is_method(vmethod) end

---Compare the method with a set of letters.
---
---A ACK, B BYE, C CANCEL, D DELETE, E PRACK, F REFER, G GET, I INVITE, K KDMQ, M MESSAGE, N NOTIFY,
---O OPTIONS, P PUBLISH, R REGISTER, S SUBSCRIBE, T POST, U UPDATE, V PUT; case does not matter.
---@param vmethod string|number the letters, such as "IABC".
---@return boolean # true when one of them stands for the method.
function KSR.is_method_in(vmethod) end

---Whether this is an ACK.
---@return boolean # true for an ACK or a reply to one.
function KSR.is_ACK() end

---Whether this is a BYE.
---@return boolean # true for a BYE or a reply to one.
function KSR.is_BYE() end

---Whether this is a CANCEL.
---@return boolean # true for a CANCEL or a reply to one.
function KSR.is_CANCEL() end

---Whether this is a DELETE.
---@return boolean # true for a DELETE or a reply to one.
function KSR.is_DELETE() end

---Whether this is a GET.
---@return boolean # true for a GET or a reply to one.
function KSR.is_GET() end

---Whether this is an INFO.
---@return boolean # true for an INFO or a reply to one.
function KSR.is_INFO() end

---Whether this is an INVITE.
---@return boolean # true for an INVITE or a reply to one.
function KSR.is_INVITE() end

---Whether this is a KDMQ.
---@return boolean # true for a KDMQ or a reply to one.
function KSR.is_KDMQ() end

---Whether this is a MESSAGE.
---@return boolean # true for a MESSAGE or a reply to one.
function KSR.is_MESSAGE() end

---Whether this is a NOTIFY.
---@return boolean # true for a NOTIFY or a reply to one.
function KSR.is_NOTIFY() end

---Whether this is an OPTIONS.
---@return boolean # true for an OPTIONS or a reply to one.
function KSR.is_OPTIONS() end

---Whether this is a POST.
---@return boolean # true for a POST or a reply to one.
function KSR.is_POST() end

---Whether this is a PRACK.
---@return boolean # true for a PRACK or a reply to one.
function KSR.is_PRACK() end

---Whether this is a PUBLISH.
---@return boolean # true for a PUBLISH or a reply to one.
function KSR.is_PUBLISH() end

---Whether this is a PUT.
---@return boolean # true for a PUT or a reply to one.
function KSR.is_PUT() end

---Whether this is a REFER.
---@return boolean # true for a REFER or a reply to one.
function KSR.is_REFER() end

---Whether this is a REGISTER.
---@return boolean # true for a REGISTER or a reply to one.
function KSR.is_REGISTER() end

---Whether this is a SUBSCRIBE.
---@return boolean # true for a SUBSCRIBE or a reply to one.
function KSR.is_SUBSCRIBE() end

---Whether this is an UPDATE.
---@return boolean # true for an UPDATE or a reply to one.
function KSR.is_UPDATE() end

---hdr: reading and editing headers.
---@class KSR.hdr
KSR.hdr = {}

---Add header lines after the last header.
---@param txt string|number the lines as they are, each with its CRLF.
---@return integer # 1, -1 when there is no text.
function KSR.hdr.append(txt) end

---Add header lines after the last header of a name, at the end when there is none.
---@param txt string|number the lines as they are, each with its CRLF.
---@param hname string|number the header's name.
---@return integer # 1, -1 when a parameter is empty.
function KSR.hdr.append_after(txt, hname) end

---Add header lines before the first header.
---@param txt string|number the lines as they are, each with its CRLF.
---@return integer # 1, -1 when there is no text.
function KSR.hdr.insert(txt) end

---Add header lines before the first header of a name, before all when there is none.
---@param txt string|number the lines as they are, each with its CRLF.
---@param hname string|number the header's name.
---@return integer # 1, -1 when a parameter is empty.
function KSR.hdr.insert_before(txt, hname) end

---Remove every header of a name, compact forms included.
---@param hname string|number the exact name, in any case; no pattern.
---@return integer # 1, also when there is none; -1 when the name is empty or over 124 characters.
function KSR.hdr.remove(hname) end

---Remove every header of a name and add lines after the last header.
---@param hrm string|number the name of the headers to remove.
---@param hadd string|number the lines to add, each with its CRLF.
---@return integer # 1, -1 when a parameter is empty or the name too long.
function KSR.hdr.rmappend(hrm, hadd) end

---Remove every header of a name and add lines before the first header.
---@param hrm string|number the name of the headers to remove.
---@param hadd string|number the lines to add, each with its CRLF.
---@return integer # 1, -1 when a parameter is empty or the name too long.
function KSR.hdr.rminsert(hrm, hadd) end

---Whether the message came with a header of this name.
---@param hname string|number the name; compact forms count.
---@return integer # 1 when it did, -1 when not.
function KSR.hdr.is_present(hname) end

---Add header lines to every reply the server makes to this request.
---@param txt string|number the lines, each with its CRLF.
---@return integer # 1, -1 when there is no text.
function KSR.hdr.append_to_reply(txt) end

---The value of the first header of a name.
---@param hname string|number the header's name.
---@return string|integer|nil # the value without outer white space, nil when there is none.
function KSR.hdr.get(hname) end

---The value of the first header of a name, or empty text.
---@param hname string|number the header's name.
---@return string|integer|nil # the value, "" when there is none.
function KSR.hdr.gete(hname) end

---The value of the first header of a name, or "<null>".
---@param hname string|number the header's name.
---@return string|integer|nil # the value, "<null>" when there is none.
function KSR.hdr.getw(hname) end

---The value of one header of a name.
---@param hname string|number the header's name.
---@param idx integer|string from 0 for the first, from -1 for the last.
---@return string|integer|nil # the value, nil when there is none.
function KSR.hdr.get_idx(hname, idx) end

---The value of one header of a name, or empty text.
---@param hname string|number the header's name.
---@param idx integer|string from 0 for the first, from -1 for the last.
---@return string|integer|nil # the value, "" when there is none.
function KSR.hdr.gete_idx(hname, idx) end

---The value of one header of a name, or "<null>".
---@param hname string|number the header's name.
---@param idx integer|string from 0 for the first, from -1 for the last.
---@return string|integer|nil # the value, "<null>" when there is none.
function KSR.hdr.getw_idx(hname, idx) end

---Compare header values with a text.
---@param hname string|number the header's name.
---@param op string|number eq equal, ne not equal, sw starts with, in contains.
---@param mval string|number the text; case matters.
---@param hidx string|number which headers: f the first, l the last, a all must match, o one must match.
---@return boolean # true when they match; false when not, when there is no such header or a parameter is unknown.
function KSR.hdr.match_content(hname, op, mval, hidx) end

---x: leaving the route, and calling a function by its native name.
---@class KSR.x
KSR.x = {}

---End the route here, from any depth.
---
---Ends the route.
function KSR.x.exit() end

---Mark the message as dropped and end the route.
---
---Ends the route.
function KSR.x.drop() end

---Do nothing: shows that the server's functions can be called.
function KSR.x.probe() end

---Call a loaded module's function by the name native routing scripts use.
---
---May suspend the route until its result is there.
---@param fname string|number the function's name, or module.name.
---@param ... any its parameters, strings or numbers.
---@return integer # what the function returns; -1 when there is no such function or the parameters do not fit it.
function KSR.x.modf(fname, ...) end

---pv: pseudo-variables.
---@class KSR.pv
KSR.pv = {}

---Value of a pseudo-variable.
---@param pvn string|number the whole notation, "$ru" or "$(hdr(Via)[0])".
---@return string|integer|nil # text or a number, nil when null.
function KSR.pv.get(pvn) end

---Value of a pseudo-variable, never nil.
---@param pvn string|number the whole notation.
---@return string|integer|nil # text or a number, "" when null.
function KSR.pv.gete(pvn) end

---Value of a pseudo-variable for a log.
---@param pvn string|number the whole notation.
---@return string|integer|nil # text or a number, "<null>" when null.
function KSR.pv.getw(pvn) end

---Value of a pseudo-variable, or a text.
---@param pvn string|number the whole notation.
---@param xsval string|number what to give when it is null.
---@return string|integer|nil # text or a number.
function KSR.pv.getvs(pvn, xsval) end

---Value of a pseudo-variable, or a number.
---@param pvn string|number the whole notation.
---@param xival integer|string what to give when it is null.
---@return string|integer|nil # text or a number.
function KSR.pv.getvn(pvn, xival) end

---Value of a pseudo-variable as a number.
---@param pvn string|number the whole notation.
---@return integer # the number, 0 when null or not numeric.
function KSR.pv.geti(pvn) end

---Value of a pseudo-variable as a long number.
---@param pvn string|number the whole notation.
---@return string|integer|nil # the number, 0 when null or not numeric.
function KSR.pv.getl(pvn) end

---Set a pseudo-variable to a text.
---@param pvn string|number the whole notation.
---@param sval string|number the text.
---@return boolean # true; false when it is unknown, read-only or refuses the value.
function KSR.pv.sets(pvn, sval) end

---Set a pseudo-variable to a number.
---@param pvn string|number the whole notation.
---@param ival integer|string the number.
---@return boolean # true; false when it is unknown, read-only or refuses the value.
function KSR.pv.seti(pvn, ival) end

---Set a pseudo-variable to a long number.
---@param pvn string|number the whole notation.
---@param xval integer|string the number.
---@return boolean # true; false when it is unknown, read-only or refuses the value.
function KSR.pv.setl(pvn, xval) end

---Set a pseudo-variable to null.
---@param pvn string|number the whole notation.
---@return boolean # true; false when it is unknown, read-only or refuses.
function KSR.pv.unset(pvn) end

---Whether a pseudo-variable is null.
---@param pvn string|number the whole notation.
---@return boolean # true or false.
function KSR.pv.is_null(pvn) end

---pvx: variables by name.
---@class KSR.pvx
KSR.pvx = {}

---Make a record of a parameter list.
---@param sparams string|number "a=1;b=2".
---@param sxname string|number name of the new record; each parameter is a field.
---@return integer # 1, -1 when there is no parameter or no name.
function KSR.pvx.xavp_params_explode(sparams, sxname) end

---Make a record of a parameter list with any separator.
---@param sparams string|number "a=1&b=2".
---@param sep string|number the separator, one character.
---@param sxname string|number name of the new record; each parameter is a field.
---@return integer # 1, -1 when there is no parameter, no name or no separator.
function KSR.pvx.xavp_xparams_explode(sparams, sep, sxname) end

---Make an XAVU of a parameter list.
---@param sparams string|number "a=1;b=2".
---@param sxname string|number name of the XAVU; each parameter is a field.
---@return integer # 1, -1 when there is no parameter or no name.
function KSR.pvx.xavu_params_explode(sparams, sxname) end

---Write the newest record as a parameter list into a pseudo-variable.
---@param sxname string|number name of the record.
---@param svname string|number the pseudo-variable, "$var(x)".
---@return integer # 1, -1 when there is no record or the pseudo-variable cannot be set.
function KSR.pvx.xavp_params_implode(sxname, svname) end

---The same with every value in double quotes.
---@param sxname string|number name of the record.
---@param svname string|number the pseudo-variable, "$var(x)".
---@return integer # 1, -1 when there is no record or the pseudo-variable cannot be set.
function KSR.pvx.xavp_params_implode_qval(sxname, svname) end

---Write the fields of an XAVU as a parameter list into a pseudo-variable.
---@param sxname string|number name of the XAVU.
---@param svname string|number the pseudo-variable, "$var(x)".
---@return integer # 1, -1 when there are no fields or the pseudo-variable cannot be set.
function KSR.pvx.xavu_params_implode(sxname, svname) end

---Make a record of a list; its items become the values of the field "v", the first in front.
---@param slist string|number the list.
---@param sep string|number separators, each of its characters is one.
---@param mode string|number "t" strips white space around items, "" keeps it.
---@param sxname string|number name of the new record.
---@return integer # 1, -1 when a parameter is empty.
function KSR.pvx.xavp_slist_explode(slist, sep, mode, sxname) end

---Copy a record under another name, as its newest.
---@param src_name string|number name of the record.
---@param src_idx integer|string its position, 0 the newest.
---@param dst_name string|number name of the copy.
---@return integer # 1, -1 when there is no such record.
function KSR.pvx.xavp_copy(src_name, src_idx, dst_name) end

---Copy a record over another one.
---@param src_name string|number name of the record.
---@param src_idx integer|string its position, 0 the newest.
---@param dst_name string|number name of the one to replace.
---@param dst_idx integer|string its position.
---@return integer # 1, -1 when one of them does not exist.
function KSR.pvx.xavp_copy_dst(src_name, src_idx, dst_name, dst_idx) end

---Rotate the values of a name to the left.
---@param xname string|number the name.
---@param idx integer|string how many positions; -1 moves the oldest to the front.
---@return integer # 1, -1 when there is no value.
function KSR.pvx.xavp_lshift(xname, idx) end

---Make the newest record the destination of the request, and take it away.
---@param xname string|number name of records with fields uri, dst_uri (or duri), path, socket (or sock), flags.
---@return integer # 1, -1 when there is no record or it has no URI.
function KSR.pvx.xavp_push_dst(xname) end

---Copy script variables into a record, which replaces all of its name.
---@param varname string|number name of a $var(…), "*" for all.
---@param xname string|number name of the record; each variable is a field.
---@return integer # 1, -1 when there is no such variable.
function KSR.pvx.pv_var_to_xavp(varname, xname) end

---Copy the fields of the newest record into script variables.
---@param xname string|number name of the record.
---@return integer # 1, -1 when there is no record.
function KSR.pvx.pv_xavp_to_var(xname) end

---Write all XAVPs to the log.
---@return integer # 1.
function KSR.pvx.pv_xavp_print() end

---Write all XAVIs to the log.
---@return integer # 1.
function KSR.pvx.pv_xavi_print() end

---Write all XAVUs to the log.
---@return integer # 1.
function KSR.pvx.pv_xavu_print() end

---Value of an XAVU.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.xavu_get(rname) end

---Value of a field of an XAVU.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.xavu_child_get(rname, cname) end

---Value of an XAVU.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.xavu_gete(rname) end

---Value of a field of an XAVU.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.xavu_child_gete(rname, cname) end

---Value of an XAVU.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.xavu_getw(rname) end

---Value of a field of an XAVU.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.xavu_child_getw(rname, cname) end

---Whether there is no value of this name.
---@param rname string|number the name.
---@return integer # 1 when there is none, else -1.
function KSR.pvx.xavu_is_null(rname) end

---Whether there is no such field.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@return integer # 1 when there is none, else -1.
function KSR.pvx.xavu_child_is_null(rname, cname) end

---Set an XAVU to a number.
---@param rname string|number the name.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavu_seti(rname, ival) end

---Set an XAVU to a text.
---@param rname string|number the name.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavu_sets(rname, sval) end

---Set a field to a number.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavu_child_seti(rname, cname, ival) end

---Set a field to a text.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavu_child_sets(rname, cname, sval) end

---Take an XAVU away.
---@param rname string|number the name.
---@return integer # 1.
function KSR.pvx.xavu_rm(rname) end

---Take a field away.
---@param rname string|number name of the XAVU.
---@param cname string|number name of the field.
---@return integer # 1.
function KSR.pvx.xavu_child_rm(rname, cname) end

---Value of an XAVI.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.xavi_get(rname) end

---Value of a field of the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.xavi_child_get(rname, cname) end

---Value of an XAVI.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.xavi_gete(rname) end

---Value of a field of the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.xavi_child_gete(rname, cname) end

---Value of an XAVI.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.xavi_getw(rname) end

---Value of a field of the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.xavi_child_getw(rname, cname) end

---Whether there is no value of this name.
---@param rname string|number the name.
---@return integer # 1 when there is none, else -1.
function KSR.pvx.xavi_is_null(rname) end

---Whether the newest record has no such field.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return integer # 1 when it has none, else -1.
function KSR.pvx.xavi_child_is_null(rname, cname) end

---Add a number as the newest value.
---@param rname string|number the name.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavi_seti(rname, ival) end

---Add a text as the newest value.
---@param rname string|number the name.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavi_sets(rname, sval) end

---Set a field of the newest record, which is made when there is none.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavi_child_seti(rname, cname, ival) end

---Set a field of the newest record, which is made when there is none.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavi_child_sets(rname, cname, sval) end

---Take the newest value away.
---@param rname string|number the name.
---@return integer # 1.
function KSR.pvx.xavi_rm(rname) end

---Take all values away.
---@param rname string|number the name.
---@return integer # 1.
function KSR.pvx.xavi_rm_all(rname) end

---Take a field's newest value away from the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return integer # 1.
function KSR.pvx.xavi_child_rm(rname, cname) end

---All records of a name.
---@param rname string|number the name.
---@return string|integer|nil # array of tables, newest first, field → array of values; nil when there is none.
function KSR.pvx.xavi_getd(rname) end

---One record.
---@param rname string|number the name.
---@param indx integer|string its position, 0 the newest, -1 the oldest.
---@return string|integer|nil # table field → array of values; nil when there is no such record.
function KSR.pvx.xavi_getd_p1(rname, indx) end

---Names of the fields of a record.
---@param rname string|number the name.
---@param indx integer|string its position, 0 the newest.
---@return string|integer|nil # array of names; nil when there is no such record.
function KSR.pvx.xavi_get_keys(rname, indx) end

---Value of an XAVP.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.xavp_get(rname) end

---Value of a field of the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.xavp_child_get(rname, cname) end

---Value of an XAVP.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.xavp_gete(rname) end

---Value of a field of the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.xavp_child_gete(rname, cname) end

---Value of an XAVP.
---@param rname string|number its name.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.xavp_getw(rname) end

---Value of a field of the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.xavp_child_getw(rname, cname) end

---Whether there is no value of this name.
---@param rname string|number the name.
---@return integer # 1 when there is none, else -1.
function KSR.pvx.xavp_is_null(rname) end

---Whether the newest record has no such field.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return integer # 1 when it has none, else -1.
function KSR.pvx.xavp_child_is_null(rname, cname) end

---Add a number as the newest value.
---@param rname string|number the name.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavp_seti(rname, ival) end

---Add a text as the newest value.
---@param rname string|number the name.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavp_sets(rname, sval) end

---Set a field of the newest record, which is made when there is none.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavp_child_seti(rname, cname, ival) end

---Set a field of the newest record, which is made when there is none.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.xavp_child_sets(rname, cname, sval) end

---Take the newest value away.
---@param rname string|number the name.
---@return integer # 1.
function KSR.pvx.xavp_rm(rname) end

---Take all values away.
---@param rname string|number the name.
---@return integer # 1.
function KSR.pvx.xavp_rm_all(rname) end

---Take a field's newest value away from the newest record.
---@param rname string|number name of the record.
---@param cname string|number name of the field.
---@return integer # 1.
function KSR.pvx.xavp_child_rm(rname, cname) end

---All records of a name.
---@param rname string|number the name.
---@return string|integer|nil # array of tables, newest first, field → array of values; nil when there is none.
function KSR.pvx.xavp_getd(rname) end

---One record.
---@param rname string|number the name.
---@param indx integer|string its position, 0 the newest, -1 the oldest.
---@return string|integer|nil # table field → array of values; nil when there is no such record.
function KSR.pvx.xavp_getd_p1(rname, indx) end

---Names of the fields of a record.
---@param rname string|number the name.
---@param indx integer|string its position, 0 the newest.
---@return string|integer|nil # array of names; nil when there is no such record.
function KSR.pvx.xavp_get_keys(rname, indx) end

---Newest value of an AVP.
---@param xname string|number its name.
---@return string|integer|nil # text or a number, nil when there is none.
function KSR.pvx.avp_get(xname) end

---Newest value of an AVP.
---@param xname string|number its name.
---@return string|integer|nil # text or a number, "" when there is none.
function KSR.pvx.avp_gete(xname) end

---Newest value of an AVP.
---@param xname string|number its name.
---@return string|integer|nil # text or a number, "<null>" when there is none.
function KSR.pvx.avp_getw(xname) end

---Whether an AVP has no value.
---@param xname string|number its name.
---@return integer # 1 when it has none, else -1.
function KSR.pvx.avp_is_null(xname) end

---Add a number in front of an AVP's values.
---@param xname string|number its name.
---@param vn integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.avp_seti(xname, vn) end

---Add a text in front of an AVP's values.
---@param xname string|number its name.
---@param vs string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.avp_sets(xname, vs) end

---Take the newest value of an AVP away.
---@param xname string|number its name.
---@return integer # 1.
function KSR.pvx.avp_rm(xname) end

---Value of $var(…).
---@param vname string|number its name.
---@return string|integer|nil # text or a number, 0 until it is set.
function KSR.pvx.var_get(vname) end

---Set $var(…) to a number.
---@param vname string|number its name.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.var_seti(vname, ival) end

---Set $var(…) to a text.
---@param vname string|number its name.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.var_sets(vname, sval) end

---Value of $shv(…).
---@param vname string|number its name.
---@return string|integer|nil # text or a number, 0 until it is set.
function KSR.pvx.shv_get(vname) end

---Set $shv(…) to a number.
---@param vname string|number its name.
---@param ival integer|string the number.
---@return integer # 1, -1 without a name.
function KSR.pvx.shv_seti(vname, ival) end

---Set $shv(…) to a text.
---@param vname string|number its name.
---@param sval string|number the text.
---@return integer # 1, -1 without a name.
function KSR.pvx.shv_sets(vname, sval) end

---Add 1 to $shv(…).
---@param vname string|number its name.
---@return string|integer|nil # the sum; nil without a name.
function KSR.pvx.shvinc_get(vname) end

---Set a pseudo-variable to a text with its pseudo-variables replaced.
---@param dst string|number the pseudo-variable to set.
---@param fmt string|number the text.
---@return integer # 1, -1 when it cannot be set.
function KSR.pvx.evalx(dst, fmt) end

---Make what $sbranch(…) holds the first destination.
---@return integer # 1, -1 when it has no URI.
function KSR.pvx.sbranch_set_ruri() end

---Append what $sbranch(…) holds as a further destination.
---@return integer # 1, -1 when it has no URI.
function KSR.pvx.sbranch_append() end

---Empty $sbranch(…).
---@return integer # 1.
function KSR.pvx.sbranch_reset() end

---kx: quick getters.
---@class KSR.kx
KSR.kx = {}

---Source IP address.
---@return string|integer|nil # text, IPv6 without brackets.
function KSR.kx.get_srcip() end

---Source port.
---@return string|integer|nil # a number.
function KSR.kx.get_srcport() end

---Source as a URI.
---@return string|integer|nil # "sip:host:port", with ;transport= unless it is UDP.
function KSR.kx.get_srcuri() end

---Source in the form of a socket.
---@return string|integer|nil # "udp:host:port".
function KSR.kx.get_srcaddr_sock() end

---Protocol the message came by.
---@return string|integer|nil # "udp", "tcp" …
function KSR.kx.get_proto() end

---Kamailio's number of the protocol the message came by.
---@return integer # 1 UDP, 2 TCP, 3 TLS, 4 SCTP, 5 WS, 6 WSS.
function KSR.kx.get_protoid() end

---Number of the connection the message came by.
---@return integer # the number, -1 for datagrams.
function KSR.kx.get_conid() end

---Address the message arrived at.
---@return string|integer|nil # text.
function KSR.kx.get_rcvip() end

---Port the message arrived at.
---@return string|integer|nil # a number.
function KSR.kx.get_rcvport() end

---Advertised address of the receiving socket.
---@return string|integer|nil # text, its own address when it advertises none.
function KSR.kx.get_rcvadvip() end

---Advertised port of the receiving socket.
---@return string|integer|nil # a number, its own port when it advertises none.
function KSR.kx.get_rcvadvport() end

---The receiving socket.
---@return string|integer|nil # "udp:host:port".
function KSR.kx.get_rcvaddr_sock() end

---Name of the receiving socket.
---@return string|integer|nil # nil: sockets have no names.
function KSR.kx.get_rcv_sock_name() end

---The socket chosen to send from.
---@return string|integer|nil # "udp:host:port", nil when none is.
function KSR.kx.get_send_sock() end

---Name of the socket chosen to send from.
---@return string|integer|nil # nil: sockets have no names.
function KSR.kx.get_send_sock_name() end

---Port of the socket chosen to send from.
---@return integer # the port, 0 when none is chosen.
function KSR.kx.get_send_sock_port() end

---The current Request-URI, edits included.
---@return string|integer|nil # text, nil on replies.
function KSR.kx.get_ruri() end

---The Request-URI as received.
---@return string|integer|nil # text, nil on replies.
function KSR.kx.get_ouri() end

---URI of the next hop: the destination URI, else the Request-URI.
---@return string|integer|nil # text, nil on replies.
function KSR.kx.get_nhuri() end

---URI of From.
---@return string|integer|nil # text, nil when it cannot be read.
function KSR.kx.get_furi() end

---URI of To.
---@return string|integer|nil # text, nil when it cannot be read.
function KSR.kx.get_turi() end

---Method; of a reply the one in its CSeq.
---@return string|integer|nil # text, nil when it cannot be read.
function KSR.kx.get_method() end

---Call-ID.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_callid() end

---Status of a reply.
---@return integer # the status, -1 on requests.
function KSR.kx.get_status() end

---Status of a reply as text.
---@return string|integer|nil # "200" and the like, nil on requests.
function KSR.kx.gets_status() end

---Kind of the message.
---@return integer # 1 for a request, 2 for a reply.
function KSR.kx.get_msgtype() end

---The whole message as received.
---@return string|integer|nil # text.
function KSR.kx.get_msgbuf() end

---Size of the message.
---@return integer # bytes.
function KSR.kx.get_msglen() end

---Size of the body.
---@return integer # bytes.
function KSR.kx.get_bodylen() end

---When the message came.
---@return integer # seconds since the epoch.
function KSR.kx.get_timestamp() end

---User part of the current Request-URI.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_ruser() end

---User part of the current Request-URI.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_ruser() end

---User part of the current Request-URI.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_ruser() end

---Host of the current Request-URI.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_rhost() end

---Host of the current Request-URI.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_rhost() end

---Host of the current Request-URI.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_rhost() end

---Destination URI.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_duri() end

---Destination URI.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_duri() end

---Destination URI.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_duri() end

---User part of From.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_fuser() end

---User part of From.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_fuser() end

---User part of From.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_fuser() end

---Host of From.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_fhost() end

---Host of From.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_fhost() end

---Host of From.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_fhost() end

---User part of To.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_tuser() end

---User part of To.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_tuser() end

---User part of To.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_tuser() end

---Host of To.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_thost() end

---Host of To.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_thost() end

---Host of To.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_thost() end

---URI of the first Contact.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_cturi() end

---URI of the first Contact.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_cturi() end

---URI of the first Contact.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_cturi() end

---User of the credentials.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_au() end

---User of the credentials.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_au() end

---User of the credentials.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_au() end

---User-Agent.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_ua() end

---User-Agent.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_ua() end

---User-Agent.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_ua() end

---The body.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_body() end

---The body.
---@return string|integer|nil # text, "" when there is none.
function KSR.kx.gete_body() end

---The body.
---@return string|integer|nil # text, "<null>" when there is none.
function KSR.kx.getw_body() end

---A value of [define].
---@param dname string|number its name.
---@return string|integer|nil # text, "" when it is not defined.
function KSR.kx.get_def(dname) end

---A value of [define] as a number.
---@param dname string|number its name.
---@return integer # the number, 0 when it is not defined or none.
function KSR.kx.get_defn(dname) end

---A variable of the process environment.
---@param envname string|number its name.
---@return string|integer|nil # text, nil when there is none.
function KSR.kx.get_env(envname) end

---A variable of the process environment as a number.
---@param envname string|number its name.
---@return integer # the number, 0 when there is none or it is no number.
function KSR.kx.get_envn(envname) end

---Whether [define] has a name.
---@param dname string|number the name.
---@return boolean # true or false.
function KSR.kx.ifdef(dname) end

---Whether [define] has no such name.
---@param dname string|number the name.
---@return boolean # true or false.
function KSR.kx.ifndef(dname) end

---xlog: the script's log records with pseudo-variables in them.
---@class KSR.xlog
KSR.xlog = {}

---Write a log record.
---@param slevel string|number L_DBG, L_INFO, L_NOTICE, L_WARN, L_ERR, L_CRIT, L_ALERT; also without L_, or 3 to -2.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xlog(slevel, lmsg) end

---Write a log record to a syslog facility.
---@param lfacility string|number the facility; records go to the server's log whatever it says.
---@param slevel string|number the level, as for xlog.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xlog_facility(lfacility, slevel, lmsg) end

---Write a debug record.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xdbg(lmsg) end

---Write an information record.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xinfo(lmsg) end

---Write a notice.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xnotice(lmsg) end

---Write a warning.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xwarn(lmsg) end

---Write an error record.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xerr(lmsg) end

---Write a critical record.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xcrit(lmsg) end

---Write an alert, the level above critical.
---@param lmsg string|number the text, with pseudo-variables.
---@return integer # 1.
function KSR.xlog.xalert(lmsg) end

---maxfwd: counting hops.
---@class KSR.maxfwd
KSR.maxfwd = {}

---Count this hop: lower Max-Forwards by one, or add it.
---
---The change is pending, as any header edit; calling it again changes nothing further.
---
---Allowed in: request, failure, branch, event.
---@param limit integer|string the value to add when the header is missing, 0 to 255.
---@return integer # 1 lowered, 2 added, -1 it was 0 (answer 483), -2 the header or the limit is unusable.
function KSR.maxfwd.process_maxfwd(limit) end

---Whether Max-Forwards is below a limit.
---@param limit integer|string 0 to 255.
---@return integer # 1 it is, -1 it is not, -2 there is no such header, -3 the header or the limit is unusable.
function KSR.maxfwd.is_maxfwd_lt(limit) end

---corex: extensions of the core.
---@class KSR.corex
KSR.corex = {}

---Add the server_id of the settings to the server's Via, or take it away.
---@param fval integer|string 1 add, 0 take away.
---@return integer # 1.
function KSR.corex.via_add_srvid(fval) end

---Add the fields of the XAVP xavp_via_params to the server's Via, or take them away.
---@param fval integer|string 1 add, 0 take away.
---@return integer # 1.
function KSR.corex.via_add_xavp_params(fval) end

---Write the fields "address" and "port" of the XAVP xavp_via_fields into the server's Via.
---@param fval integer|string 1 write them, 0 go back to the socket's address.
---@return integer # 1.
function KSR.corex.via_use_xavp_fields(fval) end

---Add the fields of the XAVP xavp_via_reply_params, as they are now, to the top Via of replies.
---@param fval integer|string 1 add, 0 do nothing.
---@return integer # 1.
function KSR.corex.via_reply_add_xavp_params(fval) end

---Choose the socket the message is sent from.
---@param ssock string|number [protocol:]host[:port] of a listening socket; any protocol and port when left out.
---@return integer # 1, -1 when the server does not listen there.
function KSR.corex.set_send_socket(ssock) end

---Choose the socket the message is sent from by its name, which is its text in the settings.
---@param ssock string|number such as "udp:127.0.0.1:5060".
---@return integer # 1, -1 when there is no such socket.
function KSR.corex.set_send_socket_name(ssock) end

---Treat the message as received on another socket.
---@param ssock string|number [protocol:]host[:port] of a listening socket; any protocol and port when left out.
---@return integer # 1, -1 when the server does not listen there.
function KSR.corex.set_recv_socket(ssock) end

---Treat the message as received on another socket, chosen by its name, its text in the settings.
---@param ssock string|number such as "udp:127.0.0.1:5060".
---@return integer # 1, -1 when there is no such socket.
function KSR.corex.set_recv_socket_name(ssock) end

---Whether a listening socket has this name, which is its text in the settings.
---@param sockname string|number such as "udp:127.0.0.1:5060".
---@return integer # 1 when one has, -1 when none has.
function KSR.corex.is_socket_name(sockname) end

---Treat the message as if it came from another address.
---@param saddr string|number [protocol:]ip[:port]; port 5060 when left out.
---@return integer # 1, -1 when it is no address.
function KSR.corex.set_source_address(saddr) end

---Add the current Request-URI, with its destination, flags, q, path and socket, as a further branch.
---
---Allowed in: request, failure, event.
---@return integer # 1, -1 when there are too many branches.
function KSR.corex.append_branch() end

---Add a further branch; destination, flags, path and socket are those set for the Request-URI.
---
---Allowed in: request, failure, event.
---@param uri string|number its URI; "" for the current Request-URI.
---@return integer # 1, -1 when there are too many branches.
function KSR.corex.append_branch_uri(uri) end

---Add a further branch with a q value.
---
---Allowed in: request, failure, event.
---@param uri string|number its URI; "" for the current Request-URI.
---@param q string|number 0 to 1; "" for none (that of the Request-URI when uri is "").
---@return integer # 1, -1 when there are too many branches or q is no q value.
function KSR.corex.append_branch_uri_q(uri, q) end

---Forward the request without a transaction, without its Vias and Record-Routes, as if it began here.
---
---Allowed in: request, event.
---@return integer # 1 when sent, -1 when not.
function KSR.corex.forward_uac() end

---Forward the request as forward_uac does.
---
---Allowed in: request, event.
---@param bindex integer|string branch number; branches are told apart by their random part here, so it is not needed.
---@return integer # 1 when sent, -1 when not.
function KSR.corex.forward_uac_branch(bindex) end

---Forward the request to a URI as forward_uac does.
---
---Allowed in: request, event.
---@param vuri string|number where to send it; "" for its next hop.
---@return integer # 1 when sent, -1 when not.
function KSR.corex.forward_uac_uri(vuri) end

---Forward the request to a URI as forward_uac does.
---
---Allowed in: request, event.
---@param vuri string|number where to send it; "" for its next hop.
---@param bindex integer|string branch number; not needed, see forward_uac_branch.
---@return integer # 1 when sent, -1 when not.
function KSR.corex.forward_uac_uri_branch(vuri, bindex) end

---Whether the current Request-URI has a user part.
---@return integer # 1 when it has, -1 when not, also on replies.
function KSR.corex.has_ruri_user() end

---Whether the message has a User-Agent header with a value.
---@return integer # 1 when it has, -1 when not.
function KSR.corex.has_user_agent() end

---Whether the callback runs on a request the server made up, as events and timers do.
---@return integer # 1 when it does, -1 when the message came from the network.
function KSR.corex.is_faked_msg() end

---Set an extra message flag.
---@param fval integer|string 0 to 63.
---@return integer # 1, -1 when the number is out of range.
function KSR.corex.setxflag(fval) end

---Clear an extra message flag.
---@param fval integer|string 0 to 63.
---@return integer # 1, -1 when the number is out of range.
function KSR.corex.resetxflag(fval) end

---Test an extra message flag.
---@param fval integer|string 0 to 63.
---@return integer # 1 when it is set, -1 when not.
function KSR.corex.isxflagset(fval) end

---Send any data where a URI leads.
---
---May suspend the route until its result is there.
---@param uri string|number SIP URI of the destination.
---@param data string|number what to send, as it is.
---@return integer # 1, -1 when a parameter is empty or the URI leads nowhere.
function KSR.corex.send_data(uri, data) end

---Send any data where a URI leads, from a chosen socket.
---
---May suspend the route until its result is there.
---@param uri string|number SIP URI of the destination.
---@param sock string|number [protocol:]host[:port] of a listening socket.
---@param data string|number what to send, as it is.
---@return integer # 1, -1 when a parameter is unusable or the URI leads nowhere.
function KSR.corex.sendx(uri, sock, data) end

---Read a whole file of at most 4 MiB.
---
---May suspend the route until its result is there.
---@param fname string|number its path.
---@return string|integer|nil # its bytes, nil when it cannot be read.
function KSR.corex.file_read(fname) end

---Write a whole file, replacing what was in it.
---
---May suspend the route until its result is there.
---@param fname string|number its path.
---@param fdata string|number its new content.
---@return integer # 1, -1 when it cannot be written.
function KSR.corex.file_write(fname, fdata) end

---rr: Record-Route and Route.
---@class KSR.rr
KSR.rr = {}

---Ask for a Record-Route with the server's own address.
---
---Allowed in: request, failure, branch, branch failure, event.
---@return integer # 1, -1 when the message has one already or is no request.
function KSR.rr.record_route() end

---Ask for a Record-Route with further parameters.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param sparams string|number ";name=value", any number of them.
---@return integer # 1, -1 when the message has one already or is no request.
function KSR.rr.record_route_params(sparams) end

---Ask for Record-Routes with given addresses, taken as they are.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param addr1 string|number host[:port][;parameters] of the side the request leaves by.
---@param addr2 string|number the same of the side it came in by; "" for none.
---@return integer # 1, -1 when an address is missing, a second is not allowed or the message has a Record-Route.
function KSR.rr.record_route_preset(addr1, addr2) end

---Ask for a Record-Route with a given address, taken as it is.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param addr1 string|number host[:port][;parameters].
---@return integer # 1, -1 when it is empty or the message has a Record-Route.
function KSR.rr.record_route_preset_one(addr1) end

---Ask for a Record-Route that shows another address than the server's own.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param addr string|number host[:port].
---@return integer # 1, -1 when it is empty or the message has a Record-Route.
function KSR.rr.record_route_advertised_address(addr) end

---Add parameters to the Record-Route, whether asked for already or later in this run.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param sparam string|number ";name=value".
---@return integer # 1, -1 when it is empty or the message is a reply.
function KSR.rr.add_rr_param(sparam) end

---Take the Record-Route asked for back; those of other servers stay.
---
---Allowed in: request, failure, branch, branch failure, event.
---@return integer # 1.
function KSR.rr.remove_record_route() end

---Follow the Route headers: remove our own, and send the request to the next, or to its Request-URI.
---
---Allowed in: request, failure, branch, branch failure, event.
---@return integer # 1 done; -1 nothing to follow, also for an initial request with only our own Route (which is removed); -3 an initial request brought its own route set, which is followed.
function KSR.rr.loose_route() end

---Follow the Route headers in a certain way.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param vmode integer|string sum of 1 no strict router is expected before us, 2 flow tokens are ignored (they always are).
---@return integer # as loose_route.
function KSR.rr.loose_route_mode(vmode) end

---Follow the Route headers of an initial request only.
---
---Allowed in: request, failure, branch, branch failure, event.
---@return integer # 1 when it brought a route set, which is followed; -1 when not, or in a dialog.
function KSR.rr.loose_route_preloaded() end

---Whether loose_route found a further Route behind our own.
---
---Allowed in: request, failure, branch, branch failure, event.
---@return integer # 1 when it did, -1 when not.
function KSR.rr.next_hop_route() end

---Search the parameters of our own Route.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param sre string|number POSIX extended regular expression, case ignored; the text searched starts with ";".
---@return integer # 1 when it matches; -1 when not, or the topmost Route was not ours.
function KSR.rr.check_route_param(sre) end

---Compare the direction of a request in a dialog, by the From tag kept in our own Route.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param dir string|number "downstream" as the first request of the dialog, "upstream" against it.
---@return integer # 1 when it is that direction, -1 when not.
function KSR.rr.is_direction(dir) end

---sanity: checks of a message.
---@class KSR.sanity
KSR.sanity = {}

---Check the message; a failed check of a request is answered by this function.
---
---Checks: 1 version, 2 Request-URI scheme, 4 required headers, 8 and 16 nothing, 32 CSeq method, 64 CSeq
---number, 128 Content-Length, 256 Expires, 512 Proxy-Require, 1024 URIs, 2048 digest credentials, 4096
---duplicate tags, 8192 Authorization, 16384 top Via, 32768 mandatory headers in detail, 65536 lengths.
---@param mflags integer|string sum of the checks.
---@param uflags integer|string sum of the URIs check 1024 parses: 1 Request-URI, 2 From, 4 To, 8 Contact.
---@return integer # 1 passed, -1 failed: the route should end.
function KSR.sanity.sanity_check(mflags, uflags) end

---Check the message with the checks of the settings.
---@return integer # 1 passed, -1 failed: the route should end.
function KSR.sanity.sanity_check_defaults() end

---Send the reply of the failed check, where the setting noreply kept it back.
---@return integer # 1 sent, also when nothing may be sent (replies, ACK); -1 no check failed or sending failed; -2 the message is too broken to be answered.
function KSR.sanity.sanity_reply() end

---siputils: questions about messages, URIs and texts.
---@class KSR.siputils
KSR.siputils = {}

---Write each Contact URI into the user part of a URI at another address.
---
---sip:user:password@ip:port;transport=tcp becomes sip:prefix*user*password*ip*port*tcp@address; other
---parameters are lost.
---@param eprefix string|number what the user part begins with.
---@param eaddr string|number the address.
---@return integer # 1, -1 when there is no Contact or one cannot be read.
function KSR.siputils.encode_contact(eprefix, eaddr) end

---Turn a Request-URI made by encode_contact back.
---@return integer # 1, -1 when it was not made so.
function KSR.siputils.decode_contact() end

---Turn each Contact URI made by encode_contact back.
---@return integer # 1, -1 when there is no Contact or one was not made so.
function KSR.siputils.decode_contact_header() end

---Write each Contact URI, base64url-encoded, into a parameter of another URI.
---@param nparam string|number the parameter's name.
---@param saddr string|number the other URI.
---@return integer # 1, also without Contact; -1 when a parameter is empty or a Contact cannot be read.
function KSR.siputils.contact_param_encode(nparam, saddr) end

---Do as contact_param_encode, first adding ;alias=ip~port~transport where the source is another.
---@param nparam string|number the parameter's name.
---@param saddr string|number the other URI.
---@return integer # 1, also without Contact; -1 when a parameter is empty or a Contact cannot be read.
function KSR.siputils.contact_param_encode_alias(nparam, saddr) end

---Turn each Contact URI made by contact_param_encode back; others stay.
---@param nparam string|number the parameter's name.
---@return integer # 1, also without Contact; -1 when a parameter holds no URI or a Contact cannot be read.
function KSR.siputils.contact_param_decode(nparam) end

---Turn a Request-URI made by contact_param_encode back.
---@param nparam string|number the parameter's name.
---@return integer # 1, also when it has no such parameter; -1 when the parameter holds no URI.
function KSR.siputils.contact_param_decode_ruri(nparam) end

---Remove a parameter from each Contact URI.
---@param nparam string|number the parameter's name.
---@return integer # 1, also when there is none; -1 when a Contact cannot be read.
function KSR.siputils.contact_param_rm(nparam) end

---Whether a Contact URI has a parameter.
---@param nparam string|number the parameter's name.
---@return integer # 1 when one has, -1 when none has.
function KSR.siputils.contact_param_check(nparam) end

---Whether the Request-URI has a parameter without value.
---@param sparam string|number the parameter's name.
---@return integer # 1 when it has, -1 when not.
function KSR.siputils.uri_param(sparam) end

---Whether the Request-URI has a parameter with a certain value.
---@param sparam string|number the parameter's name.
---@param svalue string|number the value, case mattering; "" for none.
---@return integer # 1 when it has, -1 when not.
function KSR.siputils.uri_param_value(sparam, svalue) end

---Whether the Request-URI has a parameter, whatever its value.
---@param sparam string|number the parameter's name.
---@return integer # 1 when it has, -1 when not.
function KSR.siputils.uri_param_any(sparam) end

---Add a parameter to the Request-URI.
---@param param string|number "name=value", or "name".
---@return integer # 1, also when the text is empty; -1 when the result would be no URI.
function KSR.siputils.add_uri_param(param) end

---Remove a parameter from the Request-URI.
---@param sparam string|number the parameter's name.
---@return integer # 1, also when it has none; -1 when the Request-URI cannot be read.
function KSR.siputils.uri_param_rm(sparam) end

---Whether the Request-URI is a GRUU (RFC 5627).
---@return integer # 1 for a public one, 2 for a temporary one, -1 for another URI.
function KSR.siputils.is_gruu() end

---Compare two URIs by RFC 3261 §19.1.4.
---@param uri1 string|number one URI.
---@param uri2 string|number the other.
---@return integer # 1 equal, -1 different, -2 one cannot be read.
function KSR.siputils.cmp_uri(uri1, uri2) end

---Compare two addresses of record: user and host of the URIs.
---@param uri1 string|number one URI.
---@param uri2 string|number the other.
---@return integer # 1 equal, -1 different, -2 one cannot be read.
function KSR.siputils.cmp_aor(uri1, uri2) end

---Compare two header names, compact forms included.
---@param shname1 string|number one name.
---@param shname2 string|number the other.
---@return integer # 1 equal, -1 different, -2 one is empty.
function KSR.siputils.cmp_hdr_name(shname1, shname2) end

---Whether a text is a URI.
---@param suri string|number the text.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_uri(suri) end

---Whether a text is a telephone number: digits, with a + before them or not.
---@param tval string|number the text.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_tel_number(tval) end

---Whether a text is digits only.
---@param tval string|number the text.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_numeric(tval) end

---Whether a text is ASCII letters and digits only.
---@param tval string|number the text.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_alphanum(tval) end

---Whether a text is ASCII letters, digits and certain other characters only.
---@param tval string|number the text.
---@param eset string|number the other characters.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_alphanumex(tval, eset) end

---Whether the message is a request.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_request() end

---Whether the message is a reply.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_reply() end

---Whether the message is SIP.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_sip() end

---Whether the message is HTTP.
---@return integer # 1 when it is, -1 when not.
function KSR.siputils.is_http() end

---Whether To has a tag: the request belongs to a dialog.
---@return integer # 1 when it has, -1 when not.
function KSR.siputils.has_totag() end

---Compare the user name in the credentials an auth module has accepted.
---@param suser string|number the name.
---@return integer # 1 when it is the same, -1 when not or when nobody has been authenticated.
function KSR.siputils.is_user(suser) end

---Whether the message comes straight from an end: one Via, or our Record-Route on top of a reply.
---@return integer # 1 when it does, -1 when not.
function KSR.siputils.is_first_hop() end

---Whether the message comes straight from an end.
---@param mode integer|string 0 the Record-Route on top of a reply must be an IP address of ours that is not its source; 1 any address or name of ours.
---@return integer # 1 when it does, -1 when not.
function KSR.siputils.is_first_hop_mode(mode) end

---Read all headers; here they always are.
---@return integer # 1.
function KSR.siputils.sip_parse_headers() end

---Whether the Date header is not too old.
---@param tdiff integer|string greatest age in seconds.
---@return integer # 1 when it is not, -1 when there is none or it cannot be read, -4 when it is too old.
function KSR.siputils.hdr_date_check(tdiff) end

---Answer an OPTIONS request for the server itself: 200 with the Accept headers and Supported.
---
---Allowed in: request, event.
---@return integer # 0 when answered; -1 when it is no OPTIONS, its Request-URI has a user, or sending failed.
function KSR.siputils.options_reply() end

---textops: the text of the message.
---@class KSR.textops
KSR.textops = {}

---Compare two texts.
---@param s1 string|number one text.
---@param s2 string|number the other.
---@return integer # 1 equal, -1 the first sorts behind the other, -2 before it.
function KSR.textops.cmp_str(s1, s2) end

---Compare two texts, ignoring case.
---@param s1 string|number one text.
---@param s2 string|number the other.
---@return integer # 1 equal, -1 the first sorts behind the other, -2 before it.
function KSR.textops.cmp_istr(s1, s2) end

---Whether a text begins with another.
---@param s1 string|number the text.
---@param s2 string|number the beginning.
---@return integer # 1 when it does, -1 when not.
function KSR.textops.starts_with(s1, s2) end

---Whether a text ends with another.
---@param vstr string|number the text.
---@param vsuffix string|number the end.
---@return integer # 1 when it does, -1 when not.
function KSR.textops.ends_with(vstr, vsuffix) end

---Whether a text contains another.
---@param txt string|number the text.
---@param needle string|number what to look for.
---@return integer # 1 when it does, -1 when not or one is empty.
function KSR.textops.str_find(txt, needle) end

---Whether a text contains another, ignoring case.
---@param txt string|number the text.
---@param needle string|number what to look for.
---@return integer # 1 when it does, -1 when not or one is empty.
function KSR.textops.str_ifind(txt, needle) end

---Whether a text has any of some characters.
---@param txt string|number the text.
---@param clist string|number the characters.
---@return integer # 1 when it has, -1 when not.
function KSR.textops.str_any_in(txt, clist) end

---Whether a text is made of some characters only.
---@param txt string|number the text.
---@param clist string|number the characters.
---@return integer # 1 when it is, -1 when not or when it is empty.
function KSR.textops.str_all_in(txt, clist) end

---Whether a text is one of the items of a list.
---@param subject string|number the text.
---@param list string|number the items; white space counts.
---@param vsep string|number the one character between them.
---@return integer # 1 when it is, -1 when not or when the separator is not one character.
function KSR.textops.in_list(subject, list, vsep) end

---Whether a text begins with one of the items of a list.
---@param subject string|number the text.
---@param list string|number the items; white space counts.
---@param vsep string|number the one character between them.
---@return integer # 1 when it does, -1 when not or when the separator is not one character.
function KSR.textops.in_list_prefix(subject, list, vsep) end

---Search a text for a pattern.
---@param stext string|number the text.
---@param sre string|number POSIX extended regular expression, case ignored.
---@return integer # 1 when it matches, -1 when not.
function KSR.textops.search_str(stext, sre) end

---Store one group of a match in a pseudo-variable.
---@param input string|number the text to search.
---@param regex string|number POSIX extended regular expression, case mattering.
---@param mindex integer|string which group, 0 for the whole match.
---@param nmatch integer|string how many groups are looked at, the whole match included.
---@param dst string|number the pseudo-variable, such as "$var(x)".
---@return integer # 1 when it was stored; -1 when nothing matches, the group is not there or dst cannot be written.
function KSR.textops.regex_substring(input, regex, mindex, nmatch, dst) end

---Store what a sed-like expression makes of a text in a pseudo-variable.
---@param itext string|number the text.
---@param subex string|number /pattern/replacement/flags.
---@param opv string|number the pseudo-variable, such as "$var(x)".
---@return integer # 1 when it was stored; -1 when nothing matches or opv cannot be written.
function KSR.textops.subst_v(itext, subex, opv) end

---Whether the message has a body.
---@return integer # 1 when it has, -2 when it is empty.
function KSR.textops.has_body() end

---Whether the message has a body of a type. Without Content-Type it counts as application/sdp.
---@param ctype string|number "type/subtype" or "type/*"; "" for any.
---@return integer # 1 when it has, -1 when not.
function KSR.textops.has_body_type(ctype) end

---Whether the session description puts an audio stream on hold: address 0.0.0.0, sendonly or inactive.
---@return integer # 1 when it does, -1 when not or when there is no session description.
function KSR.textops.is_audio_on_hold() end

---Replace the body.
---@param nb string|number the new one.
---@param nc string|number its Content-Type.
---@return integer # 1, -1 when one is empty.
function KSR.textops.set_body(nb, nc) end

---Replace the body by bytes given as hexadecimal digits.
---@param htxt string|number the digits, two a byte.
---@param ct string|number the Content-Type.
---@return integer # 1, -1 when one is empty or the digits are wrong.
function KSR.textops.set_body_hex(htxt, ct) end

---Give the replies the server makes to this request a body.
---@param nb string|number the body.
---@param nc string|number its Content-Type.
---@return integer # 1, -1 when one is empty.
function KSR.textops.set_reply_body(nb, nc) end

---Give the replies the server makes a body given as hexadecimal digits.
---@param htxt string|number the digits, two a byte.
---@param ct string|number the Content-Type.
---@return integer # 1, -1 when one is empty or the digits are wrong.
function KSR.textops.set_reply_body_hex(htxt, ct) end

---Leave of a multipart body only what its first part of a type holds. Content-Type stays as it is.
---@param content_type string|number "type/subtype".
---@return integer # 1, -1 when the body is not multipart or has no such part.
function KSR.textops.filter_body(content_type) end

---Store what the first part of a type holds in a pseudo-variable.
---@param ctype string|number "type/subtype".
---@param pvname string|number the pseudo-variable, such as "$var(x)".
---@return integer # 1; -1 when there is no such part or the variable cannot be written.
function KSR.textops.get_body_part(ctype, pvname) end

---Store the first part of a type, with its headers, in a pseudo-variable.
---@param ctype string|number "type/subtype".
---@param pvname string|number the pseudo-variable, such as "$var(x)".
---@return integer # 1; -1 when there is no such part or the variable cannot be written.
function KSR.textops.get_body_part_raw(ctype, pvname) end

---Remove the parts of a type from a multipart body.
---@param content_type string|number "type/subtype".
---@return integer # 1, -1 when the body is not multipart or has no such part.
function KSR.textops.remove_body_part(content_type) end

---Add a part to a multipart body.
---@param txt string|number what it holds.
---@param ct string|number its Content-Type.
---@return integer # 1, -1 when one is empty or the body is not multipart.
function KSR.textops.append_body_part(txt, ct) end

---Add a part with a Content-Disposition to a multipart body.
---@param txt string|number what it holds.
---@param ct string|number its Content-Type.
---@param cd string|number its Content-Disposition, "" for none.
---@return integer # 1, -1 when text or type is empty or the body is not multipart.
function KSR.textops.append_body_part_cd(txt, ct, cd) end

---Add a part given as hexadecimal digits to a multipart body.
---@param txt string|number the digits, two a byte.
---@param ct string|number its Content-Type.
---@return integer # 1, -1 when one is empty, the digits are wrong or the body is not multipart.
function KSR.textops.append_body_part_hex(txt, ct) end

---Add a part given as hexadecimal digits, with a Content-Disposition, to a multipart body.
---@param htxt string|number the digits, two a byte.
---@param ct string|number its Content-Type.
---@param cd string|number its Content-Disposition, "" for none.
---@return integer # 1, -1 when digits or type are empty or wrong, or the body is not multipart.
function KSR.textops.append_body_part_hex_cd(htxt, ct, cd) end

---Make the body a multipart/mixed one with one part: the given text, or the body there is.
---@param nbody string|number what the part holds; "" for the present body.
---@param ctype string|number its Content-Type.
---@param boundary string|number the boundary, "" for "unique-boundary-1".
---@return integer # 1, also when the body is multipart already; -1 when only one of nbody and ctype is given.
function KSR.textops.set_body_multipart(nbody, ctype, boundary) end

---Make the body a multipart/mixed one whose part is the body there is.
---@return integer # 1.
function KSR.textops.set_body_multipart_mode() end

---Make the body a multipart/mixed one whose part is the body there is.
---@param boundary string|number the boundary, "" for "unique-boundary-1".
---@return integer # 1.
function KSR.textops.set_body_multipart_boundary(boundary) end

---Make the body a multipart/mixed one with one part.
---@param nbody string|number what the part holds.
---@param ctype string|number its Content-Type.
---@return integer # 1, -1 when one is empty.
function KSR.textops.set_body_multipart_content(nbody, ctype) end

---Search the whole message for a pattern.
---@param sre string|number the pattern.
---@return integer # 1 when it matches, -1 when not.
function KSR.textops.search(sre) end

---Search the body for a pattern.
---@param sre string|number the pattern.
---@return integer # 1 when it matches, -1 when not.
function KSR.textops.search_body(sre) end

---Insert a text behind the first match in headers and body.
---@param ematch string|number the pattern.
---@param val string|number the text.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.search_append(ematch, val) end

---Insert a text behind the first match in the body.
---@param ematch string|number the pattern.
---@param val string|number the text.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.search_append_body(ematch, val) end

---Replace the first match in headers and body.
---@param sre string|number the pattern.
---@param sval string|number the text to put there.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.replace(sre, sval) end

---Replace every match in headers and body.
---@param sre string|number the pattern.
---@param sval string|number the text to put there.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.replace_all(sre, sval) end

---Replace every match in the headers.
---@param sre string|number the pattern.
---@param sval string|number the text to put there.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.replace_hdrs(sre, sval) end

---Replace the first match in the body.
---@param sre string|number the pattern.
---@param sval string|number the text to put there.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.replace_body(sre, sval) end

---Replace every match in the body.
---@param sre string|number the pattern.
---@param sval string|number the text to put there.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.replace_body_all(sre, sval) end

---Replace every match in the body taken as one line: ^ and $ are its ends.
---@param sre string|number the pattern.
---@param sval string|number the text to put there.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.replace_body_atonce(sre, sval) end

---Replace a text in headers and body.
---@param mkey string|number the text, case mattering.
---@param rval string|number what to put there.
---@param rmode string|number "a" every occurrence, "f" the first.
---@return integer # 1, -1 when it does not occur.
function KSR.textops.replace_str(mkey, rval, rmode) end

---Replace a text in the headers.
---@param mkey string|number the text, case mattering.
---@param rval string|number what to put there.
---@param rmode string|number "a" every occurrence, "f" the first.
---@return integer # 1, -1 when it does not occur.
function KSR.textops.replace_hdrs_str(mkey, rval, rmode) end

---Replace a text in the body.
---@param mkey string|number the text, case mattering.
---@param rval string|number what to put there.
---@param rmode string|number "a" every occurrence, "f" the first.
---@return integer # 1, -1 when it does not occur.
function KSR.textops.replace_body_str(mkey, rval, rmode) end

---Carry out a sed-like expression on headers and body.
---@param subst string|number /pattern/replacement/flags.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.subst(subst) end

---Carry out a sed-like expression on the body.
---@param subst string|number /pattern/replacement/flags.
---@return integer # 1, -1 when nothing matches.
function KSR.textops.subst_body(subst) end

---Carry out a sed-like expression on the Request-URI; it shows at once.
---@param subst string|number /pattern/replacement/flags.
---@return integer # 1, -1 when nothing matches or the result is no URI.
function KSR.textops.subst_uri(subst) end

---Carry out a sed-like expression on the user of the Request-URI; it shows at once.
---@param subst string|number /pattern/replacement/flags.
---@return integer # 1, -1 when nothing matches or the result is no URI.
function KSR.textops.subst_user(subst) end

---Whether the message came with a header.
---@param hname string|number its name; compact forms count.
---@return integer # 1 when it did, -1 when not.
function KSR.textops.is_present_hf(hname) end

---Whether the message came with a header whose name matches a pattern.
---@param ematch string|number POSIX extended regular expression, case ignored.
---@return integer # 1 when it did, -1 when not.
function KSR.textops.is_present_hf_re(ematch) end

---Remove every header of a name.
---@param hname string|number the name; compact forms count.
---@return integer # 1, -1 when there is none.
function KSR.textops.remove_hf(hname) end

---Remove every header whose name matches a pattern.
---@param ematch string|number POSIX extended regular expression, case ignored.
---@return integer # 1, -1 when there is none.
function KSR.textops.remove_hf_re(ematch) end

---Remove every header whose name matches one pattern and not another.
---@param ematch string|number POSIX extended regular expression of the names to remove, case ignored.
---@param eskip string|number that of the names to keep.
---@return integer # 1, -1 when there is none or a pattern is malformed.
function KSR.textops.remove_hf_exp(ematch, eskip) end

---Remove one header of a name.
---@param hname string|number the name; compact forms count.
---@param idx integer|string from 0 for the first, from -1 for the last.
---@return integer # 1, -1 when there is no such header.
function KSR.textops.remove_hf_idx(hname, idx) end

---Remove every header of a name whose value compares with a text.
---@param hname string|number the name; compact forms count.
---@param op string|number eq equal, ne not equal, sw starts with, in contains, re matches the pattern.
---@param expr string|number the text, case mattering, or the pattern, case ignored.
---@return integer # 1, -1 when there is none.
function KSR.textops.remove_hf_match(hname, op, expr) end

---Search the values of headers for a pattern.
---@param hname string|number the headers' name; compact forms count.
---@param sre string|number POSIX extended regular expression, case ignored.
---@param flags string|number which headers: f the first, l the last, a all (one match is enough).
---@return integer # 1 when it matches, -1 when not.
function KSR.textops.search_hf(hname, sre, flags) end

---Carry out a sed-like expression on the values of headers.
---@param hname string|number the headers' name; compact forms count.
---@param subst string|number /pattern/replacement/flags.
---@param flags string|number which headers: f the first, l the last, a all.
---@return integer # 1 when something changed, -1 when not.
function KSR.textops.subst_hf(hname, subst, flags) end

---Whether a Privacy header asks for a kind of privacy (RFC 3323).
---@param privacy string|number header, session, user, none, critical, id or history.
---@return integer # 1 when one does, -1 when none does.
function KSR.textops.is_privacy(privacy) end

---textopsx: more on the text of the message.
---@class KSR.textopsx
KSR.textopsx = {}

---Start an iterator over the headers, or start it again.
---@param iname string|number its name.
---@return integer # 1, -1 when the name is empty or there are four already.
function KSR.textopsx.hf_iterator_start(iname) end

---End an iterator over the headers.
---@param iname string|number its name.
---@return integer # 1, -1 when there is none.
function KSR.textopsx.hf_iterator_end(iname) end

---Move to the next header; at first to the first one.
---@param iname string|number the iterator's name.
---@return integer # 1, -1 when there is no further header or no such iterator.
function KSR.textopsx.hf_iterator_next(iname) end

---Move to the header before.
---@param iname string|number the iterator's name.
---@return integer # 1, -1 when there is none before or no such iterator.
function KSR.textopsx.hf_iterator_prev(iname) end

---The name of the header an iterator stands at.
---@param iname string|number the iterator's name.
---@return string|integer|nil # the name as in the message, nil when it stands at none.
function KSR.textopsx.hf_iterator_hname(iname) end

---The value of the header an iterator stands at.
---@param iname string|number the iterator's name.
---@return string|integer|nil # the value, nil when it stands at none.
function KSR.textopsx.hf_iterator_hbody(iname) end

---Remove the header an iterator stands at.
---@param iname string|number the iterator's name.
---@return integer # 1, -1 when it stands at none.
function KSR.textopsx.hf_iterator_rm(iname) end

---Add header lines behind the header an iterator stands at.
---@param iname string|number the iterator's name.
---@param htext string|number the lines, each with its CRLF.
---@return integer # 1, -1 when it stands at none or there is no text.
function KSR.textopsx.hf_iterator_append(iname, htext) end

---Add header lines before the header an iterator stands at.
---@param iname string|number the iterator's name.
---@param htext string|number the lines, each with its CRLF.
---@return integer # 1, -1 when it stands at none or there is no text.
function KSR.textopsx.hf_iterator_insert(iname, htext) end

---Start an iterator over the lines of the body, or start it again.
---@param iname string|number its name.
---@return integer # 1, -1 when the name is empty, the body is, or there are four already.
function KSR.textopsx.bl_iterator_start(iname) end

---End an iterator over the lines of the body.
---@param iname string|number its name.
---@return integer # 1, -1 when there is none.
function KSR.textopsx.bl_iterator_end(iname) end

---Move to the next line; at first to the first one.
---@param iname string|number the iterator's name.
---@return integer # 1, -1 when there is no further line or no such iterator.
function KSR.textopsx.bl_iterator_next(iname) end

---The line an iterator stands at.
---@param iname string|number the iterator's name.
---@return string|integer|nil # the line with its line end, nil when it stands at none.
function KSR.textopsx.bl_iterator_value(iname) end

---Remove the line an iterator stands at.
---@param iname string|number the iterator's name.
---@return integer # 1, -1 when it stands at none.
function KSR.textopsx.bl_iterator_rm(iname) end

---Add text behind the line an iterator stands at.
---@param iname string|number the iterator's name.
---@param text string|number the text, with its line ends.
---@return integer # 1, -1 when it stands at none or there is no text.
function KSR.textopsx.bl_iterator_append(iname, text) end

---Add text before the line an iterator stands at.
---@param iname string|number the iterator's name.
---@param text string|number the text, with its line ends.
---@return integer # 1, -1 when it stands at none or there is no text.
function KSR.textopsx.bl_iterator_insert(iname, text) end

---Add a value behind another one.
---@param hexp string|number NAME: a new header at the end; NAME[n]: behind that value, else a new header.
---@param val string|number the value.
---@return integer # 1, -1 when the expression is unusable or the value empty.
function KSR.textopsx.append_hf_value(hexp, val) end

---Add a value before another one.
---@param hexp string|number NAME: a new header before the first of that name; NAME[n]: before that value. Where there is no such header, a new one at the end.
---@param val string|number the value.
---@return integer # 1, -1 when the expression is unusable, the value empty or there is no n-th one.
function KSR.textopsx.insert_hf_value(hexp, val) end

---Remove a value, or a parameter of it.
---@param hexp string|number NAME or NAME[n]: that value; NAME[*]: all; with .PARAMETER: that parameter of it, or of all.
---@return integer # 1, -1 when there is none.
function KSR.textopsx.remove_hf_value(hexp) end

---Remove a header, or a parameter of it, where commas separate parameters, as in Authorization.
---@param hexp string|number NAME or NAME[n]: that header; NAME[*]: all; with .PARAMETER: that parameter of it, or of all.
---@param val string|number not used.
---@return integer # 1, -1 when there is none.
function KSR.textopsx.remove_hf_value2(hexp, val) end

---Replace a value, or set a parameter of it.
---@param hexp string|number NAME or NAME[n]: that value; with .PARAMETER: that parameter of it, with [*] of all.
---@param val string|number the new value; a parameter set to "" becomes a flag.
---@return integer # 1, -1 when there is no such value.
function KSR.textopsx.assign_hf_value(hexp, val) end

---Replace a header's value, or set a parameter of it, where commas separate parameters, as in Authorization.
---@param hexp string|number NAME or NAME[n]: that header; with .PARAMETER: that parameter of it, with [*] of all.
---@param val string|number the new value, quotes included where it needs them.
---@return integer # 1, -1 when there is no such header.
function KSR.textopsx.assign_hf_value2(hexp, val) end

---Add a value to a header that is a set, such as Supported, unless it is there.
---@param hexp string|number the header's name.
---@param val string|number the value, compared without case.
---@return integer # 1, also when it was there; -1 when the name is unusable or the value empty.
function KSR.textopsx.include_hf_value(hexp, val) end

---Remove a value from a header that is a set, such as Supported.
---@param hexp string|number the header's name.
---@param val string|number the value, compared without case.
---@return integer # 1, also when it was not there; -1 when the name is unusable or the value empty.
function KSR.textopsx.exclude_hf_value(hexp, val) end

---Whether a header that is a set, such as Supported, has a value.
---@param hexp string|number the header's name.
---@param val string|number the value, compared without case.
---@return integer # 1 when it has, -1 when not.
function KSR.textopsx.hf_value_exists(hexp, val) end

---Carry out all pending edits, so that reads see them. Request-URI and destination stay as they are.
---@return integer # 1; -1 in routes of a transaction (their message is stored already), or when the result is no message.
function KSR.textopsx.msg_apply_changes() end

---Put another message in the place of this one; pending edits are forgotten.
---@param obuf string|number its text, a request for a request and a reply for a reply.
---@return integer # 1; -1 in routes of a transaction, or when the text is no such message.
function KSR.textopsx.msg_set_buffer(obuf) end

---Give the reply another status and reason phrase.
---
---Allowed in: reply, onreply, event.
---@param code integer|string 100 to 699; provisional and 2xx replies keep their class.
---@param reason string|number the reason phrase.
---@return integer # 1, -1 when the status is not allowed or the message is no reply.
function KSR.textopsx.change_reply_status(code, reason) end

---Give the reply another status; its reason phrase stays.
---
---Allowed in: reply, onreply, event.
---@param code integer|string 100 to 699; provisional and 2xx replies keep their class.
---@return integer # 1, -1 when the status is not allowed or the message is no reply.
function KSR.textopsx.change_reply_status_code(code) end

---Remove the body; Content-Length becomes 0.
---@return integer # 1, also when there is none.
function KSR.textopsx.remove_body() end

---Remove all headers but those a message needs.
---
---Via, From, To, Call-ID, CSeq, Content-Length, Content-Type, Max-Forwards, Contact, Route and
---Record-Route stay.
---@return integer # 1.
function KSR.textopsx.keep_hf() end

---Remove all headers but those keep_hf leaves and those whose name matches a pattern.
---@param sre string|number POSIX extended regular expression, case ignored.
---@return integer # 1, -1 when the pattern is malformed.
function KSR.textopsx.keep_hf_re(sre) end

---Compare a text with a shell pattern.
---@param val string|number the text.
---@param match string|number the pattern with *, ? and [...]; a backslash takes their meaning away.
---@return integer # 1 when the whole text matches, -1 when not.
function KSR.textopsx.fnmatch(val, match) end

---Compare a text with a shell pattern.
---@param val string|number the text.
---@param match string|number the pattern with *, ? and [...]; a backslash takes their meaning away.
---@param flags string|number "i" to ignore case.
---@return integer # 1 when the whole text matches, -1 when not.
function KSR.textopsx.fnmatch_ex(val, match, flags) end

---sl: sending replies.
---@class KSR.sl
KSR.sl = {}

---Reply without a transaction, even if there is one.
---@param code integer|string status, 100 to 699.
---@param reason string|number reason phrase; "" for the standard one.
---@return integer # 1, or -1 when no reply may be sent (an ACK, a reply, a bad status).
function KSR.sl.sl_send_reply(code, reason) end

---Reply, in the transaction if there is one, else without.
---@param code integer|string status, 100 to 699.
---@param reason string|number reason phrase; "" for the standard one.
---@return integer # 1, or -1 when no reply may be sent (an ACK, a final reply was sent, a bad status).
function KSR.sl.send_reply(code, reason) end

---Reply as send_reply does, with flags for stream connections.
---@param code integer|string status, 100 to 699.
---@param reason string|number reason phrase; "" for the standard one.
---@param mode integer|string 1 do not open a new connection, 2 close the connection afterwards; they may be added.
---@return integer # 1, or -1 when no reply may be sent.
function KSR.sl.send_reply_mode(code, reason, mode) end

---Reply with the status that fits the last internal error, e.g. after t_relay() < 0.
---@return integer # 1, or -1 when no reply may be sent.
function KSR.sl.sl_reply_error() end

---Reply as sl_reply_error does, with default_code and default_reason when there was no error.
---@return integer # 1, or -1 when no reply may be sent.
function KSR.sl.send_reply_error() end

---Forward the reply being handled without a transaction, with another status of the same class if wanted.
---@param code string|number new status, "" to keep it.
---@param reason string|number new reason phrase, "" to keep it.
---@return integer # 1, or -1 when it is no reply, the class differs or there is no further Via.
function KSR.sl.sl_forward_reply(code, reason) end

---@class luasip
luasip = {}

---A signature of a text: who sees it can neither make that of another text nor find out the key.
---@param text string|number any text; begin it with what it is for, so that no signature does for something else.
---@return string|integer|nil # 32 hexadecimal digits, always the same for a text.
function luasip.sign(text) end

---Run Lua code that may block, such as LuaSocket's, on the pool "lua"; other messages are handled meanwhile.
---
---`local body, err = luasip.lua_runstring([[local url = ... return require("socket.http").request(url)]], 2, url)`
---
---The code has Lua's libraries, cjson and what the script can require, but neither KSR nor luasip. Each thread
---of the pool has a Lua state of its own: modules stay loaded in it, globals the code sets end with it. Lua code
---is interrupted when its time is over; a library that does not come back keeps its thread, and the pool makes
---another one, as often as it has threads.
---
---May suspend the route until its result is there.
---@param code string|number Lua code.
---@param timeout? any seconds it may take, waiting for a thread included; nil: the deadline of the pool, which no call exceeds.
---@param ... any strings, numbers, booleans, nil, or tables of these: `...` in the code.
---@return string|integer|nil # what the code returns, any number of such values; or nil and what went wrong: "pool full", "timeout", or the error with its place.
function luasip.lua_runstring(code, timeout, ...) end

---Wait, while other messages are handled.
---
---May suspend the route until its result is there.
---@param seconds any how long, fractions allowed, up to a day.
function luasip.sleep(seconds) end

---Wait until somebody calls luasip.notify with the same key.
---
---May suspend the route until its result is there.
---@param key string|number any text.
---@param seconds any how long at most, fractions allowed, up to a day.
---@return string|integer|nil # the value given to notify (true when it gave none), nil when nobody came in time.
function luasip.wait(key, seconds) end

---Wake every route that waits for a key.
---@param key string|number any text.
---@param value? any what luasip.wait returns there: a string, number, boolean or table of these.
---@return integer # how many were woken.
function luasip.notify(key, value) end

---Run a function beside this route; it may outlive the message and sees it without its transaction.
---@param work any a function.
---@param ... any what it is called with.
function luasip.spawn(work, ...) end

---Run several functions at once, begun in their order, and wait for all of them.
---
---May suspend the route until its result is there.
---@param ... any functions without parameters.
---@return string|integer|nil # the first result of each function, in their order; nil for one that failed, whose error is logged.
function luasip.all(...) end

---tm: stateful processing.
---@class KSR.tm
KSR.tm = {}

---Forward the request statefully to the current Request-URI (or $du) and the appended branches.
---
---In a failure route it starts a further serial leg. Looking up a name suspends the route.
---
---May suspend the route until its result is there.
---@return integer # 1 when it was forwarded (or was a retransmission), negative when not: sl_reply_error() then answers; 0 in a route where it is not possible.
function KSR.tm.t_relay() end

---Forward as t_relay does, with flags.
---
---May suspend the route until its result is there.
---@param rflags integer|string 1 no automatic 100, 2 no automatic negative reply, 4 no failover to further addresses; added up.
---@return integer # as t_relay.
function KSR.tm.t_relay_to_flags(rflags) end

---Forward as t_relay does, over a given transport.
---
---May suspend the route until its result is there.
---@param sproto string|number "udp", "tcp", "tls", "ws", "wss" or "sctp".
---@return integer # as t_relay.
function KSR.tm.t_relay_to_proto(sproto) end

---Forward the request to an address over a given transport.
---
---May suspend the route until its result is there.
---@param sproto string|number "udp", "tcp", …
---@param host string|number name or address.
---@param port integer|string 0 for the transport's own.
---@return integer # as t_relay.
function KSR.tm.t_relay_to_proto_addr(sproto, host, port) end

---Forward the request to a proxy.
---
---May suspend the route until its result is there.
---@param sproxy string|number "[protocol:]host[:port]".
---@return integer # as t_relay, -1 for an unreadable proxy.
function KSR.tm.t_relay_to_proxy(sproxy) end

---Forward the request to a proxy, with flags.
---
---May suspend the route until its result is there.
---@param sproxy string|number "[protocol:]host[:port]".
---@param rflags integer|string as in t_relay_to_flags.
---@return integer # as t_relay, -1 for an unreadable proxy.
function KSR.tm.t_relay_to_proxy_flags(sproxy, rflags) end

---Send a copy of the request to another server; its replies are dropped.
---
---May suspend the route until its result is there.
---@param suri string|number SIP URI of that server.
---@return integer # 1, or -1 when it cannot be sent.
function KSR.tm.t_replicate(suri) end

---Send a request of our own and forget its answer.
---@param method string|number the method.
---@param ruri string|number Request-URI.
---@param nexthop string|number URI to send it to, "" for the Request-URI.
---@param ssock string|number socket to send from, "udp:address:port", "" for any.
---@param hdrs string|number header lines, each ending in CRLF; From and To are made from ruri when they are not among them.
---@param body string|number the body, "" for none.
---@return integer # 1, or -1 when method or ruri is missing or unreadable.
function KSR.tm.t_uac_send(method, ruri, nexthop, ssock, hdrs, body) end

---Create the transaction of the request.
---@return integer # 1 created; 0 it is a retransmission, already answered: stop; -10 there is one already; -1 not possible.
function KSR.tm.t_newtran() end

---End the work on the transaction in this route; kept for Kamailio's sake, nothing has to be released.
---@return integer # 1, or -1 without a transaction.
function KSR.tm.t_release() end

---Remove finished transactions; kept for Kamailio's sake, they remove themselves.
---@return integer # 1.
function KSR.tm.t_clean() end

---Whether the message belongs to a transaction.
---@return integer # 1 or -1.
function KSR.tm.t_exists() end

---Find the transaction of the request and make it the current one.
---@return integer # 1 found, -1 not.
function KSR.tm.t_lookup_request() end

---Whether there is an INVITE that this CANCEL is about.
---@return integer # 1 or -1.
function KSR.tm.t_lookup_cancel() end

---Whether there is an INVITE that this CANCEL is about, with flags.
---@param flags integer|string 1: take over the INVITE's message flags.
---@return integer # 1 or -1.
function KSR.tm.t_lookup_cancel_flags(flags) end

---Whether the message belongs to a transaction; retransmissions are answered from it.
---@return integer # -1 no; 0 it does and is taken care of: stop; 1 an ACK for a 2xx, a CANCEL with its INVITE, a reply with its request; in branch, failure and onreply routes always 1.
function KSR.tm.t_check_trans() end

---Whether a callback is armed.
---@param target string|number "branch_route", "failure_route" or "onreply_route"; the first letter decides.
---@return integer # 1 or -1.
function KSR.tm.t_is_set(target) end

---Name the Lua function that is called for every branch before it is sent.
---@param rname string|number a global function, "" for none.
---@return integer # 1.
function KSR.tm.t_on_branch(rname) end

---Name the Lua function that is called for every reply of the branches.
---@param rname string|number a global function, "" for none.
---@return integer # 1.
function KSR.tm.t_on_reply(rname) end

---Name the Lua function that is called when all branches have failed. It must be armed anew in that function.
---@param rname string|number a global function, "" for none.
---@return integer # 1.
function KSR.tm.t_on_failure(rname) end

---Name the Lua function that is called for each branch that fails.
---@param rname string|number a global function, "" for none.
---@return integer # 1.
function KSR.tm.t_on_branch_failure(rname) end

---Reply in the transaction; in a failure route this replaces the reply that won.
---@param code integer|string status, 100 to 699.
---@param reason string|number reason phrase; "" for the standard one.
---@return integer # 1, or -1 without a transaction, for an ACK, or when a final reply was sent.
function KSR.tm.t_reply(code, reason) end

---Reply in the transaction, which is created when there is none.
---@param code integer|string status, 100 to 699.
---@param reason string|number reason phrase; "" for the standard one.
---@return integer # 1, or negative when no reply may be sent; 0 for a retransmission, which is answered already.
function KSR.tm.t_send_reply(code, reason) end

---Reply in the transaction with the status that fits the last internal error.
---@return integer # 1, or -1 when no reply may be sent.
function KSR.tm.t_reply_error() end

---Send the last reply of the transaction again.
---@return integer # 1, or -1 when there was none.
function KSR.tm.t_retransmit_reply() end

---Say which replies received so far no longer count in the final choice.
---@param mode string|number "a" all, "l" those of the last leg, "n" none.
---@return integer # 1, or -1 without a transaction.
function KSR.tm.t_drop_replies(mode) end

---Let no reply received so far count in the final choice.
---@return integer # 1, or -1 without a transaction.
function KSR.tm.t_drop_replies_all() end

---Match the status of the transaction: of this reply, of the reply that won, or of the last one sent.
---@param sexp string|number POSIX extended regular expression, e.g. "486|408"; found anywhere in the three digits.
---@return integer # 1 it matches, -1 not, or there is no status.
function KSR.tm.t_check_status(sexp) end

---The status that t_check_status looks at.
---@return integer # the status, -1 when there is none.
function KSR.tm.t_get_status_code() end

---Whether any branch has this status.
---@param code integer|string a status.
---@return integer # 1 or -1.
function KSR.tm.t_grep_status(code) end

---Whether the caller has cancelled the INVITE.
---@return integer # 1 or -1.
function KSR.tm.t_is_canceled() end

---Whether the transaction has lived longer than it may.
---@return integer # 1 or -1.
function KSR.tm.t_is_expired() end

---Whether the reply is a retransmission of one that is suspended; such replies wait and never get here.
---@return integer # -1.
function KSR.tm.t_is_retr_async_reply() end

---Whether any branch has timed out.
---@return integer # 1 or -1.
function KSR.tm.t_any_timeout() end

---Whether any branch has sent a reply.
---@return integer # 1 or -1.
function KSR.tm.t_any_replied() end

---Whether the branch that won has timed out.
---
---Allowed in: failure, branch failure.
---@return integer # 1 or -1.
function KSR.tm.t_branch_timeout() end

---Whether the branch that won has sent any reply.
---
---Allowed in: failure, branch failure.
---@return integer # 1 or -1.
function KSR.tm.t_branch_replied() end

---Index of the branch the callback is about.
---@return integer # the index from 0, -1 when it is about none.
function KSR.tm.t_get_branch_index() end

---Set the timeouts of this transaction, also of branches already out.
---@param fr_inv integer|string milliseconds for a final response after a provisional one, 0 leaves it.
---@param fr integer|string milliseconds for any response, 0 leaves it.
---@return integer # 1, or -1 for negative values.
function KSR.tm.t_set_fr(fr_inv, fr) end

---Set the timeout after a provisional response for this transaction.
---@param fr_inv integer|string milliseconds, 0 leaves it.
---@return integer # 1, or -1 for negative values.
function KSR.tm.t_set_fr_inv(fr_inv) end

---Set fr_timer and fr_inv_timer of this transaction back to the settings.
---@return integer # 1.
function KSR.tm.t_reset_fr() end

---Set the retransmission intervals of branches sent from now on.
---@param t1 integer|string first interval in milliseconds, 0 leaves it.
---@param t2 integer|string longest interval in milliseconds, 0 leaves it.
---@return integer # 1, or -1 for negative values.
function KSR.tm.t_set_retr(t1, t2) end

---Set the retransmission intervals back to the settings.
---@return integer # 1.
function KSR.tm.t_reset_retr() end

---Set how long this transaction may live without a final response.
---@param t1 integer|string milliseconds for an INVITE, 0 leaves it.
---@param t2 integer|string milliseconds for other requests, 0 leaves it.
---@return integer # 1, or -1 for negative values.
function KSR.tm.t_set_max_lifetime(t1, t2) end

---Set the lifetimes back to the settings.
---@return integer # 1.
function KSR.tm.t_reset_max_lifetime() end

---Whether a 100 is sent by itself when this INVITE is relayed.
---@param state integer|string 0 no, else yes.
---@return integer # 1.
function KSR.tm.t_set_auto_inv_100(state) end

---Whether a 6xx is like any other failure and does not end the other branches.
---@param state integer|string 1 like any other failure, 0 as RFC 3261 has it.
---@return integer # 1, or -1 when the transaction cannot be created.
function KSR.tm.t_set_disable_6xx(state) end

---Whether only the first address of a name is tried.
---@param state integer|string 1 only the first, 0 all.
---@return integer # 1, or -1 when the transaction cannot be created.
function KSR.tm.t_set_disable_failover(state) end

---Whether a failed t_relay leaves answering to the script (it then returns -4).
---@param state integer|string 1 yes, 0 no.
---@return integer # 1, or -1 when the transaction cannot be created.
function KSR.tm.t_set_disable_internal_reply(state) end

---Whether the Reason headers of the caller's CANCEL stay out of the CANCELs sent.
---@param state integer|string 1 they stay out, 0 they are carried.
---@return integer # 1, or -1 when the transaction cannot be created.
function KSR.tm.t_set_no_e2e_cancel_reason(state) end

---Keep the header changes made since t_newtran for failure routes; they are kept anyway.
---@return integer # 1, or -1 without a transaction.
function KSR.tm.t_save_lumps() end

---In the local-request event: let the header changes made there go out with the request.
---
---Allowed in: event.
---@return integer # 1.
function KSR.tm.t_use_uac_headers() end

---Put the targets found by lookup into groups of equal q, for t_next_contacts.
---@return integer # 1, or -1 when contacts_avp is not set.
function KSR.tm.t_load_contacts() end

---Put the targets found by lookup into groups, for t_next_contacts.
---@param mode integer|string 0 groups of equal q, 1 every target a group of its own.
---@return integer # 1, or -1 when contacts_avp is not set.
function KSR.tm.ki_t_load_contacts_mode(mode) end

---Make the next group of contacts the targets.
---@return integer # 1, -2 when no group is left, -1 when contacts_avp is not set.
function KSR.tm.t_next_contacts() end

---Make another flow of the failed branch's instance the target (RFC 5626).
---@return integer # 1, -2 when there is none, -1 when contact_flows_avp is not set.
function KSR.tm.t_next_contact_flow() end

---Whether a 2xx to a request made here is left without automatic ACK.
---@param state integer|string 1 left to the script, 0 automatic.
---@return integer # 1, or -1 without a transaction.
function KSR.tm.t_set_no_auto_ack(state) end

---tmx: transaction management extensions.
---@class KSR.tmx
KSR.tmx = {}

---Whether this is the request route.
---@return integer # 1 or -1.
function KSR.tmx.t_is_request_route() end

---Whether this is a reply route, ksr_reply_route or one armed by t_on_reply.
---@return integer # 1 or -1.
function KSR.tmx.t_is_reply_route() end

---Whether this is a branch route.
---@return integer # 1 or -1.
function KSR.tmx.t_is_branch_route() end

---Whether this is a failure route, or a continued request.
---@return integer # 1 or -1.
function KSR.tmx.t_is_failure_route() end

---Whether the same request is being handled by another thread right now.
---@return integer # 1 yes, -1 no; for ACK and CANCEL always -1.
function KSR.tmx.t_precheck_trans() end

---Reply to the request that has this Call-ID and CSeq.
---@param callid_s string|number Call-ID.
---@param cseq_s string|number CSeq number.
---@param code integer|string status.
---@param status_s string|number reason phrase, "" for the standard one.
---@return integer # 1, or -1 when there is no such transaction or it was answered.
function KSR.tmx.t_reply_callid(callid_s, cseq_s, code, status_s) end

---Acknowledge the 2xx to an INVITE the server made itself, where t_set_no_auto_ack left that to the script.
---
---May suspend the route until its result is there.
---@param callid_s string|number Call-ID of the INVITE.
---@param cseq_s string|number its CSeq number.
---@param hdrs string|number header lines to add, each ending in CRLF.
---@param body string|number the body, "" for none.
---@return integer # 1, or -1 when there is no such INVITE with a 2xx.
function KSR.tmx.t_uac_ack_local(callid_s, cseq_s, hdrs, body) end

---Cancel the INVITE that has this Call-ID and CSeq.
---@param callid_s string|number Call-ID.
---@param cseq_s string|number CSeq number.
---@param fl integer|string message flag to set in its transaction, for its failure route.
---@return integer # 1, or -1 when there is no such INVITE.
function KSR.tmx.t_cancel_callid(callid_s, cseq_s, fl) end

---Cancel the INVITE that has this Call-ID and CSeq, with a Reason.
---@param callid_s string|number Call-ID.
---@param cseq_s string|number CSeq number.
---@param fl integer|string message flag to set in its transaction, for its failure route.
---@param rcode integer|string cause written into the Reason header, 0 for none.
---@return integer # 1, or -1 when there is no such INVITE.
function KSR.tmx.t_cancel_callid_reason(callid_s, cseq_s, fl, rcode) end

---Cancel branches of this INVITE.
---@param mode string|number "all", "others" than the one this reply came from, or "this" one.
---@return integer # 1, or -1 without a transaction or for another mode.
function KSR.tmx.t_cancel_branches(mode) end

---Make the branch that failed the target again: its URI, next hop, flags, path and socket.
---
---Allowed in: failure, branch failure.
---@return integer # 1, or -1 when there is no such branch.
function KSR.tmx.t_reuse_branch() end

---Copy the message flags to the transaction now.
---@return integer # 1, or -1 without a transaction.
function KSR.tmx.t_flush_flags() end

---Copy the extra message flags (corex) to the transaction now.
---@return integer # 1, or -1 without a transaction.
function KSR.tmx.t_flush_xflags() end

---End the transaction without an answer.
---@return integer # 1, or -1 without a transaction.
function KSR.tmx.t_drop() end

---End the transaction without an answer, as if this status had been sent.
---@param rcode integer|string the status to count it under.
---@return integer # 1, or -1 without a transaction.
function KSR.tmx.t_drop_rcode(rcode) end

---Hold the request, or in an onreply callback the reply, until t_continue; the script must then end.
---
---$T(id_index) and $T(id_label), read afterwards, name the transaction. When nobody continues within fr_timer
---the armed failure callback runs with 408.
---@return integer # 1, or -1 when it cannot be held (a final reply was sent, a made-up request).
function KSR.tmx.t_suspend() end

---Continue a held transaction: a Lua function runs with its request (or the held reply).
---
---The function runs right after this route has ended or waits, as in a failure route; it may relay, answer
---or suspend again.
---@param tindex integer|string $T(id_index) of the transaction.
---@param tlabel integer|string $T(id_label) of the transaction.
---@param cbname string|number name of a global Lua function; it is called with "tmx:continue".
---@return integer # 1, or -1 when there is no such transaction or it is not held.
function KSR.tmx.t_continue(tindex, tlabel, cbname) end

---app_lua: running functions, text and files of Lua.
---@class KSR.app_lua
KSR.app_lua = {}

---Call a function of the script.
---
---May suspend the route until its result is there.
---@param func string|number name of a global function.
---@return integer # 1; -1 when there is no such function or it failed, which is logged.
function KSR.app_lua.run(func) end

---Call a function of the script with one argument.
---
---May suspend the route until its result is there.
---@param func string|number name of a global function.
---@param p1 string|number its argument, a string.
---@return integer # 1; -1 when there is no such function or it failed, which is logged.
function KSR.app_lua.run_p1(func, p1) end

---Call a function of the script with two arguments.
---
---May suspend the route until its result is there.
---@param func string|number name of a global function.
---@param p1 string|number its first argument, a string.
---@param p2 string|number its second argument, a string.
---@return integer # 1; -1 when there is no such function or it failed, which is logged.
function KSR.app_lua.run_p2(func, p1, p2) end

---Call a function of the script with three arguments.
---
---May suspend the route until its result is there.
---@param func string|number name of a global function.
---@param p1 string|number its first argument, a string.
---@param p2 string|number its second argument, a string.
---@param p3 string|number its third argument, a string.
---@return integer # 1; -1 when there is no such function or it failed, which is logged.
function KSR.app_lua.run_p3(func, p1, p2, p3) end

---Run Lua text among the functions and globals of the script.
---
---May suspend the route until its result is there.
---@param script string|number Lua code of at most 1022 bytes.
---@return integer # 1; -1 when it is too long, is no Lua, failed, or ended by KSR.x.exit(), which is logged.
function KSR.app_lua.runstring(script) end

---Run Lua text in a second Lua state, which has KSR and nothing of the script.
---
---That state keeps its globals until the script is loaded again; there is one for each thread.
---
---May suspend the route until its result is there.
---@param script string|number Lua code of at most 1022 bytes.
---@return integer # 1; -1 when it is too long, is no Lua, failed, or ended by KSR.x.exit(), which is logged.
function KSR.app_lua.dostring(script) end

---Run a Lua file in the second Lua state, the one of dostring. The file is read each time.
---
---May suspend the route until its result is there.
---@param script string|number path of the file, of at most 1022 bytes.
---@return integer # 1; -1 when it cannot be read, is no Lua, failed, or ended by KSR.x.exit(), which is logged.
function KSR.app_lua.dofile(script) end

---async: asynchronous routes and tasks.
---@class KSR.async
KSR.async = {}

---Suspend the request and continue it in another function after some seconds; the script must then end.
---
---Allowed in: request, onreply, failure.
---@param rn string|number name of a global Lua function; it is called with "async:timer-exec".
---@param s integer|string seconds, 0 to 100.
---@return integer # the module's `return` setting (0) when suspended, -1 when that is not possible.
function KSR.async.route(rn, s) end

---Suspend the request and continue it in another function after some milliseconds.
---
---Allowed in: request, onreply, failure.
---@param rn string|number name of a global Lua function; it is called with "async:timer-exec".
---@param s integer|string milliseconds, 0 to 30000.
---@return integer # as route; -1 also when the setting ms_timer is 0.
function KSR.async.ms_route(rn, s) end

---Suspend the request and continue it at once in a thread for tasks; the script must then end.
---
---Allowed in: request, onreply, failure.
---@param rn string|number name of a global Lua function; it is called with "async:task-exec".
---@return integer # the module's `return` setting (0) when handed over, -1 when that is not possible.
function KSR.async.task_route(rn) end

---Suspend the request and continue it in a thread of a group.
---
---Allowed in: request, onreply, failure.
---@param rn string|number name of a global Lua function; it is called with "async:task-exec".
---@param gn string|number name of the group.
---@return integer # as task_route; -1 also when there is no such group.
function KSR.async.task_group_route(rn, gn) end

---Call a function in a thread for tasks, on a made-up request; this route goes on.
---@param rn string|number name of a global Lua function; it is called with "async:task-data".
---@param sdata string|number text it finds in $async(data).
---@return integer # 1, or -1 when too many tasks wait.
function KSR.async.task_data(rn, sdata) end

---Call a function in a thread of a group, on a made-up request.
---@param rn string|number name of a global Lua function; it is called with "async:task-data".
---@param gn string|number name of the group.
---@param sdata string|number text it finds in $async(data).
---@return integer # 1, or -1 when there is no such group or too many tasks wait.
function KSR.async.task_group_data(rn, gn, sdata) end

---The text given to task_data, in its function.
---@return string|integer|nil # the text, nil elsewhere.
function KSR.async.get_data() end

---The name of the group the function runs in.
---@return string|integer|nil # the name, nil outside a task with data.
function KSR.async.get_gname() end

---cfgutils: helps for scripts.
---@class KSR.cfgutils
KSR.cfgutils = {}

---Wait some seconds. The route is suspended; other messages are handled.
---
---May suspend the route until its result is there.
---@param v integer|string seconds.
---@return integer # 1.
function KSR.cfgutils.sleep(v) end

---Wait some microseconds. The route is suspended; other messages are handled.
---
---May suspend the route until its result is there.
---@param v integer|string microseconds.
---@return integer # 1.
function KSR.cfgutils.usleep(v) end

---Take the lock of a key; a route that must wait is suspended.
---
---A lock still held when its route ends is released, and that is logged.
---
---May suspend the route until its result is there.
---@param lkey string|number any text; keys may share a lock, as in Kamailio. Taking a lock twice in one route does not block.
---@return integer # 1, or -1 without lock_set_size or when it was not to be had within a minute.
function KSR.cfgutils.lock(lkey) end

---Take the lock of a key if it is free.
---@param lkey string|number any text.
---@return integer # 1 taken, -1 busy or no lock_set_size.
function KSR.cfgutils.trylock(lkey) end

---Release the lock of a key.
---@param lkey string|number the text given to lock.
---@return integer # 1, or -1 when it is not held or there is no lock_set_size.
function KSR.cfgutils.unlock(lkey) end

---Take the lock of a key made of two parts.
---
---May suspend the route until its result is there.
---@param lkey string|number first part.
---@param lkey2 string|number second part.
---@return integer # as lock.
function KSR.cfgutils.lock_key2(lkey, lkey2) end

---Take the lock of a key made of two parts if it is free.
---@param lkey string|number first part.
---@param lkey2 string|number second part.
---@return integer # as trylock.
function KSR.cfgutils.trylock_key2(lkey, lkey2) end

---Release the lock of a key made of two parts.
---@param lkey string|number first part.
---@param lkey2 string|number second part.
---@return integer # as unlock.
function KSR.cfgutils.unlock_key2(lkey, lkey2) end

---True by chance, with the probability that is set.
---@return integer # 1 or -1.
function KSR.cfgutils.rand_event() end

---Set the probability of rand_event.
---@param percent_par integer|string 0 to 100.
---@return integer # 1, or -1 for other numbers.
function KSR.cfgutils.rand_set_prob(percent_par) end

---Set the probability of rand_event back to the setting.
---@return integer # 1.
function KSR.cfgutils.rand_reset_prob() end

---The probability of rand_event.
---@return integer # percent.
function KSR.cfgutils.rand_get_prob() end

---Kamailio's hash of one or two texts: a number, the same for the same texts.
---@param s1 string|number first text.
---@param s2 string|number second text, "" for none.
---@param sz integer|string 2 to the power of this many values; 2 values for 0 and below.
---@return integer # the number, from 1.
function KSR.cfgutils.core_hash(s1, s2, sz) end

---Whether the script has a function of this name.
---@param route string|number name of a global Lua function.
---@return integer # 1 or -1.
function KSR.cfgutils.check_route_exists(route) end

---Call a function of the script if it is there.
---
---May suspend the route until its result is there.
---@param route string|number name of a global Lua function.
---@return integer # 1 when it was called and ended well, -1 when not.
function KSR.cfgutils.route_if_exists(route) end

---rtimer: timers that run Lua functions.
---@class KSR.rtimer
KSR.rtimer = {}

---timer: timers that can be switched.
---@class KSR.timer
KSR.timer = {}

---Switch a timer on or off.
---@param timerid string|number its name.
---@param enable integer|string 0 off, else on.
---@return integer # 1, or -1 when there is no such timer.
function KSR.timer.timer_enable(timerid, enable) end

---usrloc: which contacts an address of record has registered.
---@class KSR.usrloc
KSR.usrloc = {}

---registrar: saving registrations and finding registered users.
---@class KSR.registrar
KSR.registrar = {}

---Make the contacts of a URI readable as $ulc(profile=>attribute).
---
---May suspend the route until its result is there.
---@param dtable string|number location table.
---@param uri string|number whose contacts.
---@param profile string|number name to read them by.
---@return integer # 1, -1 when there are none.
function KSR.registrar.reg_fetch_contacts(dtable, uri, profile) end

---Forget fetched contacts.
---@param profile string|number their name.
---@return integer # 1, -1 without a name.
function KSR.registrar.reg_free_contacts(profile) end

---An attribute of fetched contacts as a whole.
---@param rid string|number the profile.
---@param attr string|number "count" or "aor".
---@return string|integer|nil # the value, 0 when there is none.
function KSR.registrar.ulc_rget(rid, attr) end

---An attribute of one fetched contact.
---@param rid string|number the profile.
---@param attr string|number as in $ulc(profile=>attr).
---@param idx integer|string which contact, from 0.
---@return string|integer|nil # the value, "" for a socket that is not known, 0 when there is no such contact.
function KSR.registrar.ulc_cget(rid, attr, idx) end

---Route the request to the contacts of its Request-URI.
---
---Allowed in: request, failure, event.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@return integer # 1 found, -1 not registered, -2 no contact accepts the method, -3 error.
function KSR.registrar.lookup(table) end

---Route the request to the contacts of a URI.
---
---Allowed in: request, failure, event.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number whose contacts; the Request-URI when empty.
---@return integer # as lookup.
function KSR.registrar.lookup_uri(table, uri) end

---Add the contacts of a URI as branches and leave the Request-URI as it is.
---
---Allowed in: request, failure, event.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number whose contacts; the Request-URI when empty.
---@return integer # as lookup.
function KSR.registrar.lookup_to_dset(table, uri) end

---Look up the Request-URI and every branch there is.
---
---Allowed in: request, failure, event.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@return integer # 1 when one of them is registered, otherwise as lookup for the last one.
function KSR.registrar.lookup_branches(table) end

---Put the contacts of a URI into XAVPs.
---
---May suspend the route until its result is there.
---@param utname string|number location table.
---@param uri string|number whose contacts.
---@param rxname string|number XAVP for the record: aor and count.
---@param cxname string|number XAVP with one record a contact: uri, socket and dsturi.
---@return integer # 1, -1 when there are none.
function KSR.registrar.lookup_xavp(utname, uri, rxname, cxname) end

---Whether the user of the Request-URI (on a reply: of To) is registered.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@return integer # 1 registered, -1 not.
function KSR.registrar.registered(table) end

---Whether the user of a URI is registered.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number the user; as for registered when empty.
---@return integer # 1 registered, -1 not.
function KSR.registrar.registered_uri(table, uri) end

---Whether the user of a URI has a contact with the values in xavp_cfg.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number the user; as for registered when empty.
---@param flags integer|string what must match: sum of 1 match_callid, 2 match_received, 4 match_contact.
---@return integer # 1 registered, -1 not.
function KSR.registrar.registered_flags(table, uri, flags) end

---Whether the user of a URI has a contact with the values in xavp_cfg.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number the user; as for registered when empty.
---@param flags integer|string as for registered_flags.
---@param action_flags integer|string 2: do not fill xavp_rcd.
---@return integer # 1 registered, -1 not.
function KSR.registrar.registered_action(table, uri, flags, action_flags) end

---Whether the request comes from where one of a user's contacts is.
---
---May suspend the route until its result is there.
---@param utname string|number location table.
---@param uri string|number the user.
---@param vmode integer|string what must match besides the address: sum of 1 port, 2 protocol.
---@return integer # 1 it does, -1 not.
function KSR.registrar.reg_from_user(utname, uri, vmode) end

---Do what a REGISTER asks for and answer it.
---
---Allowed in: request, reply, onreply, failure, event.
---
---May suspend the route until its result is there.
---@param table string|number location table, such as "location".
---@param flags integer|string sum of 1 keep in memory only, 2 send no reply, 4 keep just this contact, 8 do not vary the life of contacts, 16 (with 2) prepare the reply's headers.
---@return integer # 1 contact added, 2 updated, 3 removed, 4 contacts listed, -1 error (answered with the reason), -2 too many contacts.
function KSR.registrar.save(table, flags) end

---Do what a REGISTER asks for, for the address of record of a given URI instead of To.
---
---Allowed in: request, reply, onreply, failure, event.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param flags integer|string as for save.
---@param uri string|number whose contacts they are.
---@return integer # as save.
function KSR.registrar.save_uri(table, flags, uri) end

---Send the reply that save was told not to send.
---
---Allowed in: request, failure.
---@return integer # 1, -1 when it could not be sent or there is none.
function KSR.registrar.reg_send_reply() end

---Set the q that the next save gives to contacts.
---@param new_q string|number "0" to "1", such as "0.5".
---@return integer # 1, -1 when it is no q.
function KSR.registrar.set_q_override(new_q) end

---Add a header that tells the next registrar by which socket the request came.
---
---Allowed in: request.
---@param hdr_name string|number the header's name.
---@return integer # 1, -1 without a name.
function KSR.registrar.add_sock_hdr(hdr_name) end

---Remove all contacts of an address of record.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number whose contacts.
---@return integer # 1, -1 bad uri or table, -2 error, -3 there were none.
function KSR.registrar.unregister(table, uri) end

---Remove one contact of an address of record.
---
---May suspend the route until its result is there.
---@param table string|number location table.
---@param uri string|number whose contact.
---@param ruid string|number the contact's ruid, all contacts when empty.
---@return integer # 1, -1 bad uri or table, -2 error, -3 there was none.
function KSR.registrar.unregister_ruid(table, uri, ruid) end

---nathelper: reaching phones behind NAT.
---@class KSR.nathelper
KSR.nathelper = {}

---Tell whether the sender of the message is behind NAT.
---@param tests integer|string sum of 1 private Contact, 2 Via host is not the source, 4 private Via, 8 private address in SDP, 16 Via port is not the source's, 32 private source, 64 it came by WebSocket, 128 Contact port is not the source's, 256 no address in SDP is the source, 512 $du differs from $ru (in a reply: the second Via from its received and rport) or leads to a WebSocket.
---@return integer # 1 when one of the tests says so, else -1.
function KSR.nathelper.nat_uac_test(tests) end

---Tell whether an IP address is private (RFC 1918, RFC 6598, RFC 7335).
---@param address string|number IPv4 address.
---@return integer # 1 it is, -1 it is not or is no IPv4 address.
function KSR.nathelper.is_rfc1918(address) end

---Put the source address into the session description.
---@param level integer|string sum of 1 add a=direction:active to each medium, 2 in c= lines, 4 add nortpproxy_str, 8 in o=.
---@return integer # 1 addresses were exchanged, 2 none had to be, -1 without session description, without a line to change in it, or with an address of the other IP version in such a line.
function KSR.nathelper.fix_nated_sdp(level) end

---Put an address into the session description.
---@param level integer|string as for fix_nated_sdp.
---@param ip string|number the address, "" for the source's.
---@return integer # 1 addresses were exchanged, 2 none had to be, -1 without session description, without a line to change in it, or with an address of the other IP version in such a line.
function KSR.nathelper.fix_nated_sdp_ip(level, ip) end

---Put the source address in the place of the first Contact's host and port.
---
---Allowed in: request, reply, onreply, failure, branch, onsend.
---@return integer # 1, or -1 when there is no Contact, it is malformed or has been changed before.
function KSR.nathelper.fix_nated_contact() end

---Have the first Contact take the source address along: ;alias=ip~port~protocol.
---
---Allowed in: request, reply, onreply, failure, branch, onsend.
---@return integer # 1, or -1 when there is no Contact, it is malformed or has been changed before.
function KSR.nathelper.set_contact_alias() end

---Do as set_contact_alias, in the place of an alias the Contact has already.
---
---Allowed in: request, reply, onreply, failure, branch, onsend.
---@return integer # 1, or -1 when there is no Contact, it is malformed or has been changed before.
function KSR.nathelper.set_contact_alias_trim() end

---Have the first Contact take the source address along if that is another than its own.
---
---The alias stands before the URI's other parameters, so before one that a server nearer to the phone has added.
---
---Allowed in: request, reply, onreply, failure, branch, onsend.
---@return integer # 1, 2 when there is no Contact or it has the source address, -1 when it is malformed or changed before.
function KSR.nathelper.add_contact_alias() end

---Have the first Contact take an address along.
---
---Allowed in: request, reply, onreply, failure, branch, onsend.
---@param ip_str string|number IP address.
---@param port_str string|number port.
---@param proto_str string|number udp, tcp, tls, sctp, ws or wss.
---@return integer # 1, 2 without a Contact, -1 when an argument or the Contact is malformed, or it was changed before.
function KSR.nathelper.add_contact_alias_addr(ip_str, port_str, proto_str) end

---Write the alias in the first Contact as a URI.
---
---Allowed in: request, reply, onreply, failure, branch, onsend.
---@param pvname string|number pseudo-variable it is written to, such as "$avp(alias)".
---@return integer # 1, or -1 when there is no alias, it is malformed, or the variable cannot be set.
function KSR.nathelper.set_alias_to_pv(pvname) end

---Send the request where the alias in its Request-URI says: the alias becomes $du and leaves $ru.
---
---Allowed in: request, failure, branch.
---@return integer # 1, 2 when there is no alias, -1 when it is malformed.
function KSR.nathelper.handle_ruri_alias() end

---Do as handle_ruri_alias, with a choice of several aliases.
---
---Allowed in: request, failure, branch.
---@param mode integer|string 0 the first alias, any other number the last.
---@return integer # 1, 2 when there is no alias, -1 when it is malformed.
function KSR.nathelper.handle_ruri_alias_mode(mode) end

---Put the source address as a URI into the AVP received_avp, for KSR.registrar.save.
---
---Allowed in: request.
---@return integer # 1, also when received_avp is not set.
function KSR.nathelper.fix_nated_register() end

---Add the source address to every Contact as its parameter received, for a registrar further on.
---
---Allowed in: request.
---@param upos integer|string 0 a parameter of the header, in quotes; another number one of the URI, over UDP only.
---@return integer # 1, or -1 when a Contact is malformed or the number does not fit the transport.
function KSR.nathelper.add_rcv_param(upos) end

---dialog: calls from INVITE to BYE.
---@class KSR.dialog
KSR.dialog = {}

---End the current dialog by BYE. It is over, and "dialog:end" told, when the first BYE is answered.
---@param side string|number who is sent one: "caller", "callee" or "all".
---@return integer # 1, -1 when there is no answered dialog, no such side, or it was sent one before.
function KSR.dialog.dlg_bye(side) end

---Ask an end of a dialog to call somebody else (REFER); the dialog stays until an end hangs up.
---@param callid string|number the dialog's Call-ID.
---@param side string|number "caller" or "callee".
---@param to string|number the URI it is to call.
---@return integer # 1, -1 when there is no answered dialog, no such side or no URI.
function KSR.dialog.dlg_refer_cid(callid, side, to) end

---As dlg_refer_cid, for a dialog by its identity.
---@param h_entry integer|string the first part of its identity.
---@param h_id integer|string the second.
---@param side string|number "caller" or "callee".
---@param to string|number the URI it is to call.
---@return integer # as dlg_refer_cid.
function KSR.dialog.dlg_refer_did(h_entry, h_id, side, to) end

---Send a request within the current dialog.
---@param side string|number who gets it: "caller" or "callee".
---@param method string|number such as "INFO".
---@param content_type string|number of the body, "" for none.
---@param content string|number the body.
---@return integer # 1, -1 when there is no answered dialog, no such side or no method.
function KSR.dialog.dlg_req_within4(side, method, content_type, content) end

---Call somebody, ask him by REFER to call somebody else, and hang up.
---@param sfrom string|number the URI that is called.
---@param sto string|number the URI he is asked to call.
---@param soproxy string|number URI of the next hop, "" for none.
---@return integer # 1, -1 when a URI is missing or cannot be used.
function KSR.dialog.dlg_bridge(sfrom, sto, soproxy) end

---Track the dialogs with a Call-ID that the database holds and this server does not know.
---
---May suspend the route until its result is there.
---@param callid string|number the Call-ID.
---@return integer # 1 when one was loaded, -1 when not.
function KSR.dialog.dlg_db_load_callid(callid) end

---Track every dialog that the database holds and this server does not know.
---
---May suspend the route until its result is there.
---@return integer # 1, -1 without database.
function KSR.dialog.dlg_db_load_extra() end

---Put the current dialog, or the one that dlg_manage will begin, into a profile. It leaves when it ends.
---@param sprofile string|number a name of profiles_with_value or profiles_no_value.
---@param svalue string|number the value it is in the profile with; ignored for a profile without values.
---@return integer # 1, -1 when there is no such profile, no value where one is needed, or no dialog.
function KSR.dialog.set_dlg_profile(sprofile, svalue) end

---Put the current dialog, or the one that dlg_manage will begin, into a profile without values.
---@param sprofile string|number a name of profiles_no_value.
---@return integer # as set_dlg_profile.
function KSR.dialog.set_dlg_profile_static(sprofile) end

---Take the current dialog out of a profile.
---@param sprofile string|number the profile.
---@param svalue string|number the value it is in the profile with; ignored for a profile without values.
---@return integer # 1, -1 when it is not in it.
function KSR.dialog.unset_dlg_profile(sprofile, svalue) end

---Take the current dialog out of a profile without values.
---@param sprofile string|number the profile.
---@return integer # 1, -1 when it is not in it.
function KSR.dialog.unset_dlg_profile_static(sprofile) end

---Whether the current dialog is in a profile.
---@param sprofile string|number the profile.
---@param svalue string|number the value; ignored for a profile without values.
---@return integer # 1 when it is, -1 when not.
function KSR.dialog.is_in_profile(sprofile, svalue) end

---Whether the current dialog is in a profile, with whatever value.
---@param sprofile string|number the profile.
---@return integer # 1 when it is, -1 when not.
function KSR.dialog.is_in_profile_static(sprofile) end

---How many dialogs are in a profile.
---@param sprofile string|number the profile.
---@param svalue string|number only those with this value; "" for all.
---@param spv string|number the variable that gets the number, such as "$var(size)".
---@return integer # 1, -1 when there is no such profile or the variable cannot be set.
function KSR.dialog.get_profile_size(sprofile, svalue, spv) end

---How many dialogs are in a profile, with whatever value.
---@param sprofile string|number the profile.
---@param spv string|number the variable that gets the number, such as "$var(size)".
---@return integer # 1, -1 when there is no such profile or the variable cannot be set.
function KSR.dialog.get_profile_size_static(sprofile, spv) end

---Value of a variable of the current dialog, or of the one that dlg_manage will begin.
---@param name string|number the variable's name.
---@return string|integer|nil # the text, nil when there is none.
function KSR.dialog.var_get(name) end

---As var_get, with "" for none.
---@param name string|number the variable's name.
---@return string|integer|nil # the text, "" when there is none.
function KSR.dialog.var_gete(name) end

---As var_get, with "<null>" for none.
---@param name string|number the variable's name.
---@return string|integer|nil # the text, "<null>" when there is none.
function KSR.dialog.var_getw(name) end

---Set a variable of the current dialog, or of the one that dlg_manage will begin.
---@param name string|number the variable's name.
---@param val string|number its value.
---@return integer # 1.
function KSR.dialog.var_sets(name, val) end

---Remove a variable.
---@param name string|number the variable's name.
---@return integer # 1.
function KSR.dialog.var_rm(name) end

---Whether there is no such variable.
---@param name string|number the variable's name.
---@return integer # 1 when there is none, -1 when there is.
function KSR.dialog.var_is_null(name) end

---A variable of any dialog.
---@param sc string|number the dialog's Call-ID.
---@param sf string|number the caller's tag.
---@param st string|number the callee's tag, "" while the call is being set up.
---@param key string|number the variable's name.
---@return string|integer|nil # the text, nil when there is no such dialog or variable.
function KSR.dialog.dlg_get_var(sc, sf, st, key) end

---Set a variable of any dialog.
---@param sc string|number the dialog's Call-ID.
---@param sf string|number the caller's tag.
---@param st string|number the callee's tag, "" while the call is being set up.
---@param key string|number the variable's name.
---@param val string|number its value.
---@return integer # 1, -1 when there is no such dialog.
function KSR.dialog.dlg_set_var(sc, sf, st, key, val) end

---Track the dialog that the INVITE begins; in a later request, find its dialog and let it have its effect.
---@return integer # 1; -1 for a first request that is no INVITE, and for a reply.
function KSR.dialog.dlg_manage() end

---Whether the message belongs to a dialog that is tracked.
---@return integer # 1 when it does, -1 when not.
function KSR.dialog.is_known_dlg() end

---Make another dialog the current one for this run of the callback.
---@param sc string|number its Call-ID.
---@param sf string|number the caller's tag.
---@param st string|number the callee's tag, "" while the call is being set up.
---@return integer # 1, -1 when there is none.
function KSR.dialog.dlg_get(sc, sf, st) end

---Set how long the current dialog may last, from now on when it is answered.
---@param to integer|string seconds.
---@return integer # 1, -1 when there is no dialog or the number is not above 0.
function KSR.dialog.dlg_set_timeout(to) end

---Set how long a dialog may last.
---@param to integer|string seconds.
---@param he integer|string the first part of its identity, $dlg(h_entry).
---@param hi integer|string the second, $dlg(h_id).
---@return integer # as dlg_set_timeout.
function KSR.dialog.dlg_set_timeout_id(to, he, hi) end

---Switch a behaviour of the current dialog on.
---@param pval string|number "ka-src" or "ka-dst": keep-alives to the caller or the callee; "timeout-noreset": later requests do not begin its time anew.
---@return integer # 1, -1 when there is no dialog or no such property.
function KSR.dialog.dlg_set_property(pval) end

---Switch a behaviour of the current dialog off.
---@param pval string|number as dlg_set_property.
---@return integer # 1, -1 when there is no dialog or no such property.
function KSR.dialog.dlg_reset_property(pval) end

---Set a flag of the current dialog, or of the one that dlg_manage will begin.
---@param val integer|string 0 to 31.
---@return integer # 1, -1 for another number.
function KSR.dialog.dlg_setflag(val) end

---Clear a flag of the current dialog, or of the one that dlg_manage will begin.
---@param val integer|string 0 to 31.
---@return integer # 1, -1 for another number.
function KSR.dialog.dlg_resetflag(val) end

---Whether a flag of the current dialog, or of the one that dlg_manage will begin, is set.
---@param val integer|string 0 to 31.
---@return integer # 1 when it is, -1 when not.
function KSR.dialog.dlg_isflagset(val) end

---Put the current dialog into a state by hand: nobody is told, no event callback runs, nothing is sent.
---@param state string|number "u" unconfirmed, "e" early, "a" waiting for ACK, "c" confirmed, "d" ended, or 1 to 5.
---@return integer # 1, -1 when there is no dialog or no such state.
function KSR.dialog.dlg_set_state(state) end

---Let the message at hand have its effect on the state of its dialog, where dlg_manage and loose_route do not.
---@return integer # 1, -1 when there is no dialog.
function KSR.dialog.dlg_update_state() end

---Take the sender's Contact from the message at hand. A 2xx to INVITE and UPDATE does that by itself.
---@return integer # 1, -1 when there is no dialog or no Contact.
function KSR.dialog.dlg_update_contact() end

---Take the socket the message at hand came in by for later requests to its sender.
---@return integer # 1, -1 when there is no dialog.
function KSR.dialog.dlg_update_socket() end

---Dialogs are not shared with other servers (DMQ), so there are none of another node's.
---@param node_uri string|number ignored.
---@return integer # -1.
function KSR.dialog.dlg_remove_dialogs_from_node(node_uri) end

---acc: accounting.
---@class KSR.acc
KSR.acc = {}

---Account the request now, in the log and in the database where there is one.
---@param comment string|number "404 Not Found", or a text without code.
---@param dbtable string|number the table; "@acc" is "acc".
---@return integer # 1, -1 when the request cannot be read or no table is named.
function KSR.acc.acc_request(comment, dbtable) end

---Account the request now, in the log.
---@param comment string|number "404 Not Found", or a text without code.
---@return integer # 1, -1 when the request cannot be read.
function KSR.acc.acc_log_request(comment) end

---Account the request now, in the database.
---@param comment string|number "404 Not Found", or a text without code.
---@param dbtable string|number the table; "@acc" is "acc".
---@return integer # 1, -1 when the request cannot be read, no table is named or there is no database.
function KSR.acc.acc_db_request(comment, dbtable) end

---auth: challenges and passwords.
---@class KSR.auth
KSR.auth = {}

---Ask for credentials: 401 for a REGISTER, 407 for every other request.
---
---Allowed in: request, failure.
---@param realm string|number for which; the domain of the user as a rule.
---@param flags integer|string sum of 1 qop=auth, 2 qop=auth-int, 4 no 500 when no challenge can be made, 16 stale=true.
---@return integer # 1, -1 without a realm, -3 when the reply cannot be sent, -4 when the 500 cannot.
function KSR.auth.auth_challenge(realm, flags) end

---Ask for credentials by 401.
---
---Allowed in: request, failure.
---@param realm string|number for which.
---@param flags integer|string as for auth_challenge.
---@return integer # 1, -1 without a realm, -3 when the reply cannot be sent, -4 when the 500 cannot.
function KSR.auth.www_challenge(realm, flags) end

---Ask for credentials by 407.
---
---Allowed in: request, failure.
---@param realm string|number for which.
---@param flags integer|string as for auth_challenge.
---@return integer # 1, -1 without a realm, -3 when the reply cannot be sent, -4 when the 500 cannot.
function KSR.auth.proxy_challenge(realm, flags) end

---Make the header line of a 401 without sending it.
---@param realm string|number for which.
---@param flags integer|string as for auth_challenge.
---@param pvdst string|number pseudo-variable it is written to.
---@return integer # 1, or -1 without a realm or when the variable cannot be set.
function KSR.auth.auth_get_www_authenticate(realm, flags, pvdst) end

---Use another algorithm than the settings' for the rest of this run of the callback.
---@param alg string|number MD5, SHA-256 or SHA-512-256; several with commas are all offered, the best first.
---@return integer # 1, or -1 when one is unknown.
function KSR.auth.auth_algorithm(alg) end

---Check the credentials in Authorization against a password.
---
---Allowed in: request.
---@param realm string|number of the credentials.
---@param passwd string|number password, or H(A1) with flag 1.
---@param flags integer|string sum of 1 passwd is H(A1), and of what puts a challenge into the AVP challenge_attr on failure: 2 without qop, 4 qop=auth, 8 qop=auth-int, 16 with stale=true.
---@return integer # 1, -1 error, -2 wrong password, -4 stale nonce, -5 no credentials for the realm, -6 nonce used before.
function KSR.auth.pv_www_authenticate(realm, passwd, flags) end

---Check the credentials in Authorization as if the request had another method.
---
---Allowed in: request.
---@param realm string|number of the credentials.
---@param passwd string|number password, or H(A1) with flag 1.
---@param flags integer|string as for pv_www_authenticate.
---@param method string|number the method the credentials were made for.
---@return integer # as pv_www_authenticate; -1 without a method.
function KSR.auth.pv_www_authenticate_method(realm, passwd, flags, method) end

---Check the credentials in Proxy-Authorization against a password.
---
---Allowed in: request.
---@param realm string|number of the credentials.
---@param passwd string|number password, or H(A1) with flag 1.
---@param flags integer|string as for pv_www_authenticate.
---@return integer # as pv_www_authenticate.
function KSR.auth.pv_proxy_authenticate(realm, passwd, flags) end

---Check the credentials in Authorization of a REGISTER, in Proxy-Authorization of every other request.
---
---Allowed in: request.
---@param srealm string|number of the credentials.
---@param spasswd string|number password, or H(A1) with flag 1.
---@param vflags integer|string as for pv_www_authenticate.
---@param vchecks integer|string 1 the user must be that of From (REGISTER and PUBLISH: of To, which must be From's).
---@return integer # as pv_www_authenticate; -8 when it is another user.
function KSR.auth.pv_auth_check(srealm, spasswd, vflags, vchecks) end

---Tell whether the request brings credentials for a realm, whatever they are worth.
---@param srealm string|number the realm.
---@return integer # 1 or -1.
function KSR.auth.has_credentials(srealm) end

---Remove the header with the credentials that were checked: they are for this server only.
---
---Allowed in: request.
---@return integer # 1, or -1 when none were checked.
function KSR.auth.consume_credentials() end

---auth_db: passwords in a database.
---@class KSR.auth_db
KSR.auth_db = {}

---Check the credentials in Authorization of a REGISTER, in Proxy-Authorization of every other request.
---
---Other messages are handled while the database is asked.
---
---Allowed in: request.
---
---May suspend the route until its result is there.
---@param srealm string|number realm of the credentials.
---@param stable string|number table of the users, "subscriber".
---@param iflags integer|string 0; 1 the user must be that of From (REGISTER and PUBLISH: of To, which must be From's); 3 the same, but not of From for INVITE, BYE, PRACK, UPDATE and MESSAGE.
---@return integer # 1, -1 error (also of the database), -2 wrong password, -3 unknown user, -4 stale nonce, -5 no credentials for the realm, -6 nonce used before, -8 another user.
function KSR.auth_db.auth_check(srealm, stable, iflags) end

---Check the credentials in Authorization; other messages are handled while the database is asked.
---
---Allowed in: request.
---
---May suspend the route until its result is there.
---@param realm string|number of the credentials.
---@param table string|number of the users.
---@return integer # as auth_check without flags.
function KSR.auth_db.www_authenticate(realm, table) end

---Check the credentials in Authorization as if the request had another method.
---
---Allowed in: request.
---
---May suspend the route until its result is there.
---@param realm string|number of the credentials.
---@param table string|number of the users.
---@param method string|number the method the credentials were made for.
---@return integer # as auth_check without flags; -1 without a method.
function KSR.auth_db.www_authenticate_method(realm, table, method) end

---Tell whether there is a user with this address; other messages are handled while the database is asked.
---
---May suspend the route until its result is there.
---@param suri string|number the address, a SIP URI.
---@param stable string|number table of the users.
---@param iflags integer|string sum of 1 compare the domain too, 2 do not read load_credentials into AVPs.
---@return integer # 1 there is, -1 error (also of the database or the URI), -2 there is none.
function KSR.auth_db.is_subscriber(suri, stable, iflags) end

---uac: the server as a client of others.
---@class KSR.uac
KSR.uac = {}

---Find the account a call from another server is for, and put its local user's URI into a variable.
---@param userid string|number l_uuid, the user part of the Contact that was registered.
---@param sdst string|number the variable, such as "$ru".
---@return integer # 1, -1 when there is no such account or the variable cannot be set.
function KSR.uac.uac_reg_lookup(userid, sdst) end

---Find the account of a local user, and put its l_uuid into a variable.
---@param suri string|number URI whose user (with reg_use_domain: and host) are l_username (and l_domain).
---@param sdst string|number the variable, such as "$var(uuid)".
---@return integer # 1, -1 when there is no such account or the variable cannot be set, -2 for an unreadable URI.
function KSR.uac.uac_reg_lookup_uri(suri, sdst) end

---Tell whether an account is registered.
---@param sruuid string|number l_uuid.
---@return integer # 1 it is; -1 there is no such account; -2 it is not, but a REGISTER is under way; -3 it is disabled; -99 it is not, and waits for the next try.
function KSR.uac.uac_reg_status(sruuid) end

---Send this request as an account's user: sets $ru, $du and the variables uac_auth reads.
---
---Allowed in: request, failure, branch, branch failure.
---@param userid string|number l_uuid, or l_username (with reg_use_domain a URI).
---@param imode integer|string sum of 1 userid is a user and not l_uuid, 2 auth_password_avp gets H(A1): then use uac_auth_mode(1).
---@return integer # 1; -1 when there is no such account, imode is unknown, or auth_*_avp are not set in the settings; -2 for an unreadable URI.
function KSR.uac.uac_reg_request_to(userid, imode) end

---Let an account be registered, from the timer's next look on.
---@param attr string|number "l_uuid", "l_username", "r_username" or "auth_username".
---@param val string|number its value.
---@return integer # 1, -1 when one is empty, -2 when there is no such account, -3 for another attribute.
function KSR.uac.uac_reg_enable(attr, val) end

---Let an account no longer be registered; what is registered stays until it ends.
---@param attr string|number "l_uuid", "l_username", "r_username" or "auth_username".
---@param val string|number its value.
---@return integer # as uac_reg_enable.
function KSR.uac.uac_reg_disable(attr, val) end

---Read an account anew from the database, or for the first time; it is registered at the timer's next look.
---
---Other messages are handled while the database is asked.
---
---May suspend the route until its result is there.
---@param l_uuid string|number of the account.
---@return integer # 1, 0 when the database does not have it, -1 on failure or without database.
function KSR.uac.uac_reg_refresh(l_uuid) end

---Replace display name and URI of From in the request when it is sent.
---
---The replies get the original From back; with restore_mode "auto" so do later requests of the dialog.
---Branch and failure routes may replace anew, for their branches, what the request route has replaced.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param pdsp string|number display name as it is to stand there, with its quotes; "" keeps the old one.
---@param puri string|number the URI; "" keeps the old one.
---@return integer # 1, -1 when the request route has replaced it already, when it cannot be read, or in a dialog when restore_mode is "auto".
function KSR.uac.uac_replace_from(pdsp, puri) end

---Replace the URI of From, see uac_replace_from.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param puri string|number the URI; "" keeps the old one.
---@return integer # as uac_replace_from.
function KSR.uac.uac_replace_from_uri(puri) end

---Replace display name and URI of To in the request when it is sent, see uac_replace_from.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param pdsp string|number display name as it is to stand there, with its quotes; "" keeps the old one.
---@param puri string|number the URI; "" keeps the old one.
---@return integer # as uac_replace_from.
function KSR.uac.uac_replace_to(pdsp, puri) end

---Replace the URI of To, see uac_replace_from.
---
---Allowed in: request, failure, branch, branch failure, event.
---@param puri string|number the URI; "" keeps the old one.
---@return integer # as uac_replace_from.
function KSR.uac.uac_replace_to_uri(puri) end

---In a request of a dialog whose From was replaced: put the URI there that its receiver knows.
---
---For restore_mode "manual"; with "auto" loose_route does it. Its replies are restored too.
---
---Allowed in: request.
---@return integer # 1, -1 when our Route does not tell of a replaced From.
function KSR.uac.uac_restore_from() end

---In a request of a dialog whose To was replaced: put the URI there that its receiver knows.
---
---Allowed in: request.
---@return integer # as uac_restore_from, for To.
function KSR.uac.uac_restore_to() end

---Add credentials that answer the 401 or 407 this failure route is about; t_relay() then sends them.
---
---The Request-URI becomes that of the challenged branch. CSeq stays as it is, so that the caller's dialog fits.
---
---Allowed in: failure.
---@return integer # 1, -1 when there is no challenge, or no credentials for its realm.
function KSR.uac.uac_auth() end

---Add credentials as uac_auth does, with a flag.
---
---Allowed in: failure.
---@param mode integer|string 1: the password is H(A1) in hexadecimal, by the algorithm of the challenge; 0 it is the password.
---@return integer # as uac_auth.
function KSR.uac.uac_auth_mode(mode) end

---Begin to send the request that $uac_req(…) describes; the route does not wait for its replies.
---@return integer # 1, -1 when method or ruri is missing or the request cannot be built.
function KSR.uac.uac_req_send() end

---htable: shared tables of keys and values.
---@class KSR.htable
KSR.htable = {}

---Begin to walk over a table; sht_iterator_next goes to the first item.
---@param iname string|number the iterator's name, at most 31 characters; four may be in use.
---@param hname string|number the table.
---@return integer # 1, -1 when there is no such table or too many iterators.
function KSR.htable.sht_iterator_start(iname, hname) end

---Go to the next item.
---@param iname string|number the iterator.
---@return integer # 1, -1 when there is none.
function KSR.htable.sht_iterator_next(iname) end

---Give up an iterator.
---@param iname string|number the iterator.
---@return integer # 1, -1 when there is no such iterator.
function KSR.htable.sht_iterator_end(iname) end

---Remove the present item and go to the next one.
---@param iname string|number the iterator.
---@return integer # 1, -1 when there is no present item, -2 when the removed item was the last.
function KSR.htable.sht_iterator_rm(iname) end

---Set the present item to text.
---@param iname string|number the iterator.
---@param sval string|number the value.
---@return integer # 1, -1 when there is no present item.
function KSR.htable.sht_iterator_sets(iname, sval) end

---Set the present item to an integer.
---@param iname string|number the iterator.
---@param ival integer|string the value.
---@return integer # 1, -1 when there is no present item.
function KSR.htable.sht_iterator_seti(iname, ival) end

---Set how long the present item lives.
---@param iname string|number the iterator.
---@param exval integer|string seconds from now.
---@return integer # 1, -1 when there is no present item.
function KSR.htable.sht_iterator_setex(iname, exval) end

---Value of an item.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@return string|integer|nil # the value, the table's initval when it is absent, nil without an initval.
function KSR.htable.sht_get(htname, itname) end

---Value of an item, or the empty string.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@return string|integer|nil # as sht_get, "" instead of nil.
function KSR.htable.sht_gete(htname, itname) end

---Value of an item, or "<null>".
---@param htname string|number the table.
---@param itname string|number the item's key.
---@return string|integer|nil # as sht_get, "<null>" instead of nil.
function KSR.htable.sht_getw(htname, itname) end

---Set an item to text.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@param itval string|number the value.
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_sets(htname, itname, itval) end

---Set an item to an integer.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@param itval integer|string the value.
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_seti(htname, itname, itval) end

---Set an item to text and say how long it lives.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@param itval string|number the value.
---@param exval integer|string seconds (in a table with autoexpire).
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_setxs(htname, itname, itval, exval) end

---Set an item to an integer and say how long it lives.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@param itval integer|string the value.
---@param exval integer|string seconds (in a table with autoexpire).
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_setxi(htname, itname, itval, exval) end

---Set how long an item lives, in a table with autoexpire.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@param itval integer|string seconds from now, 0 for ever.
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_setex(htname, itname, itval) end

---Add one to an item; an absent one is made in a table with an initval.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@return integer # the new value, -255 when the item is text or absent, or there is no such table.
function KSR.htable.sht_inc(htname, itname) end

---Subtract one from an item; an absent one is made in a table with an initval.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@return integer # the new value, -255 when the item is text or absent, or there is no such table.
function KSR.htable.sht_dec(htname, itname) end

---Whether an item is absent.
---@param htname string|number the table.
---@param itname string|number the item's key.
---@return integer # 1 absent, -1 present, 2 there is no such table, -2 absent in a table with an initval.
function KSR.htable.sht_is_null(htname, itname) end

---Remove an item.
---@param hname string|number the table.
---@param iname string|number the item's key.
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_rm(hname, iname) end

---Remove all items of a table.
---@param hname string|number the table.
---@return integer # 1, -1 when there is no such table.
function KSR.htable.sht_reset(hname) end

---Whether a table has an item with such a key.
---@param sname string|number the table.
---@param sop string|number eq, ne, re, sw (starts with), ew (ends with) or in (contains).
---@param sval string|number what the key is compared with.
---@return integer # 1 it has, -1 not.
function KSR.htable.sht_match_name(sname, sop, sval) end

---Whether a table has an item with such a text as its value.
---@param sname string|number the table.
---@param sop string|number eq, ne, re, sw (starts with), ew (ends with) or in (contains).
---@param sval string|number what the value is compared with.
---@return integer # 1 it has, -1 not.
function KSR.htable.sht_match_str_value(sname, sop, sval) end

---Remove the items with such keys.
---@param sname string|number the table.
---@param sop string|number re, sw (starts with), ew (ends with), in (contains), eq or ne.
---@param sval string|number what keys are compared with.
---@return integer # 1, -1 for a wrong table, operator or expression.
function KSR.htable.sht_rm_name(sname, sop, sval) end

---Remove the items with such texts as values.
---@param sname string|number the table.
---@param sop string|number re, sw (starts with), ew (ends with), in (contains), eq or ne.
---@param sval string|number what values are compared with.
---@return integer # 1, -1 for a wrong table, operator or expression.
function KSR.htable.sht_rm_value(sname, sop, sval) end

---Remove the items whose keys match a regular expression.
---@param htname string|number the table.
---@param rexp string|number POSIX extended expression; upper and lower case are the same.
---@return integer # 1, -1 for a wrong table or expression.
function KSR.htable.sht_rm_name_re(htname, rexp) end

---Remove the items whose values are texts that match a regular expression.
---@param htname string|number the table.
---@param rexp string|number POSIX extended expression; upper and lower case are the same.
---@return integer # 1, -1 for a wrong table or expression.
function KSR.htable.sht_rm_value_re(htname, rexp) end

---Count the items with such keys.
---@param table string|number the table.
---@param op string|number re, sw (starts with), ew (ends with), in (contains), eq, ne, or one of $shtcn's ~~, ~%, %~, ==, **.
---@param pattern string|number what keys are compared with.
---@return integer # how many, -1 when there is no such table.
function KSR.htable.sht_cn(table, op, pattern) end

---Lock the slot of a key against other callbacks that lock it; waits until it is free.
---
---The same callback may lock it again. A lock not given back within 10 seconds is lost.
---
---May suspend the route until its result is there.
---@param htname string|number the table.
---@param skey string|number the key.
---@return integer # 1, -1 when there is no such table or too many routes wait already.
function KSR.htable.sht_lock(htname, skey) end

---Give back the slot of a key.
---@param htname string|number the table.
---@param skey string|number the key.
---@return integer # 1, -1 when there is no such table or this callback does not hold the lock.
function KSR.htable.sht_unlock(htname, skey) end

---luasip.queue: waiting for items of the queues of mqueue.
---@class luasip.queue
luasip.queue = {}

---Take the oldest item of a queue, waiting for one while other messages are handled.
---
---`local key, value = luasip.queue.get("calls", 5)`
---
---Routes that wait are served in the order in which they came.
---
---May suspend the route until its result is there.
---@param name string|number a queue of the settings of mqueue.
---@param timeout any seconds to wait at most, fractions allowed, up to a day; 0 does not wait.
---@return string|integer|nil # the item's key and its value; nil when none came in time.
function luasip.queue.get(name, timeout) end

---Take the oldest item of a queue until it is dealt with, waiting for one as `get`.
---
---`local key, value, receipt = luasip.queue.take("records", 5, 60)`
---
---The item is gone when `luasip.queue.done` is called with the receipt. It is back in the queue after
---`luasip.queue.give_back`, when `keep` seconds are over, and, in a durable queue, when the server starts again.
---
---May suspend the route until its result is there.
---@param name string|number a queue of the settings of mqueue.
---@param timeout any seconds to wait at most, fractions allowed, up to a day; 0 does not wait.
---@param keep any seconds for which nobody else gets the item, up to a day.
---@return string|integer|nil # the item's key, its value and a receipt; nil when none came in time.
function luasip.queue.take(name, timeout, keep) end

---Remove an item that was taken: it is dealt with.
---@param name string|number the queue.
---@param receipt integer|string what `take` returned.
---@return boolean # false when the item is not taken any more, because it was too late.
function luasip.queue.done(name, receipt) end

---Put an item that was taken back to the front of its queue.
---@param name string|number the queue.
---@param receipt integer|string what `take` returned.
---@return boolean # false when the item is not taken any more.
function luasip.queue.give_back(name, receipt) end

---mqueue: queues between routes.
---@class KSR.mqueue
KSR.mqueue = {}

---Add an item to a queue.
---@param mq string|number the queue.
---@param key string|number the item's key.
---@param val string|number its value.
---@return integer # 1, -1 when there is no such queue, or it is durable and the item cannot be written.
function KSR.mqueue.mq_add(mq, key, val) end

---Take the oldest item of a queue into $mqk(queue) and $mqv(queue), which this run of the callback keeps.
---@param mq string|number the queue.
---@return integer # 1, -2 when the queue is empty, -1 when there is none of this name.
function KSR.mqueue.mq_fetch(mq) end

---Forget the item fetched from a queue.
---@param mq string|number the queue.
---@return integer # 1.
function KSR.mqueue.mq_pv_free(mq) end

---How many items a queue holds.
---@param mq string|number the queue.
---@return integer # the number, -1 when it is empty, -2 when there is no such queue.
function KSR.mqueue.mq_size(mq) end

---Key of the item fetched.
---@param qname string|number the queue.
---@return string|integer|nil # the key, nil when nothing was fetched.
function KSR.mqueue.mqk_get(qname) end

---Key of the item fetched, or the empty string.
---@param qname string|number the queue.
---@return string|integer|nil # the key, "" when nothing was fetched.
function KSR.mqueue.mqk_gete(qname) end

---Key of the item fetched, or "<null>".
---@param qname string|number the queue.
---@return string|integer|nil # the key, "<null>" when nothing was fetched.
function KSR.mqueue.mqk_getw(qname) end

---Value of the item fetched.
---@param qname string|number the queue.
---@return string|integer|nil # the value, nil when nothing was fetched.
function KSR.mqueue.mqv_get(qname) end

---Value of the item fetched, or the empty string.
---@param qname string|number the queue.
---@return string|integer|nil # the value, "" when nothing was fetched.
function KSR.mqueue.mqv_gete(qname) end

---Value of the item fetched, or "<null>".
---@param qname string|number the queue.
---@return string|integer|nil # the value, "<null>" when nothing was fetched.
function KSR.mqueue.mqv_getw(qname) end

---evapi: events to and messages from other programs.
---@class KSR.evapi
KSR.evapi = {}

---Send a message to every client.
---@param sdata string|number the message.
---@return integer # 1, also when no client is connected; -1 when the message cannot be sent to anybody, as it is larger than max_output.
function KSR.evapi.relay(sdata) end

---Send a message to the first client with a tag.
---@param sdata string|number the message.
---@param stag string|number the tag; "" for the first client of all.
---@return integer # as relay.
function KSR.evapi.relay_unicast(sdata, stag) end

---Send a message to every client with a tag.
---@param sdata string|number the message.
---@param stag string|number the tag; "" for all clients.
---@return integer # as relay.
function KSR.evapi.relay_multicast(sdata, stag) end

---Suspend the request and send a message to every client; the script must then end.
---
---A client's answer continues the request, by t_continue in the callback of evapi:message-received. The message
---must name the transaction, $T(id_index) and $T(id_label) after t_newtran. When no answer comes within fr_timer
---the armed failure callback runs with 408.
---@param sdata string|number the message.
---@return integer # 1; -1 when there is no message or the request cannot be suspended; -2, with the request not suspended, when no client is connected or the message is larger than max_output.
function KSR.evapi.async_relay(sdata) end

---As async_relay, to the first client with a tag.
---@param sdata string|number the message.
---@param stag string|number the tag.
---@return integer # as async_relay; -1 also without a tag, -2 also when no client has it.
function KSR.evapi.async_unicast(sdata, stag) end

---As async_relay, to every client with a tag.
---@param sdata string|number the message.
---@param stag string|number the tag.
---@return integer # as async_relay; -1 also without a tag, -2 also when no client has it.
function KSR.evapi.async_multicast(sdata, stag) end

---In an event: close the client's connection.
---@return integer # 0 (not 1, as in Kamailio); -1 outside an event, -2 when it is closed already.
function KSR.evapi.close() end

---In an event: give the client a tag, in place of the one it has.
---@param stag string|number the tag, at most 63 characters.
---@return integer # 1; -1 outside an event, when the client is gone or the tag is too long.
function KSR.evapi.set_tag(stag) end

---statistics: counters of the script's own.
---@class KSR.statistics
KSR.statistics = {}

---Add to a counter.
---@param sname string|number its name, or "group:name".
---@param sval integer|string how much, also below zero.
---@return integer # 1, -1 when there is no such counter.
function KSR.statistics.update_stat(sname, sval) end

---Set a counter to zero, unless it was declared with no_reset.
---@param sname string|number its name, or "group:name".
---@return integer # 1, -1 when there is no such counter.
function KSR.statistics.reset_stat(sname) end

---counters: counters of the script's own, by group.
---@class KSR.counters
KSR.counters = {}

---Add one to a counter.
---@param sname string|number its name, or "group.name".
---@return integer # 1, -1 when there is no such counter.
function KSR.counters.inc(sname) end

---Add to a counter.
---@param sname string|number its name, or "group.name".
---@param v integer|string how much, also below zero.
---@return integer # 1, -1 when there is no such counter.
function KSR.counters.add(sname, v) end

---Set a counter to zero.
---@param sname string|number its name, or "group.name".
---@return integer # 1, -1 when there is no such counter.
function KSR.counters.reset(sname) end

---ipops: IP addresses and look-ups.
---@class KSR.ipops
KSR.ipops = {}

---Whether a text is an IP address; IPv6 may stand in brackets.
---@param sval string|number the text.
---@return integer # 1 or -1.
function KSR.ipops.is_ip(sval) end

---Whether a text is an IP address without brackets.
---@param sval string|number the text.
---@return integer # 1 or -1.
function KSR.ipops.is_pure_ip(sval) end

---Whether a text is an IPv4 address.
---@param sval string|number the text.
---@return integer # 1 or -1.
function KSR.ipops.is_ip4(sval) end

---Whether a text is an IPv6 address without brackets.
---@param sval string|number the text.
---@return integer # 1 or -1.
function KSR.ipops.is_ip6(sval) end

---Whether a text is an IPv6 address in brackets.
---@param sval string|number the text.
---@return integer # 1 or -1.
function KSR.ipops.is_ip6_reference(sval) end

---What kind of address a text is.
---@param sval string|number the text.
---@return integer # 1 IPv4, 2 IPv6, 3 IPv6 in brackets, -1 none.
function KSR.ipops.ip_type(sval) end

---Whether a text is a private IPv4 address (RFC 1918).
---@param sval string|number the text.
---@return integer # 1 or -1.
function KSR.ipops.is_ip_rfc1918(sval) end

---Whether two texts are the same IP address; IPv6 may stand in brackets.
---@param _sval1 string|number one address.
---@param _sval2 string|number the other.
---@return integer # 1 the same, -1 not, or one is no address.
function KSR.ipops.compare_ips(_sval1, _sval2) end

---Whether two texts without brackets are the same IP address.
---@param _sval1 string|number one address.
---@param _sval2 string|number the other.
---@return integer # 1 the same, -1 not, or one is no address without brackets.
function KSR.ipops.compare_pure_ips(_sval1, _sval2) end

---Whether an address is in one of several networks.
---@param _sval1 string|number the address, without brackets.
---@param _sval2 string|number networks as "192.0.2.0/24" and addresses, separated by commas.
---@return integer # 1 or -1.
function KSR.ipops.ip_is_in_subnet(_sval1, _sval2) end

---Whether an address is in one of several networks.
---@param _sval1 string|number the address, without brackets.
---@param _sval2 string|number networks as "192.0.2.0/24" and addresses, separated by commas.
---@return integer # 1 or -1.
function KSR.ipops.is_in_subnet(_sval1, _sval2) end

---Kind of an address: "PRIVATE", "PUBLIC", "LOOPBACK", "GLOBAL-UNICAST" …
---@param _sval string|number the address; IPv6 may stand in brackets.
---@param _dpv string|number the pseudo-variable that gets the kind.
---@return integer # 1, -1 when it is no address or the variable cannot be set.
function KSR.ipops.detailed_ip_type(_sval, _dpv) end

---Kind of an IPv4 address, as detailed_ip_type.
---@param _sval string|number the address.
---@param _dpv string|number the pseudo-variable that gets the kind.
---@return integer # 1, -1 when it is no IPv4 address or the variable cannot be set.
function KSR.ipops.detailed_ipv4_type(_sval, _dpv) end

---Kind of an IPv6 address, as detailed_ip_type.
---@param _sval string|number the address; it may stand in brackets.
---@param _dpv string|number the pseudo-variable that gets the kind.
---@return integer # 1, -1 when it is no IPv6 address or the variable cannot be set.
function KSR.ipops.detailed_ipv6_type(_sval, _dpv) end

---Whether an address is one of a host name's. The route is suspended meanwhile.
---
---May suspend the route until its result is there.
---@param vhn string|number the host name.
---@param vip string|number the address.
---@return integer # 1 it is, -1 not, -3 it is no address, -4 the name was not found.
function KSR.ipops.dns_sys_match_ip(vhn, vip) end

---Whether an address is one of a host name's; the same as dns_sys_match_ip.
---
---May suspend the route until its result is there.
---@param vhn string|number the host name.
---@param vip string|number the address.
---@return integer # 1 it is, -1 not, -3 it is no address, -4 the name was not found.
function KSR.ipops.dns_int_match_ip(vhn, vip) end

---Look a host name up into $dns(pvid=>…), which this run of the callback keeps.
---
---The route is suspended meanwhile.
---
---May suspend the route until its result is there.
---@param naptrname string|number the host name.
---@param pvid string|number a name for the answer.
---@return integer # 1, -2 the name is too long, -3 pvid is empty, -4 the name was not found.
function KSR.ipops.dns_query(naptrname, pvid) end

---Look SRV records up into $srvquery(pvid=>…), in the order to try them. The route is suspended meanwhile.
---
---May suspend the route until its result is there.
---@param naptrname string|number the name, such as "_sip._udp.example.com".
---@param pvid string|number a name for the answer, which this run of the callback keeps.
---@return integer # 1 (also when there are none: the count is 0), -2 the name is empty, -3 pvid is empty.
function KSR.ipops.srv_query(naptrname, pvid) end

---Look NAPTR records up into $naptrquery(pvid=>…), in their order. The route is suspended meanwhile.
---
---May suspend the route until its result is there.
---@param naptrname string|number the name.
---@param pvid string|number a name for the answer, which this run of the callback keeps.
---@return integer # 1 (also when there are none: the count is 0), -2 the name is empty, -3 pvid is empty.
function KSR.ipops.naptr_query(naptrname, pvid) end

---Look an address's host name up into $ptrquery(pvid=>…), which this run of the callback keeps.
---
---May suspend the route until its result is there.
---@param ip string|number the address.
---@param pvid string|number a name for the answer.
---@return integer # 1, -1 when it is no address, pvid is empty or there is no name.
function KSR.ipops.ptr_query(ip, pvid) end

---Kept for old scripts: how long names are remembered is `server.dns.cache_time`.
---@param vttl integer|string seconds; not used.
---@return integer # 1.
function KSR.ipops.dns_set_local_ttl(vttl) end

---kex: log level and statistics.
---@class KSR.kex
KSR.kex = {}

---Set the log level of the server, until resetdebug or the next start.
---@param lval integer|string 3 debug, 2 information, 1 notice, 0 warning, -1 error, -2 critical.
---@return integer # 1.
function KSR.kex.setdebug(lval) end

---Set the log level back to that of the settings.
---@return integer # 1.
function KSR.kex.resetdebug() end

---regex: Perl-compatible regular expressions.
---@class KSR.regex
KSR.regex = {}

---Whether an expression matches somewhere in a text.
---@param string string|number the text.
---@param regex string|number the expression.
---@return integer # 1 it matches, -1 not, -4 when the expression is wrong.
function KSR.regex.pcre_match(string, regex) end

---Whether one of the expressions of a group matches somewhere in a text.
---@param string string|number the text.
---@param num_pcre integer|string number of the group, from 0.
---@return integer # 1 one matches, -1 none, -2 when there is no file, -4 when there is no such group.
function KSR.regex.pcre_match_group(string, num_pcre) end

---uuid: universally unique identifiers.
---@class KSR.uuid
KSR.uuid = {}

---A new identifier of the best kind there is: random.
---@return string|integer|nil # 36 characters, as "0b4fc3c5-6fa5-4d1f-a4a3-3a1b0f2f4c5e".
function KSR.uuid.get() end

---A new random identifier (version 4).
---@return string|integer|nil # 36 characters.
function KSR.uuid.rget() end

---A new identifier from the time (version 1). Its node is random: it does not tell this machine's address.
---@return string|integer|nil # 36 characters.
function KSR.uuid.tget() end

---pike: telling addresses that send too much.
---@class KSR.pike
KSR.pike = {}

---Count the message's source address.
---
---Allowed in: request, reply, onreply.
---@return integer # 1 it may go on, -1 it is blocked, -2 it is blocked from now on.
function KSR.pike.pike_check_req() end

---Count an address.
---@param strip string|number the IP address.
---@return integer # 1 it may go on (also when it is no address), -1 it is blocked, -2 it is blocked from now on.
function KSR.pike.pike_check_ip(strip) end

---permissions: which addresses and callers are let in.
---@class KSR.permissions
KSR.permissions = {}

---Whether the message came from an address of a group.
---@param addr_group integer|string the group.
---@return integer # 1 it did, -1 not.
function KSR.permissions.allow_source_address(addr_group) end

---Whether an address or name is in a group.
---@param addr_group integer|string the group.
---@param ips string|number IP address, or a name as it stands in the table.
---@param port integer|string the port; entries with port 0 are for any.
---@return integer # 1 it is, -1 not.
function KSR.permissions.allow_address(addr_group, ips, port) end

---The group of the address the message came from.
---@return integer # the group, -1 when there is none.
function KSR.permissions.allow_source_address_group() end

---The group of an address or name.
---@param _addr string|number IP address, or a name as it stands in the table.
---@param _port integer|string the port; entries with port 0 are for any.
---@return integer # the group, -1 when there is none.
function KSR.permissions.allow_address_group(_addr, _port) end

---Whether the message came from a trusted peer: source address, protocol, From and Request-URI.
---
---With db_mode 0 the database is asked, and the route is suspended meanwhile.
---
---May suspend the route until its result is there.
---@return integer # 1 it did (with peer_tag_mode 1 how many entries match), -1 not, or the database did not answer.
function KSR.permissions.allow_trusted() end

---domain: the domains this server is responsible for.
---@class KSR.domain
KSR.domain = {}

---Tell whether the host of the From URI is one of the domains.
---
---Allowed in: request, failure, branch, event.
---@return integer # 1, -1, or -2 when From cannot be read.
function KSR.domain.is_from_local() end

---Tell whether the host of the Request-URI is a domain of ours; in a failure callback, of the first new branch.
---
---Allowed in: request, failure, branch, event.
---@return integer # 1 or -1, also when there is no such URI.
function KSR.domain.is_uri_host_local() end

---Tell whether a domain is one of those of this server.
---
---Allowed in: request, failure, branch, event.
---@param sdomain string|number the domain.
---@return integer # 1 or -1.
function KSR.domain.is_domain_local(sdomain) end

---Put a domain's attributes into AVPs of their names, and its identifier into $avp(did).
---
---Allowed in: request, failure, branch, event.
---@param _sdomain string|number the domain.
---@return integer # 1, or -1 when it is not one of this server's.
function KSR.domain.lookup_domain(_sdomain) end

---Put a domain's attributes into AVPs, and its identifier into the one with "did".
---
---Allowed in: request, failure, branch, event.
---@param _sdomain string|number the domain.
---@param _sprefix string|number stands before the names of the AVPs.
---@return integer # 1, or -1 when it is not one of this server's.
function KSR.domain.lookup_domain_prefix(_sdomain, _sprefix) end

---ratelimit: how many requests of each method may pass.
---@class KSR.ratelimit
KSR.ratelimit = {}

---Count the message in the pipe of its method.
---@return integer # 1 it may pass, -1 the limit is reached, or no queue is for this method.
function KSR.ratelimit.rl_check() end

---Count the message in a pipe.
---@param pipe integer|string its number; negative for the pipe of the message's method.
---@return integer # 1 it may pass, -1 the limit is reached, or there is no such pipe.
function KSR.ratelimit.rl_check_pipe(pipe) end

---pipelimit: limits with names.
---@class KSR.pipelimit
KSR.pipelimit = {}

---Count the message in a pipe.
---@param pipeid string|number name of the pipe.
---@return integer # 1 it may pass, 2 the pipe has no algorithm, -1 its limit is reached, -2 there is no such pipe.
function KSR.pipelimit.pl_check(pipeid) end

---Count the message in a pipe, which is made when it is not there.
---@param pipeid string|number name of the pipe.
---@param alg string|number algorithm of a new pipe: TAILDROP, RED, FEEDBACK or NETWORK.
---@param limit integer|string requests in an interval; also of a pipe there is, when above 0.
---@return integer # 1 it may pass, -1 the limit is reached, -2 there is no such algorithm, 2 it is NOP.
function KSR.pipelimit.pl_check_limit(pipeid, alg, limit) end

---Tell whether there is a pipe.
---@param pipeid string|number its name.
---@return integer # 1 or -1.
function KSR.pipelimit.pl_active(pipeid) end

---Refuse the request with reply_code.
---
---Allowed in: request, failure, branch, onsend.
---@return integer # 1, or -1 when no reply can be sent.
function KSR.pipelimit.pl_drop() end

---Refuse the request with reply_code and Retry-After.
---
---Allowed in: request, failure, branch, onsend.
---@param rafter integer|string seconds; 0 for no Retry-After.
---@return integer # 1, or -1 when no reply can be sent.
function KSR.pipelimit.pl_drop_retry(rafter) end

---Refuse the request with reply_code and a Retry-After by chance, so that not all come back at once.
---
---Allowed in: request, failure, branch, onsend.
---@param rmin integer|string least seconds.
---@param rmax integer|string most seconds.
---@return integer # 1, or -1 when no reply can be sent.
function KSR.pipelimit.pl_drop_range(rmin, rmax) end

---luasip.sql: databases, with bound values and rows as tables.
---@class luasip.sql
luasip.sql = {}

---Run a statement and get its rows; other messages are handled meanwhile.
---
---`luasip.sql.query("db", "select * from subscriber where username = ?", {user})`
---
---May suspend the route until its result is there.
---@param con string|number name of a connection, from the settings of luasip_sql or sqlops.
---@param statement string|number SQL with a ? for each value, whatever the database; ?? is a question mark.
---@param values? any array of the values; nil in it is NULL.
---@return string|integer|nil # an array of rows, each a table by column name without its NULL columns; or nil and what went wrong. Times are text, "2026-01-31 23:59:59".
function luasip.sql.query(con, statement, values) end

---Run a statement that changes something; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param con string|number name of a connection, from the settings of luasip_sql or sqlops.
---@param statement string|number SQL with a ? for each value, whatever the database; ?? is a question mark.
---@param values? any array of the values; nil in it is NULL.
---@return string|integer|nil # how many rows it changed (-1 when the database does not say), or nil and what went wrong.
function luasip.sql.execute(con, statement, values) end

---sqlops: SQL statements from the route script.
---@class KSR.sqlops
KSR.sqlops = {}

---Run a statement and keep its rows; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param scon string|number name of a connection.
---@param squery string|number the statement as it is; pseudo-variables in it are not replaced.
---@param sres string|number name of the result, for $dbr and the other functions; "" keeps nothing.
---@return integer # 1 there are rows, 2 there is none, 3 there are rows but no name to keep them, -1 on failure.
function KSR.sqlops.sql_query(scon, squery, sres) end

---Run a statement and make an XAVP record of each row; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param scon string|number name of a connection.
---@param squery string|number the statement as it is; pseudo-variables in it are not replaced.
---@param xavp string|number name of the XAVP: the first row is $xavp(name[0]=>column). A null column is no field.
---@return integer # 1 there are rows, 2 there is none, -1 on failure.
function KSR.sqlops.sql_xquery(scon, squery, xavp) end

---Run a statement and put the first row into pseudo-variables; other messages are handled meanwhile.
---
---With AVPs all rows are kept, the first one newest.
---
---May suspend the route until its result is there.
---@param scon string|number name of a connection.
---@param squery string|number the statement; pseudo-variables in it are replaced.
---@param sres string|number a pseudo-variable for each column, separated by commas: "$var(a), $avp(b)".
---@return integer # 1 there are rows, 2 there is none, -1 on failure or with fewer pseudo-variables than columns.
function KSR.sqlops.sql_pvquery(scon, squery, sres) end

---Begin a statement whose outcome is only logged when it fails; the route goes on at once.
---@param scon string|number name of a connection.
---@param squery string|number the statement as it is.
---@return integer # 1, or -1 when there is no such connection or too many statements wait.
function KSR.sqlops.sql_query_async(scon, squery) end

---Forget a result.
---@param sres string|number its name.
---@return integer # 1.
function KSR.sqlops.sql_result_free(sres) end

---How many rows a result has.
---@param sres string|number its name.
---@return integer # the number, 0 when there is no such result.
function KSR.sqlops.sql_num_rows(sres) end

---How many columns a result has.
---@param sres string|number its name.
---@return integer # the number, 0 when there is no such result or it has no row.
function KSR.sqlops.sql_num_columns(sres) end

---Whether a value is null.
---@param sres string|number name of the result.
---@param i integer|string row, from 0.
---@param j integer|string column, from 0.
---@return integer # 1 it is null, -1 it is not, or there is no such row or column.
function KSR.sqlops.sql_is_null(sres, i, j) end

---A value of a result.
---@param resid string|number name of the result.
---@param row integer|string row, from 0.
---@param col integer|string column, from 0.
---@return string|integer|nil # the value; nil when it is null or there is none.
function KSR.sqlops.sql_result_get(resid, row, col) end

---A value of a result, as text when there is none.
---@param resid string|number name of the result.
---@param row integer|string row, from 0.
---@param col integer|string column, from 0.
---@return string|integer|nil # the value; "" when it is null or there is none.
function KSR.sqlops.sql_result_gete(resid, row, col) end

---A value of a result, as a number when there is none.
---@param resid string|number name of the result.
---@param row integer|string row, from 0.
---@param col integer|string column, from 0.
---@return string|integer|nil # the value; 0 when it is null or there is none.
function KSR.sqlops.sql_result_getz(resid, row, col) end

---luasip.http: requests to HTTP servers.
---@class luasip.http
luasip.http = {}

---Send an HTTP request and wait for the response; other messages are handled meanwhile.
---
---`luasip.http.request{url = "http://127.0.0.1/route", method = "POST", json = {user = user}, timeout = 2}`
---
---May suspend the route until its result is there.
---@param options any a table of url, method (GET; POST with a body), headers (a table by name; a value may be an array), body, json (a table sent as JSON, in place of body), timeout (seconds), redirect (true follows redirects), user and password.
---@return string|integer|nil # a table of status, reason, headers (by lower-case name, repeated ones joined by ", "), body, url and json(), which decodes the body as cjson does and returns nil and an error where it is no JSON; or nil and what went wrong.
function luasip.http.request(options) end

---luasip.jsonrpc: requests to JSON-RPC servers over TCP, as netstrings.
---@class luasip.jsonrpc
luasip.jsonrpc = {}

---Send a request and wait for its result; other messages are handled meanwhile.
---
---`local target, problem = luasip.jsonrpc.request("routing", "find", { user = user }, { timeout = 2 })`
---
---May suspend the route until its result is there.
---@param conn string|number a connection of the settings.
---@param method string|number the method's name.
---@param params? any a table, an array for parameters by position; nil for none. An empty table is an object.
---@param options? any a table of timeout (seconds for everything, retries included) and retry (how often it is sent again when a connection is lost), in place of the settings.
---@return string|integer|nil # the result, null in it as nil; or nil, what went wrong as text, and when the server answered with an error, that as a table of code, message and data.
function luasip.jsonrpc.request(conn, method, params, options) end

---Send a notification, a request nobody answers; never waits.
---@param conn string|number a connection of the settings.
---@param method string|number the method's name.
---@param params? any a table, an array for parameters by position; nil for none.
---@return string|integer|nil # true when it was handed to a server's connection; or nil and what went wrong.
function luasip.jsonrpc.notify(conn, method, params) end

---http_client: HTTP requests from the route script.
---@class KSR.http_client
KSR.http_client = {}

---Get a URL; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param url string|number the URL.
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # the status; curl's error number (below 100) without a response; -1 when too many requests wait or the answer came too late.
function KSR.http_client.query(url, dpv) end

---Post to a URL; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param url string|number the URL.
---@param post string|number the body; "" makes it a GET.
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query.
function KSR.http_client.query_post(url, post, dpv) end

---Post to a URL with headers; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param url string|number the URL.
---@param post string|number the body; "" makes it a GET.
---@param hdrs string|number headers in lines, "Name: value".
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query.
function KSR.http_client.query_post_hdrs(url, post, hdrs, dpv) end

---Get a URL with headers; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param url string|number the URL.
---@param body string|number a body to send, "" for none.
---@param hdrs string|number headers in lines, "Name: value".
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query.
function KSR.http_client.get_hdrs(url, body, hdrs, dpv) end

---Send a request with any method; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param met string|number the method; "" for GET, POST with a body.
---@param url string|number the URL.
---@param body string|number a body to send, "" for none.
---@param hdrs string|number headers in lines, "Name: value".
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query.
function KSR.http_client.query_request(met, url, body, hdrs, dpv) end

---As query_request; the request is sent by HTTP/1.1 all the same.
---
---May suspend the route until its result is there.
---@param met string|number the method; "" for GET, POST with a body.
---@param url string|number the URL.
---@param body string|number a body to send, "" for none.
---@param hdrs string|number headers in lines, "Name: value".
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query.
function KSR.http_client.query_request_v2pk(met, url, body, hdrs, dpv) end

---Get from a named server; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param con string|number name of the server (httpcon).
---@param url string|number path behind the server's URL.
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query; -1 when there is no such server.
function KSR.http_client.curl_connect(con, url, dpv) end

---Post to a named server; other messages are handled meanwhile.
---
---May suspend the route until its result is there.
---@param con string|number name of the server (httpcon).
---@param url string|number path behind the server's URL.
---@param ctype string|number Content-Type of the body.
---@param data string|number the body.
---@param dpv string|number pseudo-variable that takes the body of a response with a status from 200 to 499, else "".
---@return integer # as query; -1 when there is no such server.
function KSR.http_client.curl_connect_post(con, url, ctype, data, dpv) end

---http_async_client: HTTP requests whose answer comes in a callback.
---@class KSR.http_async_client
KSR.http_async_client = {}

---Send a request as $http_req(…) describes it. A transaction is suspended until the answer is there.
---@param sdata string|number the URL.
---@param rn string|number name of a global Lua function; it is called with "http_async_client:callback".
---@return integer # 0 when the transaction is suspended: the script must then end; 1 when there is none, or $http_req(suspend) is 0; -1 when the request cannot be sent.
function KSR.http_async_client.query(sdata, rn) end

---Send a request as $http_req(…) describes it, never suspending; the callback gets a made-up request.
---@param sdata string|number the URL.
---@param rn string|number name of a global Lua function; it is called with "http_async_client:callback".
---@return integer # 1, or -1 when the request cannot be sent.
function KSR.http_async_client.send(sdata, rn) end

---As send, with a text for the callback.
---@param sdata string|number the URL.
---@param rn string|number name of a global Lua function; it is called with "http_async_client:callback".
---@param xdata string|number what the callback finds in $http_xdata.
---@return integer # 1, or -1 when the request cannot be sent.
function KSR.http_async_client.send_xdata(sdata, rn, xdata) end

---xhttp: a small HTTP server in the script.
---@class KSR.xhttp
KSR.xhttp = {}

---Answer the HTTP request. Header lines of append_to_reply are sent too.
---
---Allowed in: event.
---@param code integer|string the status.
---@param reason string|number the reason phrase, "" for the usual one.
---@param ctype string|number value of Content-Type, "" for none.
---@param body string|number the body.
---@return integer # 1, or -1 when the event is no HTTP request or was answered already.
function KSR.xhttp.xhttp_reply(code, reason, ctype, body) end

---The target of the HTTP request, such as "/status?user=alice".
---
---Allowed in: event.
---@return string|integer|nil # it, nil when the event is no HTTP request.
function KSR.xhttp.get_hu() end

---jsonrpcs: RPC commands called by scripts, and answered to HTTP requests the script takes.
---@class KSR.jsonrpcs
KSR.jsonrpcs = {}

---Run the JSON-RPC document in the body of the HTTP request and answer it, in an event of xhttp.
---
---Who may send such requests is for the script to decide before.
---
---Allowed in: event.
---
---May suspend the route until its result is there.
---@return integer # 1 answered, also with an error of the command; -1 when the event is no HTTP request.
function KSR.jsonrpcs.dispatch() end

---Run a JSON-RPC document. What it gives is in $jsonrpl(code), $jsonrpl(text) and $jsonrpl(body).
---
---May suspend the route until its result is there.
---@param scmd string|number such as {"jsonrpc":"2.0","method":"htable.get","params":["t","k"],"id":1}.
---@return integer # 1 when it was run, also to an error; -1 when it is empty or the server is too busy.
function KSR.jsonrpcs.exec(scmd) end

---Run a JSON-RPC document, as exec does.
---
---May suspend the route until its result is there.
---@param scmd string|number such as {"jsonrpc":"2.0","method":"htable.get","params":["t","k"],"id":1}.
---@return integer # as exec.
function KSR.jsonrpcs.execx(scmd) end

---What the last exec gave: the JSON document.
---@return string|integer|nil # it, nil before any exec.
function KSR.jsonrpcs.response() end

---xhttp_prom: counters, gauges and histograms of scripts.
---@class KSR.xhttp_prom
KSR.xhttp_prom = {}

---Count a number in a histogram without labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@return integer # 1, -1 when the text is no number, there is no such histogram, or a label is empty.
function KSR.xhttp_prom.histogram_observe_l0(s_name, s_number) end

---Count a number in a histogram with one label.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its label.
---@return integer # 1, -1 when the text is no number, there is no such histogram, or a label is empty.
function KSR.xhttp_prom.histogram_observe_l1(s_name, s_number, l1) end

---Count a number in a histogram with two labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@return integer # 1, -1 when the text is no number, there is no such histogram, or a label is empty.
function KSR.xhttp_prom.histogram_observe_l2(s_name, s_number, l1, l2) end

---Count a number in a histogram with three labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@param l3 string|number value of its third label.
---@return integer # 1, -1 when the text is no number, there is no such histogram, or a label is empty.
function KSR.xhttp_prom.histogram_observe_l3(s_name, s_number, l1, l2, l3) end

---Set a gauge without labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_set_l0(s_name, s_number) end

---Set a gauge with one label.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its label.
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_set_l1(s_name, s_number, l1) end

---Set a gauge with two labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_set_l2(s_name, s_number, l1, l2) end

---Set a gauge with three labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@param l3 string|number value of its third label.
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_set_l3(s_name, s_number, l1, l2, l3) end

---Add to a gauge without labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_inc_l0(s_name, s_number) end

---Add to a gauge with one label.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its label.
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_inc_l1(s_name, s_number, l1) end

---Add to a gauge with two labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_inc_l2(s_name, s_number, l1, l2) end

---Add to a gauge with three labels.
---@param s_name string|number its name.
---@param s_number string|number a number as text, such as "-12.5".
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@param l3 string|number value of its third label.
---@return integer # 1, -1 when the text is no number, there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_inc_l3(s_name, s_number, l1, l2, l3) end

---Set a gauge without labels to zero.
---@param s_name string|number its name.
---@return integer # 1, -1 when there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_reset_l0(s_name) end

---Set a gauge with one label to zero.
---@param s_name string|number its name.
---@param l1 string|number value of its label.
---@return integer # 1, -1 when there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_reset_l1(s_name, l1) end

---Set a gauge with two labels to zero.
---@param s_name string|number its name.
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@return integer # 1, -1 when there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_reset_l2(s_name, l1, l2) end

---Set a gauge with three labels to zero.
---@param s_name string|number its name.
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@param l3 string|number value of its third label.
---@return integer # 1, -1 when there is no such gauge, or a label is empty.
function KSR.xhttp_prom.gauge_reset_l3(s_name, l1, l2, l3) end

---Add to a counter without labels.
---@param s_name string|number its name.
---@param number integer|string how much, 0 or more.
---@return integer # 1, -1 when the number is below 0, there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_inc_l0(s_name, number) end

---Add to a counter with one label.
---@param s_name string|number its name.
---@param number integer|string how much, 0 or more.
---@param l1 string|number value of its label.
---@return integer # 1, -1 when the number is below 0, there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_inc_l1(s_name, number, l1) end

---Add to a counter with two labels.
---@param s_name string|number its name.
---@param number integer|string how much, 0 or more.
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@return integer # 1, -1 when the number is below 0, there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_inc_l2(s_name, number, l1, l2) end

---Add to a counter with three labels.
---@param s_name string|number its name.
---@param number integer|string how much, 0 or more.
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@param l3 string|number value of its third label.
---@return integer # 1, -1 when the number is below 0, there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_inc_l3(s_name, number, l1, l2, l3) end

---Set a counter without labels to zero.
---@param s_name string|number its name.
---@return integer # 1, -1 when there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_reset_l0(s_name) end

---Set a counter with one label to zero.
---@param s_name string|number its name.
---@param l1 string|number value of its label.
---@return integer # 1, -1 when there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_reset_l1(s_name, l1) end

---Set a counter with two labels to zero.
---@param s_name string|number its name.
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@return integer # 1, -1 when there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_reset_l2(s_name, l1, l2) end

---Set a counter with three labels to zero.
---@param s_name string|number its name.
---@param l1 string|number value of its first label.
---@param l2 string|number value of its second label.
---@param l3 string|number value of its third label.
---@return integer # 1, -1 when there is no such counter, or a label is empty.
function KSR.xhttp_prom.counter_reset_l3(s_name, l1, l2, l3) end

---Whether an HTTP request asks for /metrics.
---
---Allowed in: event.
---@return integer # 1 when it does, 0 when not.
function KSR.xhttp_prom.check_uri() end

---Answer an HTTP request with the metrics of scripts, and the statistics of xhttp_prom_stats.
---
---Allowed in: event.
---@return integer # 0, -1 when the event is no HTTP request or was answered already.
function KSR.xhttp_prom.dispatch() end

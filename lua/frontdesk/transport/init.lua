--- What carries a request to a service and brings the reply back.
--
-- A transport is a table with `send(self, request)`, which gives a reply, or nil and
-- { kind, message, outcome }. A reply has the reading methods of the core's transfer:
-- status, header, headers, body, json, size, timings, release.

local transports = {}

local default

--- The transport over libcurl, one for the whole process, made when first asked for.
function transports.default()
  default = default or require("frontdesk.transport.engine").new()
  return default
end

-- By key, as long as a client has one.
local apart = setmetatable({}, { __mode = "v" })

--- The transport of a client's credential. Connections are shared by all, since each request says
-- itself who sends it. There are two exceptions, which have connections of their own: Digest, whose
-- first request comes without proof and must not be taken for another's on a connection that a
-- server thinks authenticated; and a proxy that is told a user, whose tunnels some libcurls lend to
-- others (CVE-2026-3784).
---@param credential table
---@param proxy string|nil
---@return table
function transports.of(credential, proxy)
  local key = credential.kind == "digest" and "digest\0" .. credential.identity or ""
  if proxy and proxy:find("@", 1, true) then
    key = key .. "\0proxy\0" .. proxy
  end
  if key == "" then
    return transports.default()
  end
  local transport = apart[key]
  if not transport then
    transport = require("frontdesk.transport.engine").new()
    apart[key] = transport
  end
  return transport
end

return transports

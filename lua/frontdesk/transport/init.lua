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

return transports

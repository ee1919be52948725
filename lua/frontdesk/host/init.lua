--- Who waits for a transfer, and how: chosen by where the script runs.

local hosts = {}

local plain

--- The host at hand.
---@return table|nil host with wait(engine, transfer)
---@return table|nil failure where there is none: a call must never block silently
function hosts.current()
  if rawget(_G, "ngx") and ngx.get_phase then
    return nil, {
      kind = "unavailable",
      outcome = "not_sent",
      message = "frontdesk cannot wait inside nginx without blocking the worker; call it from a script outside",
    }
  end
  plain = plain or require "frontdesk.host.plain"
  return plain
end

return hosts

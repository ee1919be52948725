--- Starts and ends the sandbox's nginx.

local config = require "frontdesk.sandbox.nginx.config"
local find = require "frontdesk.sandbox.nginx.find"
local paths = require "frontdesk.sandbox.nginx.paths"
local ports = require "frontdesk.sandbox.ports"
local process = require "frontdesk.sandbox.process"

local ATTEMPTS = 5 -- with other ports each time
local PATIENCE = 5 -- seconds for nginx to end when asked to

local run = {}

local function escape(text)
  return (text:gsub('[\\"]', "\\%0"))
end

-- nginx opens the log of its build's choice before it reads its configuration, unless told otherwise (from 1.19.5 on).
local function log_option(nginx, prefix)
  local major, minor, patch = nginx.build:match("(%d+)%.(%d+)%.(%d+)")
  local version = tonumber(major or 0) * 1e6 + tonumber(minor or 0) * 1e3 + tonumber(patch or 0)
  return version >= 1019005 and " -e " .. process.quote(prefix .. "/error.log") or ""
end

local function start_once(nginx, prefix, options, chosen)
  local package_path, package_cpath = paths.for_nginx()
  local written, message = process.write_file(prefix .. "/nginx.conf", config.write({
    prefix = prefix,
    port = chosen[1],
    tls_port = options.https and chosen[2] or nil,
    gzip = options.gzip,
    root = process.output("id -u"):match("%d+") == "0",
    modules = nginx.modules,
    build = nginx.build,
    package_path = escape(package_path),
    package_cpath = escape(package_cpath),
  }))
  if not written then return nil, message end
  local said = prefix .. "/start.log"
  -- nginx's Lua would take the paths meant for ours, whose C modules it cannot load.
  local command = ("unset LUA_PATH LUA_CPATH LUA_INIT; %s -p %s -c %s%s >%s 2>&1 </dev/null"):format(
    process.quote(nginx.binary), process.quote(prefix .. "/"), process.quote(prefix .. "/nginx.conf"),
    log_option(nginx, prefix), process.quote(said))
  if process.run(command) == 0 then return true end
  return nil, (process.read_file(said) or "") .. (process.read_file(prefix .. "/error.log") or "")
end

--- Starts nginx in a folder that holds everything but nginx.conf.
---@param prefix string
---@param options table `nginx` (path of the binary), `https`, `gzip`
---@return table? ports `{ http =, https = }`
---@return string? message
function run.start(prefix, options)
  local nginx, message = find.nginx(options.nginx)
  if not nginx then return nil, message end
  for _ = 1, ATTEMPTS do
    local chosen = ports.free(2)
    local started
    started, message = start_once(nginx, prefix, options, chosen)
    if started then return { http = chosen[1], https = options.https and chosen[2] or nil } end
    if not message:find("Address already in use", 1, true) then break end
  end
  return nil, "nginx did not start: " .. (message:match("%[emerg%][^\n]*") or message:match("[^\n]*"))
end

--- The master process of the nginx in a folder.
---@param prefix string
---@return table? `{ pid =, start = }`
function run.master(prefix)
  local pid = tonumber((process.read_file(prefix .. "/nginx.pid") or ""):match("^%d+"))
  local start = pid and process.start_of(pid)
  return start and { pid = pid, start = start }
end

--- Ends nginx and waits until it has.
---@param master table
function run.stop(master)
  local function gone(within)
    for _ = 1, within / 0.02 do
      if not process.is_alive(master.pid, master.start) then return true end
      process.sleep(0.02)
    end
    return false
  end
  if process.is_alive(master.pid, master.start) then process.signal("TERM", master.pid) end
  if not gone(PATIENCE) then
    process.signal("KILL", master.pid)
    gone(PATIENCE)
  end
end

return run

-- Starts the gateway as its users would, on a free port and in a private folder, for as long as this process lives.
--
--     local gateway = assert(start { environment = sandbox_server:environment() })
--     gateway.url, gateway:log(), gateway:stop()

local find = require "frontdesk.sandbox.nginx.find"
local paths = require "frontdesk.sandbox.nginx.paths"
local ports = require "frontdesk.sandbox.ports"
local process = require "frontdesk.sandbox.process"

local HERE = debug.getinfo(1, "S").source:match "^@(.*)support/[^/]+$"
local USUAL_ADDRESS = "127.0.0.1:8080" -- in nginx.conf

local gateway = {}
gateway.__index = gateway

--- What nginx wrote to its error log so far.
function gateway:log()
  return process.read_file(self.folder .. "/error.log")
end

--- Ends the gateway. A second call does nothing.
function gateway:stop()
  local keeper = self.keeper
  self.keeper = nil
  if keeper then
    keeper:write "stop\n"
    keeper:close() -- waits until all is gone
  end
end

-- nginx.conf as it is, but for the address, and for folders that belong to root where nginx was installed by a package.
local function configuration(port)
  local text, addresses = process.read_file(HERE .. "nginx.conf"):gsub(USUAL_ADDRESS:gsub("%.", "%%."), "127.0.0.1:" .. port)
  assert(addresses == 2, "nginx.conf names its address twice")
  local folders = { "  client_body_temp_path temp;" }
  for _, name in ipairs { "proxy", "fastcgi", "uwsgi", "scgi" } do
    folders[#folders + 1] = ("  %s_temp_path temp-%s;"):format(name, name)
  end
  return (text:gsub("\nhttp {\n", "%0" .. table.concat(folders, "\n") .. "\n"))
end

-- What nginx is to find where; it runs Lua as LuaJIT, whose core stands beside this Lua's in a checkout.
local function lua_paths()
  local path, cpath = paths.for_nginx()
  local core, in_checkout = package.searchpath("frontdesk.core", package.cpath):gsub("lua5%.%d/frontdesk/core", "luajit/?")
  return path, in_checkout > 0 and core .. ";" .. cpath or cpath
end

-- The gateway sees what it is given, and nothing of what its user has configured.
local function command(nginx, folder, environment)
  local words = { "env", "-i" }
  local function add(name, value)
    words[#words + 1] = name .. "=" .. process.quote(value)
  end
  local path, cpath = lua_paths()
  add("LUA_PATH", path)
  add("LUA_CPATH", cpath)
  for name, value in pairs(environment) do
    add(name, value)
  end
  local globals = {}
  for _, module in ipairs(nginx.modules) do
    globals[#globals + 1] = ('load_module "%s";'):format(module)
  end
  if process.output "id -u":match "%d+" == "0" then
    globals[#globals + 1] = "user root root;" -- nobody else can enter the folder
  end
  for _, word in ipairs {
    nginx.binary, "-p", folder .. "/", "-c", "nginx.conf", "-e", "error.log", "-g", table.concat(globals, " "),
  } do
    words[#words + 1] = process.quote(word)
  end
  return table.concat(words, " ")
end

-- A shell stands beside nginx. It reads from a pipe of ours: a line tells it to end nginx, and so does the pipe's end, which
-- comes when this process is gone, however it went.
local KEEPER = [[
exec 2>/dev/null
trap '' INT TERM HUP
cd @folder@ || exit
@nginx@ >start.log 2>&1 </dev/null
status=$?
# The command is back before nginx has written its number down.
until [ $status -ne 0 ] || [ -s nginx.pid ]; do sleep 0.01; done
echo $status >status
read -r line
# A process that has ended has no exe, also when nobody has asked for its status yet.
if pid=$(cat nginx.pid); then
  kill -TERM "$pid"
  tries=0
  while [ -e "/proc/$pid/exe" ] && [ $tries -lt 250 ]; do sleep 0.02; tries=$((tries + 1)); done
  [ -e "/proc/$pid/exe" ] && kill -KILL "$pid"
fi
rm -rf -- @folder@
]]

local function keeper_script(values)
  return (KEEPER:gsub("@(%l+)@", values))
end

--- Starts the gateway.
---@param options table `environment`: variables that it is to see; `nginx`: which, the one on PATH when not given
---@return table|nil gateway
---@return string|nil message
return function(options)
  local nginx, message = find.nginx(options.nginx)
  if not nginx then
    return nil, message
  end
  local folder = assert(process.private_folder())
  local port = ports.free(1)[1]
  assert(process.write_file(folder .. "/nginx.conf", configuration(port)))
  process.run("cp -R -- " .. process.quote(HERE .. "lua") .. " " .. process.quote(folder .. "/lua"))
  local keeper = assert(io.popen(keeper_script {
    folder = process.quote(folder), nginx = command(nginx, folder, options.environment),
  }, "w"))
  local self = setmetatable({ url = "http://127.0.0.1:" .. port, folder = folder, keeper = keeper }, gateway)
  local status
  repeat
    process.sleep(0.02)
    status = (process.read_file(folder .. "/status") or ""):match "%d+"
  until status
  if status ~= "0" then
    message = "the gateway did not start: " .. process.read_file(folder .. "/start.log")
    self:stop()
    return nil, message
  end
  return self
end

--- A real nginx on a free loopback port, for one spec file.
--
--     local server = httpd.start {
--       server = [[ location / { return 200 "hello"; } ]],  -- inside server { }
--       http = "...",           -- inside http { }, for lua_shared_dict and such
--       tls = true,             -- listen with TLS and HTTP/2, by a throw-away certificate
--       names = "IP:127.0.0.1,DNS:localhost",   -- what the certificate is for
--       http2 = true,           -- without tls: plain HTTP/2 (prior knowledge)
--       lua = true,             -- with ngx_http_lua_module
--       files = { ["a.txt"] = "text", [...] },  -- written to server.folder
--       frontdesk = true,       -- with what is built here on nginx's Lua paths, and with $folder/tmp as TMPDIR;
--                               looked at as the specs are (run_specs.sh)
--       workers = 2,            -- 1 when not given
--       user = "nobody nogroup",   -- whom the workers run as, when we are root
--       main = "...",           -- outside of everything
--     }
--     server.url       "http://127.0.0.1:PORT" (https with tls)
--     server.port      the number
--     server.folder    its private folder ($folder in the configuration)
--     server.ca_file   certificate to trust, with tls
--     server:log()     what nginx wrote to its error log
--     server:signal("HUP")   to the master, or to the process of an id
--     server:workers() their process ids
--     server:stop()    ends it and removes the folder; also done when the run ends
--
-- Keep-alive without a limit of requests; access log off.
local process = require "support.process"
local socket = require "socket"
local read = require("support.files").text
local write = require("support.files").write

local httpd = {}

local server = {}
server.__index = server
server.__name = "httpd"

--- A port of the loopback interface that nobody listens on.
---@return integer
function httpd.free_port()
  local probe = assert(socket.bind("127.0.0.1", 0))
  local _, port = probe:getsockname()
  probe:close()
  return math.floor(tonumber(port))
end

--- Whether a connection to the port of the loopback interface is accepted.
---@param port integer
---@return boolean
function httpd.accepts(port)
  local probe = socket.tcp()
  probe:settimeout(1)
  local connected = probe:connect("127.0.0.1", port)
  probe:close()
  return connected == 1
end

local MODULES = [[
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
]]

local CONFIGURATION = [[
$modules
$user
$main
worker_processes $workers;
worker_rlimit_nofile 4096;
daemon off;
pid $folder/pid;
error_log $folder/error.log warn;
events { worker_connections 2048; }
http {
  $paths
  access_log off;
  default_type text/plain;
  keepalive_requests 10000000;
  keepalive_timeout 60s;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  client_max_body_size 64m;
  $http
  server {
    listen 127.0.0.1:$port$listen;
    $tls
    root $folder;
    $server
  }
}
]]

local function make_certificate(folder, names)
  local made = os.execute(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=%s -keyout %s/key.pem -out %s/ca.pem 2>%s/openssl.log")
    :format(names, folder, folder, folder))
  assert(made == true or made == 0, "openssl made no certificate")
end

-- Where nginx's LuaJIT finds what is built here, whichever Lua this is. With `copied`, which
-- workers of another user can read wherever the checkout is, that is a copy in the folder.
local function lua_paths(folder, copied)
  local here = process.output("pwd -P")
  local core = package.cpath:match("build/[%w-]-lua[jit5.4]+/"):gsub("lua[%w.]+/$", "luajit/")
  if copied then
    assert(process.output(("mkdir %s/tree && cp -r lua %s %s/tree && echo done"):format(folder, core, folder)) == "done")
    here, core = folder .. "/tree", core:match("[^/]+/$")
  end
  return ([[
  lua_package_path "%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;";
  lua_package_cpath "%s/%s?.so;;";
  ]]):format(folder, here, here, here, core)
end

local function user_of(options)
  if process.output("id -u") ~= "0" then
    return ""
  end
  return ("user %s;"):format(options.user or "root")
end

local function configuration(options, folder, port)
  local listen = ""
  if options.tls then
    listen = " ssl http2"
  elseif options.http2 then
    listen = " http2"
  end
  local values = {
    modules = options.lua and MODULES or "",
    user = user_of(options),
    main = options.frontdesk and "env TMPDIR=$folder/tmp;" or "",
    workers = tostring(options.workers or 1),
    paths = options.frontdesk and lua_paths(folder, options.user) or "",
    folder = folder,
    port = tostring(port),
    listen = listen,
    tls = options.tls and ("ssl_certificate %s/ca.pem; ssl_certificate_key %s/key.pem;"):format(folder, folder) or "",
  }
  local function fill(text)
    return (text:gsub("%$(%l+)", values))
  end
  values.main = fill(options.main or values.main)
  values.http = fill(options.http or "")
  values.server = fill(options.server or "")
  return fill(CONFIGURATION)
end

--- Starts nginx and waits until it accepts connections; raises when it does not.
---@param options table see above
---@return table server
function httpd.start(options)
  local folder = process.folder()
  for name, text in pairs(options.files or {}) do
    write(folder .. "/" .. name, text)
  end
  os.execute(("mkdir -m 1777 %s/tmp"):format(folder))
  if options.user then
    os.execute("chmod 711 " .. folder)
  end
  if options.tls then
    make_certificate(folder, options.names or "IP:127.0.0.1,DNS:localhost")
  end
  local port = httpd.free_port()
  write(folder .. "/nginx.conf", configuration(options, folder, port))
  local self = setmetatable({
    folder = folder,
    port = port,
    url = ("%s://127.0.0.1:%d"):format(options.tls and "https" or "http", port),
    ca_file = options.tls and folder .. "/ca.pem" or nil,
  }, server)
  self.child = process.start(("%s -p %s -c %s/nginx.conf -e %s/error.log"):format(
    options.frontdesk and os.getenv "FRONTDESK_NGINX" or "nginx", folder, folder, folder), folder .. "/output.log")
  for _ = 1, 500 do
    -- the pid file comes after the port, and so proves that the port is ours
    if self:master() and #self:workers() >= (options.workers or 1) and httpd.accepts(port) then
      return self
    end
    socket.sleep(0.01)
  end
  local words = read(folder .. "/error.log") .. read(folder .. "/output.log")
  self:stop()
  error("nginx did not start: " .. words)
end

--- What nginx wrote to its error log so far.
---@return string
function server:log()
  return read(self.folder .. "/error.log")
end

--- The master process; nil once nginx has ended.
---@return integer|nil
function server:master()
  return tonumber(read(self.folder .. "/pid"):match("%d+"))
end

--- Sends a signal to the master, or to another process.
---@param name string "HUP"
---@param pid integer|nil
function server:signal(name, pid)
  os.execute(("kill -%s %d"):format(name, pid or assert(self:master(), "nginx has ended")))
end

--- The worker processes there are now, those that are about to end among them.
---@return integer[]
function server:workers()
  local list = {}
  local master = self:master()
  for pid in read(("/proc/%d/task/%d/children"):format(master or 0, master or 0)):gmatch("%d+") do
    list[#list + 1] = tonumber(pid)
  end
  return list
end

--- Ends nginx and removes its folder. Fine to call twice.
function server:stop()
  if self.child then
    self.child:stop()
    self.child = nil
    os.execute("rm -rf " .. process.quote(self.folder))
  end
end

server.__gc = server.stop

function server:__tostring()
  return "httpd: " .. self.url
end

return httpd

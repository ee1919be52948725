--- The bench's own nginx: one worker, fixed answers, and a closer look at what it is sent.
--
-- It listens four times: plain and by HTTP/2 over TLS, and both once more in a
-- way that writes down each request (`seen`), which the measured ones do not.

local cjson = require "cjson"
local find = require "frontdesk.sandbox.nginx.find"
local http = require "socket.http"
local ltn12 = require "ltn12"
local paths = require "frontdesk.sandbox.nginx.paths"
local ports = require "frontdesk.sandbox.ports"
local process = require "frontdesk.sandbox.process"
local work = require "bench.work"

local server = {}
server.__index = server

local CONFIG = [[
daemon on;
worker_processes 1;
pid "@folder@/nginx.pid";
error_log "@folder@/error.log" warn;
@user@
@modules@
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path "@folder@/tmp-body";
  proxy_temp_path "@folder@/tmp-proxy";
  fastcgi_temp_path "@folder@/tmp-fastcgi";
  uwsgi_temp_path "@folder@/tmp-uwsgi";
  scgi_temp_path "@folder@/tmp-scgi";
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  http2_max_concurrent_streams 1000;
  ssl_certificate "@folder@/ca.pem";
  ssl_certificate_key "@folder@/ca.key";
  sendfile on;
  tcp_nodelay on;
  open_file_cache max=10;
  open_file_cache_valid 1h;
  client_body_buffer_size 64k;
  default_type application/json;
  root "@folder@";
  lua_package_cpath "@cpath@";
  server { listen 127.0.0.1:@plain@; @fast_post@ include "@folder@/locations"; location = /status { stub_status; } }
  server { listen 127.0.0.1:@tls@ ssl http2; @only_second@ @fast_post@ include "@folder@/locations"; }
  server { listen 127.0.0.1:@plain_seen@; @see@ include "@folder@/locations"; }
  server { listen 127.0.0.1:@tls_seen@ ssl http2; @only_second@ @see@ include "@folder@/locations"; }
}
]]

local ONLY_SECOND = 'if ($server_protocol != "HTTP/2.0") { return 505 "HTTP/2 only"; }'

-- A search is answered from a file, as nginx sends files fastest; its answer to
-- a POST for a file is 405, which is therefore turned into the file.
-- tcp_nopush stays off: with it every page waits 0.3 ms for nothing, for any client.
local LOCATIONS = [[
if ($http_authorization != "@authorization@") { return 401 "Unauthorized"; }
location @contacts@ { return 200 '@get_answer@'; }
location = @page@ { error_page 405 =200 /page; return 405; }
location = /page { internal; }
]]

-- What is posted has one right length (see work.lua).
local POST = [[
location = @post@ {
  if ($content_length != @length@) { return 400 '{"status_code":-9999,"message":"not as long as the contact"}'; }
  return 200 '@post_answer@';
}
]]

-- Writes each request down, and looks into what is posted.
local SEE = [[
log_by_lua_block {
  local file = assert(io.open("@folder@/seen", "a"))
  file:write(require("cjson").encode {
    protocol = ngx.var.server_protocol, size = tonumber(ngx.var.request_length),
    path = ngx.var.request_uri, headers = ngx.req.get_headers(),
  }, "\n")
  file:close()
}
location = @post@ {
  content_by_lua_block {
    local cjson = require "cjson"
    local function same(a, b)
      if type(a) ~= "table" or type(b) ~= "table" then return a == b end
      for key, value in pairs(a) do if not same(value, b[key]) then return false end end
      for key in pairs(b) do if a[key] == nil then return false end end
      return true
    end
    ngx.req.read_body()
    local posted, file = cjson.decode(ngx.req.get_body_data()), assert(io.open("@folder@/contact"))
    local wanted = cjson.decode(file:read("*a"))
    file:close()
    ngx.status = same(posted, wanted) and 200 or 400
    ngx.print(ngx.status == 200 and '@post_answer@' or '{"status_code":-9999,"message":"not the contact"}')
  }
}
]]

local function fill(text, values)
  return (text:gsub("@([%l_]+)@", function(name)
    return assert(values[name], "nothing to put for " .. name)
  end))
end

local function make_certificate(folder, name)
  local said = process.output(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
    .. "-addext subjectAltName=IP:127.0.0.1 -keyout %s/%s.key -out %s/%s.pem 2>&1 && echo made"):format(folder, name, folder, name))
  assert(said:find "made", "openssl made no certificate: " .. said)
end

local function write_files(folder, contact)
  for name, content in pairs(work.files) do
    assert(process.write_file(folder .. "/" .. name, content))
  end
  assert(process.write_file(folder .. "/contact", contact))
  assert(process.write_file(folder .. "/query", cjson.encode(work.query)))
end

--- Starts nginx in an existing folder of its own; its process id is in nginx.pid there.
---@param folder string
---@param contact string the encoded contact
---@param pin string what pins it to a processor, such as "taskset -c 1 ", or ""
---@return { plain: string, tls: string, plain_seen: string, tls_seen: string, ca_file: string, stranger_file: string, version: string } server
---   with the base URLs of its ways to listen, its authority and one that is not
function server.start(folder, contact, pin)
  local nginx = assert(find.nginx())
  local free = ports.free(4)
  local _, cpath = paths.for_nginx()
  local modules = {}
  for i, path in ipairs(nginx.modules) do
    modules[i] = ('load_module "%s";'):format(path)
  end
  make_certificate(folder, "ca")
  make_certificate(folder, "stranger")
  write_files(folder, contact)
  local values = {
    folder = folder,
    user = process.output("id -u"):match "%d+" == "0" and "user root root;" or "",
    modules = table.concat(modules, "\n"),
    cpath = cpath,
    plain = free[1], tls = free[2], plain_seen = free[3], tls_seen = free[4],
    only_second = ONLY_SECOND,
    authorization = work.authorization,
    contacts = work.paths.folder, get_answer = work.files.get,
    page = work.paths.page:match "^[^?]+",
    post = work.paths.post, post_answer = work.files.post, length = #contact,
  }
  values.fast_post, values.see = fill(POST, values), fill(SEE, values)
  assert(process.write_file(folder .. "/locations", fill(LOCATIONS, values)))
  assert(process.write_file(folder .. "/nginx.conf", fill(CONFIG, values)))
  local command = ('%s%s -p "%s/" -c "%s/nginx.conf" -e "%s/error.log" 2>&1'):format(pin, nginx.binary, folder, folder, folder)
  local said = process.output(command .. " && echo started")
  assert(said:find "started", "nginx did not start: " .. said)
  local started = {
    folder = folder, version = nginx.build:match "nginx version: ([^\n]+)",
    ca_file = folder .. "/ca.pem", stranger_file = folder .. "/stranger.pem",
  }
  for i, name in ipairs { "plain", "tls", "plain_seen", "tls_seen" } do
    started[name] = ("%s://127.0.0.1:%d"):format(name:find "tls" and "https" or "http", free[i])
  end
  return setmetatable(started, server)
end

--- How many connections and requests nginx has had so far, without those that asked.
---@return { connections: integer, requests: integer }
function server:counts()
  local parts = {}
  assert(http.request {
    url = self.plain .. "/status", headers = { authorization = work.authorization }, sink = ltn12.sink.table(parts),
  })
  local connections, requests = table.concat(parts):match "\n%s*(%d+) %d+ (%d+)"
  self.asked = (self.asked or 0) + 1
  return { connections = connections - self.asked, requests = requests - self.asked }
end

--- The requests at the two listeners that write them down, since the last time.
---@return { protocol: string, size: integer, path: string, headers: table<string, string> }[]
function server:seen()
  local list = {}
  for line in (process.read_file(self.folder .. "/seen") or ""):gmatch "[^\n]+" do
    list[#list + 1] = cjson.decode(line)
  end
  os.remove(self.folder .. "/seen")
  return list
end

return server

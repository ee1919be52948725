--- The bench's own nginx: one worker, fixed answers, and a closer look at what is posted.

local find = require "frontdesk.sandbox.nginx.find"
local paths = require "frontdesk.sandbox.nginx.paths"
local ports = require "frontdesk.sandbox.ports"
local process = require "frontdesk.sandbox.process"
local work = require "bench.work"

local server = {}

-- A search is answered from a file, as nginx sends files fastest; its answer to
-- a POST for a file is 405, which is therefore turned into the file.
-- tcp_nopush stays off: with it every page waits 0.3 ms for nothing, for any client.
-- What is posted has one right length (see work.lua); /check looks into it.
local CONFIG = [[
daemon on;
worker_processes 1;
pid "@folder@/nginx.pid";
error_log "@folder@/error.log" warn;
@user@
@modules@
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path "@folder@/tmp-body";
  proxy_temp_path "@folder@/tmp-proxy";
  fastcgi_temp_path "@folder@/tmp-fastcgi";
  uwsgi_temp_path "@folder@/tmp-uwsgi";
  scgi_temp_path "@folder@/tmp-scgi";
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  sendfile on;
  tcp_nodelay on;
  open_file_cache max=10;
  open_file_cache_valid 1h;
  client_body_buffer_size 64k;
  default_type application/json;
  root "@folder@";
  lua_package_cpath "@cpath@";
  server {
    listen 127.0.0.1:@port@;
    if ($http_authorization != "@authorization@") { return 401 "Unauthorized"; }
    location = @get@ { return 200 '@get_answer@'; }
    location = @page@ { error_page 405 =200 /page; return 405; }
    location = /page { internal; }
    location = @post@ {
      if ($content_length != @length@) { return 400 '{"status_code":-9999,"message":"not as long as the contact"}'; }
      return 200 '@post_answer@';
    }
    location = /check@post@ {
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
  }
}
]]

local function fill(values)
  return (CONFIG:gsub("@([%l_]+)@", function(name)
    return assert(values[name], "nothing to put for " .. name)
  end))
end

--- Starts nginx in an existing folder of its own; its process id is in nginx.pid there.
---@param folder string
---@param contact string the encoded contact
---@param pin string what pins it to a processor, such as "taskset -c 1 ", or ""
---@return string base_url
---@return string version
function server.start(folder, contact, pin)
  local nginx = assert(find.nginx())
  local port = ports.free(1)[1]
  local _, cpath = paths.for_nginx()
  local modules = {}
  for i, path in ipairs(nginx.modules) do
    modules[i] = ('load_module "%s";'):format(path)
  end
  for name, content in pairs(work.files) do
    assert(process.write_file(folder .. "/" .. name, content))
  end
  assert(process.write_file(folder .. "/contact", contact))
  assert(process.write_file(folder .. "/query", '{"keyword":"' .. work.query.keyword .. '"}'))
  assert(process.write_file(folder .. "/nginx.conf", fill {
    folder = folder,
    user = process.output("id -u"):match "%d+" == "0" and "user root root;" or "",
    modules = table.concat(modules, "\n"),
    cpath = cpath,
    port = port,
    authorization = work.authorization,
    get = work.paths.get, get_answer = work.files.get,
    page = work.paths.page:match "^[^?]+",
    post = work.paths.post, post_answer = work.files.post, length = #contact,
  }))
  local command = ('%s%s -p "%s/" -c "%s/nginx.conf" -e "%s/error.log" 2>&1'):format(pin, nginx.binary, folder, folder, folder)
  local said = process.output(command .. " && echo started")
  assert(said:find "started", "nginx did not start: " .. said)
  return "http://127.0.0.1:" .. port, nginx.build:match "nginx version: ([^\n]+)"
end

return server

--- The configuration that the sandbox's nginx runs with. Everything that nginx writes stays in the sandbox's own folder.

local config = {}

local MOST_CHALLENGES = 6 -- WWW-Authenticate headers in one answer

local template = [[
daemon on;
worker_processes 1;
pid "@prefix@/nginx.pid";
error_log "@prefix@/error.log" warn;
@user@
@modules@
events {
  worker_connections 1024;
}
http {
  access_log off;
@temp_paths@
  lua_package_path "@package_path@";
  lua_package_cpath "@package_cpath@";
  init_worker_by_lua_block { require("frontdesk.sandbox.nginx.front").start("@prefix@/settings.json") }

  # One connection serves as many requests as a client likes.
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  client_max_body_size 64m;
  client_body_buffer_size 256k;
  large_client_header_buffers 8 64k;
  # The sandbox is strict by itself, and wants to see what was really sent.
  merge_slashes off;
  ignore_invalid_headers off;
  default_type application/octet-stream;
@gzip@
  server {
    listen 127.0.0.1:@port@;
@tls@
    location / {
@challenges@
      content_by_lua_block { require("frontdesk.sandbox.nginx.front").handle() }
    }
  }
}
]]

local tls = [[
    listen 127.0.0.1:@tls_port@ ssl http2;
    ssl_certificate "@prefix@/server.pem";
    ssl_certificate_key "@prefix@/server.key";
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:1m;
]]

local gzip = [[
  gzip on;
  gzip_min_length 0;
  gzip_types application/json application/hal+json application/vnd.people.v1+json application/problem+json text/plain;
]]

-- A header without a value is not sent.
local function challenges(count)
  local lines = {}
  for index = 1, count do
    lines[index] = ('      set $challenge_%d ""; add_header WWW-Authenticate $challenge_%d always;'):format(index, index)
  end
  return table.concat(lines, "\n")
end

-- nginx makes these folders when it starts, and may not where it was built to; a module left out knows no such directive.
local function temp_paths(prefix, build)
  local lines = { ('  client_body_temp_path "%s/tmp-body";'):format(prefix) }
  for _, name in ipairs({ "proxy", "fastcgi", "uwsgi", "scgi" }) do
    if not build:find("--without-http_" .. name .. "_module", 1, true) then
      lines[#lines + 1] = ('  %s_temp_path "%s/tmp-%s";'):format(name, prefix, name)
    end
  end
  return table.concat(lines, "\n")
end

local function fill(text, values)
  return (text:gsub("@([%l_]+)@", function(name)
    return assert(values[name], "nothing to put for " .. name)
  end))
end

--- Writes the configuration.
---@param values table `prefix`, `port`, `tls_port` (nil: no TLS), `gzip` (boolean), `root` (started by root), `modules`, `build`,
---  `package_path`, `package_cpath`
---@return string
function config.write(values)
  local modules = {}
  for _, path in ipairs(values.modules) do modules[#modules + 1] = ('load_module "%s";'):format(path) end
  return fill(template, {
    prefix = values.prefix,
    port = values.port,
    -- Without this a root's worker runs as nobody, who may not enter the folder.
    user = values.root and "user root root;" or "",
    modules = table.concat(modules, "\n"),
    temp_paths = temp_paths(values.prefix, values.build),
    package_path = values.package_path,
    package_cpath = values.package_cpath,
    challenges = challenges(MOST_CHALLENGES),
    gzip = values.gzip and gzip or "",
    tls = values.tls_port and fill(tls, values) or "",
  })
end

return config

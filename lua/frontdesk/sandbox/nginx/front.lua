--- The sandbox inside an nginx worker: requests from nginx to the application, and its responses back.

local application = require "frontdesk.sandbox.application"
local connection = require "frontdesk.sandbox.nginx.connection"
local control = require "frontdesk.sandbox.control"
local hashes = require "frontdesk.sandbox.nginx.hashes"
local json = require "frontdesk.sandbox.json"
local process = require "frontdesk.sandbox.process"
local watch = require "frontdesk.sandbox.nginx.watch"

local front = {}

-- The one worker holds the one application.
local app, settings

--- Called once, when the worker starts.
---@param path string where server.lua wrote the settings
function front.start(path)
  settings = assert(json.decode(assert(process.read_file(path))))
  app = application.new({ services = settings.services, algorithms = settings.algorithms, hashes = hashes, now = ngx.now })
  watch.begin(settings.starter, settings.prefix)
end

local function read_headers()
  local headers = {}
  for name, content in pairs(ngx.req.get_headers(0)) do
    headers[name:lower()] = type(content) == "table" and table.concat(content, ", ") or tostring(content)
  end
  return headers
end

local function read_body(headers)
  -- ngx_lua refuses to read an HTTP/2 body of unknown length; without one there is nothing that a client of ours sends.
  if ngx.req.http_version() >= 2 and not headers["content-length"] then return "" end
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  local file = ngx.req.get_body_file()
  return file and assert(process.read_file(file)) or ""
end

-- ngx_lua keeps one WWW-Authenticate only, so these go through variables of nginx.conf.
local function write_headers(response)
  local challenges = 0
  for _, header in ipairs(response.headers) do
    if header[1] == "WWW-Authenticate" then
      challenges = challenges + 1
      ngx.var["challenge_" .. challenges] = header[2]
    else
      ngx.header[header[1]] = header[2]
    end
  end
end

local function write(response)
  ngx.status = response.status
  write_headers(response)
  if response.status == 204 or response.status == 304 then return ngx.send_headers() end
  ngx.header["Content-Length"] = #response.body
  ngx.print(response.body)
end

-- Announces the whole body, sends the first half of it and closes.
local function write_half(response)
  ngx.status = response.status
  write_headers(response)
  ngx.header["Content-Length"] = math.max(#response.body, 2)
  ngx.print(response.body:sub(1, math.ceil(#response.body / 2)))
  ngx.flush(true)
  connection.close()
end

--- Answers the current request.
function front.handle()
  local headers = read_headers()
  local incoming = {
    method = ngx.req.get_method(), scheme = ngx.var.scheme, target = ngx.var.request_uri, headers = headers, body = read_body(headers),
  }
  if incoming.target:sub(1, #control.PREFIX) == control.PREFIX then
    return write(control.handle(app, settings.key, incoming))
  end
  local response, cut = app:handle(incoming, ngx.sleep)
  if cut == "reset" then return connection.reset() end
  if cut == "truncate" then return write_half(response) end
  return write(response)
end

return front

--- What the bench's nginx does for a request: one small call to the service, in each of the ways that
-- there are. Every handler reads the answer as JSON and passes a name in it on.

-- luacheck: std max+ngx_lua

local cjson = require "cjson"

local handlers = {}
local service, clients = nil, {}

--- In init_by_lua*, where clients are made.
---@param options { host: string, port: integer, path: string, id: string, token: string }
function handlers.set_up(options)
  service = options
  service.url = ("http://%s:%d"):format(options.host, options.port)
  local frontdesk = require "frontdesk"
  local function new(prefix, shared_dict)
    return frontdesk.omicall { base_url = service.url .. prefix, token = service.token, shared_dict = shared_dict }
  end
  clients.fast, clients.slow, clients.shared = new "", new "/slow/50", new("", "shared")
end

local function answer(name)
  ngx.print(name)
end

local function refuse(message)
  ngx.status = 502
  ngx.print(tostring(message))
end

function handlers.frontdesk(client)
  local contact, err = clients[client].contacts:get(service.id)
  if not contact then
    return refuse(err)
  end
  answer(contact.full_name)
end

local REQUEST = "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: bench\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\n\r\n"

-- No client at all: what it takes to send the request and to read this answer.
function handlers.cosocket(prefix)
  local socket = ngx.socket.tcp()
  socket:settimeouts(10000, 10000, 30000)
  local ok, message = socket:connect(service.host, service.port, { pool_size = 200 })
  if not ok then
    return refuse(message)
  end
  ok, message = socket:send(REQUEST:format(prefix .. service.path, service.host, service.port, service.token))
  if not ok then
    return refuse(message)
  end
  local line, size
  local first = socket:receive "*l"
  repeat
    line, message = socket:receive "*l"
    size = line and tonumber(line:match "^[Cc]ontent%-[Ll]ength: (%d+)") or size
  until not line or line == ""
  local body = line and size and socket:receive(size)
  if not body or not first:find("^HTTP/1.1 200") then
    return refuse(message or first)
  end
  socket:setkeepalive(60000)
  answer(cjson.decode(body).payload.full_name)
end

local http

function handlers.resty_http(prefix)
  http = http or require "resty.http"
  local client = http.new()
  client:set_timeouts(10000, 10000, 30000)
  local response, message = client:request_uri(service.url .. prefix .. service.path, {
    headers = { ["User-Agent"] = "bench", Accept = "application/json", Authorization = "Bearer " .. service.token },
    keepalive_timeout = 60000, keepalive_pool = 200,
  })
  if not response or response.status ~= 200 then
    return refuse(message or response.status)
  end
  answer(cjson.decode(response.body).payload.full_name)
end

--- Kilobytes of this worker's Lua heap, after a full collection.
function handlers.heap()
  collectgarbage()
  collectgarbage()
  ngx.print(("%.0f"):format(collectgarbage "count"))
end

return handlers

--- The service behind the workflows and the gateway: an nginx of its own, with answers that take
-- time, and with as many pages of contacts as are asked for.
--
--   /api/v2/contact/get/ID          at once
--   /slow/MILLISECONDS/api/...      the same after some time
--   /pages/ITEMS/api/...            a search that finds so many contacts, no two alike

local httpd = require "support.httpd"
local work = require "bench.work"

local upstream = {}

local SERVER = [[
  default_type application/json;
  location @contacts@ { return 200 '@answer@'; }
  location ~ ^/slow/(\d+)/ { content_by_lua_block { require("service").slow(tonumber(ngx.var[1])) } }
  location ~ ^/pages/(\d+)/ { content_by_lua_block { require("service").page(tonumber(ngx.var[1])) } }
]]

local SERVICE = [[
local service = {}

local function read(name)
  local file = assert(io.open(ngx.config.prefix() .. name))
  local text = file:read("*a")
  file:close()
  return text
end

local answer, before, items = read "answer", read("page"):match '^(.*"items":%[)(.*)%]}}$'
local SIZE = 50

function service.slow(milliseconds)
  ngx.sleep(milliseconds / 1000)
  ngx.header.content_length = #answer
  ngx.print(answer)
end

function service.page(total)
  local page = tonumber(ngx.var.arg_page) or 1
  local first = (page - 1) * SIZE
  local head = before:gsub('"page_number":%d+', '"page_number":' .. page)
    :gsub('"has_next":%a+', '"has_next":' .. tostring(first + SIZE < total))
  local text = items:gsub('"public_id":"C%-(%d+)"', function(number)
    return ('"public_id":"C-%d"'):format(first + number)
  end)
  ngx.print(head, text, "]}}")
end

return service
]]

--- Starts it.
---@return table server see support.httpd
function upstream.start()
  return httpd.start {
    lua = true,
    http = 'lua_package_path "$folder/?.lua;;"; init_by_lua_block { require "service" }',
    server = (SERVER:gsub("@(%l+)@", { contacts = work.paths.folder, answer = work.files.get })),
    files = { answer = work.files.get, page = work.files.page, ["service.lua"] = SERVICE },
  }
end

return upstream

-- Limits that all workers of an nginx keep to together.
local gateways = require "support.gateway"

local SERVER = [[
  location /cut { content_by_lua_block { ngx.print(ngx.worker.pid(), " ") require("app").answer "/cut" } }
  location /busy { content_by_lua_block { ngx.print(ngx.worker.pid(), " ") require("app").answer "/busy" } }
  location /echo { content_by_lua_block { ngx.print(ngx.worker.pid(), " ") require("app").answer "/echo" } }
]]

describe("workers of nginx with a dictionary for limits", function()
  local gateway

  before_each(function()
    gateway = gateways.start { server = SERVER, workers = 2, http = "lua_shared_dict frontdesk 1m;" }
  end)

  after_each(function()
    gateway:stop()
  end)

  -- Asks until both workers have answered in the same words.
  local function until_both_say(path, words)
    local workers, count = {}, 0
    gateway:eventually(words .. " from both workers", function()
      local list = {}
      for i = 1, 10 do
        list[i] = gateway:ask(path)
      end
      for _, text in ipairs(gateway:gather(list)) do
        local pid, answer = text:match "^(%d+) (.*)$"
        assert(pid, text)
        if answer:find(words, 1, true) and not workers[pid] then
          workers[pid] = true
          count = count + 1
        end
      end
      return count == 2
    end)
  end

  it("all stop asking a host that fails, whichever of them met the failures", function()
    until_both_say("/cut", "times in a row")
    until_both_say("/echo", "times in a row")
  end)

  it("all pause when one of them is told to", function()
    gateway:get "/busy"
    until_both_say("/echo", "the call was not sent")
  end)
end)

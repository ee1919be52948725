-- Tokens of all workers, and of one.
local gateways = require "support.gateway"

local SERVER = [[
  lua_check_client_abort on;
  location /guarded { content_by_lua_block { ngx.print(ngx.worker.pid(), " ") require("app").answer "/guarded" } }
  location /hasty {
    content_by_lua_block { ngx.print(ngx.worker.pid(), " ") require("app").answer("/guarded", { timeout = 0.3 }) }
  }
]]

local function start(options)
  options.server = SERVER
  options.app = { api_key = "open sesame" }
  return gateways.start(options)
end

-- Asks so many times at once; returns the different answers, sorted, and how many workers gave them.
local function ask(gateway, count, path)
  local list = {}
  for i = 1, count do
    list[i] = gateway:ask(path or "/guarded")
  end
  local said, answers, workers, worker_count = {}, {}, {}, 0
  for _, text in ipairs(gateway:gather(list)) do
    local pid, answer = text:match("^(%d+) (.*)$")
    assert(pid, text)
    if not workers[pid] then
      workers[pid] = true
      worker_count = worker_count + 1
    end
    if not said[answer] then
      said[answer] = true
      answers[#answers + 1] = answer
    end
  end
  table.sort(answers)
  return answers, worker_count
end

-- Asks until both workers have answered.
local function ask_both(gateway)
  return gateway:eventually("an answer of each worker", function()
    local answers, workers = ask(gateway, 50)
    assert.same({ "value welcome" }, answers)
    return workers == 2
  end)
end

describe("workers of nginx with a dictionary for tokens", function()
  local gateway

  before_each(function()
    gateway = start({ workers = 2, http = "lua_shared_dict frontdesk 1m;" })
  end)

  after_each(function()
    gateway:stop()
  end)

  it("log in once for all of them", function()
    ask_both(gateway)
    assert.equal(1, gateway:upstream_count("logins"))
  end)

  it("log in once more when their token is refused", function()
    ask_both(gateway)
    for generation = 2, 4 do
      gateway:set("generation=" .. generation)
      ask_both(gateway)
      assert.equal(generation, gateway:upstream_count("logins"))
    end
  end)

  it("tell all who wait of a login that failed, and try again for the next", function()
    gateway:set("login_takes=1&refuse=1")
    local answers = ask(gateway, 60)
    assert.equal(1, #answers)
    assert.matches("^auth: omicall.auth.token: 401 unauthorized", answers[1])
    assert.equal(1, gateway:upstream_count("logins"))
    gateway:set("refuse=&login_takes=")
    ask_both(gateway)
    assert.equal(2, gateway:upstream_count("logins"))
  end)

  it("finish a login whose client has gone", function()
    gateway:set("login_takes=0.4")
    local first = gateway:ask("/guarded")
    gateway:eventually("a login", function()
      return gateway:upstream_count("logins") == 1
    end)
    first:cancel()
    assert.same({ "value welcome" }, (ask(gateway, 10)))
    assert.equal(1, gateway:upstream_count("logins"))
    assert.equal("", gateway:complaints())
  end)

  it("wait for another's login no longer than a call may take", function()
    gateway:set("login_takes=3")
    local first = gateway:ask("/guarded")
    gateway:eventually("a login", function()
      return gateway:upstream_count("logins") == 1
    end)
    local answers = ask(gateway, 5, "/hasty")
    assert.equal(1, #answers)
    assert.matches("^timeout: .*the deadline passed while another call was logging in", answers[1])
    assert.is_false(first:done())
  end)

  it("leave nothing in nginx's error log", function()
    ask_both(gateway)
    assert.equal("", gateway:complaints())
  end)
end)

describe("a worker of nginx that dies while it logs in", function()
  it("does not keep the next one from it", function()
    local gateway = start({ http = "lua_shared_dict frontdesk 1m;" })
    gateway:set("login_takes=30")
    local doomed = gateway:ask("/guarded")
    gateway:eventually("a login", function()
      return gateway:upstream_count("logins") == 1
    end)
    local pid = gateway.front:workers()[1]
    gateway.front:signal("KILL", pid)
    gateway:gather({ doomed })
    gateway:set("login_takes=")
    local text = gateway:get("/guarded")
    assert.matches("value welcome$", text)
    assert.not_matches("^" .. pid .. " ", text)
    assert.equal(2, gateway:upstream_count("logins"))
    gateway:stop()
  end)
end)

describe("workers of nginx without a dictionary", function()
  local gateway

  before_each(function()
    gateway = start({ workers = 2 })
  end)

  after_each(function()
    gateway:stop()
  end)

  it("log in once each", function()
    ask_both(gateway)
    ask_both(gateway)
    assert.equal(2, gateway:upstream_count("logins"))
    gateway:set("generation=2")
    ask_both(gateway)
    assert.equal(4, gateway:upstream_count("logins"))
  end)

  it("finish a login whose client has gone", function()
    gateway:set("login_takes=0.4")
    local first = gateway:ask("/guarded")
    gateway:eventually("a login", function()
      return gateway:upstream_count("logins") == 1
    end)
    first:cancel()
    local answers, workers = ask(gateway, 10)
    assert.same({ "value welcome" }, answers)
    assert.is_true(gateway:upstream_count("logins") <= workers + 1)
    assert.equal("", gateway:complaints())
  end)
end)

describe("a client in nginx that names a dictionary", function()
  it("uses that one, or says that there is none", function()
    local gateway = gateways.start({
      http = "lua_shared_dict kept 1m;",
      server = [[
        location /named {
          content_by_lua_block {
            local app = require "app"
            local client = app.new { api_key = "open sesame", shared_dict = ngx.var.arg_dict }
            ngx.say(tostring((select(2, pcall(app.call, "/guarded", nil, client)))))
            local keys = ngx.shared.kept:get_keys()
            ngx.say(#keys, table.concat(keys):find("sesame", 1, true) and " and a secret in them" or "")
          }
        }
      ]],
    })
    assert.equal("value welcome\n1", (gateway:get("/named?dict=kept")))
    assert.matches('shared_dict is "lost", but nginx.conf has no lua_shared_dict of that name', (gateway:get("/named?dict=lost")), 1, true)
    gateway:stop()
  end)
end)

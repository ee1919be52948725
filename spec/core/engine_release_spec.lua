-- What a transfer that was released still tells, while the memory it was received in serves others.
local core = require "frontdesk.core"
local httpd = require "support.httpd"

local SERVER = [[
location /first { default_type text/plain; add_header X-Twice a; add_header X-Twice b; return 200 "first"; }
location /second { default_type text/css; add_header X-Other other always; return 404 "second"; }
location /bare { return 204; }
location /many { content_by_lua_block {
  for i = 1, 300 do ngx.header["X-Header-" .. i] = ("v"):rep(i) end
  ngx.print("many")
} }
]]

describe("a released transfer", function()
  local server, engine

  setup(function()
    server = httpd.start({ lua = true, server = SERVER })
  end)

  before_each(function()
    engine = core.engine()
  end)

  after_each(function()
    engine:close()
  end)

  teardown(function()
    server:stop()
  end)

  local function send(path)
    local transfer = assert(engine:submit({ url = server.url .. path }))
    while not engine:perform(transfer) do
    end
    return transfer
  end

  -- All that can be asked of it.
  local function told(transfer)
    return {
      done = transfer:done(), failed = transfer:failure() ~= nil, status = transfer:status(), headers = transfer:headers(),
      twice = transfer:header "X-Twice", absent = transfer:header "X-Absent", timings = transfer:timings(),
      version = transfer:http_version(), reused = transfer:reused(), shown = tostring(transfer),
    }
  end

  for _, path in ipairs({ "/first", "/second", "/bare", "/many" }) do
    it("tells of " .. path .. " what it told before", function()
      local transfer = send(path)
      local before = told(transfer)
      transfer:release()
      assert.same(before, told(transfer))
      assert.is_true(before.timings.total > 0)
    end)
  end

  it("keeps its own answer when others come after it", function()
    local first = send "/first"
    first:release()
    local second = send "/second"
    local before = told(second)
    second:release()
    send("/many"):release()
    assert.equal(200, first:status())
    assert.equal("text/plain", first:header "content-type")
    assert.equal("a, b", first:headers()["x-twice"])
    assert.is_nil(first:header "x-other")
    assert.same(before, told(second))
    assert.is_true(second:reused())
  end)

  it("outlives its engine", function()
    local transfer = send "/first"
    local late = send "/second"
    transfer:release()
    engine:close()
    late:release()
    collectgarbage()
    assert.equal("text/plain", transfer:header "Content-Type")
    assert.equal("other", late:header "X-Other")
    assert.equal("frontdesk.transfer: status 404", tostring(late))
  end)

  it("is done for all who wait for it or would end it", function()
    local transfer = send "/first"
    transfer:release()
    assert.is_true(engine:perform(transfer))
    transfer:cancel()
    assert.is_nil(transfer:failure())
    assert.equal(200, transfer:status())
  end)

  it("is still reported when it was released before that", function()
    local transfer = assert(engine:submit({ url = server.url .. "/first" }))
    while engine:wait(1) == 0 do
    end
    transfer:release()
    assert.equal(transfer, engine:completed())
    assert.is_nil(engine:completed())
    transfer:release()
    assert.equal("text/plain", transfer:header "Content-Type")
    assert.has_error(function() transfer:body() end)
  end)

  it("still tells how it failed", function()
    local transfer = assert(engine:submit({ url = server.url .. "/first" }))
    transfer:cancel()
    transfer:release()
    transfer:release()
    assert.equal("cancelled", transfer:failure().kind)
    assert.equal("frontdesk.transfer: failed (cancelled)", tostring(transfer))
  end)

  for _, path in ipairs({ "/first", "/many" }) do
    it("of " .. path .. " can be closed, twice, and is closed then", function()
      local transfer = send(path)
      transfer:release()
      local close = getmetatable(transfer).__close
      close(transfer)
      close(transfer)
      assert.equal("frontdesk.transfer: closed", tostring(transfer))
      for _, method in ipairs({ "status", "headers", "release", "done", "cancel" }) do
        local ok, message = pcall(transfer[method], transfer)
        assert.is_false(ok)
        assert.matches("closed", message)
      end
    end)
  end

  it("keeps a collector busy only when it has something to give back", function()
    for path, settled in pairs({ ["/first"] = true, ["/many"] = false }) do
      local transfer = send(path)
      assert.is_not_nil(getmetatable(transfer).__gc)
      transfer:release()
      assert.equal(settled, getmetatable(transfer).__gc == nil)
      assert.equal("frontdesk.transfer", getmetatable(transfer).__name)
    end
  end)

  it("is not one that is in flight", function()
    local transfer = assert(engine:submit({ url = server.url .. "/first" }))
    assert.has_error(function() transfer:release() end)
    while not engine:perform(transfer) do
    end
    assert.equal("first", transfer:body())
  end)
end)

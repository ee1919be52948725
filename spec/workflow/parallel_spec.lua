local frontdesk = require "frontdesk"
local process = require "support.process"

-- Tasks over real connections: the sandbox's nginx, one engine.
describe("parallel calls", function()
  local server, omicall, ids

  lazy_setup(function()
    server = assert(frontdesk.sandbox.start { https = false })
  end)

  lazy_teardown(function()
    server:stop()
  end)

  before_each(function()
    assert(server:reset())
    omicall = frontdesk.omicall(server:options "omicall")
    ids = {}
    for contact, err in omicall.contacts:each {} do
      assert(contact, tostring(err))
      ids[#ids + 1] = contact.public_id
    end
  end)

  local function requests(operation)
    local count = 0
    for _, request in ipairs(assert(server:requests())) do
      count = count + (request.operation == operation and 1 or 0)
    end
    return count
  end

  it("are under way at the same time", function()
    assert(server:fault { service = "omicall", operation = "contacts.get", kind = "latency", seconds = 0.1, times = "always" })
    local list = {}
    for i = 1, 40 do
      list[i] = ids[1 + i % #ids]
    end
    local began = frontdesk.now()
    local values, errors = frontdesk.map(list, function(id) return omicall.contacts:get(id) end, { concurrency = 40 })
    assert.same({}, errors)
    assert.equal(40, values.n)
    assert.is_true(frontdesk.now() - began < 2) -- one after the other they take four seconds
  end)

  it("log in once, however many wait for the token", function()
    assert(server:fault { service = "omicall", operation = "auth.token", kind = "latency", seconds = 0.1, times = "always" })
    local fresh = frontdesk.omicall(server:options "omicall")
    local before = requests "auth.token"
    local _, errors = frontdesk.map(ids, function(id) return fresh.contacts:get(id) end)
    assert.same({}, errors)
    assert.equal(1, requests "auth.token" - before)
  end)

  it("fail together when the login fails, after one try of it", function()
    assert(server:fault { service = "omicall", operation = "auth.token", kind = "latency", seconds = 0.1, times = "always" })
    local stranger = frontdesk.omicall(server:options("omicall", { api_key = "not-the-key-at-all" }))
    local before = requests "auth.token"
    local _, errors = frontdesk.map({ 1, 2, 3, 4, 5 }, function() return stranger.contacts:get(ids[1]) end)
    for i = 1, 5 do
      assert.equal("auth", errors[i].kind)
    end
    assert.equal(1, requests "auth.token" - before)
  end)

  it("can be cancelled on their way, and then send nothing more", function()
    assert(server:fault { service = "omicall", operation = "contacts.get", kind = "latency", seconds = 5 })
    frontdesk.run(function()
      local task = frontdesk.spawn(function()
        local _, first = omicall.contacts:get(ids[1])
        local _, second = omicall.contacts:get(ids[1])
        return first, second
      end)
      frontdesk.sleep(0.05)
      task:cancel()
      local first, second = task:wait()
      assert.equal("cancelled", first.kind)
      assert.equal("unknown", first.outcome)
      assert.equal("cancelled", second.kind)
      assert.equal("not_sent", second.outcome)
    end)
  end)

  it("go on when the loop of another run has driven them to their end", function()
    assert(server:fault { service = "omicall", operation = "contacts.get", kind = "latency", seconds = 0.05, times = "always" })
    frontdesk.run(function()
      local outer = frontdesk.spawn(function() return omicall.contacts:get(ids[1]) end)
      frontdesk.sleep(0.01)
      coroutine.wrap(function() -- a coroutine that is no task, and so has a loop of its own
        frontdesk.run(function()
          assert.equal(ids[2], assert(omicall.contacts:get(ids[2])).public_id)
        end)
      end)()
      assert.equal(ids[1], assert(outer:wait()).public_id)
    end)
  end)

  it("do not lose the others when one fails", function()
    assert(server:fault { service = "omicall", operation = "contacts.get", kind = "status", status = 500, times = 1 })
    local values, errors = frontdesk.map(ids, function(id) return omicall.contacts:get(id, { retry = 0 }) end, { concurrency = 1 })
    assert.equal("unavailable", errors[1].kind)
    for i = 2, #ids do
      assert.equal(ids[i], values[i].public_id)
    end
  end)

  it("are tried again while the others go on", function()
    assert(server:fault { service = "omicall", operation = "contacts.get", kind = "status", status = 429, retry_after = 0, times = 3 })
    local values, errors = frontdesk.map(ids, function(id) return omicall.contacts:get(id, { retry = 5 }) end)
    assert.same({}, errors)
    assert.equal(#ids, values.n)
  end)

  it("end cleanly on Ctrl-C, and what was done can still be told", function()
    assert(server:fault { service = "omicall", operation = "contacts.get", kind = "latency", seconds = 30, times = "always" })
    local folder = process.folder()
    local file = assert(io.open(folder .. "/script.lua", "w"))
    file:write(([[
      local frontdesk = require "frontdesk"
      local omicall = frontdesk.omicall { base_url = %q, api_key = %q }
      local done = 0
      print(pcall(frontdesk.run, function()
        frontdesk.spawn(function()
          local _, err = omicall.contacts:get("%s")
          print(err.kind)
        end)
        done = done + 1
        io.popen("kill -INT $PPID"):close()
        frontdesk.sleep(20)
      end))
      print("done " .. done)
    ]]):format(server:url "omicall", server:options("omicall").api_key, ids[1]))
    file:close()
    local lua = rawget(_G, "jit") and "luajit" or "lua5.4"
    local text = process.output(("LUA_PATH=%s LUA_CPATH=%s timeout 15 %s %s/script.lua 2>&1; echo status $?"):format(
      process.quote(package.path), process.quote(package.cpath), lua, folder))
    os.execute("rm -rf " .. process.quote(folder))
    assert.matches("cancelled", text, 1, true)
    assert.matches("interrupted!", text, 1, true)
    assert.matches("done 1\nstatus 0$", text)
  end)
end)

-- Objects of the core in the hands of somebody careless or hostile: collected at every allocation,
-- dropped at work, closed in every order and by finalizers, used afterwards, called with what they are not.
-- Everything runs in a Lua of its own, so that a crash would be a failure with a signal.

local raw_server = require "support.raw_server"
local script = require "support.script"

-- The first connection is answered, over and over; the second one, of an engine that is
-- dropped at work, is only listened to.
local ANSWERS = [[
  while true do
    local request = read_request()
    if not request then break end
    if not request:find("GET /silent", 1, true) then
      local body = '{"items":[{"id":1,"name":"Mai"},{"id":2,"name":"Lan"}],"more":null}'
      send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
    end
  end
]]

-- What each script may use: a value of every type the core makes.
local ZOO = [[
  local core = require "frontdesk.core"
  local function zoo()
    local path = os.tmpname()
    local engine = assert(core.engine())
    local headers = assert(core.headers { { "X-Key", "one" }, { "X-Other", "two" } })
    local animals = {
      engine = engine,
      headers = headers,
      transfer = assert(engine:submit { url = "http://127.0.0.1:9/", headers = headers }),
      notifier = assert(engine:notifier "/tmp"),
      timer = assert(core.timer()),
      journal = assert(core.journal(path)),
      shape = core.shape { path = "/a/:id", fields = { { "id", "string", ["in"] = "path" } } },
    }
    os.remove(path)
    return animals
  end
  local function methods(animal)
    local names = {}
    for name in pairs(getmetatable(animal).__index) do names[#names + 1] = name end
    table.sort(names)
    return names
  end
  local NAMES = { "engine", "headers", "journal", "notifier", "shape", "timer", "transfer" }
]]

describe("a full collection at every allocation", function()
  it("takes nothing away that is in use", function()
    local server = raw_server.start(ANSWERS)
    assert.same({ "fine" }, script.run(ZOO .. [[
      local path = os.tmpname()
      own.collect_always()
      for round = 1, 20 do
        local engine = core.engine { max_idle_connections = 1 }
        local base = assert(core.headers { { "X-Base", "a" }, { "X-Key", "b" } })
        local headers = assert(core.headers({ { "X-Key", 3 }, { "X-More", ("c"):rep(300) } }, base))
        assert(headers:list()[2][2] == "3" and tostring(headers):find "X%-More")
        for _ = 1, 2 do
          local transfer = assert(engine:submit { url = "$url/" .. round, headers = headers, body = ("b"):rep(round * 100),
            method = "POST" })
          while not engine:perform(transfer) do end
          assert(transfer:status() == 200, transfer:failure() and transfer:failure().message)
          assert(transfer:headers()["x-one"] == "1, 2" and transfer:header "X-One" == "2")
          assert(transfer:json().items[2].name == "Lan" and #transfer:body() == transfer:size())
          assert(transfer:timings().total > 0 and transfer:json(true).more == core.null)
        end
        assert(not engine:submit { url = "gopher://x/" })
        local cut = assert(engine:submit { url = "$url/", timeout = 5 })
        cut:cancel()
        assert(cut:failure().kind == "cancelled")
        engine:close()
        local shape = core.shape { path = "/a/:id", types = { part = { { "n", "integer" } } }, fields = {
          { "id", "string", ["in"] = "path" }, { "parts", "part[]" }, { "mood", "string", enum = { "good", "bad" } } } }
        local target, body = shape:encode { id = "x y", parts = { { n = round } }, mood = "good" }
        assert(target == "/a/x%20y" and body == '{"parts":[{"n":' .. round .. '}],"mood":"good"}', body)
        assert(select(3, shape:encode { id = "x", mood = "goood" }) == "mood")
        local text = core.json_encode { list = { 1, "two", { three = "\1" } } }
        assert(core.json_decode(text).list[3].three == "\1")
        assert(not core.json_decode "[1, 2" and not core.json_encode { print })
        assert(core.url_parse("http://127.0.0.1/a").loopback and core.url_segment "a/b" == "a%2Fb")
        local journal = assert(core.journal(path))
        assert(journal:append "line\n" and journal:read(0, 5) == "line\n")
        journal:close()
      end
      own.collect_as_usual()
      os.remove(path)
      print "fine"
    ]], { url = server.url }))
    server:stop()
  end)

  it("lets a client work as ever", function()
    assert.same({ "fine" }, script.run [[
      local frontdesk = require "frontdesk"
      local box = frontdesk.sandbox.transport()
      local omicall = frontdesk.omicall(box:options "omicall")
      omicall.contacts:search { size = 1 }
      own.collect_always()
      assert(omicall.contacts:search { size = 2 })
      local _, err = omicall.contacts:add { fulName = "Thu" }
      assert(err.kind == "invalid_input" and err.field == "fulName")
      own.collect_as_usual()
      print "fine"
    ]])
  end)
end)

describe("a finalizer in the midst of a call", function()
  -- Each: what is called again and again while every allocation runs a finalizer that spoils it.
  local CASES = {
    ["closes the engine that is submitting"] = [[
      spoil = function() engine:close() end
      try = function() engine = core.engine(); return engine:submit { url = "http://127.0.0.1:9/" } end]],
    ["closes the engine that is making a notifier"] = [[
      spoil = function() engine:close() end
      try = function() engine = core.engine(); return engine:notifier "/tmp" end]],
    ["empties the request that is submitted"] = [[
      spoil = function() for key in pairs(request) do request[key] = nil end collectgarbage() end
      try = function()
        request = { url = "http://127.0.0.1:9/" .. ("x"):rep(300), body = ("y"):rep(1000), username = ("z"):rep(100) }
        engine = core.engine()
        return engine:submit(request)
      end]],
    ["empties the request that is prepared and submitted"] = [[
      spoil = function() for key in pairs(request) do request[key] = nil end collectgarbage() end
      try = function()
        request = { username = ("z"):rep(100), password = ("p"):rep(100), auth = "basic", ca_file = ("/c"):rep(100) }
        request.prepared, request.url = core.request(request), "http://127.0.0.1:9/" .. ("x"):rep(300)
        engine = core.engine()
        return engine:submit(request)
      end]],
    ["gives the body back that is read"] = [[
      spoil = function() transfer:release(); for _ = 1, 3 do core.json_encode { ("f"):rep(100000) } end end
      try = function() transfer = answered(); return #transfer:body(), transfer:json() end]],
    ["gives the answer back whose headers are read"] = [[
      spoil = function() transfer:release(); for _ = 1, 3 do answered():release() end end
      try = function()
        transfer = answered()
        assert(transfer:headers()["x-one"] == "1, 2" and transfer:header "x-one" == "2")
        transfer:release()
        assert(transfer:headers()["x-one"] == "1, 2" and transfer:timings().total > 0)
      end]],
    ["frees the transfer that is read"] = [[
      spoil = function() getmetatable(transfer).__gc(transfer) end
      try = function() transfer = answered(); transfer:headers(); transfer:header "x-one"; transfer:body() end]],
    ["frees the transfer whose failure is read"] = [[
      spoil = function() getmetatable(transfer).__gc(transfer) end
      try = function()
        engine = core.engine()
        transfer = engine:submit { url = "http://127.0.0.1:9/" }
        engine:perform(transfer)
        return transfer:failure()
      end]],
    ["frees the headers that are read, and the base of new ones"] = [[
      spoil = function() getmetatable(headers).__gc(headers) end
      try = function()
        headers = core.headers { { "X-Key", ("one"):rep(200) }, { "X-Other", 2 } }
        core.headers({ { "X-More", 3 }, { "X-Last", 4 } }, headers)
        headers:list()
        tostring(headers)
      end]],
    ["closes and reads the journal that is read"] = [[
      spoil = function() journal:read(0, 60000); journal:close() end
      try = function()
        journal = core.journal(path)
        journal:append(("j"):rep(2000))
        return journal:read(0, 1000)
      end]],
    ["frees the shape that encodes"] = [[
      spoil = function() getmetatable(shape).__gc(shape) end
      try = function()
        shape = core.shape { path = "/a/:id", fields = { { "id", "string", ["in"] = "path" }, { "b", "string" } } }
        shape:encode { id = ("i"):rep(500), b = ("b"):rep(500) }
        shape:encode { c = 1 }
        return shape:check {}, tostring(shape)
      end]],
  }

  for name, case in pairs(CASES) do
    it(name .. ", and harms nobody", function()
      local server = raw_server.start(ANSWERS)
      assert.same({ "fine" }, script.run(ZOO .. [[
        local engine, transfer, request, headers, journal, shape, spoil, try
        local path = os.tmpname()
        local source = core.engine()
        local function answered()
          local done = source:submit { url = "$url/" }
          source:perform(done)
          return done
        end
        ]] .. case .. [[
        -- Spoilt by the first collection of the call, then by the second, until it has no more of them.
        local last, spoiled = 0, 0
        repeat
          last = last + 1
          local count, done = 0, false
          local function collected()
            if done then return end
            count = count + 1
            if count < last then return own.finalized(collected) end
            spoiled = spoiled + 1
            pcall(spoil)
          end
          own.collect_always()
          own.finalized(collected)
          pcall(try)
          own.collect_as_usual()
          done = true
        until count < last
        os.remove(path)
        print(spoiled >= 3 and "fine" or "spoilt only " .. spoiled .. " times")
      ]], { url = server.url }))
      server:stop()
    end)
  end
end)

describe("what is dropped at work", function()
  it("gives its connections and files back: engines, transfers, notifiers, timers, journals", function()
    local server = raw_server.start(ANSWERS)
    assert.same({ "fine" }, script.run(ZOO .. [[
      zoo()
      own.collect_all()
      local before = own.open_files()
      -- in a coroutine: nothing of it stays behind on the stack, where a collector would find it
      coroutine.wrap(function()
        for _ = 1, 30 do
          local engine = zoo().engine
          engine:submit { url = "$url/silent" }
          engine:step()
        end
      end)()
      own.collect_all()
      local after = own.open_files()
      print(after == before and "fine" or ("%d files before, %d after"):format(before, after))
    ]], { url = server.url }))
    server:stop()
  end)

  it("leaves nothing of clients, iterators, tasks and coroutines", function()
    assert.same({ "fine" }, script.run [[
      local frontdesk = require "frontdesk"
      local engines = require "frontdesk.transport.engine"
      local box = frontdesk.sandbox.transport()
      local seen = setmetatable({}, { __mode = "k" })
      local function round()
        local client = frontdesk.omicall(box:options "omicall")
        local live = frontdesk.omicall { base_url = "http://127.0.0.1:9", api_key = "t0k-dropped", transport = engines.new(), retry = 0 }
        seen[client], seen[live] = true, true
        local each = client.contacts:each { size = 1 }
        assert(each())
        local pages = coroutine.wrap(function()
          for contact in client.contacts:each { size = 1 } do coroutine.yield(contact) end
        end)
        assert(pages())
        assert(not live.contacts:search {})
        local ok, message = pcall(frontdesk.run, function()
          frontdesk.spawn(function() live.contacts:search {} end)
          frontdesk.spawn(function() frontdesk.sleep(60) end)
          error("dropped", 0)
        end)
        assert(not ok and message == "dropped", message)
      end
      coroutine.wrap(round)()
      own.collect_all()
      local before = own.open_files()
      -- in a coroutine: nothing of it stays behind on the stack, where a collector would find it
      coroutine.wrap(function()
        for _ = 1, 20 do round() end
      end)()
      own.collect_all()
      local after = own.open_files()
      print(next(seen) == nil and after == before and "fine" or ("%s is kept, %d files before, %d after")
        :format(tostring(next(seen)), before, after))
    ]])
  end)
end)

describe("closing", function()
  it("works in every order, and twice", function()
    assert.same({ "fine" }, script.run(ZOO .. [[
      local function close(animal) getmetatable(animal).__gc(animal) end
      local function permute(names, count, visit)
        if count == 0 then return visit(names) end
        for i = 1, count do
          names[i], names[count] = names[count], names[i]
          permute(names, count - 1, visit)
          names[i], names[count] = names[count], names[i]
        end
      end
      for _, cut in ipairs { true, false } do -- before and while it is sent
        permute({ "engine", "transfer", "headers", "notifier" }, 4, function(names)
          local animals = zoo()
          if cut then animals.engine:step() end
          for _ = 1, 2 do
            for _, name in ipairs(names) do close(animals[name]) end
          end
          for _, name in ipairs(NAMES) do close(animals[name]) close(animals[name]) end
        end)
      end
      print "fine"
    ]]))
  end)

  it("leaves every method an error that says so, and tostring a word", function()
    assert.same({ "fine" }, script.run(ZOO .. [[
      local animals = zoo()
      for _, name in ipairs(NAMES) do getmetatable(animals[name]).__gc(animals[name]) end
      local spare = zoo()
      -- what each method would take, were the object open
      local ARGUMENTS = {
        submit = { { url = "http://127.0.0.1:9/" } }, perform = { spare.transfer }, wait = { 0 }, set = { 1 }, header = { "a" },
        append = { "a" }, read = { 0, 1 }, truncate = { 0 }, encode = { {} }, check = { {} },
      }
      for _, name in ipairs(NAMES) do
        local animal = animals[name]
        for _, method in ipairs(methods(animal)) do
          local ok, first, failure = pcall(animal[method], animal, (unpack or table.unpack)(ARGUMENTS[method] or {}))
          local fits = not ok and tostring(first):find("closed", 1, true)
          if method == "close" then fits = ok end
          if method == "closed" then fits = ok and first == true end
          if method == "submit" then
            fits = ok and first == nil and failure.kind == "cancelled" and failure.outcome == "not_sent"
          end
          if not fits then print(name, method, ok, first) end
        end
        local ok, words = pcall(tostring, animal)
        if not ok then print(name, words) end
      end
      print "fine"
    ]]))
  end)

  it("a transfer that is given to a closed engine is refused, and so are closed headers", function()
    assert.same({
      "bad argument #2 to 'perform' (the transfer is another engine's)",
      "bad argument #2 to 'perform' (the transfer is closed)",
      "these headers are closed",
    }, script.run(ZOO .. [[
      local a, b = zoo(), zoo()
      a.engine:close()
      print((own.raised(b.engine.perform, b.engine, a.transfer):gsub("?", "perform")))
      getmetatable(b.transfer).__gc(b.transfer)
      print((own.raised(b.engine.perform, b.engine, b.transfer):gsub("?", "perform")))
      getmetatable(b.headers).__gc(b.headers)
      print(own.raised(b.engine.submit, b.engine, { url = "http://127.0.0.1:9/", headers = b.headers }):match "these headers are closed")
    ]]))
  end)

  it("is all that a resurrected object has to offer", function()
    assert.same({ "fine" }, script.run(ZOO .. [[
      local raised = {}
      for _, name in ipairs(NAMES) do
        local risen
        local function lay_down() -- garbage together with what finalizes it
          local animal = zoo()[name]
          own.finalized(function() risen = animal end)
        end
        lay_down()
        own.collect_all()
        for _, method in ipairs(methods(risen)) do pcall(risen[method], risen, 0, 1) end
        pcall(tostring, risen)
        getmetatable(risen).__gc(risen)
        raised[#raised + 1] = name
        risen = nil
        own.collect_all()
      end
      print(#raised == #NAMES and "fine" or table.concat(raised, " "))
    ]]))
  end)
end)

describe("a method that is called with what it is not for", function()
  it("raises, whatever that is", function()
    assert.same({ "fine" }, script.run(ZOO .. [[
      local animals = zoo()
      local called = 0
      for _, name in ipairs(NAMES) do
        local meta = getmetatable(animals[name])
        local wrong = { false, 1, "text", {}, print, io.stdout, coroutine.create(print), core.null, core.empty_array,
          setmetatable({}, meta), own.finalized(type), setmetatable({}, { __index = meta.__index, __name = meta.__name }) }
        if rawget(_G, "newproxy") then
          local forged = newproxy(true)
          for key, value in pairs(meta) do getmetatable(forged)[key] = value end
          getmetatable(forged).__gc = nil
          wrong[#wrong + 1] = forged
        end
        for _, other in ipairs(NAMES) do
          if other ~= name then wrong[#wrong + 1] = animals[other] end
        end
        local functions = { __gc = meta.__gc, __close = meta.__close, __tostring = meta.__tostring }
        for method, fn in pairs(meta.__index) do functions[method] = fn end
        for method, fn in pairs(functions) do
          for i = 1, #wrong do
            called = called + 1
            local ok, message = pcall(fn, wrong[i], {}, 1)
            if ok then print(name .. ":" .. method .. " takes a " .. tostring(wrong[i])) end
          end
          if pcall(fn) then print(name .. ":" .. method .. " takes nothing") end
        end
      end
      print(called > 500 and "fine" or called)
    ]]))
  end)

  it("raises for arguments of the wrong kind, and goes on working", function()
    assert.same({ "fine" }, script.run(ZOO .. [[
      local junk = { false, -1, 2^53, 0/0, 1/0, "text", "", {}, print, io.stdout, core.null }
      for _, name in ipairs(NAMES) do
        for _, method in ipairs(methods(zoo()[name])) do
          if method ~= "wait" and method ~= "perform" then -- which may take their time
            local animal = zoo()[name]
            for i = 1, #junk do
              pcall(animal[method], animal, junk[i])
              pcall(animal[method], animal, junk[i], junk[#junk + 1 - i], junk[i])
            end
            assert(pcall(tostring, animal))
          end
        end
        own.collect_all()
      end
      print "fine"
    ]]))
  end)
end)

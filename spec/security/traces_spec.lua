-- No secret stays behind: in files, logs, the output of commands, or the memory of modules that a program can print.
local core = require "frontdesk.core"
local frontdesk = require "frontdesk"
local httpd = require "support.httpd"
local leak_hunter = require "support.leak_hunter"
local process = require "support.process"

local TOKEN, PASSWORD, KEY = "t0k-traces-5d1f9e02", "pa55-w0rd/traces+%&", "k3y-traces-81c04b7a"
local NEW_PASSWORD = "n3w-pa55-traces-4410"
local hunter = leak_hunter.new { TOKEN, PASSWORD, KEY, NEW_PASSWORD, "anna:" .. PASSWORD }

-- Answers everything with all that it was sent, as a refusal; a login with a token.
local ECHO = [[
  location / { content_by_lua_block {
    ngx.req.read_body()
    local all = ngx.req.raw_header() .. (ngx.req.get_body_data() or "")
    ngx.header["Content-Type"] = "application/json"
    ngx.header["X-Echo"] = ngx.var.http_authorization
    ngx.status = 400
    ngx.say(require("cjson").encode { code = "BAD", message = all, detail = all, result = all, status_code = -9999 })
  } }
  location /login { content_by_lua_block {
    ngx.say('{"status_code":9999,"payload":{"access_token":"TOKEN"}}')
  } }
]]

-- All that is written in a folder, as one text.
local function written(folder)
  return process.output("cat $(find " .. process.quote(folder) .. " -type f) /dev/null")
end

describe("traces", function()
  local server, folder

  setup(function()
    server = httpd.start { lua = true, server = ECHO }
    folder = process.folder()
  end)

  teardown(function()
    server:stop()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  local function pos(options)
    options.base_url, options.retry = server.url, 0
    return frontdesk.pos(options)
  end

  it("of a job are not secret: not in its journal, nor in its summary or progress", function()
    local said = {}
    local out = { write = function(_, ...) said[#said + 1] = table.concat { ... } end, flush = function() end }
    local client = pos { username = "anna", password = PASSWORD, auth = "digest" }
    local rows = {}
    for i = 1, 20 do
      rows[i] = { id = tostring(i), password = NEW_PASSWORD }
    end
    local job = assert(frontdesk.job("passwords of May", { journal = folder .. "/job" }))
    local summary = job:each(rows, {
      key = "id", progress = frontdesk.progress { label = "passwords", total = 20, out = out },
      on_error = function(err) hunter:search(err, "an item's error") end,
    }, function(row) return client.people:set_password(row.id, row.password) end)
    assert.equal(20, summary:failures())
    hunter:search({ summary, job, said }, "the job")
    local text = written(folder)
    assert.matches("failed\t20\trejected", text, 1, true)
    hunter:search(text, "the journal")
  end)

  it("in the memory of modules are not secret", function()
    for _, options in ipairs {
      { token = TOKEN }, { username = "anna", password = PASSWORD }, { username = "anna", password = PASSWORD, auth = "digest" },
      { token = TOKEN, rate = 1000, burst = 5, proxy = "http://anna:" .. "pa55-w0rd%2Ftraces%2B%25%26@127.0.0.1:" .. server.port },
    } do
      local _, err = pos(options):request { path = "/x" }
      assert.equal("rejected", err.kind)
      hunter:search(err, "the error")
    end
    local _, err = frontdesk.omicall { base_url = server.url, api_key = KEY }.states:list()
    hunter:search(err, "the login's error")
    for name, module in pairs(package.loaded) do
      if name:find "^frontdesk" then
        hunter:search(module, name)
      end
    end
    hunter:search({ frontdesk.metrics(), require("frontdesk.limits").counters() }, "the figures")
  end)

  it("in what the core shows of its objects are not secret", function()
    local engine = core.engine()
    local headers = assert(core.headers { { "Authorization", "Bearer " .. TOKEN }, { "X-Key", KEY } })
    local transfer = assert(engine:submit { url = server.url .. "/?k=" .. KEY, headers = headers, auth = "basic",
      username = "anna", password = PASSWORD })
    hunter:search({ engine, headers, transfer }, "under way")
    engine:perform(transfer)
    hunter:search({ engine, headers, transfer }, "answered")
    local failing = assert(engine:submit { url = ("http://127.0.0.1:%d/?k=%s"):format(httpd.free_port(), KEY), headers = headers })
    engine:perform(failing)
    hunter:search({ failing, failing:failure() }, "failed")
    hunter:search({ core.redactor { TOKEN }, core.timer(), (engine:notifier(folder)) }, "others")
    engine:close()
    hunter:search({ engine, transfer }, "closed")
  end)

  it("in lists, tasks and transports are not secret", function()
    local client = pos { token = TOKEN }
    local list = client.people:each({}, { headers = { Authorization = "Bearer " .. KEY } })
    hunter:search(list, "a list")
    frontdesk.run(function()
      local task = frontdesk.spawn(function() return client.people:get "1" end)
      hunter:search(task, "a task")
      local _, err = task:wait()
      hunter:search({ task, err }, "a task that is done")
    end)
    local found, err = list()
    assert.is_false(found)
    hunter:search({ list, err }, "a list that failed, with a header of the call")
  end)

  it("in what Lua prints of an error that nobody caught are not secret", function()
    local path = folder .. "/script.lua"
    local file = assert(io.open(path, "w"))
    file:write(([[
      local frontdesk = require "frontdesk"
      local client = frontdesk.pos { base_url = "%s", token = "%s", retry = 0 }
      local _, err = client.people:set_password("1", "%s")
      print(err)
      error(err)
    ]]):format(server.url, TOKEN, NEW_PASSWORD))
    file:close()
    local lua = rawget(_G, "jit") and "luajit" or "lua5.4"
    local said = process.output(("LUA_PATH=%s LUA_CPATH=%s %s %s 2>&1"):format(process.quote(package.path),
      process.quote(package.cpath), lua, path))
    assert.matches("pos.people.set_password: 400", said, 1, true)
    hunter:search(said, "the output")
  end)

  it("in an nginx's error log are not secret, whatever is logged and raised", function()
    local front = httpd.start { lua = true, frontdesk = true, http = "lua_shared_dict frontdesk 1m;", server = ([[
      location / { content_by_lua_block {
        local frontdesk = require "frontdesk"
        local client = frontdesk.pos { base_url = "@url", token = "@token", retry = 0 }
        local shop = frontdesk.omicall { base_url = "@url", api_key = "@key", retry = 0 }
        local _, err = client.people:set_password("1", "@password")
        local _, refused = shop.states:list()
        local cjson = require "cjson"
        ngx.log(ngx.ERR, tostring(err), tostring(refused), cjson.encode(err.body), cjson.encode(err.response.headers))
        ngx.timer.at(0, function() error(err) end)
        if ngx.var.arg_how == "misuse" then client[ "@token" ]() end
        if ngx.var.arg_how == "text" then error(tostring(err)) end
        error(err)
      } } ]]):gsub("@(%l+)", { url = server.url, token = TOKEN, key = KEY, password = NEW_PASSWORD }) }
    local said = {}
    for _, how in ipairs { "misuse", "text", "table" } do
      said[#said + 1] = process.output(("curl -s -m 20 '%s/?how=%s'"):format(front.url, how))
    end
    local log = front:log()
    front:stop()
    assert.matches("pos.people.set_password: 400", log, 1, true)
    assert.matches("omicall.auth.token: 400", log, 1, true)
    assert.matches('pos has no "(hidden)"', log, 1, true)
    hunter:search({ log, said }, "the log")
  end)
end)

describe("the sandbox", function()
  it("keeps what it is sent out of its files and of the list of its requests", function()
    local box = assert(frontdesk.sandbox.start())
    for _, options in ipairs { { token = TOKEN }, { auth = "basic", username = "anna", password = PASSWORD } } do
      options.base_url, options.retry = box:url "pos", 0
      local _, err = frontdesk.pos(options).people:set_password("1", NEW_PASSWORD)
      assert.equal("auth", err.kind)
    end
    local _, err = frontdesk.omicall { base_url = box:url "omicall", api_key = KEY, retry = 0 }.states:list()
    assert.equal("auth", err.kind)
    frontdesk.pos(box:options "pos").people:set_password("1", NEW_PASSWORD)
    hunter:search({ assert(box:requests()), written(box.prefix), box }, "the sandbox")
    box:stop()
    local inside = frontdesk.sandbox.transport()
    frontdesk.pos(inside:options("pos", { token = TOKEN, retry = 0 })).people:set_password("1", NEW_PASSWORD)
    hunter:search(inside:requests(), "the sandbox in process")
  end)

  it("prints its own keys when it starts, and none of the environment's", function()
    local lua = rawget(_G, "jit") and "luajit" or "lua5.4"
    local main = process.quote(assert(package.searchpath("frontdesk.sandbox.main", package.path)))
    local folder = process.folder()
    local values = { path = process.quote(package.path), cpath = process.quote(package.cpath), key = KEY, token = TOKEN,
      password = process.quote(PASSWORD), out = folder .. "/out", command = "timeout 20 " .. lua .. " " .. main, folder = folder }
    local said = process.output((([[(
      export LUA_PATH=@path LUA_CPATH=@cpath FRONTDESK_OMICALL_API_KEY=@key FRONTDESK_POS_TOKEN=@token
      export FRONTDESK_HEARME_PASSWORD=@password
      @command >@out 2>&1 & pid=$!
      tries=0
      until grep -q "Ctrl-C ends" @out || [ $tries -ge 100 ]; do sleep 0.1; tries=$((tries+1)); done
      kill -INT $pid; wait $pid; cat @out; rm -r @folder) 2>&1]]):gsub("@(%l+)", values)))
    assert.matches("FRONTDESK_OMICALL_API_KEY", said, 1, true)
    hunter:search(said, "the output")
  end)
end)

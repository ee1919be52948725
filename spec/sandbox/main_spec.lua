local process = require "frontdesk.sandbox.process"

local lua = jit and "luajit" or "lua" .. _VERSION:match("%d.*")
local main = package.searchpath("frontdesk.sandbox.main", package.path)
local command = ("LUA_PATH=%s LUA_CPATH=%s %s %s"):format(process.quote(package.path), process.quote(package.cpath), lua, main)

-- Asks the sandbox that the environment names.
local client = [[
  local core = require("frontdesk.core")
  local engine = assert(core.engine())
  local transfer = assert(engine:submit({ method = "GET", url = os.getenv("FRONTDESK_HEARME_BASE_URL") .. "/nothing" }))
  while not transfer:done() do engine:perform(transfer) end
  print("answers " .. tostring(transfer:status()))
]]

-- What the shell commands print, with their exit status at the end.
local function run(commands)
  return process.output("(" .. commands .. "; echo status $?) 2>&1")
end

describe("the sandbox as a command", function()
  local folder

  before_each(function()
    folder = assert(process.private_folder())
  end)

  after_each(function()
    process.remove_folder(folder)
  end)

  local function script(text)
    local path = folder .. "/script.lua"
    assert(process.write_file(path, text))
    return path
  end

  it("runs a script against itself and hands its status through", function()
    local path = script(client .. [[
      print("word " .. arg[1], os.getenv("FRONTDESK_HEARME_BASE_URL"), os.getenv("FRONTDESK_CA_FILE"))
      os.exit(7)
    ]])
    local said = run(command .. " run " .. path .. " \"two words\"")
    assert.matches("answers 404", said)
    assert.matches("word two words\thttp://127%.0%.0%.1:%d+/hearme\tnil", said)
    assert.matches("status 7", said)
  end)

  it("gives the https addresses when asked to", function()
    local path = script([[print(os.getenv("FRONTDESK_POS_BASE_URL"), os.getenv("FRONTDESK_CA_FILE"))]])
    local said = run(command .. " --https run " .. path)
    assert.matches("https://127%.0%.0%.1:%d+/pos\t/%S+/ca%.pem", said)
    assert.matches("status 0", said)
  end)

  it("keeps what is set for the real services away from the script", function()
    local path = script([[print(os.getenv("FRONTDESK_OMICALL_TOKEN"), os.getenv("FRONTDESK_PROFILE"), os.getenv("FRONTDESK_OMICALL_API_KEY"))]])
    local said = run("FRONTDESK_OMICALL_TOKEN=real FRONTDESK_PROFILE=/real FRONTDESK_OMICALL_API_KEY=real " .. command .. " run " .. path)
    assert.matches("nil\tnil\tomi%-sandbox%-api%-key", said)
  end)

  it("runs other commands too, and tells of their signals", function()
    local said = run(command .. " run sh -c 'echo at $FRONTDESK_IMBEE_BASE_URL; kill -TERM $$'")
    assert.matches("at http://127%.0%.0%.1:%d+/imbee", said)
    assert.matches("status 143", said)
  end)

  it("stops nginx when the script fails", function()
    local path = script([[
      print("at " .. os.getenv("FRONTDESK_IMBEE_BASE_URL"))
      error("no luck")
    ]])
    local said = run(command .. " run " .. path)
    assert.matches("status 1", said)
    local port = said:match("at http://127%.0%.0%.1:(%d+)")
    for line in assert(process.read_file("/proc/net/tcp")):gmatch("[^\n]+") do
      assert.is_nil(line:match((": 0100007F:%04X 00000000:0000 0A"):format(tonumber(port))))
    end
  end)

  it("serves in the foreground until it is interrupted, and leaves nothing", function()
    local values = { command = command, out = folder .. "/out", client = command:gsub("%S+$", script(client)) }
    local said = run((([[
      @command >@out 2>&1 & pid=$!
      tries=0
      until grep -q "Ctrl-C ends" @out || [ $tries -ge 100 ]; do sleep 0.1; tries=$((tries+1)); done
      eval "$(grep '^ *export ' @out)"
      @client
      kill -INT $pid; wait $pid]]):gsub("@(%l+)", values)))
    assert.matches("answers 404\nstatus 0", said)
    local page = process.read_file(values.out)
    assert.matches("export FRONTDESK_OMICALL_BASE_URL='http://127%.0%.0%.1:%d+/omicall'", page)
    assert.matches("The sandbox is down%.", page)
    local prefix = page:match("(%S+)/ca%.pem")
    assert.is_false(process.exists(prefix .. "/nginx.conf"))
  end)

  it("tells its usage when it is asked for something else", function()
    local said = run(command .. " dance")
    assert.matches("usage: main.lua", said, 1, true)
    assert.matches("status 2", said)
    assert.matches("status 2", run(command .. " run"))
  end)
end)

-- Ctrl-C while a job runs, as a shell sends it: SIGINT to a process of its own.

local process = require "support.process"
local sandbox_process = require "frontdesk.sandbox.process"

local SCRIPT = [[
local frontdesk = require "frontdesk"
local folder = ...
local list = {}
for i = 1, 100000 do list[i] = { id = "K" .. i } end
local job = assert(frontdesk.job("long", { journal = folder .. "/journal" }))
local calls = 0
assert(job:each(list, { key = "id", concurrency = 4 }, function()
  calls = calls + 1
  if calls == 50 then io.popen("kill -INT $PPID"):close() end -- os.execute would ignore it
  return frontdesk.sleep(0.001)
end))
]]

describe("a job at Ctrl-C", function()
  local folder

  setup(function()
    folder = process.folder()
    assert(sandbox_process.write_file(folder .. "/script.lua", SCRIPT))
  end)

  teardown(function()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  it("ends, says what was done, and leaves a journal to go on from", function()
    local lua = os.getenv "FRONTDESK_LUA" or arg[-1]
    local status = sandbox_process.run(("%s %s/script.lua %s >%s/log 2>&1"):format(lua, folder, folder, folder))
    local log = sandbox_process.read_file(folder .. "/log")
    assert.equal(1, status)
    assert.matches("interrupted!", log)
    local done = tonumber(log:match "\n?long: [%d,]+ items in [%d.]+ s\n  done +(%d+)\n")
    assert.is_truthy(done, log)
    assert.is_true(done >= 40 and done < 1000, log)

    local journal = assert(require("frontdesk.journal").open(folder .. "/journal", "long"))
    local recorded, open = 0, 0
    for _ in pairs(journal.done) do
      recorded = recorded + 1
    end
    for _ in pairs(journal.open) do
      open = open + 1
    end
    journal:close()
    assert.equal(done, recorded)
    assert.is_true(open <= 4)
    assert.is_nil(journal.repaired)
  end)
end)

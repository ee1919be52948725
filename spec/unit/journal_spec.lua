local core = require "frontdesk.core"
local errors = require "frontdesk.errors"
local fake_clock = require "support.fake_clock"
local journal = require "frontdesk.journal"
local process = require "support.process"

describe("a job's journal", function()
  local folder, path, time, opened

  local function open(name, sync)
    local opened_now, err = journal.open(path, name or "import", sync)
    opened[#opened + 1] = opened_now
    return opened_now, err
  end

  local function content()
    local file = assert(io.open(path, "rb"))
    local text = file:read "*a"
    file:close()
    return text
  end

  local function put(text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end

  -- A closed journal with these records.
  local function write(records)
    local written = assert(open())
    for _, record in ipairs(records) do
      assert(written:add((unpack or table.unpack)(record)))
    end
    assert(written:close())
    return content()
  end

  local function keys(set)
    local list = {}
    for key in pairs(set) do
      list[#list + 1] = key
    end
    table.sort(list)
    return list
  end

  local RECORDS = {
    { "started", "A" }, { "started", "B" }, { "done", "A" }, { "failed", "B", "conflict" }, { "started", "C" },
    { "started", "D" }, { "unknown", "D", "timeout" },
  }

  before_each(function()
    time = fake_clock.install()
    folder = process.folder()
    path = folder .. "/import.journal"
    opened = {}
  end)

  after_each(function()
    time:restore()
    for _, each in ipairs(opened) do
      each:close()
    end
    os.execute("rm -rf " .. process.quote(folder))
  end)

  it("knows in the next run what was done and what was only begun", function()
    write(RECORDS)
    local again = assert(open())
    assert.same({ "A" }, keys(again.done))
    assert.same({ "C", "D" }, keys(again.open))
    assert.is_nil(again.repaired)
  end)

  it("begins with what it is and whose", function()
    assert.matches("^%x%x%x%x%x%x%x%x\tfrontdesk%-journal\t1\timport\n$", write {})
  end)

  it("keeps keys of any bytes on one line each", function()
    local odd = "a\tb\nc\\d\0e\127\195\169 \\09"
    local text = write { { "started", odd }, { "done", odd } }
    assert.equal(3, select(2, text:gsub("\n", "")))
    assert.is_true(assert(open()).done[odd])
  end)

  it("refuses a key too long for a line, and goes on", function()
    local one = assert(open())
    local added, err = one:add("started", ("k"):rep(70000))
    assert.is_nil(added)
    assert.equal("invalid_input", err.kind)
    assert(one:add("done", "A"))
    assert(one:close())
    assert.is_true(assert(open()).done.A)
  end)

  it("cuts off a torn last line, wherever it is torn", function()
    local whole = write(RECORDS)
    local lines = {}
    for line in whole:gmatch "[^\n]*\n" do
      lines[#lines + 1] = line
    end
    for size = 0, #whole - 1 do
      put(whole:sub(1, size))
      local again = assert(open())
      local kept, text = 0, ""
      while kept < #lines and #text + #lines[kept + 1] <= size do
        kept = kept + 1
        text = text .. lines[kept]
      end
      assert.equal(size > #text and size - #text or nil, again.repaired)
      assert.equal(math.max(1, kept), again.lines)
      -- what comes next follows what is left
      assert(again:add("done", "new"))
      assert(again:close())
      local third = assert(open())
      assert.is_true(third.done.new)
      assert.equal(kept >= 4, third.done.A == true)
      third:close()
    end
  end)

  it("cuts off zeros at the end, which a power cut can leave", function()
    local whole = write(RECORDS)
    for _, size in ipairs { 1, 4096, 600000 } do
      put(whole .. ("\0"):rep(size))
      local again = assert(open())
      assert.equal(size, again.repaired)
      again:close()
      assert.equal(whole, content())
    end
    put(whole .. "12345678\tdone\tX" .. ("\0"):rep(100))
    assert.equal(115, assert(open()).repaired)
  end)

  it("refuses any other change, and names the line", function()
    local whole = write(RECORDS)
    for place = 1, #whole - 1 do -- behind the last byte's change stands a torn line
      local _, before = whole:sub(1, place - 1):gsub("\n", "")
      for _, change in ipairs { 1, 0x20, 0x80 } do
        local byte = whole:byte(place)
        byte = byte >= change and byte - change or byte + change
        put(whole:sub(1, place - 1) .. string.char(byte) .. whole:sub(place + 1))
        local again, err = open()
        assert.is_nil(again, "byte " .. place)
        assert.is_true(errors.is(err, "invalid_input"))
        assert.equal(before + 1, err.line)
        assert.is_truthy(err.message:find(path .. ", line " .. before + 1 .. ": ", 1, true))
      end
    end
  end)

  it("leaves a journal that it refuses as it is", function()
    local text = write(RECORDS):gsub("A\n", "Z\n", 1)
    put(text)
    assert.is_nil((open()))
    assert.equal(text, content())
  end)

  it("notices lines that are gone, doubled or moved", function()
    local lines = {}
    for line in write(RECORDS):gmatch "[^\n]*\n" do
      lines[#lines + 1] = line
    end
    local function line_refused(order)
      local text = {}
      for i, number in ipairs(order) do
        text[i] = lines[number]
      end
      put(table.concat(text))
      local again, err = open()
      assert.is_nil(again)
      return err.line
    end
    assert.equal(3, line_refused { 1, 2, 4, 5, 6, 7, 8 })
    assert.equal(4, line_refused { 1, 2, 3, 3, 4, 5, 6, 7, 8 })
    assert.equal(3, line_refused { 1, 2, 4, 3, 5, 6, 7, 8 })
    assert.equal(1, line_refused { 2, 3, 4, 5, 6, 7, 8 })
  end)

  it("refuses the journal of another job", function()
    write(RECORDS)
    local again, err = open "export"
    assert.is_nil(again)
    assert.is_truthy(err.message:find('this is the journal of the job "import"', 1, true))
    assert.equal(1, err.line)
  end)

  it("refuses a file that is no journal, with and without a line break, and leaves it", function()
    for _, text in ipairs { "dear diary,\n", "dear diary", ("x"):rep(100000) } do
      put(text)
      local again, err = open()
      assert.is_nil(again)
      assert.is_truthy(err.message:find("this is not the journal of a job", 1, true))
      assert.equal(text, content())
    end
  end)

  it("refuses a journal of a version to come, and words it does not know", function()
    local function line(sum, text)
      return core.crc32(sum .. "\t" .. text) .. "\t" .. text .. "\n"
    end
    put(line("", "frontdesk-journal\t2\timport"))
    local again, err = open()
    assert.is_nil(again)
    assert.is_truthy(err.message:find("version 2", 1, true))
    local first = line("", "frontdesk-journal\t1\timport")
    put(first .. line(first:sub(1, 8), "paused\tA"))
    again, err = open()
    assert.is_nil(again)
    assert.equal(2, err.line)
  end)

  it("refuses a second run, by the kind conflict", function()
    assert(open())
    local second, err = open()
    assert.is_nil(second)
    assert.equal("conflict", err.kind)
    assert.is_truthy(err.message:find("another process has this journal open", 1, true))
  end)

  it("says when it cannot be opened", function()
    path = folder .. "/absent/import.journal"
    local none, err = open()
    assert.is_nil(none)
    assert.equal("frontdesk: invalid input: " .. path .. ": cannot be opened as a journal: there is no such folder", tostring(err))
  end)

  it("hands each record to the kernel at once, and brings them to the disk in batches", function()
    local one = assert(open())
    for i = 1, 99 do
      assert.equal(i, one:add("done", "K" .. i))
    end
    assert.is_truthy(content():find("done\tK99\n", 1, true))
    assert.equal(0, one.synced)
    one:add("done", "K100")
    assert.equal(100, one.synced)
    one:add("done", "K101")
    assert.equal(100, one.synced)
    time:advance(1)
    one:add("done", "K102")
    assert.equal(102, one.synced)
    one:add("done", "K103")
    assert(one:sync())
    assert.equal(103, one.synced)
  end)

  it("brings each record to the disk by itself on request", function()
    local one = assert(open("import", "each"))
    one:add("started", "A")
    assert.equal(1, one.synced)
    one:add("done", "A")
    assert.equal(2, one.synced)
  end)

  it("fails with an error when it is used after it was closed", function()
    local one = assert(open())
    one:close()
    assert.is_true(one:close())
    local added, err = one:add("done", "A")
    assert.is_nil(added)
    assert.is_truthy(err.message:find("closed", 1, true))
    assert.is_nil((one:sync()))
  end)

  it("stays whole when an error breaks in, as Ctrl-C can at any instruction", function()
    local jit = rawget(_G, "jit")
    if jit then
      jit.off() -- compiled code runs no hooks
    end
    local one = assert(open())
    local ended, count = false, 0
    while not ended do
      count = count + 1
      pcall(function()
        debug.sethook(function()
          debug.sethook()
          error("interrupted!", 0)
        end, "", count)
        one:add("started", "K" .. count)
        debug.sethook()
        ended = true
      end)
      assert(one:add("done", "K" .. count))
    end
    if jit then
      jit.on()
    end
    assert.is_true(count > 50)
    one:close()
    local again = assert(open())
    assert.equal(count, #keys(again.done))
    assert.same({}, again.open)
    assert.equal(again.lines - 1, one.added)
  end)

  it("reads a journal larger than what it reads at once", function()
    local one = assert(open())
    for i = 1, 20000 do
      assert(one:add("done", "a key of some length, number " .. i))
    end
    one:close()
    assert.is_true(#content() > 600000)
    local again = assert(open())
    assert.equal(20000, #keys(again.done))
    assert.equal(20001, again.lines)
  end)
end)

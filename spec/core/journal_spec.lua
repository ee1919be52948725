local core = require "frontdesk.core"
local process = require "support.process"

describe("core.journal", function()
  local folder, path, opened

  local function open()
    local journal = assert(core.journal(path))
    opened[#opened + 1] = journal
    return journal
  end

  local function content()
    local file = assert(io.open(path, "rb"))
    local text = file:read "*a"
    file:close()
    return text
  end

  before_each(function()
    folder = process.folder()
    path = folder .. "/a.journal"
    opened = {}
  end)

  after_each(function()
    for _, journal in ipairs(opened) do
      journal:close()
    end
    os.execute("rm -rf " .. process.quote(folder))
  end)

  it("makes a file that only its owner can read", function()
    open()
    assert.equal("600", process.output("stat -c %a " .. path))
  end)

  it("adds at the end, whatever is there and wherever it was read", function()
    local journal = open()
    assert.is_true(journal:append "one\n")
    assert.equal("ne", journal:read(1, 2))
    assert.is_true(journal:append "two\0\n")
    assert.is_true(journal:sync())
    assert.equal("one\ntwo\0\n", content())
    assert.equal(9, journal:size())
    assert.equal("", journal:read(9, 100))
    journal:close()
    journal = open()
    assert.equal(9, journal:size())
    assert.is_true(journal:append "3")
    assert.equal("one\ntwo\0\n3", content())
  end)

  it("cuts the file, and goes on from there", function()
    local journal = open()
    assert(journal:append "one\ntwo")
    assert.is_true(journal:truncate(4))
    assert(journal:append "2\n")
    assert.equal("one\n2\n", content())
  end)

  it("is open once at a time", function()
    local journal = open()
    local second, message, locked = core.journal(path)
    assert.is_nil(second)
    assert.equal("another process has it open", message)
    assert.is_true(locked)
    journal:close()
    assert.is_truthy(open())
  end)

  it("is free again when its process is gone, and not kept by that one's children", function()
    local script = ([[
      local journal = assert(require("frontdesk.core").journal(%q))
      assert(journal:append "from a process that was killed\n")
      os.execute "sleep 30 >/dev/null 2>&1 & echo $! >%s/child; kill -9 $PPID"
    ]]):format(path, folder)
    local file = assert(io.open(folder .. "/script.lua", "wb"))
    file:write(script)
    file:close()
    -- killed by its own child, which takes the signal's status along
    os.execute(("%s %s/script.lua >/dev/null 2>&1"):format(os.getenv "FRONTDESK_LUA" or arg[-1], folder))
    local child = process.output("cat " .. folder .. "/child")
    local journal = open()
    os.execute("kill " .. child)
    assert.equal("from a process that was killed\n", journal:read(0, 100))
  end)

  it("adds all of a text or nothing, when the disk takes no more", function()
    local script = ([[
      local journal = assert(require("frontdesk.core").journal(%q))
      assert(journal:append(("x"):rep(1000)))
      print(journal:append(("y"):rep(9000)))
      print(journal:size(), journal:append "z", journal:sync())
    ]]):format(path)
    local file = assert(io.open(folder .. "/script.lua", "wb"))
    file:write(script)
    file:close()
    local said = process.output(("trap '' XFSZ; ulimit -f 8; %s %s/script.lua 2>&1"):format(
      os.getenv "FRONTDESK_LUA" or arg[-1], folder))
    assert.equal("nil\tit would be larger than a file may be\n1000\ttrue\ttrue", said)
    assert.equal(("x"):rep(1000) .. "z", content())
  end)

  local function refusal(where)
    local journal, message, locked = core.journal(where)
    assert.is_nil(journal)
    assert.is_false(locked)
    return message
  end

  it("refuses what is no file, without waiting", function()
    assert.equal("it is a folder", refusal(folder))
    assert.equal("there is no such folder", refusal(folder .. "/absent/a.journal"))
    open():close()
    assert.equal("there is no such folder", refusal(path .. "/below-a-file"))
    os.execute("mkfifo " .. folder .. "/pipe")
    assert.equal("it is not a regular file", refusal(folder .. "/pipe"))
    assert.equal("it is not a regular file", refusal "/dev/null")
  end)

  it("says that too many files are open", function()
    local script = ([[
      local core, files = require "frontdesk.core", {}
      repeat
        files[#files + 1] = io.open "/dev/null"
      until #files == 32 or select(2, io.open "/dev/null")
      print(core.journal(%q))
    ]]):format(path)
    local said = process.output(("ulimit -n 24; %s -e %s 2>&1 </dev/null"):format(os.getenv "FRONTDESK_LUA" or arg[-1], process.quote(script)))
    assert.equal("nil\ttoo many files are open\tfalse", said)
  end)

  it("refuses use after it was closed, and closes twice", function()
    local journal = open()
    journal:close()
    journal:close()
    assert.equal("frontdesk.core.journal: closed", tostring(journal))
    for _, method in ipairs { "append", "sync", "read", "truncate", "size" } do
      assert.has_error(function() journal[method](journal, 0, 0) end)
    end
  end)

  it("raises for a path with a NUL, and for offsets that are none", function()
    local journal = open()
    assert.has_error(function() core.journal "a\0b" end)
    assert.has_error(function() journal:read(-1, 1) end)
    assert.has_error(function() journal:read(0, 2 ^ 40) end)
    assert.has_error(function() journal:truncate(0.5) end)
  end)
end)

describe("core.crc32", function()
  it("gives the checksums that others give", function()
    assert.equal("00000000", core.crc32 "")
    assert.equal("cbf43926", core.crc32 "123456789")
    assert.equal("d202ef8d", core.crc32 "\0")
    assert.equal("190a55ad", core.crc32(("\0"):rep(32)))
  end)
end)

describe("core.isatty", function()
  it("knows that a file is no terminal", function()
    assert.is_false(core.isatty(999))
    local script = [[ lua = require("frontdesk.core"); print(lua.isatty(0)) ]]
    assert.equal("false", process.output(("%s -e %s </dev/null"):format(os.getenv "FRONTDESK_LUA" or arg[-1], process.quote(script))))
  end)
end)

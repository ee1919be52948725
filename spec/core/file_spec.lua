local core = require "frontdesk.core"
local process = require "support.process"

describe("core.read_private", function()
  local folder

  setup(function()
    folder = process.folder()
  end)

  teardown(function()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  local function file(name, text, mode)
    local path = folder .. "/" .. name
    local handle = assert(io.open(path, "wb"))
    handle:write(text)
    handle:close()
    os.execute(("chmod %s %s"):format(mode, path))
    return path
  end

  local function refusal(path)
    local text, message = core.read_private(path)
    assert.is_nil(text)
    assert.matches("cannot read " .. path, message, 1, true)
    return message
  end

  it("reads a file that only its owner can read", function()
    assert.equal("a\0b\n", core.read_private(file("a", "a\0b\n", "600")))
    assert.equal("", core.read_private(file("empty", "", "400")))
  end)

  it("reads up to 1 MiB", function()
    local text = ("x"):rep(1024 * 1024)
    assert.equal(text, core.read_private(file("large", text, "600")))
    assert.matches("larger than 1 MiB", refusal(file("larger", text .. "x", "600")))
  end)

  for _, mode in ipairs({ "640", "604", "620", "602", "644" }) do
    it("refuses mode " .. mode .. " and says what to do", function()
      assert.matches("chmod 600", refusal(file("m" .. mode, "secret", mode)), 1, true)
    end)
  end

  it("refuses a folder, a device and a pipe, without waiting", function()
    assert.matches("not a regular file", refusal(folder))
    assert.matches("not a regular file", refusal("/dev/null"))
    os.execute("mkfifo -m 600 " .. folder .. "/pipe")
    assert.matches("not a regular file", refusal(folder .. "/pipe"))
  end)

  it("says when there is no such file", function()
    assert.matches("no such file", refusal(folder .. "/absent"))
  end)

  it("raises for a path with a NUL", function()
    assert.has_error(function()
      core.read_private("a\0b")
    end)
  end)

  if process.output("id -u") == "0" then
    it("refuses another user's file", function()
      local path = file("other", "secret", "600")
      os.execute("chown 65534 " .. path)
      assert.matches("another user", refusal(path))
    end)
  end
end)

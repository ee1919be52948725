local core = require "frontdesk.core"

describe("core.headers", function()
  it("keeps names and values in order", function()
    local headers = core.headers({ { "Accept", "text/plain" }, { "X-Token", "abc" } })
    assert.same({ { "Accept", "text/plain" }, { "X-Token", "abc" } }, headers:list())
  end)

  it("writes numbers as digits", function()
    assert.same({ { "X-A", "3" }, { "X-B", "3" }, { "X-C", "1.5" }, { "X-D", "1000000000000000" } },
      core.headers({ { "X-A", 3 }, { "X-B", 3.0 }, { "X-C", 1.5 }, { "X-D", 1e15 } }):list())
  end)

  it("takes an empty value and a repeated name", function()
    assert.same({ { "X-A", "" }, { "X-A", "b" } }, core.headers({ { "X-A", "" }, { "X-A", "b" } }):list())
  end)

  it("drops blanks around a value and keeps those within", function()
    assert.same({ { "X-A", "b\tc d" } }, core.headers({ { "X-A", " \tb\tc d \t" } }):list())
  end)

  it("takes no headers at all", function()
    assert.same({}, core.headers({}):list())
  end)

  it("puts the base first and replaces what has the same name", function()
    local base = core.headers({ { "Accept", "a" }, { "X-One", "1" }, { "x-one", "2" } })
    local headers = core.headers({ { "X-ONE", "3" }, { "X-Two", "4" } }, base)
    assert.same({ { "Accept", "a" }, { "X-ONE", "3" }, { "X-Two", "4" } }, headers:list())
    assert.same({ { "Accept", "a" }, { "X-One", "1" }, { "x-one", "2" } }, base:list())
  end)

  it("does not need its base to stay", function()
    local headers = core.headers({ { "B", "2" } }, core.headers({ { "A", "1" } }))
    collectgarbage()
    collectgarbage()
    assert.same({ { "A", "1" }, { "B", "2" } }, headers:list())
  end)

  for _, name in ipairs({ "", "a b", "a:b", "a\r\n", "a\0", "ä", "(a)" }) do
    it(("refuses the name %q"):format(name), function()
      local headers, message, which = core.headers({ { "X-Fine", "1" }, { name, "sesame" } })
      assert.is_nil(headers)
      assert.matches("name of header 2", message, 1, true)
      assert.is_nil(message:find("sesame", 1, true))
      assert.equal(name, which)
    end)
  end

  for label, value in pairs({ CR = "a\rb", LF = "a\nb", CRLF = "a\r\nX-B: c", NUL = "a\0b", ESC = "a\27b", DEL = "a\127" }) do
    it("refuses " .. label .. " in a value, without repeating it", function()
      local headers, message, which = core.headers({ { "X-Token", value } })
      assert.is_nil(headers)
      assert.matches("^header X%-Token must not contain", message)
      assert.is_nil(message:find(value, 1, true))
      assert.equal("X-Token", which)
    end)
  end

  for _, name in ipairs({ "Content-Length", "transfer-encoding", "Connection", "Expect", "TE" }) do
    it("refuses " .. name .. ", which belongs to the sending", function()
      local headers, message = core.headers({ { name, "1" } })
      assert.is_nil(headers)
      assert.matches("cannot be given", message)
    end)
  end

  it("refuses a value that is no text", function()
    local headers, message, which = core.headers({ { "X-A", {} } })
    assert.is_nil(headers)
    assert.equal("header X-A must be a string or a number, not a table", message)
    assert.equal("X-A", which)
  end)

  it("raises for a list that is none", function()
    assert.has_error(function()
      core.headers("Accept: a")
    end)
    assert.has_error(function()
      core.headers({ "Accept: a" })
    end)
    assert.has_error(function()
      core.headers({}, {})
    end)
  end)

  it("shows names and no values", function()
    assert.equal("frontdesk.headers: Accept, X-Token", tostring(core.headers({ { "Accept", "a" }, { "X-Token", "sesame" } })))
  end)
end)

local base64 = require "frontdesk.sandbox.base64"
local ids = require "frontdesk.sandbox.ids"
local json = require "frontdesk.sandbox.json"
local negotiate = require "frontdesk.sandbox.negotiate"
local value = require "frontdesk.sandbox.value"

describe("the questions a simulated service asks", function()
  it("tell given from absent: null is both not given and absent, the empty string only not given", function()
    assert.is_true(value.given("x") and value.given(false) and value.given(0))
    assert.is_false(value.given(nil) or value.given(json.null) or value.given(""))
    assert.is_true(value.absent(nil) and value.absent(json.null))
    assert.is_false(value.absent(""))
  end)

  it("know whole numbers", function()
    assert.is_true(value.integer(3) and value.integer(-3.0) and value.integer(0))
    assert.is_false(value.integer(3.5) or value.integer("3") or value.integer(math.huge))
  end)

  it("know the calendar", function()
    for _, day in ipairs({ "2031-01-31", "2032-02-29", "2000-02-29", "1999-12-01" }) do assert.is_true(value.date(day)) end
    for _, day in ipairs({ "2031-02-29", "1900-02-29", "2031-04-31", "2031-13-01", "2031-00-10", "2031-1-1", "2031-01-01 ", 20310101 }) do
      assert.is_false(value.date(day))
    end
  end)

  it("take the token of the right scheme only", function()
    assert.equal("abc", value.token("BEARER abc", "Bearer"))
    assert.is_nil(value.token("Bearer abc def", "Bearer"))
    assert.is_nil(value.token('"Bearer abc"', "Bearer"))
    assert.is_nil(value.token("Basic abc", "Bearer"))
    assert.is_nil(value.token(nil, "Bearer"))
  end)
end)

describe("media types in the sandbox", function()
  it("are compared without case and parameters", function()
    assert.is_true(negotiate.consumes("Application/JSON; charset=utf-8", { "text/plain", "application/json" }))
    assert.is_false(negotiate.consumes("application/jsonx", { "application/json" }))
    assert.is_false(negotiate.consumes(nil, { "application/json" }))
  end)

  it("are chosen by Accept", function()
    local produces = { "application/hal+json", "application/json" }
    assert.equal("application/hal+json", negotiate.accepts(nil, produces))
    assert.equal("application/hal+json", negotiate.accepts("*/*", produces))
    assert.equal("application/hal+json", negotiate.accepts("text/html, application/*;q=0.5", produces))
    assert.equal("application/json", negotiate.accepts("application/json", produces))
    assert.is_nil(negotiate.accepts("text/html", produces))
    assert.is_nil(negotiate.accepts("application/json;q=0", produces))
  end)
end)

describe("Base64 in the sandbox", function()
  it("is decoded with its padding", function()
    assert.equal("", base64.decode(""))
    assert.equal("f", base64.decode("Zg=="))
    assert.equal("fo", base64.decode("Zm8="))
    assert.equal("foo", base64.decode("Zm9v"))
    assert.equal("\0\255\254", base64.decode("AP/+"))
  end)

  it("is refused when malformed", function()
    for _, text in ipairs({ "Z", "Zg", "Zg=", "Z===", "Zm9v=", "Zm 9", "=Zg=", "Zm9v====" }) do
      assert.is_nil(base64.decode(text))
    end
  end)
end)

describe("identifiers in the sandbox", function()
  it("have the length asked for and do not repeat", function()
    local seen = {}
    for _ = 1, 1000 do
      local id = ids.hex(20)
      assert.matches("^%x+$", id)
      assert.equal(20, #id)
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)
end)

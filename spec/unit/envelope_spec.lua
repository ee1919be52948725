-- Conditions of success, one by one; what a client makes of whole answers is in client_spec.lua.
local envelope = require "frontdesk.envelope"
local fake = require "support.fake_transport"

-- Whether an answer is a success under a list of conditions, with more of them in `also`.
local function accepts(text, ok, also)
  local rule = envelope.compile({ envelope = { ok = ok } }, { retry = "safe", envelope = { also = also } })
  local value, failure = envelope.read(rule, fake.reply(200, text), 200, true)
  assert.equal(value == nil, failure ~= nil)
  return failure == nil
end

-- The same of a condition on `a`, and on `a` inside another object.
local function accepts_at_any_depth(text, condition)
  condition[1] = "a"
  local accepted = accepts('{"a":' .. text .. "}", { condition })
  condition[1] = "b.c.a"
  assert.equal(accepted, accepts('{"b":{"c":{"a":' .. text .. "}}}", { condition }))
  return accepted
end

describe("a condition of success", function()
  it("takes the values of `is`, and no others", function()
    assert.is_true(accepts_at_any_depth("1", { is = 1 }))
    assert.is_false(accepts_at_any_depth("2", { is = 1 }))
    assert.is_false(accepts_at_any_depth('"1"', { is = 1 }))
    assert.is_true(accepts_at_any_depth('"1"', { is = { 1, "1" } }))
    assert.is_true(accepts_at_any_depth("true", { is = true }))
    assert.is_false(accepts_at_any_depth("{}", { is = true }))
    assert.is_false(accepts_at_any_depth("null", { is = 1 }))
    assert.is_false(accepts("{}", { { "a", is = 1 } }))
  end)

  it("lets an optional value be missing or null, but not be another", function()
    assert.is_true(accepts("{}", { { "a", is = 1, optional = true } }))
    assert.is_true(accepts('{"a":7}', { { "a.b", is = 1, optional = true } }))
    assert.is_true(accepts_at_any_depth("null", { is = 1, optional = true }))
    assert.is_true(accepts_at_any_depth("1", { is = 1, optional = true }))
    assert.is_false(accepts_at_any_depth("2", { is = 1, optional = true }))
  end)

  it("refuses the value of `isnt` only", function()
    assert.is_false(accepts_at_any_depth("false", { isnt = false }))
    assert.is_true(accepts_at_any_depth("true", { isnt = false }))
    assert.is_true(accepts_at_any_depth("null", { isnt = false }))
    assert.is_true(accepts("{}", { { "a", isnt = false } }))
  end)

  it("takes nothing, null, an empty text and an empty table for empty", function()
    for _, text in ipairs { "null", '""', "[]", "{}" } do
      assert.is_true(accepts_at_any_depth(text, { empty = true }), text)
    end
    for _, text in ipairs { "0", "false", '"x"', "[1]", '{"x":1}' } do
      assert.is_false(accepts_at_any_depth(text, { empty = true }), text)
    end
    assert.is_true(accepts("{}", { { "a", empty = true } }))
  end)

  it("takes null for absent, and nothing else that is there", function()
    assert.is_true(accepts("{}", { { "a", absent = true } }))
    assert.is_true(accepts_at_any_depth("null", { absent = true }))
    for _, text in ipairs { "0", "false", '""', "[]" } do
      assert.is_false(accepts_at_any_depth(text, { absent = true }), text)
    end
  end)

  it("finds nothing below what is no object", function()
    for _, text in ipairs { "1", '"a"', "true", "null", "[]" } do
      assert.is_true(accepts('{"a":' .. text .. "}", { { "a.b", absent = true } }), text)
      assert.is_false(accepts('{"a":' .. text .. "}", { { "a.b", is = 1 } }), text)
    end
  end)

  it("finds nothing in a document that is no object", function()
    assert.is_true(accepts('"text"', { { "a", absent = true } }))
    assert.is_false(accepts("7", { { "a", is = 1 } }))
  end)

  it("counts with all others, those of the operation too", function()
    local ok = { { "a", is = 1 }, { "b.c", isnt = false } }
    assert.is_true(accepts('{"a":1,"b":{"c":2},"d":3}', ok, { { "d", is = 3 } }))
    assert.is_false(accepts('{"a":2,"b":{"c":2},"d":3}', ok, { { "d", is = 3 } }))
    assert.is_false(accepts('{"a":1,"b":{"c":false},"d":3}', ok, { { "d", is = 3 } }))
    assert.is_false(accepts('{"a":1,"b":{"c":2},"d":4}', ok, { { "d", is = 3 } }))
    assert.is_true(accepts('{"e":1}'))
  end)
end)

local json = require "frontdesk.sandbox.json"

describe("the sandbox's JSON", function()
  it("writes a marked empty list as [] and any other empty table as {}", function()
    assert.equal('{"list":[]}', json.encode({ list = json.array({}) }))
    assert.equal('{"object":{}}', json.encode({ object = {} }))
    assert.equal("[[],{}]", json.encode({ json.array({}), {} }))
  end)

  it("tells [] from {} when reading, at any depth", function()
    local value = json.decode('{"a":[],"b":{},"c":[[],{"d":[ \n]}]}')
    assert.is_true(json.is_array(value.a))
    assert.is_false(json.is_object(value.a))
    assert.is_true(json.is_object(value.b))
    assert.is_true(json.is_array(value.c[1]))
    assert.is_true(json.is_array(value.c[2].d))
  end)

  it("leaves brackets inside strings alone", function()
    local text = [==[say "[]" \ [ ] and empty-array]==]
    local value = json.decode(json.encode({ text = text, list = json.array({}), ["[]"] = "\\" }))
    assert.equal(text, value.text)
    assert.equal("\\", value["[]"])
    assert.is_true(json.is_array(value.list))
    assert.equal(0, #value.list)
  end)

  it("writes whole numbers with all their digits", function()
    assert.equal("[1704819600000,9007199254740991,-3,1.5,0]", json.encode({ 1704819600000, 9007199254740991, -3, 1.5, 0 }))
  end)

  it("keeps null", function()
    assert.equal(json.null, json.decode('{"a":null}').a)
    assert.equal('{"a":null}', json.encode({ a = json.null }))
  end)

  for _, text in ipairs({ "", "{", '{"a":}', "[1,]", "nul", "[NaN]", "[Infinity]", "[0x10]", "[] []", "[]]" }) do
    it("refuses " .. (text == "" and "an empty text" or text), function()
      local value, message = json.decode(text)
      assert.is_nil(value)
      assert.is_string(message)
    end)
  end

  for name, bytes in pairs({ ["a lone lead byte"] = "\195", ["an overlong form"] = "\192\175", ["a surrogate"] = "\237\160\128",
    ["a stray continuation"] = "a\128", ["a code point past the last"] = "\244\144\128\128" }) do
    it("refuses text that is no UTF-8: " .. name, function()
      local value, message = json.decode('["' .. bytes .. '"]')
      assert.is_nil(value)
      assert.matches("UTF%-8", message)
    end)
  end

  it("takes UTF-8 of two, three and four bytes", function()
    assert.same({ "é Nguyễn 😀" }, json.decode('["é Nguyễn 😀"]'))
  end)
end)

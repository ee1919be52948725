-- The codec against lua-cjson, on documents that neither of them wrote.

local cjson = require "cjson"
local generator = require "support.json_generator"
local json = require "frontdesk.json"

local DOCUMENTS = 3000

local documents = {}
do
  local random = generator.random(20240117)
  for number = 1, DOCUMENTS do
    local text, value = generator.document(random)
    documents[number] = { text = text, value = value }
  end
end

local function each_document(check)
  for number, document in ipairs(documents) do
    local same, where = check(document.text, document.value)
    if not same then
      error(("document %d differs at %s: %s"):format(number, tostring(where), document.text))
    end
  end
end

local function decode(text)
  local value, err = json.decode(text, { keep_null = true })
  if err then
    error(tostring(err) .. ": " .. text)
  end
  return value
end

local function encode(value)
  local text, err = json.encode(value)
  return text or error(tostring(err))
end

-- What is left of a value when null members count as absent.
local function without_null_members(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, member in pairs(value) do
    if member ~= json.null or type(key) == "number" then
      copy[key] = without_null_members(member)
    end
  end
  return copy
end

describe("json beside lua-cjson, on generated documents", function()
  it("shares null", function()
    assert.equal(cjson.null, json.null)
    assert.equal("[null]", json.encode { cjson.null })
    assert.equal("[null]", cjson.encode { json.null })
  end)

  it("shares the array sentinels of a lua-cjson that has them", function()
    for _, name in ipairs { "empty_array", "array_mt", "empty_array_mt" } do
      if cjson[name] ~= nil then
        assert.equal(cjson[name], json[name])
      end
    end
    assert.equal("[]", json.encode(json.empty_array))
  end)

  it("reads what the text says", function()
    each_document(function(text, value)
      return generator.same(value, decode(text))
    end)
  end)

  it("reads the same as lua-cjson", function()
    each_document(function(text)
      return generator.same(cjson.decode(text), decode(text))
    end)
  end)

  it("leaves out null members and nothing else", function()
    each_document(function(text, value)
      local decoded = json.decode(text)
      return generator.same(without_null_members(value), decoded)
    end)
  end)

  it("writes what lua-cjson reads as the same value", function()
    each_document(function(_, value)
      return generator.same(value, cjson.decode(encode(value)))
    end)
  end)

  it("reads what lua-cjson writes as the same value", function()
    each_document(function(_, value)
      -- outside an array or object stock lua-cjson writes no value that all its versions read back
      return generator.same({ value }, decode(cjson.encode { value }))
    end)
  end)

  it("writes and reads back to the same value", function()
    each_document(function(_, value)
      return generator.same(value, decode(encode(value)))
    end)
  end)

  it("finds every document cut short", function()
    local random = generator.random(5)
    local checked = 0
    while checked < 300 do
      local text, value = generator.document(random)
      if type(value) == "table" then
        text = text:gsub("%s+$", "")
        local cut = text:sub(1, random(#text - 1))
        local decoded, err = json.decode(cut)
        assert.is_nil(decoded)
        assert.equal("decode", err.kind)
        checked = checked + 1
      end
    end
  end)

  it("survives a byte changed anywhere, and agrees with lua-cjson where it accepts the result", function()
    local random = generator.random(11)
    local accepted = 0
    for _ = 1, 3000 do
      local text = generator.document(random)
      local place = random(#text)
      local changed = text:sub(1, place - 1) .. string.char(random(256) - 1) .. text:sub(place + 1)
      local value, err = json.decode(changed, { keep_null = true })
      if err then
        assert.is_nil(value)
        assert.equal("decode", err.kind)
      else
        accepted = accepted + 1
        -- a changed digit can make a number that lua-cjson writes to 14 digits only; reading is exact in both
        assert(generator.same(cjson.decode("[" .. changed .. "]"), { value }))
      end
    end
    assert.is_true(accepted > 100)
  end)

  it("reads a contact page of some 70 kB as lua-cjson does", function()
    local page = generator.contact_page(50, 3)
    assert.is_true(#page > 60000 and #page < 80000)
    assert(generator.same(cjson.decode(page), decode(page)))
  end)
end)

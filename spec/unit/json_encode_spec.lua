-- What json.encode writes, what it refuses, and where it says the fault lies.

local core = require "frontdesk.core"
local json = require "frontdesk.json"

local null = json.null

local function encode(value)
  local text, err = json.encode(value)
  assert.is_nil(err)
  return text
end

local function nested(depth, innermost)
  local value = innermost or {}
  for _ = 2, depth do
    value = { value }
  end
  return value
end

describe("json.encode writes", function()
  -- name, value, text
  local cases = {
    { "a string", "Mai", '"Mai"' },
    { "an empty string", "", '""' },
    { "true", true, "true" },
    { "false", false, "false" },
    { "null", null, "null" },
    { "an empty table as an object", {}, "{}" },
    { "an array", { 1, 2, 3 }, "[1,2,3]" },
    { "an array of one", { "a" }, '["a"]' },
    { "an array with nulls at its end", { 1, null, null }, "[1,null,null]" },
    { "an array with false in it", { false, true }, "[false,true]" },
    { "nested arrays", { { 1 }, { { 2 } } }, "[[1],[[2]]]" },
    { "an object", { a = 1 }, '{"a":1}' },
    { "an object with an empty name", { [""] = 1 }, '{"":1}' },
    { "a name with a quote", { ['a"b'] = 1 }, '{"a\\"b":1}' },
    { "a name that looks like a number", { ["1"] = 1 }, '{"1":1}' },
    { "objects in arrays in objects", { a = { { b = { 1 } } } }, '{"a":[{"b":[1]}]}' },
    { "the empty array sentinel", json.empty_array, "[]" },
    { "the empty array sentinel inside a table", { tags = json.empty_array }, '{"tags":[]}' },
    { "a marked empty array", json.array {}, "[]" },
    { "a marked array with items", json.array { 1 }, "[1]" },
    { "a table that is an array when empty", setmetatable({}, json.empty_array_mt), "[]" },
    { "a table that is an array when empty and has fields", setmetatable({ a = 1 }, json.empty_array_mt), '{"a":1}' },
    { "the short escapes", '"\\\b\f\n\r\t', [["\"\\\b\f\n\r\t"]] },
    { "other control characters", "\0\1\31", [["\u0000\u0001\u001f"]] },
    { "a slash and a DEL as they are", "a/b\127", '"a/b\127"' },
    { "UTF-8 as it is", "Nguyễn Thị Ánh 😀", '"Nguyễn Thị Ánh 😀"' },
    { "the same table twice", (function()
      local shared = { 1 }
      return { shared, shared }
    end)(), "[[1],[1]]" },
    { "128 tables in one another", nested(128), ("["):rep(127) .. "{}" .. ("]"):rep(127) },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.equal(case[3], encode(case[2]))
    end)
  end

  it("all members of an object, in the order of next", function()
    local value, parts = { id = 1, name = "Mai", tags = true, note = "x", level = 2 }, {}
    for name in next, value do
      parts[#parts + 1] = ('"%s":%s'):format(name, encode(value[name]))
    end
    assert.equal("{" .. table.concat(parts, ",") .. "}", encode(value))
    assert.same(value, json.decode(encode(value)))
  end)

  it("strings of every length up to 70, with a special byte at every place", function()
    for size = 0, 70 do
      local plain = ("x"):rep(size)
      assert.equal('"' .. plain .. '"', encode(plain))
      for place = 1, size do
        local head, tail = plain:sub(1, place - 1), plain:sub(place + 1)
        assert.equal('"' .. head .. '\\"' .. tail .. '"', encode(head .. '"' .. tail))
        assert.equal('"' .. head .. "\\\\" .. tail .. '"', encode(head .. "\\" .. tail))
        assert.equal('"' .. head .. "\\u001f" .. tail .. '"', encode(head .. "\31" .. tail))
        assert.equal('"' .. head .. "ễ" .. tail .. '"', encode(head .. "ễ" .. tail))
        local text, message = core.json_encode(head .. "\128" .. tail)
        assert.is_nil(text)
        assert.equal(("the value is not UTF-8 (byte %d of it)"):format(place), message)
      end
    end
  end)

  it("every byte so that it reads back", function()
    for byte = 0, 127 do
      local text = "a" .. string.char(byte) .. "b"
      assert.equal(text, json.decode(encode(text)))
    end
  end)

  it("strings of many escapes, and of a megabyte", function()
    assert.equal('"' .. ("\\u0001"):rep(100000) .. '"', encode(("\1"):rep(100000)))
    local long = ("Mai Lan "):rep(131072)
    assert.equal('"' .. long .. '"', encode(long))
    assert.equal('"short"', encode "short")
  end)

  it("an array whose items were not set in order", function()
    local value = {}
    for i = 20, 1, -1 do
      value[i] = i
    end
    assert.equal("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", encode(value))
    local late = { [3] = "c", [1] = "a" }
    late[2] = "b"
    assert.equal('["a","b","c"]', encode(late))
  end)

  it("arrays out of order inside one another without doing any twice over", function()
    local value = "x"
    for _ = 1, 60 do
      local outer = { [2] = value }
      outer[1] = 0
      value = outer
    end
    assert.equal(("[0,"):rep(60) .. '"x"' .. ("]"):rep(60), encode(value))
  end)

  it("an array that items were taken from", function()
    local value = {}
    for i = 1, 100 do
      value[i] = i
    end
    for i = 100, 4, -1 do
      value[i] = nil
    end
    assert.equal("[1,2,3]", encode(value))
    for i = 1, 3 do
      value[i] = nil
    end
    assert.equal("{}", encode(value))
    value.a = 1
    assert.equal('{"a":1}', encode(value))
  end)

  it("integral floats as places in an array", function()
    assert.equal('["a","b"]', encode { [1.0] = "a", [2.0] = "b" })
  end)

  it("a table without calling its metamethods", function()
    local function fail()
      error "a metamethod was called"
    end
    local meta = { __index = fail, __newindex = fail, __len = fail, __pairs = fail, __ipairs = fail, __tostring = fail,
      __call = fail, __metatable = false, __eq = fail }
    assert.equal('{"a":1}', encode(setmetatable({ a = 1 }, meta)))
    assert.equal("[1,2]", encode(setmetatable({ 1, 2 }, meta)))
    assert.equal("{}", encode(setmetatable({}, { __index = { a = 1 } })))
  end)

  it("the same text again after reading it", function()
    for _, text in ipairs { "[]", "{}", "[[],{}]", '[1,-2.5,"ễ\\n",true,false,null,[[]],{"a":{"b":[]}}]', '"x"', "1e300", "-0" } do
      assert.equal(text, encode(json.decode(text)))
    end
  end)
end)

describe("json.encode refuses", function()
  local cycle = { a = {} }
  cycle.a.b = { cycle }
  local itself = {}
  itself[1] = itself

  local long = ("k"):rep(100)
  -- name, value, path, rest of the sentence
  local cases = {
    { "a function", print, "", "is a function, which JSON cannot hold" },
    { "a coroutine", coroutine.create(print), "", "is a thread, which JSON cannot hold" },
    { "a userdata", io.stdout, "", "is a userdata, which JSON cannot hold" },
    { "nil", nil, "", "is nil (to send null, write frontdesk.null)" },
    { "a function in an object", { a = print }, "a", "is a function, which JSON cannot hold" },
    { "a function in an array", { 1, print }, "[2]", "is a function, which JSON cannot hold" },
    { "a function far inside", { phones = { { type = "home" }, { type = print } } }, "phones[2].type", "is a function, which JSON cannot hold" },
    { "a function below names that are no identifiers", { ["e-mail"] = { { ["2nd"] = { [""] = print } } } }, '["e-mail"][1]["2nd"][""]',
      "is a function, which JSON cannot hold" },
    { "a function below a name with quotes and controls", { ['a"\\\n'] = print }, '["a\\"\\\\?"]', "is a function, which JSON cannot hold" },
    { "a function below a Vietnamese name", { ["số"] = print }, '["số"]', "is a function, which JSON cannot hold" },
    { "a function below a long name, which is cut", { [long] = print }, '["' .. ("k"):rep(64) .. '..."]', "is a function, which JSON cannot hold" },
    { "NaN", { 0 / 0 }, "[1]", "is not a number (NaN), which JSON cannot hold" },
    { "an infinity", { a = -math.huge }, "a", "is infinite, which JSON cannot hold" },
    { "a string that is not UTF-8", { a = { "ok", "caf\233" } }, "a[2]", "is not UTF-8 (byte 4 of it)" },
    { "a surrogate in UTF-8", "\237\160\128", "", "is not UTF-8 (byte 1 of it)" },
    { "an overlong form beside an escape", '"\192\128', "", "is not UTF-8 (byte 2 of it)" },
    { "a name that is not UTF-8", { a = { ["\255"] = 1 } }, "a", "has a name that is not UTF-8 (byte 1 of it)" },
    { "a function below a name that is not UTF-8", { ["\255"] = print }, "", "has a name that is not UTF-8 (byte 1 of it)" },
    { "a table in itself", itself, "[1]", "contains itself" },
    { "a table in itself by a way round", cycle, "a.b[1]", "contains itself" },
    { "a hole", { 1, 2, nil, 4 }, "", "has a hole: item 3 is missing (to send null there, write frontdesk.null)" },
    { "a hole at the beginning", { a = { [2] = "b" } }, "a", "has a hole: item 1 is missing (to send null there, write frontdesk.null)" },
    { "one item far away", { [1000000000] = 1 }, "", "has a hole: item 1 is missing (to send null there, write frontdesk.null)" },
    { "a hole in a marked array", json.array { [2] = 1 }, "", "has a hole: item 1 is missing (to send null there, write frontdesk.null)" },
    { "items and fields in one table", { 1, 2, x = 3 }, "", "mixes numbered items with named fields" },
    { "a field in a marked array", json.array { x = 1 }, "", "is marked as an array but has named fields" },
    { "the key 0", { [0] = 1 }, "", "has the key 0, which is neither a name nor a place in an array" },
    { "a negative key", { [-1] = 1 }, "", "has the key -1, which is neither a name nor a place in an array" },
    { "a fraction as a key", { a = { [1.5] = 1 } }, "a", "has the key 1.5, which is neither a name nor a place in an array" },
    { "a boolean as a key", { [true] = 1 }, "", "has a key that is a boolean; names must be strings" },
    { "a table as a key", { [{}] = 1 }, "", "has a key that is a table; names must be strings" },
    { "null as a key", { [null] = 1 }, "", "has a key that is a userdata; names must be strings" },
    { "129 tables in one another", nested(129), ("[1]"):rep(84) .. "...", "lies more than 128 tables deep" },
    { "the sentinel of an empty array in 128 tables", nested(129, json.empty_array), ("[1]"):rep(84) .. "...",
      "lies more than 128 tables deep" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local text, err = json.encode(case[2])
      assert.is_nil(text)
      assert.equal("invalid_input", err.kind)
      assert.equal(case[3] ~= "" and case[3] or nil, err.field)
      assert.equal((case[3] ~= "" and case[3] or "the value") .. " " .. case[4], err.message)
    end)
  end

  it("a table that mixes items and fields, whichever comes first", function()
    for _, value in ipairs {
      { x = 1, [1] = 1 },
      { [1] = 1, x = 1 },
      { x = 1, y = 2, [7] = 1 },
      { 1, 2, 3, [10] = 4, x = 1 },
    } do
      local text, message = core.json_encode(value)
      assert.is_nil(text)
      assert.equal("the value mixes numbered items with named fields", message)
    end
  end)

  it("a path of many long names without overrunning it", function()
    local value = print
    for i = 1, 100 do
      value = { [("tên-%03d-"):format(i):rep(10)] = value }
    end
    local _, err = json.encode(value)
    assert.matches("^%[\"tên%-100%-", err.field)
    assert.is_true(#err.field < 256)
    assert.matches("%.%.%.$", err.field)
    assert.is_not_nil(encode(err.field)) -- not cut inside a letter
  end)

  it("bad values without showing good ones beside them", function()
    local _, err = json.encode { token = "s3cret", list = { "s3cret", print } }
    assert.is_nil(tostring(err):find("s3cret", 1, true))
  end)
end)

describe("json.encode", function()
  it("works again after a refusal", function()
    assert.is_nil((json.encode { 1, { 2, { print } } }))
    assert.equal("[1,[2,[3]]]", encode { 1, { 2, { 3 } } })
  end)

  it("writes names right however often they come, and however many there are", function()
    local names = { "", "a", "id", "name", "tên", 'a"b', "a\nb", "seventeen letters", "eighteen of letter", ("n"):rep(19), ("n"):rep(60) }
    for i = 1, 300 do
      names[#names + 1] = "field " .. i
    end
    for round = 1, 6 do
      for i, name in ipairs(names) do
        local text = encode { [name] = round }
        assert.equal("{" .. encode(name) .. ":" .. round .. "}", text)
        assert.equal("[" .. text .. "," .. text .. "]", encode { { [name] = round }, { [name] = round } })
        if i % 100 == 0 then
          collectgarbage()
        end
      end
    end
    local all = {}
    for i, name in ipairs(names) do
      all[name] = i
    end
    for _ = 1, 3 do
      assert.same(all, json.decode(encode(all)))
    end
  end)

  it("does not take other keys for names it knows", function()
    for _ = 1, 5 do
      assert.equal('{"id":1}', encode { id = 1 })
      for _, key in ipairs { true, false, {}, print, null, json.empty_array, coroutine.create(print) } do
        local text, message = core.json_encode { [key] = 1 }
        assert.is_nil(text)
        assert.equal(("the value has a key that is a %s; names must be strings"):format(type(key)), message)
      end
    end
  end)

  it("works while a finalizer of the collector encodes too", function()
    local function finalize()
      json.encode(("z"):rep(5000))
    end
    local function garbage()
      if newproxy then
        getmetatable(newproxy(true)).__gc = finalize
      else
        setmetatable({}, { __gc = finalize })
      end
    end
    local value, expected = {}, {}
    for i = 1, 300 do
      value[i] = "item " .. i
      expected[i] = ('"item %d"'):format(i)
    end
    expected = "[" .. table.concat(expected, ",") .. "]"
    local before = collectgarbage "setpause"
    collectgarbage("setpause", 1)
    for i = 1, 2000 do
      garbage()
      -- the last thing made before the text: it makes the collector due
      local due = ("z"):rep(20000 + i)
      local text = core.json_encode(value)
      assert(text == expected and #due > 0)
    end
    collectgarbage("setpause", before)
  end)

  it("takes over the sentinels of the lua-cjson that is loaded", function()
    local name, cjson, own = "frontdesk.json", package.loaded.cjson, package.loaded["frontdesk.json"]
    local fake = { null = null, empty_array = json.empty_array, array_mt = {}, empty_array_mt = {} }
    package.loaded.cjson, package.loaded[name] = fake, nil
    local fresh = require(name)
    local results = {
      fresh.encode(setmetatable({}, fake.array_mt)),
      fresh.encode(setmetatable({}, fake.empty_array_mt)),
      getmetatable(fresh.decode "[]") == fake.array_mt,
      fresh.array_mt == fake.array_mt and fresh.empty_array_mt == fake.empty_array_mt,
    }
    package.loaded.cjson, package.loaded[name] = cjson, own
    core.json_sentinels { array_mt = json.array_mt, empty_array_mt = json.empty_array_mt }
    assert.same({ "[]", "[]", true, true }, results)
    assert.equal(json.array_mt, getmetatable(json.decode "[]"))
  end)

  it("does without lua-cjson", function()
    local name, cjson, own = "frontdesk.json", package.loaded.cjson, package.loaded["frontdesk.json"]
    package.loaded.cjson, package.loaded[name] = nil, nil
    package.preload.cjson = function()
      error "not installed"
    end
    local fresh = require(name)
    package.preload.cjson = nil
    package.loaded.cjson, package.loaded[name] = cjson, own
    local results = { fresh.encode { fresh.null, fresh.empty_array, fresh.array() }, fresh.array_mt == core.array_mt }
    core.json_sentinels { array_mt = json.array_mt, empty_array_mt = json.empty_array_mt, empty_array = json.empty_array }
    assert.same({ "[null,[],[]]", true }, results)
  end)
end)

describe("json.array", function()
  it("marks a table and gives it back", function()
    local list = {}
    assert.equal(list, json.array(list))
    assert.equal("[]", encode(list))
    assert.equal(list, json.array(list))
    assert.equal("[]", encode(json.array()))
  end)

  it("raises for what cannot be marked", function()
    assert.error_matches(function()
      json.array "x"
    end, "takes a table %(got string%)")
    assert.error_matches(function()
      json.array(setmetatable({}, {}))
    end, "takes a table without a metatable")
  end)
end)

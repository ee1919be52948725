-- Shapes: an input table becomes URL target and JSON body. What is refused, and
-- in which words, is in shape_refusals_spec.lua.
local core = require "frontdesk.core"

local function shape(fields, more)
  local description = { path = "/x", fields = fields }
  for key, value in pairs(more or {}) do description[key] = value end
  return core.shape(description)
end

-- The body for an input that must be accepted.
local function body(fields, input, more)
  local target, text = shape(fields, more):encode(input)
  assert.is_string(target, text)
  return text
end

-- The target for an input that must be accepted.
local function target(path, fields, input)
  local text, message = core.shape({ path = path, body = "none", fields = fields }):encode(input)
  assert.is_string(text, message)
  return text
end

describe("a shape's body", function()
  it("has the fields in the order of their declaration", function()
    local fields = { { "b", "string" }, { "a", "integer" }, { "c", "boolean" } }
    for _ = 1, 20 do
      assert.equal('{"b":"1","a":2,"c":false}', body(fields, { a = 2, c = false, b = "1" }))
    end
  end)

  it("is {} without input, with an empty one, and without fields", function()
    assert.equal("{}", body({ { "a", "string" } }, nil))
    assert.equal("{}", body({ { "a", "string" } }, {}))
    assert.equal("{}", body(nil, nil))
  end)

  it("is nil when the operation has none", function()
    local place, text = core.shape({ path = "/x", body = "none" }):encode()
    assert.equal("/x", place)
    assert.is_nil(text)
  end)

  it("writes strings as JSON, with what must be escaped", function()
    assert.equal('{"a":"Nguyễn \\"Mai\\"\\n\\u0001\\\\/"}',
      body({ { "a", "string" } }, { a = 'Nguyễn "Mai"\n\1\\/' }))
    assert.equal('{"a":""}', body({ { "a", "string" } }, { a = "" }))
  end)

  it("writes names that need escapes, and names longer than any buffer", function()
    local long = ("n"):rep(300)
    assert.equal('{"say \\"hi\\"":1,"' .. long .. '":2}',
      body({ { 'say "hi"', "integer" }, { long, "integer" } }, { ['say "hi"'] = 1, [long] = 2 }))
  end)

  it("takes as many fields as a shape can have", function()
    local fields, input, expected = {}, {}, {}
    for i = 1, 200 do
      local name = ("field_%d_%s"):format(i, ("x"):rep(i % 60))
      fields[i] = { name, "integer" }
      input[name] = i
      expected[i] = ('"%s":%d'):format(name, i)
    end
    assert.equal("{" .. table.concat(expected, ",") .. "}", body(fields, input))
  end)

  it("writes integers as digits, from integral floats too", function()
    local fields = { { "a", "integer" } }
    assert.equal('{"a":1704819600000}', body(fields, { a = 1704819600000 }))
    assert.equal('{"a":3}', body(fields, { a = 3.0 }))
    assert.equal('{"a":-9007199254740992}', body(fields, { a = -2 ^ 53 }))
  end)

  it("writes numbers in the fewest digits that read back the same", function()
    local fields = { { "a", "number" } }
    assert.equal('{"a":0.1}', body(fields, { a = 0.1 }))
    assert.equal('{"a":2}', body(fields, { a = 2 }))
    assert.equal(1e300, tonumber(body(fields, { a = 1e300 }):match('{"a":(.*)}')))
  end)

  it("writes booleans", function()
    assert.equal('{"a":true,"b":false}', body({ { "a", "boolean" }, { "b", "boolean" } }, { a = true, b = false }))
  end)

  it("writes flags as Y and N, from booleans or letters", function()
    local fields = { { "a", "flag" }, { "b", "flag" }, { "c", "flag" }, { "d", "flag" } }
    assert.equal('{"a":"Y","b":"N","c":"Y","d":"N"}', body(fields, { a = true, b = false, c = "Y", d = "N" }))
  end)

  it("writes JSON into a string, from a table or a text", function()
    local fields = { { "a", "json" } }
    assert.equal([[{"a":"[1,\"x\"]"}]], body(fields, { a = { 1, "x" } }))
    assert.equal([[{"a":"{\"k\":true}"}]], body(fields, { a = { k = true } }))
    assert.equal([[{"a":" [1, 2] "}]], body(fields, { a = " [1, 2] " }))
    assert.equal([[{"a":"{}"}]], body(fields, { a = {} }))
  end)

  it("writes an empty table as a list where the JSON in the string is a list", function()
    local fields = { { "a", "json", list = true } }
    assert.equal([[{"a":"[]"}]], body(fields, { a = {} }))
    assert.equal([[{"a":"[7]"}]], body(fields, { a = { 7 } }))
    assert.equal([[{"a":"[7]"}]], body(fields, { a = "[7]" }))
  end)

  it("passes any value on", function()
    local fields = { { "a", "any" }, { "b", "any" }, { "c", "any" } }
    assert.equal('{"a":[1,{"x":[]}],"b":"s","c":false}',
      body(fields, { a = { 1, { x = setmetatable({}, core.array_mt) } }, b = "s", c = false }))
  end)

  it("writes an empty table as the type says", function()
    local types = { point = { { "x", "number" } } }
    assert.equal('{"a":[],"b":{},"c":[],"d":{},"e":[],"f":{}}', body({
      { "a", "string[]" }, { "b", "object" }, { "c", "array" }, { "d", "point" }, { "e", "point[]" }, { "f", "any" },
    }, { a = {}, b = {}, c = {}, d = {}, e = {}, f = {} }, { types = types }))
  end)

  it("takes the sentinel of an empty array for a list", function()
    assert.equal('{"a":[]}', body({ { "a", "string[]" } }, { a = core.empty_array }))
  end)

  it("writes objects of any fields", function()
    assert.equal('{"a":{"k":[1]}}', body({ { "a", "object" } }, { a = { k = { 1 } } }))
  end)

  it("writes lists of every type, nulls among anything", function()
    assert.equal('{"a":["x","y"],"b":[1,2],"c":[true],"d":["Y","N"],"e":["[1]","{}"],"f":[null,1,[2]],"g":[null]}', body({
      { "a", "string[]" }, { "b", "integer[]" }, { "c", "boolean[]" }, { "d", "flag[]" }, { "e", "json[]" },
      { "f", "array" }, { "g", "any[]" },
    }, {
      a = { "x", "y" }, b = { 1, 2 }, c = { true }, d = { true, "N" }, e = { { 1 }, "{}" },
      f = { core.null, 1, { 2 } }, g = { core.null },
    }))
  end)

  it("takes lists whatever the order in which they were filled", function()
    local list = {}
    for i = 40, 1, -1 do list[i] = i end
    local expected = {}
    for i = 1, 40 do expected[i] = i end
    assert.equal('{"a":[' .. table.concat(expected, ",") .. "]}", body({ { "a", "integer[]" } }, { a = list }))
  end)

  it("writes shared types, within one another and within lists", function()
    local types = {
      phone = { { "number", "string" }, { "kind", "kind" } },
      kind = { { "label", "string" } },
    }
    assert.equal('{"phones":[{"number":"0900000001","kind":{"label":"home"}},{}],"main":{"number":"0900000002"}}',
      body({ { "phones", "phone[]" }, { "main", "phone" } }, {
        main = { number = "0900000002" },
        phones = { { kind = { label = "home" }, number = "0900000001" }, {} },
      }, { types = types }))
  end)

  it("can be a shared type as a whole", function()
    local types = { point = { { "x", "number", required = true }, rules = { { require = "y", when = "x" } }, { "y", "number" } } }
    local s = core.shape { path = "/x", fields = "point", types = types }
    assert.equal('{"x":1,"y":2}', select(2, s:encode { x = 1, y = 2 }))
    assert.is_nil(s:encode { x = 1 })
  end)

  it("takes types that contain themselves", function()
    local types = { tree = { { "name", "string" }, { "branches", "tree[]" } } }
    assert.equal('{"root":{"name":"a","branches":[{"name":"b","branches":[]},{"name":"c"}]}}', body({ { "root", "tree" } },
      { root = { name = "a", branches = { { name = "b", branches = {} }, { name = "c" } } } }, { types = types }))
  end)

  it("uses the name on the wire", function()
    assert.equal('{"q":"x"}', body({ { "keyword", "string", wire = "q" } }, { keyword = "x" }))
  end)

  it("takes a field by another spelling", function()
    local fields = { { "jobTitle", "string", alias = { "jobTitlte", "job" } } }
    assert.equal('{"jobTitle":"clerk"}', body(fields, { jobTitle = "clerk" }))
    assert.equal('{"jobTitle":"clerk"}', body(fields, { jobTitlte = "clerk" }))
    assert.equal('{"jobTitle":"clerk"}', body(fields, { job = "clerk" }))
  end)

  it("finds fields with names that Lua does not intern", function()
    local long = ("long"):rep(20)
    local fields = { { long, "string", alias = { long .. "er" } } }
    assert.equal('{"' .. long .. '":"x"}', body(fields, { [("long"):rep(20)] = "x" }))
    assert.equal('{"' .. long .. '":"x"}', body(fields, { [("long"):rep(20) .. "er"] = "x" }))
  end)

  it("always has the constants, in their place", function()
    local fields = { { "id", "string" }, { "event", "string", const = "reset" }, { "n", "integer", const = 1 },
      { "on", "flag", const = true } }
    assert.equal('{"event":"reset","n":1,"on":"Y"}', body(fields, {}))
    assert.equal('{"id":"k","event":"reset","n":1,"on":"Y"}', body(fields, { id = "k" }))
  end)

  it("lets a constant be given as what it is", function()
    local fields = { { "event", "string", const = "reset" }, { "n", "integer", const = 1 }, { "on", "flag", const = true } }
    assert.equal('{"event":"reset","n":1,"on":"Y"}', body(fields, { event = "reset", n = 1.0, on = "Y" }))
  end)

  it("falls back to defaults, which can be anything the type allows", function()
    local fields = { { "type", "string", default = "chat" }, { "n", "integer", default = 5 },
      { "list", "string[]", default = {} }, { "on", "boolean", default = false } }
    assert.equal('{"type":"chat","n":5,"list":[],"on":false}', body(fields, {}))
    assert.equal('{"type":"call","n":6,"list":["a"],"on":true}',
      body(fields, { type = "call", n = 6, list = { "a" }, on = true }))
  end)

  it("derives a value from another field, and never overwrites a given one", function()
    local fields = { { "type", "string" }, { "label", "string", derive = { from = "type", map = { home = "Nhà", work = "Việc" } } } }
    assert.equal('{"type":"home","label":"Nhà"}', body(fields, { type = "home" }))
    assert.equal('{"type":"work","label":"Việc"}', body(fields, { type = "work" }))
    assert.equal('{"type":"home","label":"mine"}', body(fields, { type = "home", label = "mine" }))
    assert.equal('{"type":"home","label":null}', body(fields, { type = "home", label = core.null }))
    assert.equal('{"type":"boat"}', body(fields, { type = "boat" }))
    assert.equal("{}", body(fields, {}))
  end)

  it("derives from a field that is declared later", function()
    local fields = { { "label", "string", derive = { from = "type", map = { home = "Nhà" } } }, { "type", "string" } }
    assert.equal('{"label":"Nhà","type":"home"}', body(fields, { type = "home" }))
  end)

  it("sends null where it is given, if the field may be missing", function()
    local fields = { { "a", "string" }, { "b", "string[]" }, { "c", "integer", default = 3 }, { "d", "flag", omit_false = true },
      { "e", "string", enum = { "x" } }, { "f", "any" } }
    assert.equal('{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null}', body(fields,
      { a = core.null, b = core.null, c = core.null, d = core.null, e = core.null, f = core.null }))
  end)

  it("leaves a false flag out where the description says so", function()
    local fields = { { "a", "flag", omit_false = true }, { "b", "boolean", omit_false = true } }
    assert.equal("{}", body(fields, { a = false, b = false }))
    assert.equal("{}", body(fields, { a = "N" }))
    assert.equal('{"a":"Y","b":true}', body(fields, { a = true, b = true }))
  end)

  it("passes unknown fields of an open type on, behind the known ones", function()
    assert.equal('{"a":1,"other":["x"]}', body({ { "a", "integer" } }, { other = { "x" }, a = 1 }, { open = true }))
    assert.equal('{"other":null}', body({ { "a", "integer" } }, { other = core.null }, { open = true }))
    assert.equal('{"p":{"x":1,"y":2}}', body({ { "p", "point" } }, { p = { x = 1, y = 2 } },
      { types = { point = { { "x", "number" }, open = true } } }))
  end)

  it("never runs a metamethod", function()
    local function trap() error("a metamethod ran") end
    local meta = { __index = trap, __pairs = trap, __ipairs = trap, __len = trap, __eq = trap, __tostring = trap }
    local fields = { { "a", "string[]" }, { "b", "point" }, { "c", "any" }, { "missing", "string" } }
    local input = setmetatable({
      a = setmetatable({ "x" }, meta), b = setmetatable({ x = 1 }, meta), c = setmetatable({ k = 1 }, meta),
    }, meta)
    assert.equal('{"a":["x"],"b":{"x":1},"c":{"k":1}}', body(fields, input, { types = { point = { { "x", "number" } } } }))
  end)

  it("survives bodies far larger than any buffer kept", function()
    local text = ("é"):rep(700000)
    local s = shape { { "a", "string" } }
    for _ = 1, 3 do
      assert.equal('{"a":"' .. text .. '"}', select(2, s:encode { a = text }))
      assert.equal('{"a":"b"}', select(2, s:encode { a = "b" }))
    end
  end)
end)

describe("a shape's target", function()
  it("follows the prefix that is given, whether it varies or not", function()
    local still = core.shape { path = "/x", body = "json", fields = { { "a", "integer" } } }
    local varying = core.shape {
      path = "/x/:id", body = "json",
      fields = { { "id", "string", ["in"] = "path", required = true }, { "q", "string", ["in"] = "query" } },
    }
    for _ = 1, 2 do
      assert.same({ "http://h/api/x", '{"a":1}' }, { still:encode({ a = 1 }, "http://h/api") })
      assert.same({ "/x", '{"a":1}' }, { still:encode { a = 1 } })
      assert.same({ "http://h/x/%3F?q=%2F", "{}" }, { varying:encode({ id = "?", q = "/" }, "http://h") })
      assert.same({ "/x/7", "{}" }, { varying:encode { id = "7" } })
      assert.same({ nil, "id is required", "id" }, { varying:encode({}, "http://h") })
    end
    assert.has_error(function() still:encode({}, {}) end)
  end)

  local ID = { "id", "string", ["in"] = "path" }

  it("is the path itself when nothing varies", function()
    assert.equal("/api/v2/contact/add", target("/api/v2/contact/add"))
    assert.equal("Shop/CurrentShop", target("Shop/CurrentShop"))
  end)

  it("holds the fields of the path, each as one segment", function()
    assert.equal("/people/17/edit", target("/people/:id/edit", { ID }, { id = "17" }))
    assert.equal("/people/a%2Fb%3Fc%23d%20%25%C3%A9", target("/people/:id", { ID }, { id = "a/b?c#d %é" }))
    assert.equal("/a/1/b/2", target("/a/:x/b/:y", { { "y", "string", ["in"] = "path" }, { "x", "string", ["in"] = "path" } },
      { x = "1", y = "2" }))
    assert.equal("/...", target("/:id", { ID }, { id = "..." }))
  end)

  it("takes integers for a string in the path", function()
    assert.equal("/people/17", target("/people/:id", { ID }, { id = 17 }))
    assert.equal("/people/17", target("/people/:id", { ID }, { id = 17.0 }))
    assert.equal("/people/-1", target("/people/:id", { { "id", "integer", ["in"] = "path" } }, { id = -1 }))
  end)

  it("keeps a colon that does not begin a segment", function()
    assert.equal("/a:b/17", target("/a:b/:id", { ID }, { id = "17" }))
  end)

  it("falls back to a default in the path", function()
    local fields = { { "kind", "string", ["in"] = "path", default = "all of it" } }
    assert.equal("/x/all%20of%20it", target("/x/:kind", fields, {}))
    assert.equal("/x/some", target("/x/:kind", fields, { kind = "some" }))
  end)

  it("holds the query, in the order of declaration", function()
    local fields = {
      { "name", "string", ["in"] = "query" }, { "page", "integer", ["in"] = "query" }, { "ratio", "number", ["in"] = "query" },
      { "all", "boolean", ["in"] = "query" }, { "visible", "flag", ["in"] = "query" }, { "where", "json", ["in"] = "query" },
    }
    assert.equal("/x", target("/x", fields, {}))
    assert.equal("/x?page=2", target("/x", fields, { page = 2 }))
    assert.equal("/x?name=Mai%20%26%20Lan%3D1&page=2&ratio=0.5&all=false&visible=Y&where=%5B1%5D",
      target("/x", fields, { visible = true, name = "Mai & Lan=1", page = 2, ratio = 0.5, all = false, where = { 1 } }))
    assert.equal("/x?name=", target("/x", fields, { name = "" }))
  end)

  it("encodes the sign of an exponent, which a query would read as a space", function()
    local fields = { { "n", "number", ["in"] = "query" } }
    assert.is_nil(target("/x", fields, { n = 1e300 }):find("+", 1, true))
    assert.equal(1e300, tonumber((target("/x", fields, { n = 1e300 }):match("n=(.*)"):gsub("%%2B", "+"))))
  end)

  it("repeats the name for each element of a list in the query", function()
    local fields = { { "tag", "string[]", ["in"] = "query" }, { "n", "integer", ["in"] = "query" } }
    assert.equal("/x?tag=a&tag=b%20c&n=1", target("/x", fields, { tag = { "a", "b c" }, n = 1 }))
    assert.equal("/x?n=1", target("/x", fields, { tag = {}, n = 1 }))
    local backwards = {}
    for i = 20, 1, -1 do backwards[i] = tostring(i) end
    assert.equal("/x?tag=1&tag=2&tag=3", (target("/x", fields, { tag = backwards }):sub(1, 20)))
  end)

  it("has the wire's names, constants and defaults in the query", function()
    local fields = { { "a", "string", ["in"] = "query", wire = "the a" }, { "v", "integer", ["in"] = "query", const = 2 },
      { "size", "integer", ["in"] = "query", default = 50 } }
    assert.equal("/x?the%20a=1&v=2&size=50", target("/x", fields, { a = "1" }))
  end)

  it("has no null in the query, and no false where it is left out", function()
    local fields = { { "a", "string", ["in"] = "query" }, { "b", "flag", ["in"] = "query", omit_false = true } }
    assert.equal("/x", target("/x", fields, { a = core.null, b = false }))
    assert.equal("/x?b=Y", target("/x", fields, { b = true }))
  end)

  it("leaves what goes into path, query and headers out of the body", function()
    local place, text = core.shape({ path = "/x/:id", fields = {
      ID, { "page", "integer", ["in"] = "query" }, { "device", "string", ["in"] = "header", header = "Device-Id" },
      { "name", "string" },
    } }):encode { id = "1", page = 2, device = "till", name = "n" }
    assert.equal("/x/1?page=2", place)
    assert.equal('{"name":"n"}', text)
  end)
end)

describe("a shape", function()
  it("names itself and its size", function()
    assert.equal("frontdesk.shape (2 fields)", tostring(shape { { "a", "string" }, { "b", "string" } }))
    assert.equal("frontdesk.shape (0 fields)", tostring(shape()))
  end)

  it("checks without encoding", function()
    local s = shape { { "a", "string", required = true } }
    assert.is_true(s:check { a = "x" })
    local ok, message, field = s:check {}
    assert.is_nil(ok)
    assert.equal("a is required", message)
    assert.equal("a", field)
  end)

  it("does not need its description afterwards", function()
    local function made()
      local name = "some" .. "name" .. tostring(12)
      return core.shape { path = "/" .. name, fields = { { name, "string", enum = { name .. "1", name .. "2" } } } }, name
    end
    local s, name = made()
    for _ = 1, 5 do
      collectgarbage()
      local place, text = s:encode { [name] = name .. "2" }
      assert.equal("/" .. name, place)
      assert.equal(('{"%s":"%s2"}'):format(name, name), text)
    end
  end)

  it("can be encoded in a finalizer while another encodes", function()
    local s = shape({ { "id", "string", ["in"] = "query" }, { "a", "string" } })
    local still = shape { { "a", "string" } } -- whose target is made of two strings
    local finalizer = newproxy and function(run) -- luacheck: globals newproxy
      getmetatable(newproxy(true)).__gc = run
    end or function(run) setmetatable({}, { __gc = run }) end
    local ran = 0
    for i = 1, 200 do
      for _ = 1, 5 do
        finalizer(function()
          ran = ran + 1
          assert(s:encode { id = "other", a = ("z"):rep(500) })
        end)
      end
      local text = ("y"):rep(300 + i)
      local place, encoded = s:encode { id = "mine", a = text }
      assert.equal("/x?id=mine", place)
      assert.equal('{"a":"' .. text .. '"}', encoded)
      place, encoded = still:encode({ a = text }, ("h"):rep(200 + i))
      assert.equal(("h"):rep(200 + i) .. "/x", place)
      assert.equal('{"a":"' .. text .. '"}', encoded)
    end
    collectgarbage()
    assert.is_true(ran > 0)
  end)

  it("is used as a method, on a shape", function()
    local s = shape { { "a", "string" } }
    assert.has_error(function() s.encode { a = "x" } end, "call this as shape:method(...), on a frontdesk.shape")
    assert.has_error(function() s.encode(io.stdout, {}) end, "call this as shape:method(...), on a frontdesk.shape")
    assert.has_error(function() s.check() end, "call this as shape:method(...), on a frontdesk.shape")
  end)

  it("is closed once, and says so afterwards", function()
    local s = shape { { "a", "string" } }
    local close = getmetatable(s).__close
    assert.equal(getmetatable(s).__gc, close)
    close(s)
    close(s)
    assert.equal("frontdesk.shape (closed)", tostring(s))
    assert.has_error(function() s:encode {} end, "this shape is closed")
    assert.has_error(function() s:check {} end, "this shape is closed")
  end)
end)

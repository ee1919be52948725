-- What shapes refuse, and the sentences they say it with.
local core = require "frontdesk.core"

local null = core.null

-- The refusal of `input`: message and field.
local function refusal(fields, input, more)
  local description = { path = "/x", fields = fields }
  for key, value in pairs(more or {}) do description[key] = value end
  local s = core.shape(description)
  local target, message, field = s:encode(input)
  assert.is_nil(target, "was accepted")
  local ok, again, place = s:check(input)
  assert.is_nil(ok)
  assert.equal(message, again)
  assert.equal(field, place)
  return message, field
end

-- Asserts a refusal of one field's value, under the name `a`.
local function refuses(field, value, message, path)
  local said, place = refusal({ field }, { a = value })
  assert.equal(message, said)
  assert.equal(path or "a", place)
end

describe("a shape refuses a value of the wrong type:", function()
  it("anything but strings for a string", function()
    local a = { "a", "string" }
    refuses(a, 1, "a must be a string (got a number; put it in quotes)")
    refuses(a, {}, "a must be a string (got a table)")
    refuses(a, true, "a must be a string (got a boolean)")
    refuses(a, print, "a must be a string (got a function)")
    refuses(a, coroutine.create(print), "a must be a string (got a coroutine)")
    refuses(a, io.stdout, "a must be a string (got a userdata)")
    refuses({ "a", "string", ["in"] = "query" }, 1, "a must be a string (got a number; put it in quotes)")
  end)

  it("strings and fractions for an integer", function()
    local a = { "a", "integer" }
    refuses(a, "14", "a must be an integer (got a string; write numbers without quotes)")
    refuses(a, 1.5, "a must be an integer (got 1.5)")
    refuses(a, {}, "a must be an integer (got a table)")
    refuses(a, 2 ^ 60, "a is too large to be an exact integer here (got 1.1529215046068e+18)")
  end)

  it("numbers that JSON does not have", function()
    for _, kind in ipairs { "integer", "number" } do
      assert.matches("^a must be a finite number %(got %-?nan%)$", (refusal({ { "a", kind } }, { a = 0 / 0 })))
      refuses({ "a", kind }, math.huge, "a must be a finite number (got inf)")
      refuses({ "a", kind }, -math.huge, "a must be a finite number (got -inf)")
    end
    refuses({ "a", "number" }, "1", "a must be a number (got a string; write numbers without quotes)")
    refuses({ "a", "any" }, math.huge, (refusal({ { "a", "any" } }, { a = math.huge })))
  end)

  it("anything but booleans for a boolean", function()
    refuses({ "a", "boolean" }, 0, "a must be true or false (got a number)")
    refuses({ "a", "boolean" }, "true", "a must be true or false (got a string)")
  end)

  it("other letters for a flag", function()
    for _, value in ipairs { "y", "yes", "", "true" } do
      refuses({ "a", "flag" }, value, 'a must be true, false, "Y" or "N" (got a string)')
    end
    refuses({ "a", "flag" }, 1, 'a must be true, false, "Y" or "N" (got a number)')
  end)

  it("scalars for JSON, and strings that hold none", function()
    local a = { "a", "json" }
    refuses(a, 1, "a must be a table or a string that holds JSON (got a number)")
    refuses(a, true, "a must be a table or a string that holds JSON (got a boolean)")
    for text, offset in pairs { ["[1,]"] = 4, ["[1] x"] = 5, ["{]"] = 2, [""] = 1, ["[1"] = 3, ['{"a":1,}'] = 8, ['{"a"}'] = 5 } do
      refuses(a, text, ("a is a string, but not one that holds JSON (at byte %d); a Lua table can be given instead"):format(offset))
    end
    refuses(a, { 1, print }, "a[2] is a function, which JSON cannot hold", "a[2]")
    refuses(a, { k = { [3] = 1 } }, (refusal({ a }, { a = { k = { [3] = 1 } } })), "a.k")
  end)

  it("deep JSON in a string", function()
    assert.matches("^a is a string, but not one that holds JSON", (refusal({ { "a", "json" } }, { a = ("["):rep(100000) })))
  end)

  it("what is no list where the JSON in the string is one", function()
    local a = { "a", "json", list = true }
    refuses(a, "{}", "a must hold a JSON array")
    refuses(a, { k = 1 }, 'a must be a list (got a table with the key "k")')
  end)

  it("lists and scalars for an object", function()
    refuses({ "a", "object" }, { 1 }, "a must be an object (got a list)")
    refuses({ "a", "object" }, "x", "a must be an object (got a string)")
    refuses({ "a", "object" }, core.empty_array, "a must be an object (got a userdata)")
    refuses({ "a", "object" }, { k = print }, "a.k is a function, which JSON cannot hold", "a.k")
  end)

  it("scalars and lists for a shared type", function()
    local more = { types = { point = { { "x", "number" } } } }
    assert.equal("p must be an object (got a string)", (refusal({ { "p", "point" } }, { p = "x" }, more)))
    local message, field = refusal({ { "p", "point" } }, { p = { 1, 2 } }, more)
    assert.equal("p must be a table with named fields (got a list, or a table with list items)", message)
    assert.equal("p", field)
    assert.equal("p[2] must be an object (got a number)", (refusal({ { "p", "point[]" } }, { p = { {}, 2 } }, more)))
  end)

  it("functions and cycles for anything", function()
    refuses({ "a", "any" }, print, "a is a function, which JSON cannot hold")
    refuses({ "a", "any" }, { x = { 1, print } }, "a.x[2] is a function, which JSON cannot hold", "a.x[2]")
    refuses({ "a", "array" }, { 1, { y = print } }, "a[2].y is a function, which JSON cannot hold", "a[2].y")
    local loop = {}
    loop.loop = loop
    assert.matches("^a%.", (refusal({ { "a", "any" } }, { a = loop })))
  end)

  it("an input that is no table", function()
    local s = core.shape { path = "/x", fields = {} }
    for _, value in ipairs { "x", 1, true } do
      local target, message, field = s:encode(value)
      assert.is_nil(target)
      assert.equal(("the input must be one table of fields (got a %s)"):format(type(value)), message)
      assert.is_nil(field)
    end
  end)

  it("an input that is a list", function()
    local message, field = refusal({ { "a", "string" } }, { "x" })
    assert.equal("the input must be a table with named fields (got a list, or a table with list items)", message)
    assert.is_nil(field)
    assert.equal("the input must be a table with named fields (one of its keys is a boolean)",
      (refusal({ { "a", "string" } }, { [true] = "x" })))
    assert.equal("the input must be a table with named fields (one of its keys is a number)",
      (refusal({ { "a", "string" } }, { [0.5] = "x" }, { open = true })))
  end)
end)

describe("a shape refuses a value outside its limits:", function()
  local enum = { "home", "personal", "office" }

  it("texts that are not in the enum", function()
    local a = { "a", "string", enum = enum }
    refuses(a, "mobile", 'a must be one of "home", "personal", "office" (got "mobile")')
    refuses(a, "", 'a must be one of "home", "personal", "office" (got "")')
    refuses(a, "Home", 'a must be one of "home", "personal", "office" (got "Home")')
    refuses(a, 1, "a must be a string (got a number; put it in quotes)")
    refuses({ "a", "string", enum = { "chat" } }, "call", 'a must be "chat" (got "call")')
    refuses({ "a", "string[]", enum = enum }, { "home", "x" }, 'a[2] must be one of "home", "personal", "office" (got "x")', "a[2]")
    refuses({ "a", "string", ["in"] = "query", enum = enum }, "x", 'a must be one of "home", "personal", "office" (got "x")')
  end)

  it("but the empty text, where it may be empty", function()
    local s = core.shape { path = "/x", fields = { { "a", "string", enum = enum, allow_empty = true } } }
    assert.equal('{"a":""}', select(2, s:encode { a = "" }))
    assert.equal('{"a":"office"}', select(2, s:encode { a = "office" }))
    refuses({ "a", "string", enum = enum, allow_empty = true }, "x", 'a must be one of "home", "personal", "office" (got "x")')
  end)

  it("numbers below min or above max", function()
    local a = { "a", "integer", min = 1, max = 50 }
    refuses(a, 0, "a must be at least 1 (got 0)")
    refuses(a, 51, "a must be at most 50 (got 51)")
    refuses({ "a", "number", min = 0.5 }, 0.25, "a must be at least 0.5 (got 0.25)")
    refuses({ "a", "integer[]", min = 0 }, { 0, -1 }, "a[2] must be at least 0 (got -1)", "a[2]")
    for _, value in ipairs { 1, 50, 25.0 } do
      assert.is_true(core.shape({ path = "/x", fields = { a } }):check { a = value })
    end
  end)

  it("empty texts and lists, where they must not be", function()
    refuses({ "a", "string", nonempty = true }, "", "a must not be empty")
    refuses({ "a", "string[]", nonempty = true }, {}, "a must not be empty")
    refuses({ "a", "array", nonempty = true }, {}, "a must not be empty")
    assert.matches("^a must be a list", (refusal({ { "a", "array", nonempty = true } }, { a = core.empty_array })))
    assert.is_true(core.shape({ path = "/x", fields = { { "a", "string[]", nonempty = true } } }):check { a = { "" } })
  end)

  it("days that do not exist", function()
    local a = { "a", "string", pattern = "date" }
    local s = core.shape { path = "/x", fields = { a } }
    for _, day in ipairs { "2024-02-29", "2023-12-31", "2000-02-29", "0001-01-01", "9999-12-31", "2023-04-30" } do
      assert.is_true(s:check { a = day })
    end
    for _, day in ipairs {
      "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "2024-01-32", "2024-04-31", "0000-01-01",
      "2024-1-1", "24-01-01", "2024/01/01", "2024-01-01T00:00", " 2024-01-01", "2024-01-0x", "", "tomorrow",
    } do
      refuses(a, day, ("a must be a date that exists, as YYYY-MM-DD (got %q)"):format(day))
    end
  end)

  it("texts that are not UTF-8, wherever they go", function()
    local bad = "ab\255"
    refuses({ "a", "string" }, bad, "a is not valid UTF-8 (at byte 3)")
    refuses({ "a", "string[]" }, { "x", "\237\160\128" }, "a[2] is not valid UTF-8 (at byte 1)", "a[2]")
    refuses({ "a", "string", ["in"] = "query" }, bad, "a is not valid UTF-8 (at byte 3)")
    refuses({ "a", "string", ["in"] = "header" }, bad, "a is not valid UTF-8 (at byte 3)")
    refuses({ "a", "string", nonempty = true }, bad, "a is not valid UTF-8 (at byte 3)")
    assert.equal("a is not valid UTF-8 (at byte 3)",
      (refusal({ { "a", "string", ["in"] = "path" } }, { a = bad }, { path = "/:a" })))
  end)

  it("headers that would end their line", function()
    local a = { "a", "string", ["in"] = "header", header = "Device-Id" }
    for _, value in ipairs { "a\r\nX-Evil: 1", "a\n", "a\0b", "\27[31m", "a\127" } do
      refuses(a, value, "a must not contain line breaks or other control characters: it is sent as a header")
    end
    local s = core.shape { path = "/x", fields = { a } }
    assert.is_true(s:check { a = "till 7\tleft" })
    assert.is_true(s:check { a = null })
    assert.is_true(s:check {})
    refuses(a, 7, "a must be a string (got a number; put it in quotes)")
  end)

  it("parts of the path that would change it", function()
    local function path(value)
      return (refusal({ { "id", "string", ["in"] = "path" } }, { id = value }, { path = "/people/:id" }))
    end
    assert.equal('id must not be ".." (it would change the path)', path(".."))
    assert.equal('id must not be "." (it would change the path)', path("."))
    assert.equal("id is required and must not be empty", path(""))
    assert.equal("id must not contain a NUL byte", path("a\0b"))
    assert.equal("id is required", path(nil))
    assert.equal("id is required (got null)", path(null))
    assert.equal("id must be a string or an integer (got 1.5)", path(1.5))
    assert.equal("id must be a string or an integer (got a table)", path({}))
  end)

  it("NUL bytes in the query", function()
    refuses({ "a", "string", ["in"] = "query" }, "a\0b", "a must not contain a NUL byte")
  end)
end)

describe("a shape refuses a list", function()
  it("that is none", function()
    local a = { "a", "string[]" }
    refuses(a, "x", "a must be a list (got a string)")
    refuses(a, { data = "x" }, 'a must be a list (got a table with the key "data")')
    refuses(a, { "x", z = 1, b = 2 }, 'a must be a list (got a table with the key "b")')
    refuses(a, { [0] = "x" }, "a must be a list (one of its keys is a number other than 1, 2, 3, ...)")
    refuses(a, { "x", [1.5] = "y" }, "a must be a list (one of its keys is a number other than 1, 2, 3, ...)")
    refuses(a, { [true] = "x" }, "a must be a list (one of its keys is a boolean)")
    refuses(a, { ["1"] = "x" }, 'a must be a list (got a table with the key "1")')
    refuses({ "a", "array" }, 1, "a must be a list (got a number)")
    refuses({ "a", "string[]", ["in"] = "query" }, "x", "a must be a list (got a string)")
  end)

  it("with holes", function()
    local a = { "a", "string[]" }
    refuses(a, { "x", nil, "y" }, "a[2] is missing: a list must not have holes", "a[2]")
    refuses(a, { [2] = "x" }, "a[1] is missing: a list must not have holes", "a[1]")
    refuses(a, { "x", [1000000] = "y" }, "a[2] is missing: a list must not have holes", "a[2]")
  end)

  it("for one of its elements", function()
    refuses({ "a", "string[]" }, { "x", {} }, "a[2] must be a string (got a table)", "a[2]")
    refuses({ "a", "string[]" }, { "x", null }, "a[2] must be a string (got null)", "a[2]")
    refuses({ "a", "integer[]" }, { 1, 2, "3" }, "a[3] must be an integer (got a string; write numbers without quotes)", "a[3]")
    refuses({ "a", "flag[]" }, { true, null }, 'a[2] must be true, false, "Y" or "N" (got null)', "a[2]")
    local backwards = {}
    for i = 20, 1, -1 do backwards[i] = i ~= 7 and "x" or 7 end
    refuses({ "a", "string[]" }, backwards, "a[7] must be a string (got a number; put it in quotes)", "a[7]")
  end)
end)

describe("a shape refuses a missing field", function()
  it("that is nil, null or empty", function()
    local a = { "a", "string", required = true }
    refuses(a, nil, "a is required")
    refuses(a, null, "a is required (got null)")
    refuses(a, "", "a is required and must not be empty")
    refuses({ "a", "any", required = true }, "", "a is required and must not be empty")
    refuses({ "a", "string", enum = { "x" }, required = true }, "", "a is required and must not be empty")
    refuses({ "a", "integer", required = true, ["in"] = "query" }, nil, "a is required")
    refuses({ "a", "string", required = true, ["in"] = "header" }, nil, "a is required")
    assert.equal("a is required", (refusal({ a }, nil)))
  end)

  it("but takes an empty one where that is allowed", function()
    local s = core.shape { path = "/x", fields = { { "a", "string", required = true, allow_empty = true } } }
    assert.equal('{"a":""}', select(2, s:encode { a = "" }))
  end)

  it("within shared types, with its path", function()
    local more = { types = { reach = { { "data", "string", required = true } }, person = { { "phones", "reach[]" } } } }
    local message, field = refusal({ { "people", "person[]" } },
      { people = { {}, { phones = { { data = "1" }, {} } } } }, more)
    assert.equal("people[2].phones[2].data is required", message)
    assert.equal("people[2].phones[2].data", field)
  end)

  it("that could not be derived", function()
    local fields = { { "type", "string" }, { "label", "string", required = true, derive = { from = "type", map = { home = "H" } } } }
    assert.equal("label is required", (refusal(fields, { type = "x" })))
  end)
end)

describe("a shape's rules", function()
  local function check(rules, input, fields)
    local s = core.shape { path = "/x", rules = rules, fields = fields or { { "name", "string" }, { "ext_id", "string" },
      { "tags", "string[]" }, { "on", "flag" } } }
    local ok, message, field = s:check(input)
    if ok then return true end
    return message, field
  end

  it("require a field unless another is given", function()
    local rules = { { require = "name", unless = "ext_id", doc = "why" } }
    assert.is_true(check(rules, { name = "x" }))
    assert.is_true(check(rules, { ext_id = "x" }))
    local message, field = check(rules, {})
    assert.equal("name is required when ext_id is not given", message)
    assert.equal("name", field)
    assert.equal(message, (check(rules, { ext_id = null })))
    assert.equal(message, (check(rules, { ext_id = "" })))
    assert.equal(message, (check(rules, { ext_id = "", name = "" })))
    assert.equal(message, (check(rules, { name = null })))
  end)

  it("take an empty list for given: it says that there shall be none", function()
    local rules = { { require = "name", unless = "tags" } }
    assert.is_true(check(rules, { tags = {} }))
    rules = { { require = "tags", when = "ext_id", is = "setTags" } }
    assert.is_true(check(rules, { ext_id = "setTags", tags = {} }))
  end)

  it("require a field when another is given", function()
    local rules = { { require = "name", when = "ext_id" } }
    assert.is_true(check(rules, {}))
    assert.is_true(check(rules, { ext_id = null }))
    assert.is_true(check(rules, { ext_id = "x", name = "n" }))
    assert.equal("name is required when ext_id is given", (check(rules, { ext_id = "x" })))
  end)

  it("require a field when another has a value", function()
    local rules = { { require = "name", when = "ext_id", is = "editName" } }
    assert.is_true(check(rules, {}))
    assert.is_true(check(rules, { ext_id = "other" }))
    assert.is_true(check(rules, { ext_id = "editName", name = "n" }))
    assert.equal('name is required when ext_id is "editName"', (check(rules, { ext_id = "editName" })))
  end)

  it("compare flags, numbers and booleans by what they mean", function()
    local fields = { { "name", "string" }, { "on", "flag" }, { "n", "integer" }, { "b", "boolean" } }
    local rules = { { require = "name", when = "on", is = true } }
    assert.equal("name is required when on is true", (check(rules, { on = "Y" }, fields)))
    assert.equal("name is required when on is true", (check(rules, { on = true }, fields)))
    assert.is_true(check(rules, { on = "N" }, fields))
    rules = { { require = "name", when = "n", is = 0 } }
    assert.equal("name is required when n is 0", (check(rules, { n = 0 }, fields)))
    assert.is_true(check(rules, { n = 1 }, fields))
    rules = { { require = "name", when = "b", is = false } }
    assert.equal("name is required when b is false", (check(rules, { b = false }, fields)))
    assert.is_true(check(rules, {}, fields))
  end)

  it("count constants, defaults and derived values as given", function()
    local fields = { { "name", "string" }, { "action", "string", const = "edit" }, { "type", "string", default = "home" },
      { "label", "string", derive = { from = "kind", map = { k = "K" } } }, { "kind", "string" } }
    assert.equal('name is required when action is "edit"', (check({ { require = "name", when = "action", is = "edit" } }, {}, fields)))
    assert.equal('name is required when type is "home"', (check({ { require = "name", when = "type", is = "home" } }, {}, fields)))
    assert.is_true(check({ { require = "name", when = "type", is = "home" } }, { type = "x" }, fields))
    assert.is_true(check({ { require = "action" } }, {}, fields))
    assert.is_true(check({ { require = "label", when = "kind" } }, { kind = "k" }, fields))
    assert.equal("label is required when kind is given", (check({ { require = "label", when = "kind" } }, { kind = "z" }, fields)))
  end)

  it("require one of several fields", function()
    local rules = { { any_of = { "name", "ext_id" } } }
    assert.is_true(check(rules, { name = "x" }))
    assert.is_true(check(rules, { ext_id = "x" }))
    assert.is_true(check(rules, { name = "x", ext_id = "y" }))
    local message, field = check(rules, { name = "", ext_id = null })
    assert.equal("one of name, ext_id is required", message)
    assert.equal("name", field)
    assert.equal("one of name, tags is required when ext_id is given",
      (check({ { any_of = { "name", "tags" }, when = "ext_id" } }, { ext_id = "x" })))
  end)

  it("can be given in the list of fields", function()
    local s = core.shape { path = "/x", fields = { { "a", "string" }, { "b", "string" }, rules = { { any_of = { "a", "b" } } } } }
    assert.equal("one of a, b is required", (select(2, s:check {})))
  end)

  it("hold within shared types, and say the whole path", function()
    local more = { types = { customer = { { "name", "string" }, { "ext_id", "string" },
      rules = { { require = "name", unless = "ext_id" }, { any_of = { "name", "ext_id" } } } } } }
    local message, field = refusal({ { "customers", "customer[]" } }, { customers = { { name = "x" }, {} } }, more)
    assert.equal("customers[2].name is required when customers[2].ext_id is not given", message)
    assert.equal("customers[2].name", field)
  end)
end)

describe("a shape refuses a name", function()
  local fields = { { "fullName", "string" }, { "jobTitle", "string", alias = { "jobTitlte" } }, { "q", "string", wire = "keyword" },
    { "event", "string", const = "reset" } }

  it("that is no field, with the nearest one", function()
    local message, field = refusal(fields, { fullNme = "x" })
    assert.equal('fullNme is not a field of this operation (did you mean "fullName"?)', message)
    assert.equal("fullNme", field)
    assert.equal('fullname is not a field of this operation (did you mean "fullName"?)', (refusal(fields, { fullname = "x" })))
    assert.equal('jobTitltee is not a field of this operation (did you mean "jobTitle"?)', (refusal(fields, { jobTitltee = "x" })))
    assert.equal('fulNlame is not a field of this operation (did you mean "fullName"?)', (refusal(fields, { fulNlame = "x" })))
  end)

  it("of the wire, with the field that has it", function()
    assert.equal('keyword is not a field of this operation (did you mean "q"?)', (refusal(fields, { keyword = "x" })))
    assert.equal('keyword is not a field of this operation (did you mean "q"?)',
      (refusal(fields, { keyword = "x" }, { open = true })))
  end)

  it("and suggests nothing far off, nor a constant", function()
    assert.equal("address is not a field of this operation", (refusal(fields, { address = "x" })))
    assert.equal("x is not a field of this operation", (refusal(fields, { x = "x" })))
    assert.equal("evnt is not a field of this operation", (refusal(fields, { evnt = "x" })))
    assert.equal("anything is not a field of this operation", (refusal(nil, { anything = 1 })))
  end)

  it("within shared types, with the path", function()
    local more = { types = { reach = { { "data", "string" }, { "type", "string" } } } }
    local message, field = refusal({ { "phones", "reach[]" } }, { phones = { { dta = "x" } } }, more)
    assert.equal('phones[1].dta is not a field of phones[1] (did you mean "data"?)', message)
    assert.equal("phones[1].dta", field)
  end)

  it("the same one each time, when several are unknown", function()
    for _ = 1, 20 do
      assert.equal("aa is not a field of this operation", (refusal(fields, { zz = 1, aa = 2, mm = 3, fullName = "x" })))
    end
  end)

  it("before it misses what was mistyped", function()
    assert.equal('nmae is not a field of this operation (did you mean "name"?)',
      (refusal({ { "name", "string", required = true } }, { nmae = "x" })))
  end)

  it("that cannot be read, showing it safely", function()
    assert.equal('["a b"] is not a field of this operation', (refusal({ { "zzzzz", "string" } }, { ["a b"] = 1 })))
    assert.is_nil((refusal(fields, { ["\27[31m\n"] = 1 }):find("[%c]")))
    assert.equal('the input has the field "", which is not a field of this operation', (refusal(fields, { [""] = 1 })))
    assert.is_true(#refusal(fields, { [("x"):rep(10000)] = 1 }) < 400)
  end)

  it("given in two spellings", function()
    local message, field = refusal(fields, { jobTitle = "a", jobTitlte = "b" })
    assert.equal('jobTitle is given twice, as "jobTitle" and as "jobTitlte": these are two names of one field', message)
    assert.equal("jobTitle", field)
  end)

  it("given in two spellings, one of which another field has on the wire", function()
    assert.matches("^a is given twice", (refusal({ { "b", "string", wire = "a", ["in"] = "query" },
      { "a", "string", alias = { "aa" } } }, { a = "1", aa = "2" })))
  end)

  it("that is not UTF-8, in an open type", function()
    assert.matches("is a name that is not valid UTF%-8$", (refusal(fields, { ["a\255"] = 1 }, { open = true })))
  end)

  it("whose value has no JSON form, in an open type", function()
    local message, field = refusal(fields, { other = { 1, print } }, { open = true })
    assert.equal("other[2] is a function, which JSON cannot hold", message)
    assert.equal("other[2]", field)
  end)
end)

describe("a shape refuses to change a constant", function()
  it("and says what it is", function()
    refuses({ "a", "string", const = "reset" }, "other", 'a is always "reset"; leave it out (got "other")')
    refuses({ "a", "integer", const = 2 }, 3, "a is always 2; leave it out (got 3)")
    refuses({ "a", "flag", const = true }, "N", 'a is always true; leave it out (got "N")')
    refuses({ "a", "string", const = "reset" }, null, 'a is always "reset"; leave it out (got null)')
  end)

  it("but hides a secret one", function()
    refuses({ "a", "string", const = "hush", secret = true }, "other", "a is fixed; leave it out (value hidden)")
  end)
end)

describe("a refusal shows a value", function()
  local a = { "a", "string", enum = { "x" } }

  it("cut to 40 bytes, between characters", function()
    refuses(a, ("y"):rep(41), 'a must be "x" (got "' .. ("y"):rep(40) .. '...")')
    refuses(a, ("y"):rep(40), 'a must be "x" (got "' .. ("y"):rep(40) .. '")')
    refuses(a, ("y"):rep(39) .. "ễ" .. "z", 'a must be "x" (got "' .. ("y"):rep(39) .. '...")')
    refuses(a, ("y"):rep(37) .. "ễ" .. "z", 'a must be "x" (got "' .. ("y"):rep(37) .. 'ễ...")')
  end)

  it("with what a terminal would obey escaped", function()
    refuses(a, "\27[31m\r\n\t\0", [[a must be "x" (got "\x1B[31m\x0D\x0A\x09\x00")]])
    refuses(a, 'say "hi" \\', [[a must be "x" (got "say \"hi\" \\")]])
    refuses(a, "\194\155A", [[a must be "x" (got "\x9BA")]])
    refuses(a, "a\255é", [[a must be "x" (got "a\xFF\xC3\xA9")]])
    refuses(a, "é", 'a must be "x" (got "é")')
  end)

  it("never of a secret field, or of anything within it", function()
    local secret = "s3cr3t"
    local types = { login = { { "kind", "string", enum = { "a" } }, { "n", "integer", min = 1 } } }
    local cases = {
      { { "a", "string", enum = { "x" }, secret = true }, secret },
      { { "a", "string", pattern = "date", secret = true }, secret },
      { { "a", "integer", min = 1, secret = true }, -31337 },
      { { "a", "integer", secret = true }, secret },
      { { "a", "string", secret = true }, 31337 },
      { { "a", "string", secret = true, ["in"] = "header" }, secret .. "\n" },
      { { "a", "string", secret = true }, secret .. "\255" },
      { { "a", "json", secret = true }, "{" .. secret },
      { { "a", "string[]", secret = true, enum = { "x" } }, { secret } },
      { { "a", "login", secret = true }, { kind = secret } },
      { { "a", "login[]", secret = true }, { { n = -31337 } } },
    }
    for _, case in ipairs(cases) do
      local message = refusal({ case[1] }, { a = case[2] }, { types = types })
      assert.is_nil(message:find(secret, 1, true), message)
      assert.is_nil(message:find("31337", 1, true), message)
    end
    refuses({ "a", "string", enum = { "x" }, secret = true }, secret, 'a must be "x" (value hidden)')
  end)

  it("of the field after a secret one", function()
    assert.equal('b must be "x" (got "shown")', (refusal({ { "a", "string", secret = true }, { "b", "string", enum = { "x" } } },
      { a = "hidden", b = "shown" })))
  end)
end)

describe("a shape refuses a table", function()
  it("that contains itself, or goes too deep", function()
    local more = { types = { tree = { { "branches", "tree[]" } } } }
    local loop = { branches = {} }
    loop.branches[1] = loop
    local message = refusal({ { "root", "tree" } }, { root = loop }, more)
    assert.matches("^root%.branches%[1%]%..* is nested too deeply %(does it contain itself%?%)$", message)
  end)

  it("that contains itself within anything", function()
    local loop = {}
    loop[1] = loop
    assert.is_nil((core.shape({ path = "/x", fields = { { "a", "array" } } }):check { a = loop }))
  end)
end)

-- Descriptions that are not right are refused when the shape is made.
local descriptions = require "frontdesk.description"
local core = require "frontdesk.core"

local function refuses(description, message)
  assert.has_error(function() core.shape(description) end, "bad shape description: " .. message)
end

-- A bad field `a`.
local function refuses_field(field, message, more)
  local description = { path = "/x", fields = { field } }
  for key, value in pairs(more or {}) do description[key] = value end
  refuses(description, 'field "a": ' .. message)
end

describe("core.shape refuses", function()
  it("what is no table", function()
    assert.has_error(function() core.shape("x") end)
    assert.has_error(function() core.shape() end)
  end)

  it("a description with unknown keys", function()
    refuses({ path = "/x", feilds = {} }, 'unknown key "feilds" (did you mean "fields"?)')
    refuses({ path = "/x", nonsense = {} }, 'unknown key "nonsense"')
    refuses({ path = "/x", {} }, "too many items: there is one at [1]")
    refuses({ path = "/x", [true] = 1 }, "a key is a boolean")
  end)

  it("a description whose keys have the wrong types", function()
    refuses({ fields = {} }, "path is missing")
    refuses({ path = 1 }, "path must be a string, it is a number")
    refuses({ path = "/x", body = "xml" }, 'body must be "json" or "none"')
    refuses({ path = "/x", fields = 1 }, "fields must be a list of fields or a type's name")
    refuses({ path = "/x", fields = "point" }, "fields names a type that is not among the types")
    refuses({ path = "/x", fields = "point", types = {} }, "fields names a type that is not among the types")
    refuses({ path = "/x", types = 1 }, "types must be a table, it is a number")
    refuses({ path = "/x", open = 1 }, "open must be a boolean, it is a number")
    refuses({ path = "/x", rules = "x" }, "rules must be a table, it is a string")
  end)

  it("fields that are none", function()
    refuses({ path = "/x", fields = { "a" } }, "[1] must be a field, a table")
    refuses({ path = "/x", fields = { {} } }, "a field's name (its first item) must be a string")
    refuses({ path = "/x", fields = { { "" } } }, "a field's name (its first item) must be a string")
    refuses({ path = "/x", fields = { { 1, "string" } } }, "a field's name (its first item) must be a string")
    refuses_field({ "a" }, "its type (the second item) must be a string")
    refuses_field({ "a", "string", "third" }, "too many items: there is one at [3]")
    local many = {}
    for i = 1, 201 do many[i] = { "f" .. i, "string" } end
    refuses({ path = "/x", fields = many }, "more than 200 fields")
  end)

  it("unknown types", function()
    refuses_field({ "a", "strng" }, 'unknown type "strng" (did you mean "string"?)')
    refuses_field({ "a", "phone[]" }, 'unknown type "phone"', { types = { email = {} } })
    refuses_field({ "a", "string[][]" }, "lists of lists (string[][]) are not supported; use array")
    refuses_field({ "a", "array[]" }, "lists of lists (array[]) are not supported")
  end)

  it("unknown options, naming the type they are in", function()
    refuses_field({ "a", "string", requird = true }, 'unknown key "requird" (did you mean "required"?)')
    refuses({ path = "/x", fields = { { "p", "point" } }, types = { point = { { "x", "number", mn = 1 } } } },
      'field "x" of type "point": unknown key "mn" (did you mean "min"?)')
    refuses({ path = "/x", fields = { { "p", "point" } }, types = { point = { { "x", "number" }, opn = true } } },
      'type "point": unknown key "opn" (did you mean "open"?)')
  end)

  it("options of the wrong type", function()
    refuses_field({ "a", "string", required = 1 }, "required must be a boolean, it is a number")
    refuses_field({ "a", "string", enum = "x" }, "enum must be a table, it is a string")
    refuses_field({ "a", "string", doc = 1 }, "doc must be a string, it is a number")
    refuses_field({ "a", "integer", min = "1" }, "min must be a number, it is a string")
    refuses_field({ "a", "string", alias = "x" }, "alias must be a table, it is a string")
    refuses_field({ "a", "string", alias = { 1 } }, "alias must be a list of names")
    refuses_field({ "a", "string", wire = "" }, "wire is empty")
  end)

  it("options that the type has no use for", function()
    refuses_field({ "a", "integer", enum = { "x" } }, "enum is for strings only")
    refuses_field({ "a", "string", enum = {} }, "enum is empty or too long")
    refuses_field({ "a", "string", enum = { 1 } }, "enum must be a list of strings")
    refuses_field({ "a", "string", min = 1 }, "min and max are for numbers only")
    refuses_field({ "a", "integer", min = 2, max = 1 }, "min is greater than max")
    refuses_field({ "a", "integer", nonempty = true }, "nonempty is for strings and lists only")
    refuses_field({ "a", "integer", allow_empty = true }, "allow_empty is for strings only")
    refuses_field({ "a", "string", omit_false = true }, "omit_false is for flags and booleans only")
    refuses_field({ "a", "string", pattern = "time" }, 'pattern must be "date", on a string')
    refuses_field({ "a", "integer", pattern = "date" }, 'pattern must be "date", on a string')
    refuses_field({ "a", "string", list = true }, 'list is for json fields only (use "TYPE[]" for others)')
    local contradiction = "allow_empty contradicts nonempty, and no part of the path can be empty"
    refuses_field({ "a", "string", allow_empty = true, nonempty = true }, contradiction)
    refuses_field({ "a", "string", allow_empty = true, ["in"] = "path" }, contradiction, { path = "/:a" })
  end)

  it("places that do not fit", function()
    refuses_field({ "a", "string", ["in"] = "cookie" },
      'in = "cookie" must be "path", "query" or "header" (leave it out for the body)')
    refuses_field({ "a", "boolean", ["in"] = "path" }, "a field in the path must be a string or an integer")
    refuses_field({ "a", "string[]", ["in"] = "path" }, "a field in the path must be a string or an integer")
    refuses_field({ "a", "integer", ["in"] = "header" }, "a field in a header must be a string")
    refuses_field({ "a", "object", ["in"] = "query" }, "a field in the query must be a scalar or a list of scalars")
    refuses_field({ "a", "any", ["in"] = "query" }, "a field in the query must be a scalar or a list of scalars")
    refuses_field({ "a", "string", header = "X-A" }, 'header needs in = "header"')
    refuses_field({ "a", "string", ["in"] = "header", wire = "b" }, "wire is for the body and the query only")
    refuses_field({ "a", "string", ["in"] = "header", alias = { "b" } },
      "alias is not for headers, which the caller reads by the field's name")
    refuses_field({ "a", "string" }, 'there is no body; say in = "path", "query" or "header"', { body = "none" })
    refuses({ path = "/x", body = "none", open = true }, "open needs a body to put unknown fields into")
  end)

  it("places within shared types", function()
    refuses({ path = "/x", fields = { { "p", "point" } }, types = { point = { { "x", "number", ["in"] = "query" } } } },
      'type "point": only the operation\'s own fields can be in the path, the query or a header')
  end)

  it("constants, defaults and derived values that do not fit", function()
    refuses_field({ "a", "string", const = 1 }, "const: a must be a string (got a number; put it in quotes)")
    refuses_field({ "a", "string", enum = { "x" }, default = "y" }, 'default: a must be "x" (got "y")')
    refuses_field({ "a", "string[]", default = { 1 } }, "default: a[1] must be a string (got a number; put it in quotes)")
    refuses_field({ "a", "integer", default = 0, min = 1 }, "default: a must be at least 1 (got 0)")
    refuses_field({ "a", "string", default = "x", const = "x" }, "only one of const, default and derive is possible")
    refuses_field({ "a", "string", ["in"] = "header", default = "x" },
      "const, default and derive are not for headers, which the caller sends")
    refuses_field({ "a", "string", ["in"] = "path", default = ".." },
      'default: a must not be ".." (it would change the path)', { path = "/:a" })
    refuses_field({ "a", "any", const = {} }, "a value to compare with must be a string, a number or a boolean, it is a table")
    refuses_field({ "a", "string", derive = {} }, "derive.from must name a field")
    refuses_field({ "a", "string", derive = { from = "b" } }, 'derive.from names "b", which is no field')
    refuses_field({ "a", "string", derive = { from = "a", map = { x = "y" } } },
      "derive makes a scalar from another field, a string")
    refuses_field({ "a", "array", derive = { from = "b", map = { x = {} } } },
      'derive.from names "b", which is no field')
    refuses({ path = "/x", fields = { { "a", "array", derive = { from = "b", map = { x = {} } } }, { "b", "string" } } },
      'field "a": derive makes a scalar from another field, a string')
    refuses({ path = "/x", fields = { { "t", "tree" } }, types = { tree = { { "branches", "tree[]", default = { {} } } } } },
      'field "branches" of type "tree": default: branches[1] is of a type that contains itself')
    local function derive(map)
      return { path = "/x", fields = { { "a", "string", derive = { from = "b", map = map } }, { "b", "string" } } }
    end
    refuses(derive(nil), 'field "a": derive needs a map')
    refuses(derive {}, 'field "a": derive.map is empty or too long')
    refuses(derive { "x" }, 'field "a": the keys of derive.map must be strings')
    refuses(derive { x = 1 }, 'field "a": derive: a must be a string (got a number; put it in quotes)')
  end)

  it("names that are used twice", function()
    refuses({ path = "/x", fields = { { "a", "string" }, { "a", "string" } } },
      'field "a": the field "a" has the same name on the wire')
    refuses({ path = "/x", fields = { { "a", "string" }, { "b", "string", alias = { "a" } } } },
      'field "b": the name "a" is used twice')
    refuses({ path = "/x", fields = { { "a", "string" }, { "b", "string", wire = "a" } } },
      'field "b": the field "a" has the same name on the wire')
    refuses({ path = "/:a", fields = { { "a", "string", ["in"] = "path" }, { "a", "string" } } },
      'field "a": the name "a" is used twice')
    assert.is_userdata(core.shape { path = "/x", fields = { { "a", "string" }, { "b", "string", wire = "a", ["in"] = "query" } } })
  end)

  it("names with NUL bytes, and names that are not UTF-8", function()
    refuses({ path = "/x", fields = { { "a\0b", "string" } } }, 'field "a": its name holds a NUL byte')
    refuses_field({ "a", "string", wire = "b\0" }, "its name on the wire holds a NUL byte")
    refuses({ path = "/x", fields = { { "a\255", "string" } } }, 'field "a\255": its name is not UTF-8')
  end)

  it("paths and fields that do not match", function()
    local id = { "id", "string", ["in"] = "path" }
    refuses({ path = "/people/:id" }, 'the path names "id", which is no field')
    refuses({ path = "/people", fields = { id } }, 'the field "id" is in the path, but the path "/people" has no :id')
    refuses({ path = "/people/:id", fields = { { "id", "string" } } },
      'the path names "id", which is not in the path (say in = "path")')
    refuses({ path = "/people/:" }, 'the path names "", which is no field')
    for _, path in ipairs { "/a b", "/a?b=1", "/a#b", "/a\n", "/é" } do
      refuses({ path = path }, ('the path "%s" holds a character that a path cannot hold'):format(path))
    end
  end)

  it("rules that are none", function()
    local fields = { { "a", "string" }, { "b", "string" } }
    local function rule(bad, message) refuses({ path = "/x", fields = fields, rules = { bad } }, message) end
    rule("x", "rules must be a list of tables")
    rule({ requires = "a" }, "a rule has an unknown key; it may have require, any_of, unless, when, is and doc")
    rule({}, "a rule needs either require or any_of")
    rule({ require = "a", any_of = { "a" } }, "a rule needs either require or any_of")
    rule({ any_of = {} }, "a rule needs either require or any_of")
    rule({ require = "c" }, 'require names "c", which is no field')
    rule({ any_of = { "a", "c" } }, 'any_of names "c", which is no field')
    rule({ require = "a", unless = "c" }, 'unless names "c", which is no field')
    rule({ require = "a", when = "c" }, 'when names "c", which is no field')
    rule({ require = "a", is = "x" }, "a rule may have unless, or when, or when with is")
    rule({ require = "a", unless = "b", when = "b" }, "a rule may have unless, or when, or when with is")
    rule({ require = "a", when = "b", is = {} },
      "a value to compare with must be a string, a number or a boolean, it is a table")
    refuses({ path = "/x", fields = { { "a", "string" }, rules = { { require = "a" } } }, rules = { { require = "a" } } },
      "rules are given twice: in fields and beside them")
  end)

  it("many bad descriptions without losing memory", function()
    for _ = 1, 200 do
      pcall(core.shape, { path = "/x", fields = { { "a", "string", enum = { "x", "y" } }, { "b", "nothing" } } })
    end
    collectgarbage()
    assert.is_userdata(core.shape { path = "/x" })
  end)
end)

describe("the shipped services", function()
  for _, name in ipairs(require "frontdesk.catalogue") do
    it("compile: " .. name, function()
      local service = descriptions.load(name)
      for _, operation in pairs(service.operations) do
        local none = operation.method == "GET" or operation.method == "DELETE"
        assert.is_userdata(core.shape {
          path = descriptions.path(service, operation), fields = operation.input, types = service.types,
          body = operation.body or (none and "none" or "json"),
        })
      end
    end)
  end
end)

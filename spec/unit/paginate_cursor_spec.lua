local errors = require "frontdesk.errors"
local paginate = require "frontdesk.paginate"
local seen = require "frontdesk.paginate.seen"

local paging = { style = "cursor", cursor = "paging.after", next = "paging.next", items = "logs" }

-- A call that answers by cursor ("" for the first page) and remembers what it was asked with.
local function listing(pages)
  local asked = {}
  return function(fields)
    asked[#asked + 1] = fields
    local after = fields.paging and fields.paging.after or ""
    local page = pages[after]
    if type(page) == "string" then
      return nil, errors.new { kind = "unavailable", message = page }
    end
    return page
  end, asked
end

local function chain()
  return {
    [""] = { logs = { 1, 2 }, paging = { next = "a" } },
    a = { logs = { 3 }, paging = { next = "b", prev = "" } },
    b = { logs = { 4 }, paging = { next = "", prev = "a" } },
  }
end

local function collect(iterator)
  local list = {}
  for item, err in iterator do
    if not item then
      return list, err
    end
    list[#list + 1] = item
  end
  return list
end

describe("paging by cursor", function()
  it("passes on what the answer gave, and leaves the caller's tables alone", function()
    local call, asked = listing(chain())
    local input = { filter = { user_id = "7" }, paging = { limit = 100 } }
    assert.same({ 1, 2, 3, 4 }, (collect(paginate.each(paging, call, input))))
    assert.same({ filter = { user_id = "7" }, paging = { limit = 100 } }, input)
    assert.same({
      { filter = { user_id = "7" }, paging = { limit = 100 } },
      { filter = { user_id = "7" }, paging = { limit = 100, after = "a" } },
      { filter = { user_id = "7" }, paging = { limit = 100, after = "b" } },
    }, asked)
  end)

  it("ends where there is no cursor, no paging, or an empty one", function()
    for _, last in ipairs { {}, { paging = {} }, { paging = { next = "" } }, { paging = { next = require("frontdesk").null } } } do
      last.logs = { 1 }
      assert.same({ 1 }, (collect(paginate.each(paging, function() return last end))))
    end
  end)

  it("needs no input", function()
    local call, asked = listing(chain())
    collect(paginate.each(paging, call))
    assert.same({ {}, { paging = { after = "a" } }, { paging = { after = "b" } } }, asked)
  end)

  it("goes on past an empty page", function()
    local pages = chain()
    pages.a.logs = {}
    assert.same({ 1, 2, 4 }, (collect(paginate.each(paging, (listing(pages))))))
  end)

  it("gives up a list that goes on and on without items", function()
    local calls = 0
    local items, err = collect(paginate.each(paging, function()
      calls = calls + 1
      return { logs = {}, paging = { next = "c" .. calls } }
    end))
    assert.same({}, items)
    assert.equal("protocol", err.kind)
    assert.equal(100, calls)
  end)

  it("ends with an error that names a cursor seen before, after the items that were good", function()
    local pages = chain()
    pages.b.paging.next = "a"
    local call, asked = listing(pages)
    local list = paginate.each(paging, call)
    local items, err = collect(list)
    assert.same({ 1, 2, 3, 4 }, items)
    assert.equal("protocol", err.kind)
    assert.matches('leads in a circle: the cursor "a" was given before', err.message, 1, true)
    assert.equal(3, #asked)
    assert.is_nil(list())
  end)

  it("sees that a cursor leads to itself, to where the input began, or to where it was resumed", function()
    for _, case in ipairs {
      { nil, nil, { [""] = { logs = { 1 }, paging = { next = "x" } }, x = { logs = { 2 }, paging = { next = "x" } } } },
      { { paging = { after = "x" } }, nil, { x = { logs = { 1 }, paging = { next = "x" } } } },
      { nil, "x", { x = { logs = { 1 }, paging = { next = "x" } } } },
    } do
      local _, err = collect(paginate.each(paging, (listing(case[3])), case[1], { resume = case[2] }))
      assert.equal("protocol", err.kind)
      assert.matches('"x"', err.message, 1, true)
    end
  end)

  it("cuts a long cursor in the error", function()
    local long = ("z"):rep(5000)
    local _, err = collect(paginate.each(paging, function() return { logs = { 1 }, paging = { next = long } } end))
    assert.matches('"' .. ("z"):rep(60) .. '..."', err.message, 1, true)
  end)

  it("refuses a cursor that is none", function()
    local items, err = collect(paginate.each(paging, function() return { logs = { 1 }, paging = { next = { "a" } } } end))
    assert.same({ 1 }, items)
    assert.equal("protocol", err.kind)
    assert.matches("paging.next", err.message, 1, true)
  end)

  it("is resumed at a cursor, or in the middle of a page", function()
    assert.same({ 3, 4 }, (collect(paginate.each(paging, (listing(chain())), nil, { resume = "a" }))))
    local list = paginate.each(paging, (listing(chain())))
    assert.equal("", list:point())
    list()
    assert.equal(" +1", list:point())
    assert.same({ 2, 3, 4 }, (collect(paginate.each(paging, (listing(chain())), nil, { resume = list:point() }))))
    list()
    assert.equal("a", list:point())
    collect(list)
    assert.is_false(list:point())
  end)

  it("takes back every point of a list with strange cursors", function()
    local pages = {
      [""] = { logs = { 1, 2 }, paging = { next = "eyJ+12" } },
      ["eyJ+12"] = { logs = { 3, 4 }, paging = { next = "5 6=" } },
      ["5 6="] = { logs = { 5, 6 } },
    }
    for given = 0, 6 do
      local list = paginate.each(paging, (listing(pages)))
      for _ = 1, given do
        list()
      end
      local rest = (collect(paginate.each(paging, (listing(pages)), nil, { resume = list:point() })))
      assert.equal(6 - given, #rest)
      assert.equal(rest[1], given < 6 and given + 1 or nil)
    end
  end)

  it("is resumed at the page that failed", function()
    local pages = chain()
    local good = pages.b
    pages.b = "the service is down"
    local list = paginate.each(paging, (listing(pages)))
    local items, err = collect(list)
    assert.same({ 1, 2, 3 }, items)
    assert.is_true(err.retryable)
    pages.b = good
    assert.same({ 4 }, (collect(paginate.each(paging, (listing(pages)), nil, { resume = list:point() }))))
  end)

  it("comes no further by resuming behind the last good item of a circle", function()
    local pages = chain()
    pages.b.paging.next = "b"
    local list = paginate.each(paging, (listing(pages)))
    collect(list)
    assert.equal("b +1", list:point())
    local items, err = collect(paginate.each(paging, (listing(pages)), nil, { resume = list:point() }))
    assert.same({}, items)
    assert.equal("protocol", err.kind)
  end)

  it("refuses a point that is no cursor", function()
    local item, err = paginate.each(paging, (listing(chain())), nil, { resume = {} })()
    assert.is_false(item)
    assert.equal("invalid_input", err.kind)
  end)
end)

describe("what was seen", function()
  it("is known at once in a short circle", function()
    for length = 1, 256 do
      local known = seen.new()
      for i = 1, length do
        assert.is_false(known(i))
      end
      assert.is_true(known(1 + length % 7 % length))
    end
  end)

  it("is noticed in every longer circle before its third turn, wherever it begins", function()
    for _, case in ipairs { { 0, 257 }, { 0, 300 }, { 1000, 257 }, { 37, 5000 }, { 3000, 4097 }, { 0, 20000 } } do
      local before, length = case[1], case[2]
      local known, steps = seen.new(), 0
      for i = 1, before do
        assert.is_false(known("before " .. i))
      end
      repeat
        steps = steps + 1
      until known("circle " .. steps % length) or steps > 3 * (before + length)
      assert.is_true(steps <= math.max(3 * length, 2 * before + length), before .. ", " .. length .. ": " .. steps)
    end
  end)

  it("takes a bounded place", function()
    local known = seen.new()
    for i = 1, 1000 do
      known("cursor " .. i)
    end
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1001, 100000 do
      known("cursor " .. i)
    end
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 32)
  end)
end)

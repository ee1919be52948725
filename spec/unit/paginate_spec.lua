local errors = require "frontdesk.errors"
local paginate = require "frontdesk.paginate"

local paging = { style = "page", page = "page", size = "size", items = "items", more = "has_next" }

-- A call that answers from a list of pages and remembers which were asked for.
local function listing(pages)
  local asked = {}
  return function(fields)
    asked[#asked + 1] = fields.page
    local page = pages[fields.page]
    if type(page) == "string" then
      return nil, errors.new { kind = "unavailable", message = page }
    end
    return page
  end, asked
end

local function collect(iterator)
  local list = {}
  for item, err in iterator do
    list[#list + 1] = item or err
  end
  return list
end

describe("paging by number", function()
  it("gives every item of every page", function()
    local call, asked = listing { { items = { 1, 2 }, has_next = true }, { items = { 3 }, has_next = false } }
    assert.same({ 1, 2, 3 }, collect(paginate.each(paging, call, { size = 2 })))
    assert.same({ 1, 2 }, asked)
  end)

  it("stops at an empty page even when the service promises more", function()
    local call, asked = listing { { items = { 1 }, has_next = true }, { items = {}, has_next = true } }
    assert.same({ 1 }, collect(paginate.each(paging, call)))
    assert.same({ 1, 2 }, asked)
  end)

  it("starts where it is told to and leaves the caller's table alone", function()
    local call = listing { "never", { items = { 7 }, has_next = false } }
    local input = { page = 2 }
    assert.same({ 7 }, collect(paginate.each(paging, call, input)))
    assert.same({ page = 2 }, input)
  end)

  it("ends with false and the error when a page cannot be read", function()
    local call = listing { { items = { 1 }, has_next = true }, "the service is down" }
    local next_item = paginate.each(paging, call)
    assert.equal(1, next_item())
    local item, err = next_item()
    assert.is_false(item)
    assert.equal("unavailable", err.kind)
    assert.is_nil(next_item())
  end)

  it("refuses an answer that holds no list", function()
    local call = listing { { has_next = true } }
    local page, err = paginate.pages(paging, call)()
    assert.is_false(page)
    assert.equal("protocol", err.kind)
  end)

  it("asks for a page only when it is wanted", function()
    local call, asked = listing { { items = { 1 }, has_next = true }, { items = { 2 }, has_next = false } }
    local next_page = paginate.pages(paging, call)
    assert.same({}, asked)
    assert.same({ 1 }, next_page().items)
    assert.same({ 1 }, asked)
  end)
end)

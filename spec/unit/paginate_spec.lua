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

describe("paging by number", function()
  local numbered = { style = "page", page = "page", items = "items", more = "has_next", number = "page_number" }

  it("ends with an error when the service gives a page again", function()
    local call, asked = listing {
      { items = { 1 }, has_next = true, page_number = 1 },
      { items = { 1 }, has_next = true, page_number = 1 },
    }
    local next_item = paginate.each(numbered, call)
    assert.equal(1, next_item())
    local item, err = next_item()
    assert.is_false(item)
    assert.equal("protocol", err.kind)
    assert.matches("asked for page 2, the service gave page 1 again", err.message, 1, true)
    assert.is_nil(next_item())
    assert.same({ 1, 2 }, asked)
  end)

  it("minds no page number that counts from elsewhere or is no number", function()
    local call = listing {
      { items = { 1 }, has_next = true, page_number = 0 },
      { items = { 2 }, has_next = true, page_number = 1 },
      { items = { 3 }, has_next = true, page_number = "1" },
      { items = { 4 }, has_next = false, page_number = 1.5 },
    }
    assert.same({ 1, 2, 3, 4 }, collect(paginate.each(numbered, call)))
  end)

  it("refuses an object in the place of the list", function()
    local page, err = paginate.pages(paging, (listing { { items = { a = 1 }, has_next = false } }))()
    assert.is_false(page)
    assert.equal("protocol", err.kind)
    assert.matches("is not a list", err.message, 1, true)
  end)
end)

-- Pages of two items: page n has 2n - 1 and 2n.
local function pairs_of(count)
  local pages = {}
  for i = 1, count do
    pages[i] = { items = { 2 * i - 1, 2 * i }, has_next = i < count }
  end
  return pages
end

local function take(iterator, count)
  local list = {}
  for i = 1, count do
    list[i] = iterator()
  end
  return list
end

describe("a list with max_items", function()
  it("ends after so many items, and asks for no page behind them", function()
    local call, asked = listing(pairs_of(5))
    assert.same({ 1, 2, 3 }, collect(paginate.each(paging, call, nil, { max_items = 3 })))
    assert.same({ 1, 2 }, asked)
    call, asked = listing(pairs_of(5))
    assert.same({ 1, 2, 3, 4 }, collect(paginate.each(paging, call, nil, { max_items = 4 })))
    assert.same({ 1, 2 }, asked)
  end)

  it("of pages ends after the page that reaches them", function()
    local call = listing(pairs_of(5))
    assert.equal(2, #collect(paginate.pages(paging, call, nil, { max_items = 3 })))
  end)

  it("can be gone on with where it ended", function()
    local got = {}
    local point
    repeat
      local list = paginate.each(paging, (listing(pairs_of(4))), nil, { max_items = 3, resume = point })
      for item in list do
        got[#got + 1] = item
      end
      point = list:point()
    until point == false
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8 }, got)
  end)
end)

describe("the point of a list", function()
  it("is the page that comes next, between pages", function()
    local list = paginate.each(paging, (listing(pairs_of(3))))
    assert.equal(1, list:point())
    take(list, 2)
    assert.equal(2, list:point())
    local pages = paginate.pages(paging, (listing(pairs_of(3))))
    pages()
    assert.equal(2, pages:point())
  end)

  it("leaves out what was given, in the middle of a page", function()
    local list = paginate.each(paging, (listing(pairs_of(3))))
    take(list, 3)
    local point = list:point()
    assert.equal("2 +1", point)
    local call, asked = listing(pairs_of(3))
    local rest = paginate.each(paging, call, nil, { resume = point })
    assert.equal(point, rest:point())
    assert.same({ 4, 5, 6 }, collect(rest))
    assert.same({ 2, 3 }, asked)
  end)

  it("may come back from a file as a text", function()
    assert.same({ 5, 6 }, collect(paginate.each(paging, (listing(pairs_of(3))), nil, { resume = "3" })))
  end)

  it("is false at the end, and nothing comes behind that", function()
    local list = paginate.each(paging, (listing(pairs_of(1))))
    collect(list)
    assert.is_false(list:point())
    local call, asked = listing(pairs_of(1))
    local rest = paginate.each(paging, call, nil, { resume = false })
    assert.is_nil(rest())
    assert.is_false(rest:point())
    assert.same({}, asked)
  end)

  it("is the page that failed, after a failure", function()
    local pages = pairs_of(3)
    local good = pages[2]
    pages[2] = "the service is down"
    local call = listing(pages)
    local list = paginate.each(paging, call)
    take(list, 2)
    assert.is_false((list()))
    assert.is_nil(list())
    assert.equal(2, list:point())
    pages[2] = good
    assert.same({ 3, 4, 5, 6 }, collect(paginate.each(paging, call, nil, { resume = list:point() })))
  end)

  it("is refused when it is none of such a list", function()
    for _, point in ipairs { "abc", 0, -1, 1.5, "1 +x", {}, true, 1 / 0 } do
      local call, asked = listing(pairs_of(1))
      local list = paginate.each(paging, call, nil, { resume = point })
      local item, err = list()
      assert.is_false(item)
      assert.equal("invalid_input", err.kind)
      assert.matches("resume", err.message)
      assert.is_nil(list())
      assert.same({}, asked)
    end
  end)

  it("behind the end of a page that has shrunk goes on with the next page", function()
    assert.same({ 5, 6 }, collect(paginate.each(paging, (listing(pairs_of(3))), nil, { resume = "2 +7" })))
  end)
end)

-- Tasks that run when they are waited for, or when the spec says so.
local function tasks()
  local started = {}
  return function(fn)
    local task = {}
    function task.run()
      task.results = task.results or { fn() }
    end
    function task.wait()
      task.run()
      return (table.unpack or unpack)(task.results, 1, 3)
    end
    function task.cancel()
      task.cancelled = true
    end
    started[#started + 1] = task
    return task
  end, started
end

describe("prefetch", function()
  it("asks for the next page while the current one is used", function()
    local call, asked = listing(pairs_of(3))
    local spawn, started = tasks()
    local list = paginate.each(paging, call, nil, { spawn = spawn })
    assert.equal(1, list())
    assert.equal(1, #started)
    started[1].run()
    assert.same({ 1, 2 }, asked)
    assert.same({ 2, 3, 4, 5, 6 }, collect(list))
    assert.same({ 1, 2, 3 }, asked)
    assert.equal(2, #started)
  end)

  it("is left when it is not wanted, not possible, or of no use", function()
    local spawn, started = tasks()
    collect(paginate.each(paging, (listing(pairs_of(3))), nil, { spawn = spawn, prefetch = false }))
    assert.equal(0, #started)
    collect(paginate.each(paging, (listing(pairs_of(3))), nil, { spawn = spawn, max_items = 2 }))
    assert.equal(0, #started)
    assert.same({ 1, 2, 3, 4 }, collect(paginate.each(paging, (listing(pairs_of(2))), nil, { spawn = function() end })))
  end)

  it("tells of a failure only where the page is reached", function()
    local pages = pairs_of(3)
    pages[2] = "the service is down"
    local call = listing(pages)
    local spawn, started = tasks()
    local list = paginate.each(paging, call, nil, { spawn = spawn })
    assert.equal(1, list())
    started[1].run()
    assert.equal(2, list())
    assert.equal(2, list:point())
    local item, err = list()
    assert.is_false(item)
    assert.equal("unavailable", err.kind)
    assert.equal(2, list:point())
  end)

  it("is cancelled when the list is closed, and harmless when it is dropped", function()
    local spawn, started = tasks()
    local list = paginate.each(paging, (listing(pairs_of(3))), nil, { spawn = spawn })
    list()
    list:close()
    assert.is_true(started[1].cancelled)
    assert.is_nil(list())
    list = paginate.each(paging, (listing(pairs_of(3))), nil, { spawn = spawn })
    list()
    list = nil -- luacheck: ignore 311
    collectgarbage()
    started[2].run()
    assert.equal(2, #started)
  end)

  it("raises what the call raised", function()
    local function call(fields)
      if fields.page == 2 then
        error("a bug", 0)
      end
      return { items = { 1 }, has_next = true }
    end
    local list = paginate.each(paging, call, nil, { spawn = function(fn)
      local ok, err = pcall(fn)
      return { wait = function() return ok or nil, err end }
    end })
    list()
    assert.has_error(list, "a bug")
    assert.is_nil(list())
  end)
end)

describe("a list", function()
  it("uses no more memory for ten thousand pages than for a hundred", function()
    local styles = {
      page = { paging, function(fields)
        return { items = { fields.page, {} }, has_next = fields.page < 10000 }
      end },
      cursor = { { style = "cursor", cursor = "after", next = "next", items = "items" }, function(fields)
        local number = tonumber((fields.after or "cursor 1"):match "%d+")
        return { items = { number, {} }, next = number < 10000 and "cursor " .. number + 1 or nil }
      end },
      hal = { { style = "hal", items = "items" }, function(_, target)
        local number = tonumber(target and target:match "%d+$" or 1)
        local href = number < 10000 and ("/things?page=%d"):format(number + 1) or nil
        local document = { items = { number, {} }, _links = { next = { href = href } } }
        return document.items, nil, { document = document }
      end, { base = "https://acme.example", target = function() return "/things" end } },
    }
    for name, style in pairs(styles) do
      local list = paginate.each(style[1], style[2], nil, style[3])
      local function used()
        collectgarbage()
        collectgarbage()
        return collectgarbage "count"
      end
      take(list, 200)
      local before = used()
      local count = 200
      for item in list do
        assert(item)
        count = count + 1
      end
      assert.equal(20000, count, name)
      local grown = used() - before
      assert.is_true(grown < 64, ("%s: %g KiB more"):format(name, grown))
    end
  end)

  it("is a callable with a name, and can be closed by its scope", function()
    local list = paginate.each(paging, (listing(pairs_of(1))))
    assert.equal("frontdesk.items: open", tostring(list))
    assert.equal("frontdesk.items", getmetatable(list).__name)
    local pages = paginate.pages(paging, (listing(pairs_of(1))))
    collect(pages)
    assert.equal("frontdesk.pages: ended", tostring(pages))
    getmetatable(list).__close(list)
    assert.is_nil(list())
  end)

  it("names the operation at fault when it is told how to make errors", function()
    local made
    local list = paginate.each(paging, (listing { {} }), nil, { fail = function(fields)
      made = fields
      return nil, "the error"
    end })
    local item, err = list()
    assert.is_false(item)
    assert.equal("the error", err)
    assert.equal("protocol", made.kind)
  end)
end)

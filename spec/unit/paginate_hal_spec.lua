local paginate = require "frontdesk.paginate"

local BASE = "https://pos.example/api"

local function site(base, target)
  return { base = base or BASE, target = function() return target or "/people/people" end }
end

-- A call that answers by target (nil for the operation's own) and remembers which were asked for.
local function listing(pages)
  local asked = {}
  return function(_, target)
    asked[#asked + 1] = target or "own"
    local document = assert(pages[target or "own"], "nothing at " .. tostring(target))
    return document._embedded and document._embedded.person, nil, { document = document }
  end, asked
end

local function document(items, next, more)
  local page = { _embedded = { person = items }, _links = { self = { href = "/api/people/people" } } }
  page._links.next = next and { href = next }
  for name, value in pairs(more or {}) do
    page[name] = value
  end
  return page
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

local paging = { style = "hal", items = "_embedded.person" }

describe("paging by HAL", function()
  it("takes a document without links and counts for the only page", function()
    local call, asked = listing { own = { _embedded = { person = { 1, 2 } } } }
    assert.same({ 1, 2 }, (collect(paginate.each(paging, call, nil, site()))))
    assert.same({ "own" }, asked)
  end)

  it("follows the link to the next page, in every form that means an address behind base_url", function()
    for _, href in ipairs {
      "https://pos.example/api/people/people?page=2", "https://POS.example:443/api/people/people?page=2",
      "//pos.example/api/people/people?page=2", "/api/people/people?page=2", "?page=2", "people?page=2", "./people?page=2",
      "../people/people?page=2", "https://pos.example/api/x/../people/people?page=2",
    } do
      local call, asked = listing { own = document({ 1 }, href), ["/people/people?page=2"] = document { 2 } }
      local items, err = collect(paginate.each(paging, call, nil, site()))
      assert.is_nil(err, href)
      assert.same({ 1, 2 }, items)
      assert.same({ "own", "/people/people?page=2" }, asked)
    end
  end)

  it("reads a relative link on the page that it stands on", function()
    local call, asked = listing {
      own = document({ 1 }, "list/a?x=1"), ["/people/list/a?x=1"] = document({ 2 }, "b"), ["/people/list/b"] = document { 3 },
    }
    assert.same({ 1, 2, 3 }, (collect(paginate.each(paging, call, nil, site()))))
    assert.same({ "own", "/people/list/a?x=1", "/people/list/b" }, asked)
  end)

  it("follows no link to another origin, nor out of base_url", function()
    for href, complaint in pairs {
      ["https://other.example/api/people/people?page=2"] = "leads to https://other.example:443, not to https://pos.example:443",
      ["//other.example/api/people/people"] = "leads to https://other.example",
      ["https://pos.example.other.example/api/people"] = "leads to https://pos.example.other.example",
      ["http://pos.example/api/people/people?page=2"] = "leads to http://pos.example:80",
      ["https://pos.example:8443/api/people/people"] = "leads to https://pos.example:8443",
      ["https://sub.pos.example/api/people"] = "leads to https://sub.pos.example",
      ["/people/people?page=2"] = "leads to /people/people, which is outside base_url",
      ["/apix/people"] = "outside base_url",
      ["/API/people"] = "outside base_url",
      ["../../other?page=2"] = "outside base_url",
      ["/api/../other"] = "outside base_url",
      ["/api/%2e%2e/other"] = "outside base_url",
      ["/api/.%2E/other"] = "outside base_url",
      ["/api/x%2F..%2f..%2fother"] = "outside base_url",
      ["/api/..%5cother"] = "outside base_url",
      ["https://user:sesame@pos.example/api/people"] = "is not usable",
      ["https://pos.example@other.example/api"] = "is not usable",
      ["/api\\..\\other"] = "is not usable",
      ["/api/people people"] = "is not usable",
      ["/api/people?page=2\r\nX-Evil: 1"] = "is not usable",
      ["javascript:alert(1)"] = "is not usable",
      ["file:///etc/passwd"] = "is not usable",
      ["#next"] = "is not usable",
      ["/api/people{?page}"] = "is not an address",
    } do
      local call, asked = listing { own = document({ 1 }, href) }
      local list = paginate.each(paging, call, nil, site())
      local items, err = collect(list)
      assert.same({ 1 }, items)
      assert.equal("protocol", err and err.kind, href)
      assert.matches(complaint, err.message, 1, true)
      assert.matches("it was not followed", err.message, 1, true)
      assert.is_nil(err.message:find("sesame", 1, true))
      assert.same({ "own" }, asked)
      assert.is_nil(list())
    end
  end)

  it("follows no link that is no text, and takes an empty one for none", function()
    local call = listing { own = document({ 1 }, 7) }
    local _, err = collect(paginate.each(paging, call, nil, site()))
    assert.equal("protocol", err.kind)
    assert.same({ 1 }, (collect(paginate.each(paging, (listing { own = document({ 1 }, "") }), nil, site()))))
  end)

  it("may have its base at the root of a host, or one that ends in a dot", function()
    local call, asked = listing { own = document({ 1 }, "/people/people?page=2"), ["/people/people?page=2"] = document { 2 } }
    assert.same({ 1, 2 }, (collect(paginate.each(paging, call, nil, site "http://127.0.0.1:8080"))))
    assert.equal("/people/people?page=2", asked[2])
    call, asked = listing { own = document({ 1 }, "/v1/partner.Shop/List?page=2"), ["Shop/List?page=2"] = document { 2 } }
    assert.same({ 1, 2 }, (collect(paginate.each(paging, call, nil, site("https://h.example/v1/partner.", "Shop/List")))))
    assert.equal("Shop/List?page=2", asked[2])
    local _, err = collect(paginate.each(paging, (listing { own = document({ 1 }, "/v1/other") }), nil,
      site("https://h.example/v1/partner.", "Shop/List")))
    assert.equal("protocol", err.kind)
  end)

  it("ends with an error that names a link given before", function()
    local call, asked = listing {
      own = document({ 1 }, "?page=2"), ["/people/people?page=2"] = document({ 2 }, "?page=3"),
      ["/people/people?page=3"] = document({ 3 }, "?page=2"),
    }
    local items, err = collect(paginate.each(paging, call, nil, site()))
    assert.same({ 1, 2, 3 }, items)
    assert.equal("protocol", err.kind)
    assert.matches("in a circle: the link to /people/people?page=2 was given before", err.message, 1, true)
    assert.equal(3, #asked)
  end)

  it("sees that a page names itself as the next", function()
    local _, err = collect(paginate.each(paging, (listing { own = document({ 1 }, "/api/people/people") }), nil, site()))
    assert.matches("in a circle", err.message, 1, true)
  end)

  it("counts on where the answer counts its pages", function()
    local call, asked = listing {
      own = document({ 1 }, nil, { page = 1, page_count = 3 }),
      ["/people/people?name=An&page=2"] = document({ 2 }, nil, { page = 2, page_count = 3 }),
      ["/people/people?name=An&page=3"] = document({ 3 }, nil, { page = 3, page_count = 3 }),
    }
    local list = paginate.each(paging, call, { name = "An" }, site(nil, "/people/people?name=An"))
    assert.same({ 1, 2, 3 }, (collect(list)))
    assert.equal(3, #asked)
    assert.is_false(list:point())
  end)

  it("notices that the service knows no page numbers and gives its first page again", function()
    local first = document({ 1 }, nil, { page = 1, page_count = 3 })
    local call = listing { own = first, ["/people/people?page=2"] = first }
    local items, err = collect(paginate.each(paging, call, nil, site()))
    assert.same({ 1 }, items)
    assert.equal("protocol", err.kind)
    assert.matches("page 1 again", err.message, 1, true)
  end)

  it("minds no counts that are none", function()
    for _, more in ipairs {
      { page_count = 3 }, { page = 1 }, { page = "1", page_count = "3" }, { page = 1.5, page_count = 3 }, { page = 1e300, page_count = 1e301 },
    } do
      assert.same({ 1 }, (collect(paginate.each(paging, (listing { own = document({ 1 }, nil, more) }), nil, site()))))
    end
  end)

  it("is resumed at any point", function()
    local pages = {
      own = document({ 1, 2 }, "?page=2"), ["/people/people?page=2"] = document({ 3, 4 }, "?page=3"),
      ["/people/people?page=3"] = document { 5 },
    }
    for given = 0, 5 do
      local list = paginate.each(paging, (listing(pages)), nil, site())
      for _ = 1, given do
        list()
      end
      local options = site()
      options.resume = list:point()
      assert.equal(5 - given, #collect(paginate.each(paging, (listing(pages)), nil, options)))
    end
  end)

  it("is resumed at the address that a point means, without steps out of folders", function()
    local call, asked = listing { ["/people/people?page=2"] = document { 3 } }
    local options = site()
    options.resume = "/x/../people/people?page=2"
    assert.same({ 3 }, (collect(paginate.each(paging, call, nil, options))))
    assert.same({ "/people/people?page=2" }, asked)
  end)

  it("is not resumed outside base_url", function()
    for _, point in ipairs { "@other.example/x", "x", "/../other", ".other.example/", 3 } do
      local options = site()
      options.resume = point
      local call, asked = listing {}
      local item, err = paginate.each(paging, call, nil, options)()
      assert.is_false(item)
      assert.equal("invalid_input", err.kind)
      assert.same({}, asked)
    end
  end)

  it("refuses an answer that holds no list", function()
    for _, answer in ipairs { {}, { _embedded = {} }, { _embedded = { person = { a = 1 } } } } do
      local page, err = paginate.pages(paging, function() return true, nil, { document = answer } end, nil, site())()
      assert.is_false(page)
      assert.equal("protocol", err.kind)
    end
    assert.is_false((paginate.pages(paging, function() return true end, nil, site())()))
  end)
end)

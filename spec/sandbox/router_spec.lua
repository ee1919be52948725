local router = require "frontdesk.sandbox.router"

local function operation(method, path)
  return { method = method, path = path }
end

local routes = router.new({
  shop = {
    description = { operations = {
      ["items.list"] = operation("GET", "/items"),
      ["items.create"] = operation("POST", "/items"),
      ["items.get"] = operation("GET", "/items/:id"),
      ["items.rename"] = operation("PUT", "/items/:id"),
      ["items.move"] = operation("PUT", "/items/:id"),
      ["items.newest"] = operation("GET", "/items/newest"),
    } },
    behaviour = {},
  },
  calls = {
    description = { join = ".", operations = { ["shops.current"] = operation("POST", "Shop/Current") } },
    behaviour = { base_path = "/v1/partner" },
  },
})

describe("the sandbox's router", function()
  it("finds an operation by method and path", function()
    assert.same({ "items.create" }, routes:find("POST", "/shop/items").names)
    assert.same({ "items.list" }, routes:find("GET", "/shop/items").names)
  end)

  it("decodes path fields, each as one segment", function()
    local found = routes:find("GET", "/shop/items/a%2Fb%20Nguy%E1%BB%85n")
    assert.same({ "items.get" }, found.names)
    assert.equal("a/b Nguyễn", found.params.id)
  end)

  it("prefers a literal segment to a field", function()
    assert.same({ "items.newest" }, routes:find("GET", "/shop/items/newest").names)
  end)

  it("lists all operations that share method and path", function()
    assert.same({ "items.move", "items.rename" }, routes:find("PUT", "/shop/items/7").names)
  end)

  it("joins base and path by a dot where the service does", function()
    assert.same({ "shops.current" }, routes:find("POST", "/calls/v1/partner.Shop/Current").names)
    assert.equal("route", routes:find("POST", "/calls/v1/partner/Shop/Current").why)
  end)

  it("reads the query, with plus signs as spaces", function()
    assert.same({ name = "Mai Lan", q = "a&b", flag = "" }, routes:find("GET", "/shop/items?name=Mai+Lan&q=a%26b&flag").query)
  end)

  it("tells a wrong method and names the right ones", function()
    local found = routes:find("DELETE", "/shop/items/7")
    assert.equal("method", found.why)
    assert.equal("GET, PUT", found.allow)
  end)

  for name, target in pairs({ ["another path"] = "/shop/things", ["a trailing slash"] = "/shop/items/",
    ["an empty field"] = "/shop/items//", ["a longer path"] = "/shop/items/7/8", ["bad percent-encoding"] = "/shop/items/%zz",
    ["bad percent-encoding in the query"] = "/shop/items?a=%1", ["the wrong case"] = "/shop/Items" }) do
    it("finds no route for " .. name, function()
      local found = routes:find("GET", target)
      assert.equal("route", found.why)
      assert.equal("shop", found.service)
    end)
  end

  it("finds no service in an unknown first segment", function()
    assert.equal("service", routes:find("GET", "/").why)
    assert.equal("service", routes:find("GET", "/nobody/items").why)
  end)
end)

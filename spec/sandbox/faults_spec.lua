local faults = require "frontdesk.sandbox.faults"

local services = {
  shop = { description = { operations = { ["items.list"] = {} } }, behaviour = { revoke = function() end } },
  bare = { description = { operations = {} }, behaviour = {} },
}

local function kinds(hits)
  local list = {}
  for index, hit in ipairs(hits) do list[index] = hit.kind end
  return list
end

describe("faults on order", function()
  it("hit once unless told otherwise", function()
    local orders = faults.new()
    orders:add({ kind = "reset" })
    assert.same({ "reset" }, kinds(orders:take("shop", { "items.list" })))
    assert.same({}, orders:take("shop", { "items.list" }))
  end)

  it("hit as many times as ordered, after as many requests as ordered", function()
    local orders = faults.new()
    orders:add({ kind = "html", times = 2, after = 1 })
    local hits = {}
    for index = 1, 4 do hits[index] = #orders:take("shop", {}) end
    assert.same({ 0, 1, 1, 0 }, hits)
  end)

  for _, times in ipairs({ math.huge, "always" }) do
    it("never end with times = " .. tostring(times), function()
      local orders = faults.new()
      orders:add({ kind = "reset", times = times })
      for _ = 1, 50 do assert.equal(1, #orders:take("shop", {})) end
    end)
  end

  it("hit only the service and the operation they are for", function()
    local orders = faults.new()
    orders:add({ kind = "reset", service = "shop", operation = "items.list" })
    assert.same({}, orders:take("bare", { "items.list" }))
    assert.same({}, orders:take("shop", { "items.create" }))
    assert.same({ "reset" }, kinds(orders:take("shop", { "items.create", "items.list" })))
  end)

  it("add up, until one ends the request; later ones wait for the next request", function()
    local orders = faults.new()
    orders:add({ kind = "latency", seconds = 1 })
    orders:add({ kind = "status", status = 503 })
    orders:add({ kind = "reset" })
    assert.same({ "latency", "status" }, kinds(orders:take("shop", {})))
    assert.same({ "reset" }, kinds(orders:take("shop", {})))
  end)

  local wrong = {
    ["kind of a fault must be"] = { kind = "fire" },
    ["no field colour"] = { kind = "reset", colour = "red" },
    ["field times of a fault must be a number"] = { kind = "reset", times = "twice" },
    ["needs a status from 200 to 599"] = { kind = "status", status = 99 },
    ["latency needs seconds"] = { kind = "latency" },
    ["no service named nobody"] = { kind = "reset", service = "nobody" },
    ["needs its service"] = { kind = "reset", operation = "items.list" },
    ["shop has no operation items.burn"] = { kind = "reset", service = "shop", operation = "items.burn" },
    ["kind revoked needs a service"] = { kind = "revoked" },
    ["bare has no tokens"] = { kind = "revoked", service = "bare" },
    ["described by a table"] = "reset",
  }
  for message, order in pairs(wrong) do
    it("are refused when wrong: " .. message, function()
      assert.matches(message, faults.problem(order, services), 1, true)
    end)
  end

  it("are taken when right", function()
    assert.is_nil(faults.problem({ kind = "status", status = 429, retry_after = 3, service = "shop", operation = "items.list",
      times = 2, after = 1, processed = true }, services))
    assert.is_nil(faults.problem({ kind = "revoked", service = "shop" }, services))
  end)
end)

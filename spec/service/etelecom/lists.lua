--- What eTelecom's lists have in common: a filter, and pages that cursors lead through.

local assert = require "luassert"
local busted = require "busted"
local frontdesk = require "frontdesk"
local resources = require "support.resources"

local lists = {}

--- Declares the specs of a list.
---@param etelecom table the suite
---@param operation string
---@param case table `address`, `items` (the name of the list), `filter` and `filter_sent` (its JSON), where there is one, `headers`,
---  `in_sandbox` (checks all items), `prepare` (function of a client and the sandbox), `limit` (items a page, in the sandbox)
function lists.declare(etelecom, operation, case)
  local filter = case.filter_sent and '"filter":' .. case.filter_sent .. "," or ""
  etelecom:success(operation, "sends filter and place, and answers the page", {
    input = { filter = case.filter, paging = { after = "c-1", before = "b-1", limit = 20, sort = "-created_at" } },
    sends = { "POST", case.address, "{" .. filter .. '"paging":{"after":"c-1","before":"b-1","limit":20,"sort":"-created_at"}}' },
    headers = case.headers,
    answer = { 200, ('{"%s":[{"id":"1"}],"paging":{"next":"c-2","prev":"c-0","limit":20}}'):format(case.items) },
    value = { [case.items] = { { id = "1" } }, paging = { next = "c-2", prev = "c-0", limit = 20 } },
    sandbox = false,
  })
  etelecom:success(operation, "asks for nothing in particular", {
    call = function(client)
      local resource, method = resources.find(client, operation)
      return resource[method](resource)
    end,
    sends = { "POST", case.address, "{}" },
    headers = case.headers,
    answer = { 200, ('{"%s":[],"paging":{"next":""}}'):format(case.items) },
    value = { [case.items] = {}, paging = { next = "" } },
    in_sandbox = function(answer)
      assert.is_table(answer[case.items])
      assert.is_string(answer.paging.next)
    end,
  })
  etelecom:success(operation, "lets through what is not described", {
    input = { paging = { first = 3 }, filter = { brand_new = { 1 } } },
    sends = { "POST", case.address, case.filter and '{"filter":{"brand_new":[1]},"paging":{"first":3}}'
      or '{"paging":{"first":3},"filter":{"brand_new":[1]}}' },
    headers = case.headers,
    answer = { 200, ('{"%s":[]}'):format(case.items) },
    value = { [case.items] = {} },
    sandbox = false,
  })
  etelecom:refuses_other_types(operation, { input = {} })
  etelecom:refuses(operation, { { "paging.limit", "min", 0, "must be at least 1" } }, { input = {} })

  busted.it(operation .. " walks through all pages, and what is left of them", function()
    local client, transport = etelecom:client(nil,
      { 200, ('{"%s":[{"id":"1"},{"id":"2"}],"paging":{"next":"c-2"}}'):format(case.items) },
      { 200, ('{"%s":[{"id":"3"}],"paging":{"next":""}}'):format(case.items) })
    local seen = {}
    local resource = resources.find(client, operation)
    for item in resource:each { filter = case.filter, paging = { limit = 2 } } do
      seen[#seen + 1] = item.id
    end
    assert.same({ "1", "2", "3" }, seen)
    assert.equal("{" .. filter .. '"paging":{"limit":2}}', transport.sent[1].body)
    assert.equal("{" .. filter .. '"paging":{"after":"c-2","limit":2}}', transport.sent[2].body)
  end)

  busted.it(operation .. " walks through all pages, in the sandbox", function()
    local sandbox = frontdesk.sandbox.transport { services = { "etelecom" } }
    local client = frontdesk.etelecom(sandbox:options "etelecom")
    if case.prepare then
      case.prepare(client, sandbox)
    end
    local items = {}
    local resource, method = resources.find(client, operation)
    for item in resource:each { paging = { limit = case.limit or 1 } } do
      items[#items + 1] = item
    end
    assert.is_true(#items > 1, "one page is not worth walking")
    local all = assert(resource[method](resource, { paging = { limit = 1000 } }))
    assert.same(all[case.items], items)
    if case.in_sandbox then
      case.in_sandbox(items, client)
    end
  end)
end

return lists

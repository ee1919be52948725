-- Lists through clients: what is sent, whose errors they are, and how tasks share them.

local acme = require "support.acme"
local errors = require "frontdesk.errors"
local fake = require "support.fake_transport"
local fake_clock = require "support.fake_clock"
local frontdesk = require "frontdesk"
local json = require "frontdesk.json"
local service = require "frontdesk.service"

local function page(items, more)
  return fake.reply(200, json.encode { status = 0, payload = { items = items, has_next = more } })
end

local function acme_client(transport)
  return service.new(acme) { token = "acme-test-token", transport = transport, retry = 0 }
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

describe("the lists of a client", function()
  it("take the options of a list beside those of a call", function()
    local transport = fake.transport(page({ 3, 4 }, true), page({ 5 }, true))
    local list = acme_client(transport).things:each({}, { max_items = 3, resume = 2, headers = { ["X-Trace"] = "t-1" } })
    assert.same({ 3, 4, 5 }, (collect(list)))
    assert.equal("https://acme.example/api/things?page=2", transport.sent[1].url)
    assert.equal("https://acme.example/api/things?page=3", transport.sent[2].url)
    assert.equal("t-1", transport.sent[2].headers["x-trace"])
    assert.is_nil((acme_client(transport).things:each(nil, { resume = false })()))
  end)

  it("refuse options that are none, where the caller stands", function()
    local things = acme_client(fake.transport()).things
    for message, options in pairs {
      ["max_items must be a whole number"] = { max_items = 0 },
      ["max_items must be a number"] = { max_items = "3" },
      ['"max_item" is not a call option (did you mean "max_items"?)'] = { max_item = 3 },
      ['"timeot" is not a call option (did you mean "timeout"?)'] = { timeot = 3 },
    } do
      local ok, err = pcall(function() things:each({}, options) end)
      assert.is_false(ok)
      assert.matches(message, err, 1, true)
      assert.matches("listing_spec.lua", err, 1, true)
    end
    assert.has_error(function() things:list({}, { max_items = 3 }) end)
  end)

  it("give errors that name service and operation, and no secret", function()
    local answer = '{"status":0,"payload":{"has_next":true}}'
    local item, err = acme_client(fake.transport(fake.reply(200, answer))).things:each()()
    assert.is_false(item)
    assert.is_true(errors.is(err, "protocol"))
    assert.equal('acme.things.list: protocol: a page of the list has no "items"', tostring(err))
  end)

  it("keep a timeout for the whole list, and the client's for each page", function()
    local time = fake_clock.install()
    finally(function() time:restore() end)
    local timeouts = {}
    local function answer(request)
      timeouts[#timeouts + 1] = request.timeout
      time:advance(4)
      return page({ 1 }, true)
    end
    local list = acme_client(fake.transport(answer, answer, answer)).things:each({}, { timeout = 10 })
    time:advance(100)
    local items, err = collect(list)
    assert.same({ 1, 1, 1 }, items)
    assert.equal("timeout", err.kind)
    assert.same({ 10, 6, 2 }, timeouts)
    timeouts = {}
    list = acme_client(fake.transport(answer, answer)).things:each()
    list()
    list()
    assert.same({ 30, 30 }, timeouts)
  end)
end)

describe("the lists of the POS", function()
  local BASE = "https://pos.example/api"

  local function pos(...)
    local transport = fake.transport(...)
    return frontdesk.pos { base_url = BASE, token = "pos-test-token", transport = transport }, transport.sent
  end

  local function people(names, more)
    local list = {}
    for i, name in ipairs(names) do
      list[i] = { person_name = name, visible = "Y" }
    end
    local document = more or {}
    document._embedded = { person = list }
    return fake.reply(200, json.encode(document), { ["content-type"] = "application/hal+json" })
  end

  it("are one page as the document describes them, and nothing about pages is sent", function()
    local client, sent = pos(people { "An", "Bình" })
    local list = (collect(client.people:each { name = "n" }))
    assert.equal("Bình", list[2].person_name)
    assert.is_true(list[2].visible)
    assert.equal(1, #sent)
    assert.equal(BASE .. "/people/people?name=n", sent[1].url)
  end)

  it("go on by the link of an answer, with the credentials of the client", function()
    local client, sent = pos(
      people({ "An" }, { _links = { next = { href = BASE .. "/people/people?name=n&page=2" } } }), people { "Bình" })
    local list = collect(client.people:each { name = "n" })
    assert.equal(2, #list)
    assert.is_true(list[2].visible)
    assert.equal(BASE .. "/people/people?name=n&page=2", sent[2].url)
    assert.equal("GET", sent[2].method)
    assert.is_nil(sent[2].body)
    assert.equal("Bearer pos-test-token", sent[2].headers.authorization)
  end)

  it("go on by the number of pages in an answer", function()
    local client, sent = pos(people({ "An" }, { page = 1, page_count = 2 }), people({ "Bình" }, { page = 2, page_count = 2 }))
    assert.equal(2, #collect(client.people:each { name = "Bình & An" }))
    assert.equal(BASE .. "/people/people?name=B%C3%ACnh%20%26%20An&page=2", sent[2].url)
  end)

  it("send nothing to another origin", function()
    local client, sent = pos(people({ "An" }, { _links = { next = { href = "https://other.example/api/people/people?page=2" } } }))
    local items, err = collect(client.people:each())
    assert.equal(1, #items)
    assert.equal("pos.people.list: protocol: the link to the next page leads to https://other.example:443, "
      .. "not to https://pos.example:443; it was not followed", tostring(err))
    assert.equal(1, #sent)
  end)

  it("are all of the sandbox", function()
    local transport = frontdesk.sandbox.transport()
    local client = frontdesk.pos(transport:options "pos")
    for _, resource in ipairs { "people", "roles", "permissions" } do
      local all = assert(client[resource]:list())
      assert.is_true(#all > 1)
      assert.same(all, (collect(client[resource]:each())))
      assert.equal(#all, #select(2, client[resource]:pages()()))
    end
  end)
end)

describe("a list among tasks", function()
  -- A transport that gives way before it answers, and counts what is on its way at once.
  local function slow(pages)
    local self = { asked = {}, at_once = 0, most = 0 }
    function self.send(_, request)
      local number = tonumber(request.url:match "page=(%d+)")
      self.asked[#self.asked + 1] = number
      self.at_once = self.at_once + 1
      self.most = math.max(self.most, self.at_once)
      local rested = frontdesk.sleep(0.001)
      self.at_once = self.at_once - 1
      if not rested then
        return nil, { kind = "cancelled", message = "cancelled", outcome = "unknown" }
      end
      return page({ 2 * number - 1, 2 * number }, number < pages)
    end
    return self
  end

  it("has its next page on the way while this one is used", function()
    local transport = slow(3)
    frontdesk.run(function()
      local list = acme_client(transport).things:each()
      assert.equal(1, list())
      frontdesk.sleep(0.003)
      assert.same({ 1, 2 }, transport.asked)
      assert.same({ 2, 3, 4, 5, 6 }, (collect(list)))
    end)
    assert.same({ 1, 2, 3 }, transport.asked)
    assert.equal(1, transport.most)
  end)

  it("asks for a page only when it is wanted outside of tasks", function()
    local transport = slow(3)
    local list = acme_client(transport).things:each()
    list()
    list()
    assert.same({ 1 }, transport.asked)
  end)

  it("can be dropped with a page on its way", function()
    local transport = slow(3)
    frontdesk.run(function()
      acme_client(transport).things:each()()
    end)
    assert.same({ 1, 2 }, transport.asked)
  end)

  it("gives each item to one task, in order, when many share it", function()
    for _, prefetch in ipairs { true, false } do
      local transport, got = slow(20), {}
      local list = acme_client(transport).things:each({}, { prefetch = prefetch })
      local values = frontdesk.map(list, function(item, index)
        got[#got + 1] = item
        frontdesk.sleep(0.0001)
        return index * 1000 + item
      end, { concurrency = 7 })
      assert.equal(40, values.n)
      for i = 1, 40 do
        assert.equal(i * 1000 + i, values[i])
      end
      table.sort(got)
      assert.equal(40, #got)
      assert.equal(20, #transport.asked)
    end
  end)

  it("tells the one that asked of a failure, and the others that the list has ended", function()
    local calls = 0
    local transport = { send = function()
      calls = calls + 1
      frontdesk.sleep(0.001)
      return nil, { kind = "network", message = "gone", outcome = "unknown" }
    end }
    local seen, ended = {}, 0
    frontdesk.run(function()
      local list = acme_client(transport).things:each()
      for _ = 1, 5 do
        frontdesk.spawn(function()
          local item, err = list()
          if item == false then
            seen[#seen + 1] = err
          else
            ended = ended + 1
          end
        end)
      end
    end)
    assert.equal(1, #seen)
    assert.equal("network", seen[1].kind)
    assert.equal(4, ended)
    assert.equal(1, calls)
  end)

  it("lets a cancelled task go that waits for its turn", function()
    frontdesk.run(function()
      local list = acme_client(slow(2)).things:each()
      local reader = frontdesk.spawn(function() return list() end)
      local waiter = frontdesk.spawn(function() return list() end)
      frontdesk.sleep(0)
      waiter:cancel()
      local item, err = waiter:wait()
      assert.is_false(item)
      assert.equal("cancelled", err.kind)
      assert.equal(1, reader:wait())
      assert.equal(2, list())
    end)
  end)

  it("raises what a page raised to the one that asked, and ends for the others", function()
    local transport = { send = function()
      frontdesk.sleep(0.001)
      error("a bug", 0)
    end }
    frontdesk.run(function()
      local list = acme_client(transport).things:each()
      local first = frontdesk.spawn(function() return list() end)
      local second = frontdesk.spawn(function() return list() end)
      local _, err = first:wait()
      assert.equal("a bug", err)
      assert.is_nil((second:wait()))
    end)
  end)
end)

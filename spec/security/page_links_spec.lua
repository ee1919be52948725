-- Pages that name another place as the next one: nothing is sent there, and what came before is not lost.
local acme = require "support.acme"
local engine_transport = require "frontdesk.transport.engine"
local frontdesk = require "frontdesk"
local raw_server = require "support.raw_server"
local service = require "frontdesk.service"

local TOKEN = "t0k-page-links"

-- A page of two people, with the link that the name in the query has the number of.
local HAL = [=[
local links = { %s }
local text = read_request()
if text then
  local link = links[tonumber(text:match "[?&]name=(%%d+)")]
  local more = link and ',"_links":{"next":{"href":' .. link:gsub("%%$P", text:match "Host: [%%d%%.]+:(%%d+)") .. "}}" or ""
  local body = '{"_embedded":{"person":[{"person_id":"1"},{"person_id":"2"}]}' .. more .. "}"
  send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/hal+json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
end
]=]

-- $T stands for the port of a server that must hear nothing, $P for that of base_url, which ends in /api.
local REFUSED = {
  "http://127.0.0.1:$T/api/people/people?page=2", "https://127.0.0.1:$T/api/people/people", "//127.0.0.1:$T/api/people/people",
  "HTTP://127.0.0.1:$T/api", "http://localhost:$T/api", "http://[::1]:$T/api", "http://2130706433:$T/api", "http://0x7f.1:$T/api",
  "http://localhost:$P/api/people/people", "https://127.0.0.1:$P/api/people/people", "http://127.0.0.1/api/people/people",
  "http://127.0.0.1:$P@127.0.0.1:$T/api", "http://mai:pw@127.0.0.1:$P/api/people/people", "http://mai@127.0.0.1:$P/api/people/people",
  "http://127.0.0.1:$P\\@127.0.0.1:$T/api", "http://127.0.0.1:$T\\@127.0.0.1:$P/api", "http://127.0.0.1:$T#@127.0.0.1:$P/api",
  "http://127.0.0.1:$T?@127.0.0.1:$P/api", "http://127.0.0.1:$P.evil.test/api", "http://127.0.0.1:$P%40127.0.0.1:$T/api",
  "http://127.0.0.1%3AT/api", "http:127.0.0.1:$T/api", "http:/127.0.0.1:$T/api", "http:///127.0.0.1:$T/api", "http:\\\\127.0.0.1:$T\\api",
  "\\\\127.0.0.1:$T\\api", "/\\127.0.0.1:$T/api", "\\/127.0.0.1:$T/api", "///127.0.0.1:$T/api", "////127.0.0.1:$T/api",
  " http://127.0.0.1:$T/api", "\thttp://127.0.0.1:$T/api", "ht\ntp://127.0.0.1:$T/api", "http://127.0.0.1:$P/api\r\nHost: evil.test",
  "http://127.0.0.1:$P/api\0x", "file:///etc/passwd", "file://127.0.0.1:$P/api", "gopher://127.0.0.1:$T/_x", "ftp://127.0.0.1:$T/api",
  "javascript:alert(1)", "data:application/json,{}", "unix:/tmp/x", "http+unix://127.0.0.1:$T/api", "mailto:mai@evil.test",
  "http://", "//", "/", "/other", "/apix/people", "/api/../other", "../../../other", "/api/%2e%2e/other",
  "/api/%252e%252e/other", "/api/%25252E./other", "/api/..;/other", "/api/..;a=b/other", "/api/..%3B/other", "/api/..%2fother",
  "/api/..%5cother", "/api/x/..\\..\\other", "#", "people?page={page}",
}

-- Whatever they look like, these mean the service itself. What is behind base_url is what is asked for.
local FOLLOWED = {
  { "http://127.0.0.1:$P/api/people/people?name=none", "/api/people/people?name=none" },
  { "http://2130706433:$P/api/people/people?name=none", "/api/people/people?name=none" },
  { "?name=none&to=http://127.0.0.1:$T/", "/api/people/people?name=none&to=http://127.0.0.1:$T/" },
  { "people?name=none&to=//127.0.0.1:$T/", "/api/people/people?name=none&to=//127.0.0.1:$T/" },
  { "@127.0.0.1:$T/api?name=none", "/api/people/@127.0.0.1:$T/api?name=none" },
  { ":$T/api?name=none", "/api/people/:$T/api?name=none" },
  { "/api//127.0.0.1:$T/?name=none", "/api//127.0.0.1:$T/?name=none" },
}

local function json(text)
  return '"' .. text:gsub('[%c"\\]', function(char) return ("\\u%04x"):format(char:byte()) end) .. '"'
end

-- How many items an iterator gives, and the error it ends with.
local function collect(iterator)
  local count = 0
  for item, err in iterator do
    if not item then
      return count, err
    end
    count = count + 1
  end
  return count
end

local function first_lines(requests)
  local lines = {}
  for i, text in ipairs(requests) do
    lines[i] = text:match "^[^\r]*"
  end
  return lines
end

describe("a link to the next page", function()
  local target, origin

  local function filled(text)
    return (text:gsub("%$T", tostring(target.port)))
  end

  local function serve(links)
    local list = {}
    for i, href in ipairs(links) do
      list[i] = ("%q"):format(json(filled(href)))
    end
    return raw_server.start(HAL:format(table.concat(list, ", ")))
  end

  local function client_of(server, options)
    local given = { base_url = server.url .. "/api", token = TOKEN, transport = engine_transport.new(), timeout = 10 }
    for name, value in pairs(options or {}) do
      given[name] = value
    end
    return frontdesk.pos(given)
  end

  lazy_setup(function()
    target = raw_server.start "read_request()"
    origin = serve(REFUSED)
  end)

  lazy_teardown(function()
    target:stop()
    origin:stop()
  end)

  after_each(function()
    assert.equal(0, target:count())
  end)

  local function expect_refusal(err)
    assert.equal("protocol", err.kind)
    assert.equal("rejected", err.outcome)
    assert.is_false(err.retryable)
    assert.matches("it was not followed", err.message, 1, true)
    assert.is_nil(tostring(err):find(TOKEN, 1, true) or tostring(err):find("mai:pw", 1, true) or tostring(err):find "%c")
  end

  it("is not followed to another origin, out of base_url, or where it is no address", function()
    local pos = client_of(origin)
    for i, href in ipairs(REFUSED) do
      local list = pos.people:each { name = tostring(i) }
      local count, err = collect(list)
      assert.equal(2, count, href)
      assert.is_table(err, href)
      expect_refusal(err)
      assert.is_nil(list())
    end
    assert.equal(#REFUSED, #origin:requests())
  end)

  it("of a megabyte is judged as fast as it came", function()
    for _, href in ipairs { "/api/%" .. ("25"):rep(500000) .. "2e./other", "/api/" .. ("../"):rep(300000), ("/"):rep(1000000) } do
      local evil = serve { href }
      local count, err = collect(client_of(evil, { timeout = 5 }).people:each { name = "1" })
      evil:stop()
      assert.equal(2, count)
      expect_refusal(err)
    end
  end)

  it("is followed when it means the service itself, behind its base_url", function()
    for _, case in ipairs(FOLLOWED) do
      local server = serve { case[1] }
      local pos = client_of(server)
      local count, err = collect(pos.people:each { name = "1" })
      local lines = first_lines(server:requests())
      server:stop()
      assert.is_nil(err)
      assert.equal(4, count)
      assert.same({ "GET /api/people/people?name=1 HTTP/1.1", "GET " .. filled(case[2]) .. " HTTP/1.1" }, lines)
    end
  end)

  it("is not asked for ahead of time either, where pages are", function()
    local evil = serve { REFUSED[1] }
    frontdesk.run(function()
      local pos = client_of(evil)
      local list = pos.people:pages { name = "1" }
      assert.is_table(list())
      frontdesk.sleep(0.05)
      local page, err = list()
      assert.is_false(page)
      expect_refusal(err)
    end)
    local requests = evil:requests()
    evil:stop()
    assert.equal(1, #requests)
  end)

  it("takes no other kind of credential along", function()
    for _, options in ipairs {
      { auth = "basic", username = "mai", password = TOKEN }, { headers = { ["X-Key"] = TOKEN } },
      { auth = "digest", username = "mai", password = TOKEN },
    } do
      local count, err = collect(client_of(origin, options).people:each { name = "1" })
      assert.equal(2, count)
      expect_refusal(err)
    end
  end)

  it("that leads in a circle ends the list with what came before", function()
    -- 1 leads to 2, 2 to 3, 3 to 1; 4 to itself
    local circle = serve { "?name=2", "?name=3", "?name=1", "http://127.0.0.1:$P/api/people/people?name=4" }
    local pos = client_of(circle)
    for name, pages in pairs { ["1"] = 3, ["4"] = 1 } do
      local count, err = collect(pos.people:each { name = name })
      assert.equal(2 * pages, count)
      assert.equal("protocol", err.kind)
      assert.matches("the list leads in a circle", err.message, 1, true)
    end
    local requests = circle:requests()
    circle:stop()
    assert.equal(4, #requests)
  end)
end)

describe("a cursor", function()
  -- The service of other specs, with a list whose answers name a cursor.
  local function description()
    local copy = {}
    for name, value in pairs(acme) do
      copy[name] = value
    end
    copy.operations = {
      ["things.scan"] = {
        doc = "Lists.", method = "GET", path = "/things", retry = "safe", output = "any",
        input = { { "after", "string", ["in"] = "query", doc = "Cursor." } },
        paging = { each = "each", pages = "pages", style = "cursor", cursor = "after", next = "next", items = "items" },
      },
    }
    return copy
  end

  local SCRIPT = [=[
  local cursor = %q
  local text = read_request()
  if text then
    local last = text:find("after=", 1, true)
    local body = '{"status":0,"payload":{"items":[1,2],"next":' .. (last and '""' or cursor) .. "}}"
    send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
  end
  ]=]

  it("is a value in the query, whatever it looks like", function()
    local target = raw_server.start "read_request()"
    for cursor, sent in pairs {
      ["http://127.0.0.1:$T/api"] = "http%3A%2F%2F127.0.0.1%3A$T%2Fapi", ["//127.0.0.1:$T/"] = "%2F%2F127.0.0.1%3A$T%2F",
      ["@127.0.0.1:$T"] = "%40127.0.0.1%3A$T", ["../../other"] = "..%2F..%2Fother", ["1&admin=1#x?y"] = "1%26admin%3D1%23x%3Fy",
      ["\\\\127.0.0.1:$T"] = "%5C%5C127.0.0.1%3A$T", ["a\r\nHost: evil.test"] = "a%0D%0AHost%3A%20evil.test", ["a b+c"] = "a%20b%2Bc",
    } do
      local port = tostring(target.port)
      local server = raw_server.start(SCRIPT:format(json((cursor:gsub("%$T", port)))))
      local client = service.new(description()) { base_url = server.url, token = TOKEN, transport = engine_transport.new() }
      local count, err = collect(client.things:each {})
      local lines = first_lines(server:requests())
      server:stop()
      assert.is_nil(err)
      assert.equal(4, count)
      assert.same({ "GET /things HTTP/1.1", "GET /things?after=" .. sent:gsub("%$T", port) .. " HTTP/1.1" }, lines)
    end
    local count = target:count()
    target:stop()
    assert.equal(0, count)
  end)
end)

local descriptions = require "frontdesk.description"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"

-- A service of two hosts, described in two files.
local depot = {
  name = "depot", title = "Depot", doc = "Made up.", manual = "none",
  environments = { production = { base_url = "https://depot.example/v1", doc = "The live one." } },
  default_environment = "production",
  options = {
    { "token", "string", secret = true, doc = "A token." },
    { "spelling", "string", default = "Store", word = true, doc = "How the service spells itself." },
    { "post_base_url", "string", default = "https://post.example/api", doc = "Where letters go." },
    { "post_user", "string", doc = "Who sends letters." },
    { "post_password", "string", secret = true, doc = "With which word." },
  },
  credentials = {
    default = { { kind = "bearer", token = "token", scheme = "Bearer" } },
    post = { { kind = "body", fields = { { "user", "post_user" }, { "password", "post_password" } } } },
  },
  join = ".",
  bases = { post = { option = "post_base_url", join = "/" } },
  content_type = "application/json",
  envelope = { code = { "code" }, message = { "message" } },
  parts = { "letters" },
  operations = {
    ["racks.list"] = { doc = "Lists racks.", method = "POST", path = "{spelling}/ListRacks", retry = "safe", output = "any" },
    ["goods.boxes.open"] = {
      doc = "Opens a box.", method = "POST", path = "{spelling}/OpenBox", retry = "never", output = "any",
      input = { { "number", "integer", required = true, doc = "Which." } },
    },
    ["goods.boxes.shut"] = { doc = "Shuts all.", method = "POST", path = "Box/ShutAll", retry = "never", output = "any" },
  },
}

local letters = {
  types = { letter = { { "text", "string", required = true, doc = "What it says." } } },
  errors = { LOST = { kind = "not_found", doc = "The letter is lost." } },
  operations = {
    ["letters.send"] = {
      doc = "Sends one.", method = "POST", path = "/Letter/Send", base = "post", credential = "post", retry = "never",
      input = "letter", output = "any",
    },
  },
}

package.preload["frontdesk.services.depot"] = function() return depot end
package.preload["frontdesk.services.depot.letters"] = function() return letters end

local function client(options, ...)
  local transport = fake.transport(...)
  local given = { token = "tok-7", transport = transport, retry = 0 }
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  return frontdesk.depot(given), transport
end

local POST = { post_user = "mai", post_password = "pw-of-mai" }

describe("a description in parts", function()
  it("has the operations, types and errors of all of them", function()
    local whole = descriptions.load "depot"
    assert.is_table(whole.operations["racks.list"])
    assert.is_table(whole.operations["letters.send"])
    assert.equal(letters.types.letter, whole.types.letter)
    assert.equal("not_found", whole.errors.LOST.kind)
    assert.equal(whole, descriptions.load "depot")
  end)

  it("leaves the tables of its files as they are", function()
    descriptions.load "depot"
    assert.is_nil(depot.operations["letters.send"])
    assert.is_nil(depot.types)
  end)

  it("does not say anything twice", function()
    package.preload["frontdesk.services.twice"] = function()
      return { name = "twice", parts = { "again" }, operations = { ["a.b"] = {} } }
    end
    package.preload["frontdesk.services.twice.again"] = function() return { operations = { ["a.b"] = {} } } end
    local ok, message = pcall(descriptions.load, "twice")
    assert.is_false(ok)
    assert.equal("frontdesk/services/twice: the part again describes a.b again, which is in operations already", message)
  end)

  it("is not taken for absent where a part is missing", function()
    package.preload["frontdesk.services.torn"] = function() return { name = "torn", parts = { "away" }, operations = {} } end
    local ok, message = pcall(function() return frontdesk.torn end)
    assert.is_false(ok)
    assert.matches("frontdesk.services.torn.away", message, 1, true)
  end)
end)

describe("a family of resources", function()
  it("is one level more", function()
    local depot_client, transport = client(nil, fake.reply(200, '{"done":true}'))
    assert.same({ done = true }, (depot_client.goods.boxes:open { number = 7 }))
    assert.equal("https://depot.example/v1.Store/OpenBox", transport.sent[1].url)
    assert.equal('{"number":7}', transport.sent[1].body)
    assert.equal("frontdesk.family: depot.goods", tostring(depot_client.goods))
    assert.equal("frontdesk.resource: depot.goods.boxes", tostring(depot_client.goods.boxes))
  end)

  it("names the nearest for what it has not", function()
    local depot_client = client()
    local function message_of(call)
      return (select(2, pcall(call)))
    end
    assert.matches('depot has no "good" (did you mean "goods"?)', message_of(function() return depot_client.good end), 1, true)
    assert.matches('depot.goods has no "boxs" (did you mean "boxes"?)', message_of(function() return depot_client.goods.boxs end), 1, true)
    assert.matches('depot.goods.boxes has no operation "opne"', message_of(function() return depot_client.goods.boxes.opne end), 1, true)
    assert.matches("call it with a colon: depot.goods.boxes:open(...)",
      message_of(function() depot_client.goods.boxes.open { number = 1 } end), 1, true)
  end)

  it("stands in the error's name of the operation", function()
    local depot_client = client()
    local _, err = depot_client.goods.boxes:open {}
    assert.equal("goods.boxes.open", err.operation)
    assert.matches("^depot%.goods%.boxes%.open: ", tostring(err))
  end)
end)

describe("a word of the path that an option spells", function()
  it("is the option's default, unless the client is told otherwise", function()
    local told, transport = client({ spelling = "STORE" }, fake.reply(200, "{}"), fake.reply(200, "{}"))
    assert.is_table((told.racks:list()))
    assert.is_table((told.goods.boxes:shut()))
    assert.equal("https://depot.example/v1.STORE/ListRacks", transport.sent[1].url)
    assert.equal("https://depot.example/v1.Box/ShutAll", transport.sent[2].url)
  end)

  it("must be one word", function()
    for _, spelling in ipairs { "a/b", "..", "a?b", "a b", "" } do
      local ok, message = pcall(client, { spelling = spelling })
      assert.is_false(ok, spelling)
      assert.matches(": frontdesk%.depot: spelling must ", message)
    end
  end)
end)

describe("another base address", function()
  it("is where some operations go", function()
    local depot_client, transport = client(POST, fake.reply(200, "{}"))
    assert.is_table((depot_client.letters:send { text = "Xin chào" }))
    assert.equal("https://post.example/api/Letter/Send", transport.sent[1].url)
  end)

  it("can be given, and is checked as base_url is", function()
    local given = { post_base_url = "https://other.example/x/", post_user = "mai", post_password = "pw" }
    local depot_client, transport = client(given, fake.reply(200, "{}"))
    assert.is_table((depot_client.letters:send { text = "a" }))
    assert.equal("https://other.example/x/Letter/Send", transport.sent[1].url)
    local ok, message = pcall(client, { post_base_url = "ftp://other.example" })
    assert.is_false(ok)
    assert.matches(": frontdesk%.depot: post_base_url is not usable: ", message)
  end)

  it("gets no secret over plain http, whatever the other one is", function()
    local given = { post_base_url = "http://other.example", post_user = "mai", post_password = "pw" }
    local depot_client, transport = client(given, fake.reply(200, "{}"))
    local _, err = depot_client.letters:send { text = "a" }
    assert.equal("invalid_input", err.kind)
    assert.equal("post_base_url", err.field)
    assert.equal(0, #transport.sent)
    assert.is_table((depot_client.racks:list()))
  end)
end)

describe("a credential in the body", function()
  it("is put there, before the fields, and no header carries one", function()
    local depot_client, transport = client(POST, fake.reply(200, "{}"))
    assert.is_table((depot_client.letters:send { text = "a" }))
    assert.equal('{"user":"mai","password":"pw-of-mai","text":"a"}', transport.sent[1].body)
    assert.is_nil(transport.sent[1].headers.authorization)
  end)

  it("is asked for where it is missing, before anything else is", function()
    local depot_client, transport = client(nil, fake.reply(200, "{}"))
    local _, err = depot_client.letters:send {}
    assert.equal("auth", err.kind)
    assert.equal("there is no credential to send; give the client post_user and post_password", err.message)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, #transport.sent)
  end)

  it("is not shown, even when the service echoes it", function()
    local depot_client = client(POST, fake.reply(400, '{"code":"LOST","message":"bad word pw-of-mai"}'))
    local _, err = depot_client.letters:send { text = "a" }
    assert.equal("not_found", err.kind)
    assert.is_nil(tostring(err):find("pw-of-mai", 1, true))
    assert.matches("bad word", err.message)
  end)

  it("goes with a request that no operation describes", function()
    local depot_client, transport = client(POST, fake.reply(200, "{}"), fake.reply(200, "{}"))
    local fields = { method = "POST", base = "post", credential = "post", path = "Letter/Count", body = { year = 2026 } }
    assert.is_table((depot_client:request(fields)))
    assert.equal("https://post.example/api/Letter/Count", transport.sent[1].url)
    assert.same({ user = "mai", password = "pw-of-mai", year = 2026 }, frontdesk.json.decode(transport.sent[1].body))
    fields.base = "pots"
    local _, err = depot_client:request(fields)
    assert.equal("base", err.field)
    assert.equal(1, #transport.sent)
  end)
end)

local http_auth = require "frontdesk.sandbox.http_auth"

-- Stand-ins for the hashes: what is hashed can be read, so that each part of the computation shows. The real ones are
-- tested over nginx.
local function hash_named(name)
  return function(text) return name .. "<" .. text .. ">" end
end

local hashes = { ["MD5"] = hash_named("m"), ["SHA-256"] = hash_named("s") }
local passwords = { mai = "open:sesame", lan = "dép \"tổ\" ong" }

local function lookup(username) return passwords[username] end

describe("Basic authentication in the sandbox", function()
  local server = http_auth.new()

  local function check(header)
    return server:check({ method = "GET", target = "/", headers = { authorization = header } }, lookup, "desk", 0)
  end

  it("takes the right password, also one with a colon", function()
    assert.same({ kind = "basic", username = "mai", verified = true }, check("Basic bWFpOm9wZW46c2VzYW1l"))
    assert.is_true(check("basic bWFpOm9wZW46c2VzYW1l").verified)
  end)

  it("refuses a wrong password and an unknown user", function()
    assert.is_false(check("Basic bWFpOm9wZW4=").verified) -- mai:open
    assert.is_false(check("Basic eDp5").verified) -- x:y
  end)

  for _, text in ipairs({ "bWFp", "bWFpOm9wZW46c2VzYW1", "b=FpOm9w", "****", "=" }) do
    it("refuses what is not Base64 of a name and a password: " .. text, function()
      assert.is_false(check("Basic " .. text).verified)
    end)
  end

  it("leaves other schemes and an absent header to the services", function()
    assert.is_nil(check("Bearer bWFpOm9wZW46c2VzYW1l"))
    assert.is_nil(check(nil))
  end)
end)

describe("Digest authentication in the sandbox", function()
  local server, now

  before_each(function()
    server, now = http_auth.new({ hashes = hashes }), 1000
  end)

  local function challenge(algorithm)
    for _, text in ipairs(server:challenges("desk", now)) do
      if text:find("algorithm=" .. algorithm .. ",", 1, true) then
        return { nonce = text:match('nonce="([^"]+)"'), opaque = text:match('opaque="([^"]+)"') }
      end
    end
  end

  -- An answer to a challenge as RFC 7616 computes it; `changes` spoils single fields of the header after that.
  local function answer(given, password, changes)
    local fields = { username = "mai", realm = "desk", nonce = given.nonce, uri = "/people?x=1", nc = "00000001", cnonce = "c0",
      opaque = given.opaque, algorithm = given.algorithm, qop = "auth" }
    for name, value in pairs(given.fields or {}) do fields[name] = value end
    local hash = hashes[given.algorithm]
    fields.response = hash(table.concat({ hash(fields.username .. ":desk:" .. password), fields.nonce, fields.nc, fields.cnonce,
      "auth", hash("GET:/people?x=1") }, ":"))
    for name, value in pairs(changes or {}) do fields[name] = value or nil end
    local parts = {}
    for name, value in pairs(fields) do
      local bare = name == "nc" or name == "qop" or name == "algorithm"
      parts[#parts + 1] = bare and name .. "=" .. value or name .. '="' .. value:gsub('[\\"]', "\\%0") .. '"'
    end
    return "Digest " .. table.concat(parts, ", ")
  end

  local function check(header)
    return server:check({ method = "GET", target = "/people?x=1", headers = { authorization = header } }, lookup, "desk", now)
  end

  for _, algorithm in ipairs({ "MD5", "SHA-256" }) do
    it("takes a right answer with " .. algorithm, function()
      local given = challenge(algorithm)
      given.algorithm = algorithm
      local auth = check(answer(given, "open:sesame"))
      assert.equal("digest", auth.kind)
      assert.equal("mai", auth.username)
      assert.is_true(auth.verified)
      assert.is_false(check(answer(given, "open")).verified)
    end)
  end

  it("offers SHA-256 before MD5, and Basic at the end", function()
    local list = server:challenges("desk", now)
    assert.matches("algorithm=SHA%-256", list[1])
    assert.matches("algorithm=MD5", list[2])
    assert.matches('^Basic realm="desk"', list[3])
  end)

  it("offers only the algorithms it is told to, and takes no other", function()
    local given = challenge("SHA-256")
    server = http_auth.new({ hashes = hashes, algorithms = { "MD5" } })
    assert.equal(2, #server:challenges("desk", now))
    given.algorithm = "SHA-256"
    assert.is_false(check(answer(given, "open:sesame")).verified)
  end)

  it("reads quoted pairs in names and passwords with any letters", function()
    local given = challenge("MD5")
    given.algorithm, given.fields = "MD5", { username = "lan" }
    assert.is_true(check(answer(given, passwords.lan)).verified)
  end)

  it("takes each nonce count once, in any order", function()
    local given = challenge("MD5")
    given.algorithm = "MD5"
    for _, nc in ipairs({ "00000001", "00000003", "00000002" }) do
      given.fields = { nc = nc }
      assert.is_true(check(answer(given, "open:sesame")).verified)
    end
    local replayed = check(answer(given, "open:sesame"))
    assert.is_false(replayed.verified)
    assert.is_true(replayed.stale)
  end)

  it("calls an old nonce stale, but only to who knows the password", function()
    local given = challenge("MD5")
    given.algorithm = "MD5"
    now = now + 301
    assert.is_true(check(answer(given, "open:sesame")).stale)
    assert.is_nil(check(answer(given, "wrong")).stale)
    assert.matches("stale=true", server:challenges("desk", now, true)[1])
  end)

  it("calls a nonce that it never made stale", function()
    local given = challenge("MD5")
    given.algorithm, given.nonce = "MD5", "made-up"
    assert.is_true(check(answer(given, "open:sesame")).stale)
  end)

  local spoiled = {
    ["another uri"] = { uri = "/roles" }, ["another realm"] = { realm = "cellar" }, ["no qop"] = { qop = false },
    ["qop=auth-int"] = { qop = "auth-int" }, ["no cnonce"] = { cnonce = false }, ["a bad nc"] = { nc = "1" },
    ["another opaque"] = { opaque = "x" }, ["an unknown algorithm"] = { algorithm = "SHA-512" }, ["no response"] = { response = false },
    ["an unknown user"] = { username = "nobody" },
  }
  for name, changes in pairs(spoiled) do
    it("refuses " .. name, function()
      local given = challenge("MD5")
      given.algorithm = "MD5"
      local auth = check(answer(given, "open:sesame", changes))
      assert.is_false(auth.verified)
      assert.is_nil(auth.stale)
    end)
  end

  for _, text in ipairs({ "username", 'username="mai', "=,", 'username="a", username="b"' }) do
    it("refuses a header it cannot read: " .. text, function()
      assert.is_false(check("Digest " .. text).verified)
    end)
  end
end)

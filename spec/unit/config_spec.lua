local config = require "frontdesk.config"

local description = {
  name = "acme",
  environments = {
    production = { base_url = "https://acme.example/api/" },
    sandbox = { base_url = "http://sandbox.acme.example", allow_http = true },
  },
  default_environment = "production",
  options = {
    { "api_key", "string", secret = true },
    { "username", "string" },
    { "password", "string", secret = true },
    { "days", "integer", min = 0 },
    { "mode", "string", enum = { "fast", "slow" } },
  },
  credentials = { default = { { kind = "basic", username = "username", password = "password" } } },
}

local function resolve(given, environment, profile)
  return config.resolve(description, given, {
    getenv = function(name) return (environment or {})[name] end,
    read_profile = function()
      if profile then
        return profile
      end
      return nil, "there is no profile", true
    end,
  })
end

local function refusal(given, environment, profile)
  local ok, message = pcall(resolve, given, environment, profile)
  assert.is_false(ok)
  return message
end

describe("a client's options", function()
  it("come from the constructor, then the environment, then the profile", function()
    local environment = { FRONTDESK_ACME_API_KEY = "from-environment", FRONTDESK_ACME_DAYS = "7" }
    local profile = { acme = { api_key = "from-profile", days = 9, mode = "slow" } }
    environment.HOME = "/nowhere"
    local options = resolve({ api_key = "given" }, environment, profile)
    assert.equal("given", options.api_key)
    assert.equal(7, options.days)
    assert.equal("slow", options.mode)
  end)

  it("have defaults where nothing is said", function()
    local options = resolve()
    assert.equal(30, options.timeout)
    assert.equal(10, options.connect_timeout)
    assert.equal("https://acme.example/api", options.base_url)
  end)

  it("share the settings of the machine", function()
    assert.equal("/etc/ca.pem", resolve({}, { FRONTDESK_CA_FILE = "/etc/ca.pem" }).ca_file)
    assert.equal("/own.pem", resolve({}, { FRONTDESK_CA_FILE = "/etc/ca.pem", FRONTDESK_ACME_CA_FILE = "/own.pem" }).ca_file)
  end)

  it("choose one of the service's environments", function()
    local options = resolve { environment = "sandbox" }
    assert.equal("http://sandbox.acme.example", options.base_url)
    assert.is_false(options.bases.main.plain_http)
    assert.truthy(refusal({ environment = "sandbx" }):find('did you mean "sandbox"', 1, true))
  end)

  it("let a base_url win over the environment", function()
    assert.equal("https://other.example", resolve({ base_url = "https://other.example/", environment = "sandbox" }).base_url)
  end)

  it("remember that secrets may not go over plain http to another machine", function()
    assert.is_true(resolve({ base_url = "http://acme.example" }).bases.main.plain_http)
    assert.is_false(resolve({ base_url = "http://acme.example", allow_http = true }).bases.main.plain_http)
    assert.is_false(resolve({ base_url = "http://127.0.0.1:8080" }).bases.main.plain_http)
    assert.is_false(resolve({ base_url = "https://acme.example" }).bases.main.plain_http)
  end)

  it("are refused under an unknown name, with the nearest known one", function()
    assert.equal('frontdesk.acme: "apikey" is not an option (did you mean "api_key"?)', refusal { apikey = "x" })
  end)

  it("are refused with a wrong type or value, never showing the value", function()
    assert.truthy(refusal({ api_key = 17 }):find("api_key must be a string", 1, true))
    assert.truthy(refusal({ days = 1.5 }):find("days must be a whole number", 1, true))
    assert.truthy(refusal({ days = -1 }):find("days must be at least 0", 1, true))
    assert.truthy(refusal({ mode = "medium" }):find('mode must be one of "fast", "slow"', 1, true))
    assert.truthy(refusal({ timeout = 0 }):find("timeout must be a positive number", 1, true))
    assert.truthy(refusal({ timeout = 0 / 0 }):find("timeout must be a number", 1, true))
    assert.truthy(refusal({ rate = 0 / 0 }):find("rate must be a number", 1, true))
    for _, name in ipairs { "rate", "burst", "max_in_flight" } do
      assert.equal("frontdesk.acme: " .. name .. " must be at most 1000000", refusal { [name] = 1000001 })
      assert.equal("frontdesk.acme: " .. name .. " must be at most 1000000", refusal({}, { ["FRONTDESK_ACME_" .. name:upper()] = "1000001" }))
    end
    assert.truthy(refusal({ api_key = "" }):find("api_key must not be empty", 1, true))
    assert.truthy(refusal({ http_version = "3" }):find("http_version must be", 1, true))
    local message = refusal { api_key = "secret\r\nX-Evil: 1" }
    assert.truthy(message:find("line breaks", 1, true))
    assert.is_nil(message:find("secret", 1, true))
  end)

  it("name the environment variable that does not fit", function()
    local message = refusal({}, { FRONTDESK_ACME_DAYS = "many" })
    assert.truthy(message:find("the environment variable FRONTDESK_ACME_DAYS must be of the type integer", 1, true))
  end)

  it("belong together: a user name is of no use without a password", function()
    assert.equal("frontdesk.acme: password is missing: username is given and is of no use without it", refusal { username = "mai" })
  end)

  it("need an address that is one", function()
    for _, url in ipairs { "file:///etc/passwd", "gopher://x", "https://", "https://user:pw@acme.example", "acme.example",
      "https://acme.example/\r\nx", "https://acme.example/#part" } do
      assert.truthy(refusal({ base_url = url }):find("base_url", 1, true), url)
    end
    assert.truthy(refusal({ base_url = "https://acme.example/?a=1" }):find("must not have a query", 1, true))
  end)

  it("need an address when the service has none of its own", function()
    local bare = { name = "bare", options = {}, credentials = {} }
    local ok, message = pcall(config.resolve, bare, {}, { getenv = function() end })
    assert.is_false(ok)
    assert.truthy(message:find("frontdesk.bare: base_url is missing", 1, true))
  end)

  it("check the names in the profile too", function()
    local message = refusal({}, { HOME = "/home/x" }, { acme = { api_kee = "x" } })
    assert.truthy(message:find('/home/x/.config/frontdesk/profile.lua: "api_kee" is not an option', 1, true))
  end)

  it("fail when the profile that was asked for is not there", function()
    assert.truthy(refusal({ profile = "/nowhere/profile.lua" }):find("there is no profile", 1, true))
    assert.truthy(refusal({}, { FRONTDESK_PROFILE = "/nowhere/profile.lua" }):find("there is no profile", 1, true))
    assert.equal(30, resolve({}, { HOME = "/home/x" }).timeout)
  end)
end)

describe("a profile file", function()
  local path

  local function write(text, mode)
    path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    os.execute("chmod " .. (mode or "600") .. " " .. path)
    return path
  end

  after_each(function()
    if path then
      os.remove(path)
      path = nil
    end
  end)

  it("is a Lua table", function()
    assert.same({ acme = { api_key = "k" } }, config.read_profile(write 'return { acme = { api_key = "k" } }'))
  end)

  it("is refused when other users can read it", function()
    local profile, message = config.read_profile(write("return {}", "644"))
    assert.is_nil(profile)
    assert.truthy(message:find("chmod 600", 1, true), message)
  end)

  it("can reach nothing", function()
    local profile, message = config.read_profile(write 'return { acme = { api_key = os.getenv("HOME") } }')
    assert.is_nil(profile)
    assert.truthy(message:find("plain table", 1, true))
  end)

  it("must read as Lua source", function()
    local profile, message = config.read_profile(write "return {")
    assert.is_nil(profile)
    assert.truthy(message:find("does not read as Lua", 1, true))
    os.remove(path)
    profile, message = config.read_profile(write(string.dump(function() return {} end)))
    assert.is_nil(profile)
    assert.truthy(message:find("compiled Lua", 1, true))
  end)

  it("that is not there is told from one that cannot be read", function()
    local profile, _, absent = config.read_profile "/nowhere/at/all/profile.lua"
    assert.is_nil(profile)
    assert.is_true(absent)
  end)
end)

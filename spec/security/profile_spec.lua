-- A profile file is data: whoever can write it can name a server, and no more; whoever cannot read it learns nothing from errors.

local config = require "frontdesk.config"
local frontdesk = require "frontdesk"
local pace = require "support.pace"
local process = require "support.process"
local profiles = require "frontdesk.profile"

local SECRET = "t0k-profile-4711"

local folder

setup(function()
  folder = process.folder()
end)

teardown(function()
  os.execute("rm -rf " .. process.quote(folder))
end)

local function write(text, mode, name)
  local path = folder .. "/" .. (name or "profile.lua")
  os.remove(path)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  os.execute(("chmod %s %s"):format(mode or "600", path))
  return path
end

-- What a client says to a profile that is at a path; it never holds the secret.
local function refusal(path)
  local ok, message = pcall(frontdesk.pos, { base_url = "https://pos.example", profile = path })
  assert.is_false(ok)
  assert.is_string(message)
  assert.is_nil(message:find(SECRET, 1, true), message)
  assert.is_nil(message:find("[\r\n]"), message)
  return message
end

local function expect(words, path)
  local message = refusal(path)
  assert.is_truthy(message:find("frontdesk.pos: ", 1, true), message)
  assert.is_truthy(message:find(words, 1, true), message)
end

local PRIVATE = ('return { pos = { token = "%s" } }'):format(SECRET)

describe("a profile on the disk", function()
  for _, mode in ipairs { "604", "640", "602", "620", "660", "644", "666", "777" } do
    it("is refused with mode " .. mode .. ", and unread", function()
      expect("other users can read or change it; run chmod 600 on it", write(PRIVATE, mode))
    end)
  end

  it("is taken with modes that shut others out", function()
    for _, mode in ipairs { "600", "400", "700" } do
      assert.equal(SECRET, config.read_profile(write(PRIVATE, mode)).pos.token)
    end
  end)

  it("is judged by the file behind a symbolic link", function()
    local link = folder .. "/link.lua"
    write(PRIVATE, "600", "private.lua")
    os.execute(("ln -sfn private.lua %s"):format(link))
    assert.equal(SECRET, config.read_profile(link).pos.token)
    write(PRIVATE, "644", "open.lua")
    os.execute(("ln -sfn open.lua %s"):format(link))
    expect("other users can read or change it", link)
    for target, words in pairs { ["/dev/zero"] = "not a regular file", ["/nowhere/at/all"] = "no such file", ["link.lua"] = "could not be read" } do
      os.execute(("ln -sfn %s %s"):format(target, link))
      expect(words, link)
    end
    os.remove(link)
  end)

  it("is refused where it is a folder, a device, a pipe or a socket, without waiting for it", function()
    local before = frontdesk.now()
    os.execute(("mkfifo -m 600 %s/pipe"):format(folder))
    for _, path in ipairs { folder, "/dev/zero", "/dev/null", "/dev/random", "/dev/tty", folder .. "/pipe" } do
      local message = refusal(path)
      assert.is_truthy(message:find("not a regular file", 1, true) or message:find("could not be read", 1, true), message)
    end
    assert.is_true(frontdesk.now() - before < 5)
  end)

  it("is refused where the kernel makes it up, and then none of it is shown", function()
    for _, path in ipairs { "/proc/self/environ", "/proc/self/mem", "/proc/self/status" } do
      assert.is_truthy(refusal(path):find(path, 1, true))
    end
  end)

  it("is refused beyond 1 MiB, however large the hole in it", function()
    expect("larger than 1 MiB", write(("-"):rep(1024 * 1024 + 1)))
    local path = write ""
    os.execute(("truncate -s 64G %s"):format(path))
    expect("larger than 1 MiB", path)
  end)

  it("must have a name that is a text without line breaks or NUL", function()
    for name, words in pairs { ["/tmp/a\0b"] = "control characters", ["/tmp/a\nb"] = "control characters", [""] = "must not be empty" } do
      expect("profile must not", name)
      expect(words, name)
    end
    expect("profile must be a string (got a table)", {})
    expect("profile must be a string (got a number)", 7)
  end)

  if process.output "id -u" == "0" then
    it("is refused from another user, also where that one may replace files in the folder", function()
      os.execute(("mkdir -p -m 777 %s/shared"):format(folder))
      local path = write(PRIVATE, "600", "shared/profile.lua")
      os.execute(("chown 65534 %s"):format(path))
      expect("it belongs to another user", path)
    end)
  end
end)

-- Each is what a stranger might write into a profile: none may run, and none may take long.
local CODE = {
  { "a loop", "while true do end" },
  { "a loop in a function that is called", "return (function() while true do end end)()" },
  { "a loop with goto", "::a:: goto a" },
  { "a loop before the table", "for i = 1, 1e18 do end return {}" },
  { "a call of os.execute", 'return { pos = { token = os.execute("touch %s/ran") } }' },
  { "a method of a text", 'return { pos = { token = ("x"):rep(1e9) } }' },
  { "a method of a text behind a name", 'return { pos = { token = ("%%d"):format(1) } }' },
  { "a search that never ends", 'return { pos = { token = (("a"):rep(50)):find(("a*"):rep(50) .. "b") } }' },
  { "a reach for the metatable of texts", 'return { pos = { token = ("").dump } }' },
  { "a call without brackets", 'return { pos = { token = require"os" } }' },
  { "a call of a text", 'return { pos = { token = "a""b" } }' },
  { "an index", "return ({ { pos = {} } })[1]" },
  { "a function", "return { pos = { token = function() return 1 end } }" },
  { "joined texts", 'return { pos = { token = "a" .. "b" } }' },
  { "a sum", "return { pos = { timeout = 1 + 1 } }" },
  { "a power", "return { pos = { timeout = 9^9 } }" },
  { "a length", 'return { pos = { timeout = #"abc" } }' },
  { "a negation", "return { pos = { allow_http = not false } }" },
  { "a name", "return { pos = _G }" },
  { "varargs", "return { pos = { ... } }" },
  { "a local", 'local token = "x" return { pos = { token = token } }' },
  { "an assignment", "pos = {}" },
  { "a name without return", '{ pos = {} }' },
  { "a second statement", "return {} ; os.exit(3)" },
  { "more values", 'return { pos = {} }, { pos = {} }' },
  { "a comparison for a name", "return { pos == {} }" },
  { "a computed name", 'return { ["p" .. "os"] = {} }' },
  { "a word of Lua's for a name", "return { pos = { ['end'] = 1, end = 2 } }" },
  { "a table for a name", "return { [{}] = 1 }" },
  { "a constructor that calls", "return { pos = setmetatable({}, {}) }" },
}

-- And what only looks like Lua, with what is said of it.
local SYNTAX = {
  { "an open table", "return {", "a table does not end" },
  { "an open table in a table", "return { pos = { token = 1,", "a table does not end" },
  { "a value that is missing", "return { pos =", "a value is missing" },
  { "an open text", 'return { pos = { token = "%s } }', "a text does not end on its line" },
  { "an open text over lines", 'return { pos = { token = "%s\n" } }', "a text does not end on its line" },
  { "an open long text", "return { pos = { token = [==[%s]] } }", "a text does not end" },
  { "a carriage return alone", "return { pos = { token = [[%s\r]] } }", "a text holds a carriage return that ends no line" },
  { "an open comment", "return { --[[ %s }", "a comment does not end" },
  { "an escape that is none", 'return { pos = { token = "%s\\q" } }', "a text holds an escape that a profile does not know" },
  { "an escape beyond a byte", 'return { pos = { token = "%s\\999" } }', "a text holds an escape that a profile does not know" },
  { "an escape at the end", 'return { pos = { token = "%s\\', "a text holds an escape that a profile does not know" },
}

describe("a profile with code in it", function()
  for _, case in ipairs(CODE) do
    it("is refused: " .. case[1], function()
      local before = frontdesk.now()
      local path = write("-- " .. SECRET .. "\n" .. case[2]:format(folder))
      expect(("the profile must be a plain table: %s:2: "):format(path), path)
      assert.is_nil(io.open(folder .. "/ran"))
      assert.is_true(frontdesk.now() - before < 5)
    end)
  end

  it("is refused as bytecode, whichever Lua's", function()
    expect("is compiled Lua", write(string.dump(function() return { pos = {} } end)))
    expect("is compiled Lua", write "\27LJ\2\10")
    expect("is compiled Lua", write "\27LuaS\0")
  end)
end)

describe("a profile that does not read", function()
  for _, case in ipairs(SYNTAX) do
    it("is refused: " .. case[1], function()
      local path = write("\n\n" .. case[2]:format(SECRET))
      expect(("the profile does not read as Lua: %s:3: %s"):format(path, case[3]), path)
    end)
  end

  it("says no word of it, wherever the mistake is", function()
    for _, text in ipairs { SECRET, "return " .. SECRET, 'return { pos = { token = "x" "' .. SECRET .. '" } }',
      "return { pos = { token = t0k-profile-4711 } }", 'return { pos = { "' .. SECRET .. '" = 1 } }',
      ('return { pos = { token = "%s" "' .. '\n' .. '" } }'):format(SECRET), "return { pos = { " .. SECRET .. " } }" } do
      refusal(write(text))
    end
  end)

  it("is no table", function()
    for _, text in ipairs { "", "-- nothing", "return 5", 'return "' .. SECRET .. '"', "return nil", "return true" } do
      expect("must return a table, one entry a service", write(text))
    end
    expect("the profile's entry pos must be a table", write(('return { pos = "%s" }'):format(SECRET)))
  end)

  it("is refused where a name stands twice, of which one would count", function()
    for _, text in ipairs { 'return { pos = { token = "a",\n token = "b" } }', 'return { pos = {},\n ["pos"] = {} }', "return { 1,\n [1] = 2 }" } do
      local path = write(text)
      expect(("%s:2: a name stands here for the second time"):format(path), path)
    end
  end)

  it("is refused however deep it goes, and does not use the stack up", function()
    expect("too deep", write("return " .. ("{"):rep(100000)))
    expect("too deep", write("return " .. ("{ a = "):rep(17) .. "1" .. ("}"):rep(17)))
    assert.is_table(config.read_profile(write("return " .. ("{"):rep(16) .. ("}"):rep(16))))
  end)

  it("takes a mebibyte of anything in no long time", function()
    local before = frontdesk.now()
    for _, part in ipairs { "{},", "[==[", "--[[]]", "--[==[", '"\\', "a=", "[1]=", "\n", "1e", "\\", "((", "nil," } do
      local text = "return {" .. part:rep(math.floor(1048000 / #part))
      assert.is_false((pcall(frontdesk.pos, { profile = write(text), base_url = "https://pos.example" })))
    end
    assert.is_true(frontdesk.now() - before < 20 * pace)
  end)
end)

describe("a profile", function()
  local function read(text)
    local profile, message = config.read_profile(write(text))
    assert(profile, message)
    return profile
  end

  it("may be written as Lua lets one write a table", function()
    assert.same({ pos = { token = "a\"b'c\\d\tA\255", timeout = 0.5, retry = 0, allow_http = true, rate = 1e-3, keep_null = false },
      ["imbee"] = { 1, -2, 0x10, { "x" }, [9] = "nine" } }, read [==[
--[[ over
lines ]]
return { -- a comment
  pos = { token = "a\"b'c\\d\t\65\xff"; timeout = .5, retry = 0, allow_http=true, rate = 1e-3, keep_null --[=[ here ]] ]=] = false,
    environment = nil, },
  ["imbee"] = { 1, -2, 0x10, { 'x' }, [9] = [[nine]] }
}; -- the end]==])
    assert.same({ a = "\nb]]c" }, read "return{a=[=[\n\nb]]c]=]}")
  end)

  it("is read as Lua would, or refused: thousands of tables, most of them damaged", function()
    local seed = 4711 -- of a generator that is the same for every Lua
    local function pick(list)
      seed = (seed * 16807) % 2147483647
      return list[seed % #list + 1]
    end
    local PIECES = { "{", "}", "[", "]", "=", ",", ";", '"', "'", "\\", "\\n", "\\065", "\\x41", "\\256", "a", "_b", "true", "nil", "and", "1", "-", "2.5", "1e3",
      ".5", "0x1F", "--", "--[[", "[[", "]]", "[==[", "]==]", "\n", "\r\n", "\r", " ", "..", "(", "\0", "\255", "" }
    local WHOLE = { 'a = "x\\n\\9"', "['b'] = { 1, -2.5e-3, { true } }", "[7] = [[\nlong]]", "'c'", "d=.5 --[=[ x ]] ]=]", "e = nil", "{ f = 0x1F; }", "g = 1E+2 -- c\n" }
    local taken = 0
    for round = 1, 4000 do
      local text = ("return { %s, %s, h = { %s } }"):format(pick(WHOLE), pick(WHOLE), pick(WHOLE))
      for _ = 1, round % 4 do
        seed = (seed * 16807) % 2147483647
        local at = 8 + seed % (#text - 8)
        text = text:sub(1, at) .. pick(PIECES) .. text:sub(at + 1 + round % 3)
      end
      local profile = profiles.parse(text, "p")
      if profile then
        taken = taken + 1
        local chunk = assert((loadstring or load)(text, "=p"), text)
        assert.same(chunk(), profile)
      end
    end
    assert.is_true(taken > 1000)
  end)

  it("has its values checked like those given by hand, and never shown", function()
    local function with(entry)
      return write(("return { pos = { %s } }"):format(entry))
    end
    expect("token must not hold line breaks", with(('token = "%s\\nX-Evil: 1"'):format(SECRET)))
    expect("token must not hold line breaks", with(('token = "%s\\0"'):format(SECRET)))
    expect("token must be a string (got a number)", with "token = 7")
    expect("token must be a string (got a table)", with(('token = { "%s" }'):format(SECRET)))
    expect('"tokn" is not an option', with(('tokn = "%s"'):format(SECRET)))
    expect('"1" is not an option', with(('"%s"'):format(SECRET)))
    expect("ca_file must be a string", with(('ca_file = { "%s" }'):format(SECRET)))
  end)

  it("cannot name what is code or leads elsewhere", function()
    local sent = {}
    local client = frontdesk.pos {
      base_url = "https://pos.example", retry = 0,
      profile = write 'return { pos = { token = "t0k-1", transport = {}, headers = { Host = "evil.example" }, on_request = "x", profile = "/x" } }',
      transport = { send = function(_, request)
        sent[#sent + 1] = request
        return nil, { kind = "network", outcome = "not_sent", message = "no" }
      end },
    }
    assert.equal("network", select(2, client.me:info()).kind)
    assert.equal(1, #sent)
    for _, pair in ipairs(sent[1].headers:list()) do
      assert.is_true(pair[1] ~= "Host")
    end
  end)
end)

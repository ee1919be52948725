-- Documents that lie in wait: for the decoder, for Lua's tables, for whoever reads the value.
local frontdesk = require "frontdesk"
local hostile = require "support.hostile"
local process = require "support.process"

local EXACT = math.type ~= nil -- 64-bit integers as numbers

local function utf16(text, bom)
  return bom .. text:gsub(".", "%0\0")
end

local GOOD = '{"status":0,"payload":{"id":7}}'

-- The whole document, and a part of what is said of it.
local REFUSED = {
  { "a byte order mark", "\239\187\191" .. GOOD, "at byte 1" },
  { "UTF-16 with a mark", utf16(GOOD, "\255\254"), "at byte 1" },
  { "UTF-16 without a mark", utf16(GOOD, ""), "at byte 2" },
  { "UTF-32", (GOOD:gsub(".", "%0\0\0\0")), "at byte 2" },
  { "a byte that UTF-8 does not have", '{"status":0,"payload":{"id":"\255"}}', "at byte 30" },
  { "a character cut short", '{"status":0,"payload":{"id":"\226\130"}}', "at byte 30" },
  { "an overlong slash", '{"status":0,"payload":{"id":"\192\175"}}', "at byte 30" },
  { "a surrogate in UTF-8", '{"status":0,"payload":{"id":"\237\160\128"}}', "at byte 30" },
  { "a character beyond Unicode", '{"status":0,"payload":{"id":"\244\144\128\128"}}', "at byte 30" },
  { "half a surrogate pair, the first", [[{"status":0,"payload":{"id":"\ud83d"}}]], "at byte 30" },
  { "half a surrogate pair, the second", [[{"status":0,"payload":{"id":"\ude00"}}]], "at byte 30" },
  { "a pair the wrong way round", [[{"status":0,"payload":{"id":"\ude00\ud83d"}}]], "at byte 30" },
  { "an object 129 deep", '{"status":0,"payload":' .. ('{"a":'):rep(128) .. "1" .. ("}"):rep(129), "more than 128" },
  { "an array 100,000 deep", ("["):rep(100000) .. ("]"):rep(100000), "more than 128" },
  { "an object 100,000 deep, without an end", ('{"a":'):rep(100000), "more than 128" },
  { "1e400", '{"status":0,"payload":{"id":1e400}}', "at byte 29" },
  { "-1e400", '{"status":0,"payload":{"id":-1e400}}', "at byte 29" },
  { "NaN", '{"status":0,"payload":{"id":NaN}}', "at byte 29" },
  { "Infinity", '{"status":0,"payload":{"id":-Infinity}}', "at byte 3" },
  { "a hexadecimal number", '{"status":0,"payload":{"id":0x10}}', "at byte 30" },
  { "a number with a zero before it", '{"status":0,"payload":{"id":007}}', "at byte 3" },
  { "bytes after the document", GOOD .. "]", "at byte 32" },
  { "a second document", GOOD .. GOOD, "at byte 32" },
  { "NUL after the document", GOOD .. "\0", "at byte 32" },
  { "NUL before the document", "\0" .. GOOD, "at byte 1" },
  { "NUL in a string", '{"status":0,"payload":{"id":"a\0b"}}', "at byte 31" },
  { "a line feed in a string", '{"status":0,"payload":{"id":"a\nb"}}', "at byte 31" },
  { "a comment", '{"status":0,/* */"payload":{"id":7}}', "at byte 13" },
  { "a comma too many", '{"status":0,"payload":{"id":7},}', "at byte 32" },
  { "names without quotes", '{status:0,payload:{id:7}}', "at byte 2" },
  { "nothing but blanks", (" "):rep(50000), "the text is empty" },
}

local BIG = ("9"):rep(1000)

-- The payload, and the value that is made of it.
local TAKEN = {
  { "names that come twice, the last of which counts", '{"id":1,"id":2,"id":3}', { id = 3 } },
  { "names that come twice, once in escapes", [[{"id":1,"\u0069d":3}]], { id = 3 } },
  { "objects 128 deep", ('{"a":'):rep(126) .. "{}" .. ("}"):rep(126) },
  { "2^53", '{"id":9007199254740992}', { id = 2 ^ 53 } },
  { "2^53 + 1", '{"id":9007199254740993}', { id = EXACT and math.tointeger "9007199254740993" or "9007199254740993" } },
  { "-2^53 - 1", '{"id":-9007199254740993}', { id = EXACT and math.tointeger "-9007199254740993" or "-9007199254740993" } },
  { "2^63 - 1", '{"id":9223372036854775807}', { id = EXACT and math.maxinteger or "9223372036854775807" } },
  { "-2^63", '{"id":-9223372036854775808}', { id = EXACT and math.mininteger or "-9223372036854775808" } },
  { "2^63", '{"id":9223372036854775808}', { id = "9223372036854775808" } },
  { "an integer of 1,000 digits", '{"id":' .. BIG .. "}", { id = BIG } },
  { "a fraction of 1,000 digits", '{"id":0.' .. BIG .. "}", { id = 1.0 } },
  { "1e-400", '{"id":1e-400}', { id = 0.0 } },
  { "an escaped NUL", [[{"id":"a\u0000b"}]], { id = "a\0b" } },
  { "names that Lua's tables give a meaning to", '{"__index":1,"__gc":2,"__metatable":3}', { __index = 1, __gc = 2, __metatable = 3 } },
  { "a name that is empty, and one of 60 kB", '{"":1,"' .. ("n"):rep(60000) .. '":2}', { [""] = 1, [("n"):rep(60000)] = 2 } },
}

describe("a JSON answer", function()
  local service, folder

  local function write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(text)
    file:close()
  end

  lazy_setup(function()
    folder = process.folder()
    for i, case in ipairs(REFUSED) do
      write("refused-" .. i, case[2])
    end
    for i, case in ipairs(TAKEN) do
      write("taken-" .. i, '{"status":0,"payload":' .. case[2] .. "}")
    end
    service = hostile.start(([[
      setmetatable(attack, { __index = function(_, name)
        return function()
          local file = assert(io.open(%q .. "/" .. name, "rb"))
          answer(file:read "*a")
          file:close()
        end
      end })
    ]]):format(folder))
  end)

  lazy_teardown(function()
    service.server:stop()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  for i, case in ipairs(REFUSED) do
    it("with " .. case[1] .. " is refused", function()
      local err = service:expect("refused-" .. i, { kind = "decode", outcome = "unknown", status = 200, attempts = 1, message = case[3] })
      assert.is_nil(err.body)
      assert.is_nil(err.message:find("payload", 1, true), "it quotes the document")
    end)
  end

  for i, case in ipairs(TAKEN) do
    it("with " .. case[1] .. " is taken", function()
      local value = assert(service.client.things:get("taken-" .. i))
      if case[3] then
        assert.same(case[3], value)
      end
      assert.is_nil(getmetatable(value))
      service:works()
    end)
  end
end)

-- How Lua hashes strings, and so what makes names collide: Lua 5.4 takes all bytes and a seed;
-- LuaJIT takes a few bytes out of a long name, but with a seed where many collide; Debian's and
-- OpenResty's takes 16 bytes and more of a name of 128 or more, wherever a seed says.
describe("a million names", function()
  -- Decodes objects of names, doubling their number; seconds for the last.
  local function seconds(count, name)
    local parts = {}
    for i = 1, count do
      parts[i] = ('"%s":%d'):format(name(i), i % 10)
    end
    local text = "{" .. table.concat(parts, ",") .. "}"
    collectgarbage()
    local begun = os.clock()
    assert.is_table((frontdesk.json.decode(text)))
    return os.clock() - begun
  end

  -- A second is some hundred times what it takes; growth with the square would take minutes.
  local LONGEST = 60

  it("are read in time that grows with their number", function()
    assert.is_true(seconds(1000000, function(i) return ("k%x"):format(i) end) < LONGEST)
  end)

  for label, shape in pairs {
    ["at even places (Lua 5.1 to 5.3)"] = "%s0%s1%s2%s3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ["in their middle (LuaJIT 2.0)"] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%s%s%s%saaaaaaaaaaaaaaaaaaaaaaaa",
  } do
    it("that differ " .. label .. " take no longer", function()
      local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
      local function letter(number)
        return letters:sub(number % 32 + 1, number % 32 + 1)
      end
      assert.is_true(seconds(200000, function(i)
        return shape:format(letter(i), letter(math.floor(i / 32)), letter(math.floor(i / 1024)), letter(math.floor(i / 32768)))
      end) < LONGEST)
    end)
  end
end)

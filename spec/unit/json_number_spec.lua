-- Numbers: exact integers, doubles read to the nearest and written in the fewest digits.

local generator = require "support.json_generator"
local json = require "frontdesk.json"
local process = require "support.process"

local math_type = math.type or function()
  return nil
end
local HAS_INTEGERS = math_type(1) == "integer"
local TWO_53 = 2 ^ 53

local function decode(text)
  local value, err = json.decode(text)
  assert.is_nil(err)
  return value
end

-- The sign of a zero does not show in a comparison.
local function is_negative_zero(value)
  return value == 0 and 1 / value < 0
end

describe("json.decode reads integers", function()
  local small = { "0", "1", "-1", "7", "10", "99", "100", "2147483647", "-2147483648", "4294967296", "1704819600000", "999999999999999" }
  for _, text in ipairs(small) do
    it(text .. " exactly", function()
      local value = decode(text)
      assert.equal("number", type(value))
      assert.equal(tonumber(text), value)
      assert.equal(text, ("%.0f"):format(value))
      assert.equal(text, json.encode(value))
      assert.equal(HAS_INTEGERS and "integer" or nil, math_type(value))
    end)
  end

  -- A Lua without integers holds these exactly; so does one with.
  for _, text in ipairs { "9007199254740991", "9007199254740992", "-9007199254740991", "-9007199254740992" } do
    it(text .. " as a number, up to 2^53", function()
      local value = decode(text)
      assert.equal("number", type(value))
      assert.equal(text, json.encode(value))
    end)
  end

  -- From here on LuaJIT gets digits.
  for _, text in ipairs {
    "9007199254740993",
    "-9007199254740993",
    "1052570182707778180",
    "999999999999999999",
    "1000000000000000000",
    "9223372036854775806",
    "9223372036854775807",
    "-9223372036854775807",
    "-9223372036854775808",
  } do
    it(text .. ", exactly, as an integer or else as digits", function()
      local value = decode(text)
      if HAS_INTEGERS then
        assert.equal("integer", math_type(value))
        assert.equal(text, ("%d"):format(value))
        assert.equal(text, json.encode(value))
      else
        assert.equal(text, value)
      end
    end)
  end

  for _, text in ipairs {
    "9223372036854775808",
    "-9223372036854775809",
    "9999999999999999999",
    "10000000000000000000",
    "18446744073709551615",
    "18446744073709551616",
    "-18446744073709551616",
    "36893488147419103233", -- 2^65 + 1, which wraps to a small number
    "99999999999999999999",
    "340282366920938463463374607431768211456",
    "123456789012345678901234567890",
  } do
    it(text .. ", past 64 bits, as digits", function()
      assert.equal(text, decode(text))
      assert.same({ a = text, b = { text } }, decode(('{"a":%s,"b":[%s]}'):format(text, text)))
    end)
  end

  it("of 1,000 and of 100,000 digits as digits", function()
    for _, size in ipairs { 1000, 100000 } do
      local digits = ("1234567890"):rep(size / 10)
      assert.equal(digits, decode(digits))
      assert.equal("-" .. digits, decode("[-" .. digits .. "]")[1])
    end
  end)

  it("-0 as the negative zero", function()
    assert.is_true(is_negative_zero(decode "-0"))
    assert.is_true(is_negative_zero(decode("[-0]")[1]))
    assert.is_false(is_negative_zero(decode "0"))
  end)
end)

describe("json.decode reads doubles", function()
  -- text, value
  local cases = {
    { "1.5", 1.5 },
    { "-1.5", -1.5 },
    { "0.5", 0.5 },
    { "0.1", 0.1 },
    { "1.0", 1 },
    { "10.0e-1", 1 },
    { "1e0", 1 },
    { "1e2", 100 },
    { "1E2", 100 },
    { "1e+2", 100 },
    { "1E-2", 0.01 },
    { "1e02", 100 },
    { "1e000000000000000000000000000000002", 100 },
    { "123.456e-2", 1.23456 },
    { "0e5", 0 },
    { "0.0", 0 },
    { "0e400", 0 },
    { "0e999999999999999999999", 0 },
    { "0.000e-999999999999999999999", 0 },
    { "1e22", 1e22 },
    { "1e23", 1e23 }, -- 10^23 is no double: one power too far for a quick product
    { "9007199254740993.0", 9007199254740992 }, -- a tie goes to the even neighbour
    { "9007199254740995.0", 9007199254740996 },
    { "9007199254740993.00000000000000000000000000000000000001", 9007199254740994 },
    { "1.7976931348623157e308", 1.7976931348623157e308 },
    { "1.797693134862315807e308", 1.7976931348623157e308 }, -- below the midpoint to what would be infinite
    { "17976931348623157" .. ("0"):rep(292) .. ".0", 1.7976931348623157e308 },
    { "2.2250738585072014e-308", 2.2250738585072014e-308 },
    { "2.2250738585072011e-308", 2.2250738585072011e-308 }, -- the largest subnormal; many parsers have stumbled here
    { "4.9e-324", 2 ^ -1074 },
    { "2.4703282292062328e-324", 2 ^ -1074 }, -- just above half of the smallest
    { "2.4703282292062327e-324", 0 }, -- just below
    { "1e-400", 0 },
    { "1e-999999999999999999999", 0 },
    { "0." .. ("0"):rep(400) .. "1e401", 1 },
    { "1" .. ("0"):rep(400) .. "e-400", 1 },
    { "0." .. ("3"):rep(1000), 1 / 3 },
    { ("9"):rep(1000) .. "e-1000", 1 },
    { "1." .. ("0"):rep(1000) .. "1", 1 },
    { "0.30000000000000004", 0.1 + 0.2 },
    { "3.141592653589793238462643383279502884197", math.pi },
  }
  for _, case in ipairs(cases) do
    local shown = #case[1] <= 40 and case[1] or case[1]:sub(1, 20) .. "... (" .. #case[1] .. " bytes)"
    it(shown .. " to the nearest", function()
      local value = decode(case[1])
      assert.equal("number", type(value))
      assert.equal(case[2], value)
      local opposite = case[1]:sub(1, 1) == "-" and case[1]:sub(2) or "-" .. case[1]
      assert.equal(-case[2], decode(opposite))
      assert.equal(HAS_INTEGERS and "float" or nil, math_type(value))
    end)
  end

  it("with the sign of a zero", function()
    for _, text in ipairs { "-0.0", "-0e1", "-0.0e-5", "-1e-400" } do
      assert.is_true(is_negative_zero(decode(text)))
    end
  end)

  -- Exactly between 1 and the next double; what follows, however late, decides.
  it("where only the 770th digit decides", function()
    local tie = "1.00000000000000011102230246251565404236316680908203125"
    assert.equal(1, decode(tie))
    assert.equal(1, decode(tie .. ("0"):rep(900)))
    assert.equal(1 + 2 ^ -52, decode(tie .. ("0"):rep(716) .. "1"))
    assert.equal(1 + 2 ^ -52, decode(tie .. ("0"):rep(5000) .. "1"))
  end)

  it("refusing what is beyond the largest", function()
    for _, text in ipairs {
      "1e309",
      "1e400",
      "-1e309",
      "1.7976931348623159e308",
      "1e99999999999999999999999999",
      ("9"):rep(310) .. ".0",
      "0." .. ("0"):rep(100) .. "1e500",
    } do
      local value, err = json.decode(text)
      assert.is_nil(value)
      assert.equal("a number is too large for a double, at byte 1", err.message)
    end
  end)

  it("as the platform does, for numbers of every size", function()
    local random = generator.random(99)
    for _ = 1, 5000 do
      local digits = {}
      for i = 1, random(25) do
        digits[i] = random(10) - 1
      end
      local text = ("%d.%se%d"):format(random(9), table.concat(digits), random(600) - 300)
      assert.equal(tonumber(text), decode(text))
    end
  end)
end)

describe("json.encode writes numbers", function()
  -- value, text
  local cases = {
    { 0, "0" },
    { 1, "1" },
    { -1, "-1" },
    { 100, "100" },
    { 2 ^ 31, "2147483648" },
    { -2 ^ 31, "-2147483648" },
    { 1e3, "1000" },
    { 1e15, "1000000000000000" },
    { 1704819600000, "1704819600000" },
    { 1704819600000 + 0.0, "1704819600000" },
    { TWO_53 - 1, "9007199254740991" },
    { TWO_53, "9007199254740992" },
    { -TWO_53, "-9007199254740992" },
    { TWO_53 + 2, "9.007199254740994e15" },
    { 2 ^ 63, "9.223372036854776e18" },
    { 1e21, "1e21" },
    { 1e22, "1e22" },
    { 1e23, "1e23" },
    { 1.5e300, "1.5e300" },
    { 1e100, "1e100" },
    { -1e100, "-1e100" },
    { 0.5, "0.5" },
    { -0.5, "-0.5" },
    { 0.1, "0.1" },
    { 0.07, "0.07" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 1 / 3, "0.3333333333333333" },
    { 2 / 3, "0.6666666666666666" },
    { 10.25, "10.25" },
    { 12.5, "12.5" },
    { 100.01, "100.01" },
    { 1234.5678, "1234.5678" },
    { 123456789.125, "123456789.125" },
    { 10.7769, "10.7769" },
    { 106.70098, "106.70098" },
    { 2251799813685249.5, "2251799813685249.5" },
    { 0.000001, "0.000001" },
    { 0.0000015, "0.0000015" },
    { 0.0000001, "1e-7" },
    { 1.25e-7, "1.25e-7" },
    { 1e-10, "1e-10" },
    { 5e-324, "5e-324" },
    { 2 ^ -1074, "5e-324" },
    { 3 * 2 ^ -1074, "1.5e-323" },
    { 2.2250738585072014e-308, "2.2250738585072014e-308" }, -- the smallest normal
    { 2.225073858507201e-308, "2.225073858507201e-308" }, -- the largest subnormal
    { 1.7976931348623157e308, "1.7976931348623157e308" },
    { math.pi, "3.141592653589793" },
    -- powers of two, where the neighbour below is nearer than the one above
    { 2 ^ -44, "5.684341886080802e-14" },
    { 2 ^ -1022, "2.2250738585072014e-308" },
    { 2 ^ 54, "1.8014398509481984e16" },
    { 2 ^ 89, "6.189700196426902e26" },
    { 2 ^ 1023, "8.98846567431158e307" },
    { 9007199254740992 * 2 ^ 20, "9.44473296573929e21" },
  }
  for _, case in ipairs(cases) do
    it(case[2], function()
      assert.equal(case[2], json.encode(case[1]))
      assert.equal(case[1], decode(case[2]))
    end)
  end

  it("-0 for the negative zero", function()
    assert.equal("-0", json.encode(-0.0 * 1.0))
    assert.is_true(is_negative_zero(decode(json.encode(-1 / math.huge))))
  end)

  if HAS_INTEGERS then
    it("that are 64-bit integers with all their digits", function()
      assert.equal("9223372036854775807", json.encode(math.maxinteger))
      assert.equal("-9223372036854775808", json.encode(math.mininteger))
      for shift = 0, 62 do
        local value = math.tointeger(2 ^ shift) - 1
        assert.equal(("%d"):format(value), json.encode(value))
        assert.equal(value, decode(json.encode(value)))
        assert.equal("integer", math.type(decode(json.encode(value))))
      end
    end)
  end

  it("that are integers of every length", function()
    local value = 0
    for digit = 1, 15 do
      value = value * 10 + digit % 10
      assert.equal(("%.0f"):format(value), json.encode(value))
      assert.equal(("-%.0f"):format(value), json.encode(-value))
    end
  end)

  it("so that they read back the same, and not in one digit more than needed", function()
    local random = generator.random(7)
    for _ = 1, 5000 do
      local mantissa = (random(2 ^ 20) * 2 ^ 32 + random(2 ^ 16) * 2 ^ 16 + random(2 ^ 16)) / 2 ^ 52
      local value = mantissa * 2 ^ (random(2046) - 1023)
      local text = json.encode(value)
      assert(decode(text) == value, text)
      local digits = text:gsub("e.*", ""):gsub("[.-]", ""):gsub("^0+", ""):gsub("0+$", "")
      for precision = 1, #digits - 1 do
        assert(tonumber(("%." .. precision .. "g"):format(value)) ~= value, text)
      end
    end
  end)

  it("that are subnormal so that they read back the same", function()
    local random = generator.random(8)
    for shift = 0, 51 do
      for _, offset in ipairs { -1, 0, 1, random(1000) } do
        local value = (2 ^ shift + offset) * 2 ^ -1074
        assert.equal(value, decode(json.encode(value)))
      end
    end
  end)

  it("but refuses NaN and the infinities", function()
    for text, value in pairs { ["(NaN)"] = 0 / 0, ["is infinite"] = math.huge, ["infinite, which"] = -math.huge } do
      local encoded, err = json.encode { x = value }
      assert.is_nil(encoded)
      assert.equal("invalid_input", err.kind)
      assert.equal("x", err.field)
      assert.is_not_nil(err.message:find(text, 1, true))
    end
  end)
end)

-- A locale that writes 1,5 for 1.5: one of the system's, or one made here. Its folder is for LOCPATH.
local function comma_locale()
  for _, name in ipairs { "de_DE", "fr_FR", "vi_VN" } do
    for _, codeset in ipairs { "utf8", "UTF-8" } do
      if (process.output "locale -a 2>/dev/null" .. "\n"):find(name .. "." .. codeset .. "\n", 1, true) then
        return name .. "." .. codeset, ""
      end
    end
  end
  local folder = process.folder()
  if process.output(("localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1; ls %s"):format(folder, folder)) ~= "" then
    return "de_DE.UTF-8", folder
  end
  os.remove(folder)
end

local locale, folder = comma_locale()
if locale then -- without one there is nothing to look at
  it("json reads and writes numbers the same in a locale with a decimal comma", function()
    local script = ([[
      assert(os.setlocale(%q, "all"))
      local json = require "frontdesk.json"
      local text = '[1.5,0.30000000000000004,1e-7,1.25e300,123456.75]'
      assert(json.encode(json.decode(text)) == text)
      assert(json.decode("[0.%s]")[1] == 1 / 3)
      assert(json.encode { 1 / 3 } == "[0.3333333333333333]")
      io.write("same in ", os.setlocale(nil, "numeric"))]]):format(locale, ("3"):rep(40))
    local lua = os.getenv "FRONTDESK_LUA" or (HAS_INTEGERS and "lua5.4" or "luajit")
    local command = ("LOCPATH=%s LUA_PATH=%s LUA_CPATH=%s %s -e %s 2>&1"):format(
      process.quote(folder),
      process.quote(package.path),
      process.quote(package.cpath),
      lua,
      process.quote(script)
    )
    if folder == "" then
      command = command:gsub("^LOCPATH='' ", "")
    end
    local output = process.output(command)
    if folder ~= "" then
      process.output("rm -r " .. process.quote(folder))
    end
    assert.equal("same in " .. locale, output)
  end)
end

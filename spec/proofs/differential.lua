--- The JSON decoder against lua-cjson, and against itself, on generated documents.
--
--     lua spec/proofs/differential.lua COUNT [SEED [FIRST]]     (`make differential` runs it on each Lua)
--
-- Half of the documents come with the value they stand for; a quarter have numbers and other things
-- at the edges put into them; a quarter are changed in a few bytes, and are mostly not JSON any more.
-- Of each: what is accepted means the same to both, what it means is what the generator meant, and
-- written and read again it stays the same. What both do not agree about has to be one of the
-- differences below, each of them recognised by its own look at the text. Any other is printed,
-- with the command that shows it again, and fails.

package.path = "spec/?.lua;" .. package.path

local cjson = require "cjson"
local core = require "frontdesk.core"
local generator = require "support.json_generator"

local COUNT, SEED, FIRST = tonumber(arg[1]), tonumber(arg[2] or 20240117), tonumber(arg[3] or 1)
local COMMAND = jit and "luajit" or "lua5.4"
local LUA = jit and jit.version or _VERSION
local EXACT = 2 ^ 53
local LONGEST_SHOWN = 1000 -- bytes of a document

---------------------------------------------------------------- documents

local EDGES = {
  "{}", "[]", '""', '{"":{}}', '{"a":1,"a":2}', '{"a":1,"a":null}', '"\\u0000"', '"\\ud83d\\ude00"', "-0", "0", "-0.0",
  "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
  "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e308", "1e309",
  "1.7976931348623157e308", "1.7976931348623159e308", "4.9e-324", "2e-324", "2.2250738585072014e-308", "1e-400", "0e999",
  "1E+2", "123456789012345678901234567890", "0.30000000000000004", "[[[[[[[[]]]]]]]]", "1" .. ("0"):rep(400),
  "0." .. ("0"):rep(330) .. "1", "5e-1", '"\127"', '"\194\128\239\191\191\244\143\191\191"', " \t\r\n1", "true", "false",
}

local function digits(random, most)
  local list = {}
  for i = 1, random(most) do
    list[i] = random(10) - 1
  end
  return table.concat(list)
end

local function any_number(random)
  local text = (random(2) == 1 and "-" or "") .. (random(4) == 1 and "0" or random(9) .. (random(3) > 1 and digits(random, 20) or ""))
  if random(2) == 1 then
    text = text .. "." .. digits(random, 20)
  end
  if random(3) == 1 then
    text = text .. "e" .. ({ "", "+", "-" })[random(3)] .. random(330)
  end
  return text
end

local function with_edges(random)
  local list = {}
  for i = 1, random(6) do
    list[i] = random(2) == 1 and EDGES[random(#EDGES)] or any_number(random)
  end
  if random(2) == 1 then
    return "[" .. table.concat(list, ",") .. "]"
  end
  for i, item in ipairs(list) do
    list[i] = '"' .. string.char(96 + random(3)) .. '":' .. item -- names come twice
  end
  return "{" .. table.concat(list, ",") .. "}"
end

-- What mistakes are made of.
local PIECES = {
  ",", ":", "{", "}", "[", "]", '"', "\\", "\\u", "\\ud800", "\\udc00", "0", "-", "+", ".", "e", "E5", "0x1", "01", "NaN",
  "nan", "Infinity", "inf", "null", "tru", "//", "'", "\0", "\1", "\n", "\31", "\127", "\128", "\192\128", "\237\160\128",
  "\244\144\128\128", "\255", "\239\187\191", "1e999", "\f", "\v",
}

local function changed(random, text)
  for _ = 1, random(3) do
    local place, kind = random(#text + 1), random(5)
    local before, behind = text:sub(1, place - 1), text:sub(place)
    if kind == 1 then
      text = before .. PIECES[random(#PIECES)] .. behind
    elseif kind == 2 then
      text = before .. behind:sub(2)
    elseif kind == 3 then
      text = before .. string.char(random(256) - 1) .. behind:sub(2)
    elseif kind == 4 then
      text = before .. behind:sub(random(8))
    else
      text = before .. text:sub(random(#text + 1), place) .. behind
    end
    if text == "" then
      return "["
    end
  end
  return text
end

-- The document of that number; its value where the generator knows it, and what kind it is of.
local function document(number)
  local random = generator.random((SEED * 1000003 + number * 7919) % 2147483646)
  random(2) -- the first numbers of neighbours are alike
  random(2)
  local kind = random(4)
  if kind <= 2 then
    local text, value = generator.document(random)
    return text, value, "plain"
  elseif kind == 3 then
    return with_edges(random), nil, "edges"
  end
  local text = random(2) == 1 and generator.document(random) or with_edges(random)
  return changed(random, text), nil, "changed"
end

---------------------------------------------------------------- comparing

-- Where the text is not UTF-8, counted from 1; nil when it is.
local function bad_utf8(text)
  local at = 1
  while at <= #text do
    local a, b, c, d = text:byte(at, at + 3)
    local function tail(byte, least, most)
      return byte ~= nil and byte >= (least or 0x80) and byte <= (most or 0xBF)
    end
    local size
    if a < 0x80 then
      size = 1
    elseif a >= 0xC2 and a <= 0xDF and tail(b) then
      size = 2
    elseif a >= 0xE0 and a <= 0xEF and tail(b, a == 0xE0 and 0xA0, a == 0xED and 0x9F) and tail(c) then
      size = 3
    elseif a >= 0xF0 and a <= 0xF4 and tail(b, a == 0xF0 and 0x90, a == 0xF4 and 0x8F) and tail(c) and tail(d) then
      size = 4
    else
      return at
    end
    at = at + size
  end
end

-- What lua-cjson takes and RFC 8259 does not allow: class, and the look at the text around the byte
-- that we refuse.
local LENIENT = {
  { "text that is not UTF-8", function(text, at) return bad_utf8(text) == at end },
  { "a control character in a string", function(text, at)
    local _, quotes = text:sub(1, at - 1):gsub("\\.", ""):gsub('"', "")
    return quotes % 2 == 1 and (text:byte(at) or 32) < 32
  end },
  { "a number in a form of C", function(text, at)
    local from = at
    while from > 1 and text:find("^[%w%.+-]", from - 1) do
      from = from - 1
    end
    local sign, word = text:match("^([+-]?)([%w%.+-]*)", from)
    word = word:lower()
    if word:find "^0x%x*%.?%x*" or word:find "^inf" or word:find "^nan" then
      return true
    end
    local digits_of, exponent = word:match "^([%d%.]+)(.*)$"
    local fraction = digits_of and digits_of:match "^%d*%.?(%d*)$"
    return fraction and (sign == "+" or digits_of:find "^0%d" or digits_of:find "^%." or digits_of:find "%.$"
      or exponent:find "^[+-]?$" == nil and exponent:find "^e[+-]?%d*$" == nil)
  end },
  { "a number beyond the doubles", function(text, at)
    local word = text:match("^%-?%d+%.?%d*[eE]?[+-]?%d*", at)
    local read, number = pcall(cjson.decode, "[" .. (word or "") .. "]")
    return read and number[1] and math.abs(number[1]) == math.huge
  end },
  { "a NUL behind the document, taken for its end", function(text, at)
    return text:byte(at) == 0 and pcall(cjson.decode, text:sub(1, at - 1))
  end },
}

local function class_of(text, at)
  for _, class in ipairs(LENIENT) do
    if class[2](text, at) then
      return class[1]
    end
  end
end

-- Whether our value (exact) and theirs (a double) are of one number.
local function same_number(ours, theirs)
  if ours == theirs then
    return true
  end
  local exact = type(ours) == "string" and ours:find "^%-?%d+$" and tonumber(ours) or type(ours) == "number" and ours
  return exact and math.abs(theirs) >= EXACT and exact + 0.0 == theirs, "an integer beyond 2^53"
end

local differences -- of the document at hand, by class

local function same(ours, theirs)
  if type(theirs) == "number" then
    local equal, class = same_number(ours, theirs)
    if class then
      differences[class] = true
    end
    return equal
  elseif type(ours) ~= "table" or type(theirs) ~= "table" then
    return ours == theirs
  end
  for key, value in next, ours do
    if theirs[key] == nil or not same(value, theirs[key]) then
      return false
    end
  end
  for key in next, theirs do
    if ours[key] == nil then
      return false
    end
  end
  return true
end

local function histogram(text)
  local count = {}
  for i = 1, #text do
    local byte = text:byte(i)
    count[byte] = (count[byte] or 0) + 1
  end
  return count
end

-- Members may come in another order.
local function same_text(a, b)
  if a == b then
    return true
  end
  local one, other = histogram(a), histogram(b)
  for byte = 0, 255 do
    if one[byte] ~= other[byte] then
      return false
    end
  end
  return true
end

---------------------------------------------------------------- the run

local counts, classes, bytes = { plain = 0, edges = 0, changed = 0, agreed = 0, refused = 0 }, {}, 0

local function fail(number, text, why)
  io.stderr:write(('%s: document %d of seed %d: %s\n%q\nagain: eval "$(make -s env LUA=%s)"; %s spec/proofs/differential.lua 1 %d %d\n'):format(
    LUA, number, SEED, why, #text > LONGEST_SHOWN and text:sub(1, LONGEST_SHOWN) .. " ..." or text, COMMAND, COMMAND, SEED, number))
  os.exit(1)
end

local function check_itself(number, text, value)
  local written, message = core.json_encode(value)
  if not written then
    fail(number, text, "what was read cannot be written: " .. message)
  end
  local again = core.json_decode(written, true)
  if not generator.same(value, again) then
    fail(number, text, "written and read again it is another value")
  elseif not same_text(core.json_encode(again), written) then
    fail(number, text, "written twice it is another text")
  end
end

local function check(number)
  local text, meant, kind = document(number)
  counts[kind], bytes = counts[kind] + 1, bytes + #text
  local value, message, offset = core.json_decode(text, true)
  local accepted = message == nil
  local theirs_accepted, theirs = pcall(cjson.decode, text)
  differences = {}
  if meant ~= nil and not (accepted and generator.same(meant, value)) then
    fail(number, text, "it is not read as it was meant: " .. tostring(message))
  elseif accepted and not theirs_accepted then
    fail(number, text, "lua-cjson refuses what we accept: " .. tostring(theirs))
  elseif accepted then
    if not same(value, theirs) then
      fail(number, text, "lua-cjson reads another value")
    end
    check_itself(number, text, value)
  elseif theirs_accepted then
    local class = class_of(text, offset)
    if not class then
      fail(number, text, "we refuse what lua-cjson accepts: " .. message)
    end
    differences[class] = true
  end
  if next(differences) then
    for class in pairs(differences) do
      classes[class] = (classes[class] or 0) + 1
    end
  else
    counts[accepted and "agreed" or "refused"] = counts[accepted and "agreed" or "refused"] + 1
  end
end

local started = os.clock()
for number = FIRST, FIRST + COUNT - 1 do
  check(number)
end

print(("%s, seed %d: %d documents (%d plain, %d at the edges, %d changed), %.1f MB in %.0f s"):format(
  LUA, SEED, COUNT, counts.plain, counts.edges, counts.changed, bytes / 1e6, os.clock() - started))
print(("  %8d read alike, %d refused by both"):format(counts.agreed, counts.refused))
local names = {}
for class in pairs(classes) do
  names[#names + 1] = class
end
table.sort(names)
for _, class in ipairs(names) do
  print(("  %8d differ by %s"):format(classes[class], class))
end
print "  no other difference"

-- What json.decode takes, what it refuses, and what it says then.

local core = require "frontdesk.core"
local json = require "frontdesk.json"

local null = json.null

local function decode(text, options)
  local value, err = json.decode(text, options)
  assert.is_nil(err)
  return value
end

local BOM = "\239\187\191"

describe("json.decode accepts", function()
  -- name, text, value
  local cases = {
    { "a string alone", '"Mai"', "Mai" },
    { "an empty string", '""', "" },
    { "an integer alone", "7", 7 },
    { "true alone", "true", true },
    { "false alone", "false", false },
    { "null alone, as the null", "null", null },
    { "an empty object", "{}", {} },
    { "an empty array", "[]", {} },
    { "spaces around a document", "  [1]  ", { 1 } },
    { "tabs, line feeds and carriage returns as white space", "\t\r\n[\t1\r\n,\n2\t]\r\n", { 1, 2 } },
    { "white space inside an empty array", "[ \n]", {} },
    { "white space inside an empty object", "{\t}", {} },
    { "white space around names and colons", '{ "a" : 1 , "b" : 2 }', { a = 1, b = 2 } },
    { "nested arrays", "[[1],[2,[3]]]", { { 1 }, { 2, { 3 } } } },
    { "nested objects", '{"a":{"b":{"c":true}}}', { a = { b = { c = true } } } },
    { "objects in an array, of different shapes", '[{"a":1},{"b":2,"a":3},{}]', { { a = 1 }, { b = 2, a = 3 }, {} } },
    { "arrays in an array, of different lengths", "[[1,2,3],[],[4]]", { { 1, 2, 3 }, {}, { 4 } } },
    { "an empty name", '{"":1}', { [""] = 1 } },
    { "names that look like numbers, as strings", '{"1":"a","2":"b"}', { ["1"] = "a", ["2"] = "b" } },
    { "a name with escapes", '{"a\\n\\u0062":1}', { ["a\nb"] = 1 } },
    { "null in an array", "[null,1,null]", { null, 1, null } },
    { "null in an object, as absent", '{"a":null,"b":1}', { b = 1 } },
    { "an object of nulls, as empty", '{"a":null,"b":null}', {} },
    { "the short escapes", [["\"\\\/\b\f\n\r\t"]], '"\\/\b\f\n\r\t' },
    { "a \\u escape in lower case", [["\u00e9"]], "é" },
    { "a \\u escape in upper case", [["\u00E9"]], "é" },
    { "a \\u escape of an ASCII letter", [["\u0041"]], "A" },
    { "an escaped NUL", [["a\u0000b"]], "a\0b" },
    { "an escaped control character", [["\u001f"]], "\31" },
    { "an escape of two bytes of UTF-8", [["\u07ff"]], "\223\191" },
    { "an escape of three bytes of UTF-8", [["\u0800"]], "\224\160\128" },
    { "the escape below the surrogates", [["\ud7ff"]], "\237\159\191" },
    { "the escape above the surrogates", [["\ue000"]], "\238\128\128" },
    { "the last escape of the first plane", [["\uffff"]], "\239\191\191" },
    { "the first surrogate pair", [["\ud800\udc00"]], "\240\144\128\128" },
    { "the last surrogate pair", [["\udbff\udfff"]], "\244\143\191\191" },
    { "a surrogate pair between letters", [["a\ud83d\ude00b"]], "a😀b" },
    { "two surrogate pairs in a row", [["\ud83d\ude00\ud83d\ude01"]], "😀😁" },
    { "an escaped backslash before a u", [["\\u0041"]], "\\u0041" },
    { "text of two bytes a letter", '"é"', "é" },
    { "text of three bytes a letter", '"Nguyễn Thị Ánh"', "Nguyễn Thị Ánh" },
    { "text of four bytes a letter", '"😀"', "😀" },
    { "the first and last letter of every length", '"\194\128\223\191\224\160\128\239\191\191\240\144\128\128\244\143\191\191"',
      "\194\128\223\191\224\160\128\239\191\191\240\144\128\128\244\143\191\191" },
    { "a noncharacter", '"\239\191\190"', "\239\191\190" },
    { "a DEL, which is no control character to JSON", '"\127"', "\127" },
    { "a line separator, which JavaScript once refused", '"\226\128\168"', "\226\128\168" },
    { "a byte order mark inside a string", '"' .. BOM .. '"', BOM },
    { "a string with a slash in it", '"a/b"', "a/b" },
    { "a string with a comment in it", '"/* a */ // b"', "/* a */ // b" },
    { "strings that look like literals", '["true","null"]', { "true", "null" } },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      assert.same(case[3], decode(case[2]))
    end)
  end

  it("strings of every length up to 70, with a special byte at every place", function()
    for size = 0, 70 do
      local plain = ("x"):rep(size)
      assert.equal(plain, decode('"' .. plain .. '"'))
      for place = 1, size do
        local head, tail = plain:sub(1, place - 1), plain:sub(place + 1)
        assert.equal(head .. '"' .. tail, decode('"' .. head .. '\\"' .. tail .. '"'))
        assert.equal(head .. "ễ" .. tail, decode('"' .. head .. "ễ" .. tail .. '"'))
        assert.is_nil((json.decode('"' .. head .. "\31" .. tail .. '"')))
        assert.is_nil((json.decode('"' .. head .. "\255" .. tail .. '"')))
      end
    end
  end)

  it("a string of a megabyte, with and without escapes", function()
    local long = ("Mai Lan "):rep(131072)
    assert.equal(long, decode('"' .. long .. '"'))
    assert.equal(("é"):rep(100000), decode('"' .. ("\\u00e9"):rep(100000) .. '"'))
  end)

  it("128 arrays in one another", function()
    local value = decode(("["):rep(128) .. ("]"):rep(128))
    local depth = 0
    while value do
      value, depth = value[1], depth + 1
    end
    assert.equal(128, depth)
  end)

  it("128 objects in one another", function()
    local value = decode(('{"a":'):rep(127) .. "{}" .. ("}"):rep(127))
    local depth = 0
    while value do
      value, depth = value.a, depth + 1
    end
    assert.equal(128, depth)
  end)

  it("any number of arrays beside one another", function()
    assert.equal(1000, #decode("[" .. ("[[]],"):rep(999) .. "[[]]]"))
  end)

  it("an array of 100,000 items", function()
    local value = decode("[" .. ("1,"):rep(99999) .. "2]")
    assert.equal(100000, #value)
    assert.equal(2, value[100000])
  end)

  it("an object of 100,000 names that are much alike", function()
    local members = {}
    for i = 1, 100000 do
      members[i] = ('"%s%06d%s":%d'):format(("k"):rep(30), i, ("k"):rep(30), i)
    end
    local value = decode("{" .. table.concat(members, ",") .. "}")
    local count = 0
    for name, number in pairs(value) do
      assert(name:sub(31, 36) == ("%06d"):format(number))
      count = count + 1
    end
    assert.equal(100000, count)
  end)
end)

describe("json.decode refuses", function()
  -- name, text, message, byte
  local cases = {
    { "nothing at all", "", "the text is empty", 1 },
    { "white space alone", " \n ", "the text is empty", 4 },
    { "a leading byte order mark", BOM .. "{}", "the text begins with a byte order mark, which JSON does not allow", 1 },
    { "half a byte order mark", "\239\187{}", "unexpected byte 0xEF where a value should be", 1 },
    { "a UTF-16 document", "[\0001\000]\000", "unexpected byte 0x00 where a value should be", 2 },
    { "a second document", "[1] [2]", "unexpected '[' after the end of the document", 5 },
    { "a second closing bracket", "[1]]", "unexpected ']' after the end of the document", 4 },
    { "a letter behind the document", "{}x", "unexpected 'x' after the end of the document", 3 },
    { "a comma behind the document", "1,", "unexpected ',' after the end of the document", 2 },
    { "a NUL behind the document", "1\0", "unexpected byte 0x00 after the end of the document", 2 },
    { "a comment", "/* a */ 1", "unexpected '/' where a value should be", 1 },
    { "a comment behind a value", "[1 // a\n]", "unexpected '/' where ',' or ']' should be", 4 },
    { "a form feed as white space", "[\f1]", "unexpected byte 0x0C where a value should be", 2 },
    { "a vertical tab as white space", "[1\v]", "unexpected byte 0x0B where ',' or ']' should be", 3 },
    { "a no-break space as white space", "[\194\1601]", "unexpected byte 0xC2 where a value should be", 2 },

    { "an array that does not end", "[1", "the text ends where ',' or ']' should be", 3 },
    { "an array that ends after a comma", "[1,", "the text ends where a value should be", 4 },
    { "an array that only begins", "[", "the text ends where a value should be", 2 },
    { "a trailing comma in an array", "[1,]", "unexpected ']' where a value should be", 4 },
    { "a leading comma in an array", "[,1]", "unexpected ',' where a value should be", 2 },
    { "only a comma in an array", "[,]", "unexpected ',' where a value should be", 2 },
    { "two commas in an array", "[1,,2]", "unexpected ',' where a value should be", 4 },
    { "two values without a comma", "[1 2]", "unexpected '2' where ',' or ']' should be", 4 },
    { "a string after a string", '["a""b"]', "unexpected '\"' where ',' or ']' should be", 5 },
    { "a colon in an array", '["a":1]', "unexpected ':' where ',' or ']' should be", 5 },
    { "an array that a brace ends", "[1}", "unexpected '}' where ',' or ']' should be", 3 },
    { "a semicolon instead of a comma", "[1;2]", "unexpected ';' where ',' or ']' should be", 3 },
    { "a closing bracket alone", "]", "unexpected ']' where a value should be", 1 },
    { "a comma alone", ",", "unexpected ',' where a value should be", 1 },

    { "an object that does not end", '{"a":1', "the text ends where ',' or '}' should be", 7 },
    { "an object that only begins", "{", "the text ends where a name in double quotes should be", 2 },
    { "an object that ends after a name", '{"a"', "the text ends where ':' should be", 5 },
    { "an object that ends after a colon", '{"a":', "the text ends where a value should be", 6 },
    { "an object that ends after a comma", '{"a":1,', "the text ends where a name in double quotes should be", 8 },
    { "a trailing comma in an object", '{"a":1,}', "unexpected '}' where a name in double quotes should be", 8 },
    { "a leading comma in an object", '{,"a":1}', "unexpected ',' where a name in double quotes should be", 2 },
    { "two commas in an object", '{"a":1,,"b":2}', "unexpected ',' where a name in double quotes should be", 8 },
    { "a name without a value", '{"a"}', "unexpected '}' where ':' should be", 5 },
    { "a name with a colon and no value", '{"a":}', "unexpected '}' where a value should be", 6 },
    { "a value without a name", "{1}", "unexpected '1' where a name in double quotes should be", 2 },
    { "a colon without a name", "{:1}", "unexpected ':' where a name in double quotes should be", 2 },
    { "two colons", '{"a"::1}', "unexpected ':' where a value should be", 6 },
    { "a comma instead of a colon", '{"a",1}', "unexpected ',' where ':' should be", 5 },
    { "an equals sign instead of a colon", '{"a"=1}', "unexpected '=' where ':' should be", 5 },
    { "two members without a comma", '{"a":1 "b":2}', "unexpected '\"' where ',' or '}' should be", 8 },
    { "a name without quotes", "{a:1}", "unexpected 'a' where a name in double quotes should be", 2 },
    { "a name in single quotes", "{'a':1}", "unexpected single quote where a name in double quotes should be", 2 },
    { "a number as a name", "{1:1}", "unexpected '1' where a name in double quotes should be", 2 },
    { "null as a name", "{null:1}", "unexpected 'n' where a name in double quotes should be", 2 },
    { "an array as a name", "{[]:1}", "unexpected '[' where a name in double quotes should be", 2 },
    { "an object that a bracket ends", '{"a":1]', "unexpected ']' where ',' or '}' should be", 7 },
    { "an object in an object without a name", "{{}}", "unexpected '{' where a name in double quotes should be", 2 },
    { "a wrong name after many alike", "[" .. ('{"a":1,"b":2},'):rep(100) .. '{"a":1,b":2}]',
      "unexpected 'b' where a name in double quotes should be", 1409 },
    { "a missing comma after many objects alike", "[" .. ('{"a":1,"b":2},'):rep(100) .. '{"a":1"b":2}]',
      "unexpected '\"' where ',' or '}' should be", 1408 },
    { "a missing colon after many objects alike", "[" .. ('{"a":1,"b":2},'):rep(100) .. '{"a":1,"b"2}]',
      "unexpected '2' where ':' should be", 1412 },

    { "a value in single quotes", "'a'", "unexpected single quote where a value should be", 1 },
    { "a string that does not end", '"abc', "the text ends inside a string", 5 },
    { "a quote alone", '"', "the text ends inside a string", 2 },
    { "a string that ends in a backslash", '"abc\\', "the text ends inside a string", 6 },
    { "a string whose end is escaped", '"abc\\"', "the text ends inside a string", 7 },
    { "a line feed in a string", '"a\nb"', "unexpected byte 0x0A inside a string (it must be escaped)", 3 },
    { "a tab in a string", '"\t"', "unexpected byte 0x09 inside a string (it must be escaped)", 2 },
    { "a NUL in a string", '"a\0"', "unexpected byte 0x00 inside a string (it must be escaped)", 3 },
    { "the last control character in a string", '"\31"', "unexpected byte 0x1F inside a string (it must be escaped)", 2 },
    { "a line feed in a name", '{"a\n":1}', "unexpected byte 0x0A inside a string (it must be escaped)", 4 },
    { "an unknown escape", [["\x41"]], "unexpected 'x' after a backslash", 3 },
    { "an escaped single quote", [["\'"]], "unexpected single quote after a backslash", 3 },
    { "an escaped line break", '"\\\n"', "unexpected byte 0x0A after a backslash", 3 },
    { "an escaped digit", [["\0"]], "unexpected '0' after a backslash", 3 },
    { "an escape in upper case", [["\N"]], "unexpected 'N' after a backslash", 3 },
    { "a \\U escape", [["\U0041"]], "unexpected 'U' after a backslash", 3 },
    { "a \\u escape without digits", [["\u"]], "unexpected '\"' where a hexadecimal digit should be", 4 },
    { "a \\u escape of three digits", [["\u004"]], "unexpected '\"' where a hexadecimal digit should be", 7 },
    { "a \\u escape with a letter past F", [["\u00G0"]], "unexpected 'G' where a hexadecimal digit should be", 6 },
    { "a \\u escape with a sign", [["\u+041"]], "unexpected '+' where a hexadecimal digit should be", 4 },
    { "a \\u escape with braces", [["\u{41}"]], "unexpected '{' where a hexadecimal digit should be", 4 },
    { "a \\u escape cut short", [["\u00]], "the text ends where a hexadecimal digit should be", 6 },
    { "a lone high surrogate", [["\ud800"]], "lone surrogate \\uD800 in a string", 2 },
    { "a lone high surrogate before a letter", [["\ud800abc"]], "lone surrogate \\uD800 in a string", 2 },
    { "a lone high surrogate before another escape", [["\ud800\n"]], "lone surrogate \\uD800 in a string", 2 },
    { "a lone low surrogate", [["a\udc00"]], "lone surrogate \\uDC00 in a string", 3 },
    { "two high surrogates", [["\ud800\ud800"]], "lone surrogate \\uD800 in a string", 2 },
    { "a surrogate pair the wrong way round", [["\udc00\ud800"]], "lone surrogate \\uDC00 in a string", 2 },
    { "a high surrogate before an escape that is none", [["\ud800\u0041"]], "lone surrogate \\uD800 in a string", 2 },
    { "a surrogate pair with a bad digit", [["\ud800\udc0g"]], "unexpected 'g' where a hexadecimal digit should be", 13 },
    { "a surrogate pair cut in the middle", [["\ud800\]], "the text ends inside a string", 9 },
    { "a surrogate pair cut before its digits", [["\ud800\u]], "the text ends where a hexadecimal digit should be", 10 },
    { "a lone surrogate in a name", [[{"\udfff":1}]], "lone surrogate \\uDFFF in a string", 3 },

    { "a lone continuation byte", '"\128"', "a string is not UTF-8", 2 },
    { "two bytes of which the second is missing", '"a\195"', "a string is not UTF-8", 3 },
    { "three bytes of which the last is missing", '"\225\187"', "a string is not UTF-8", 2 },
    { "four bytes of which the last is missing", '"\240\159\152"', "a string is not UTF-8", 2 },
    { "a letter where a continuation byte should be", '"\195a"', "a string is not UTF-8", 2 },
    { "an overlong slash of two bytes", '"\192\175"', "a string is not UTF-8", 2 },
    { "an overlong letter of two bytes", '"\193\191"', "a string is not UTF-8", 2 },
    { "an overlong form of three bytes", '"\224\159\191"', "a string is not UTF-8", 2 },
    { "an overlong form of four bytes", '"\240\143\191\191"', "a string is not UTF-8", 2 },
    { "the first surrogate in UTF-8", '"\237\160\128"', "a string is not UTF-8", 2 },
    { "the last surrogate in UTF-8", '"\237\191\191"', "a string is not UTF-8", 2 },
    { "what lies beyond U+10FFFF", '"\244\144\128\128"', "a string is not UTF-8", 2 },
    { "a lead byte past F4", '"\245\128\128\128"', "a string is not UTF-8", 2 },
    { "five bytes of the old UTF-8", '"\248\136\128\128\128"', "a string is not UTF-8", 2 },
    { "the byte FE", '"\254"', "a string is not UTF-8", 2 },
    { "the byte FF", '"\255"', "a string is not UTF-8", 2 },
    { "Latin-1", '"caf\233"', "a string is not UTF-8", 5 },
    { "bad UTF-8 in a name", '{"\255":1}', "a string is not UTF-8", 3 },
    { "bad UTF-8 beside an escape", '"\\n\255"', "a string is not UTF-8", 4 },
    { "bad UTF-8 far inside a string", '"' .. ("Mai Lan "):rep(20) .. '\255"', "a string is not UTF-8", 162 },
    { "bytes above ASCII outside strings", "[é]", "unexpected byte 0xC3 where a value should be", 2 },

    { "a literal in upper case", "TRUE", "unexpected 'T' where a value should be", 1 },
    { "a literal with a capital", "True", "unexpected 'T' where a value should be", 1 },
    { "a literal cut short", "nul", "the text ends inside null, true or false", 4 },
    { "a misspelt literal", "ture", "unexpected 'u' inside null, true or false", 2 },
    { "a literal with a tail", "nullx", "unexpected 'x' after the end of the document", 5 },
    { "undefined", "undefined", "unexpected 'u' where a value should be", 1 },
    { "NaN", "NaN", "unexpected 'N' where a value should be", 1 },
    { "nan", "nan", "unexpected 'a' inside null, true or false", 2 },
    { "Infinity", "Infinity", "unexpected 'I' where a value should be", 1 },
    { "minus Infinity", "-Infinity", "unexpected 'I' where a digit should be", 2 },
    { "inf", "inf", "unexpected 'i' where a value should be", 1 },
    { "a page of HTML", "<html>", "unexpected '<' where a value should be", 1 },
    { "a plain word", "Unauthorized", "unexpected 'U' where a value should be", 1 },

    { "a minus alone", "-", "the text ends where a digit should be", 2 },
    { "a minus before a space", "- 1", "unexpected byte 0x20 where a digit should be", 2 },
    { "two minuses", "--1", "unexpected '-' where a digit should be", 2 },
    { "a plus", "+1", "unexpected '+' where a value should be", 1 },
    { "a leading zero", "01", "a number has a leading zero", 2 },
    { "a leading zero behind a minus", "-01", "a number has a leading zero", 3 },
    { "two zeros", "[00]", "a number has a leading zero", 3 },
    { "a point without digits before it", ".5", "unexpected '.' where a value should be", 1 },
    { "a minus before a point", "-.5", "unexpected '.' where a digit should be", 2 },
    { "a point without digits behind it", "1.", "the text ends where a digit after the point should be", 3 },
    { "a point before an exponent", "1.e5", "unexpected 'e' where a digit after the point should be", 3 },
    { "two points", "1.2.3", "unexpected '.' after the end of the document", 4 },
    { "an exponent without digits", "1e", "the text ends where a digit of the exponent should be", 3 },
    { "an exponent of a sign alone", "[1e+]", "unexpected ']' where a digit of the exponent should be", 5 },
    { "an exponent with two signs", "1e+-2", "unexpected '-' where a digit of the exponent should be", 4 },
    { "an exponent with a point", "1e2.5", "unexpected '.' after the end of the document", 4 },
    { "an exponent without a mantissa", "e5", "unexpected 'e' where a value should be", 1 },
    { "a hexadecimal number", "0x1F", "unexpected 'x' after the end of the document", 2 },
    { "a number with an underscore", "1_000", "unexpected '_' after the end of the document", 2 },
    { "a number with a thousands comma, as two values", "1,000", "unexpected ',' after the end of the document", 2 },
    { "a number with a suffix", "[1n]", "unexpected 'n' where ',' or ']' should be", 3 },
    { "a full-width digit", "\239\188\145", "unexpected byte 0xEF where a value should be", 1 },
    { "a number beyond a double", "[1e400]", "a number is too large for a double", 2 },
    { "a negative number beyond a double", "[1,-1e400]", "a number is too large for a double", 4 },

    { "129 arrays in one another", ("["):rep(129) .. ("]"):rep(129), "more than 128 arrays and objects in one another", 129 },
    { "129 objects in one another", ('{"a":'):rep(129), "more than 128 arrays and objects in one another", 641 },
    { "100,000 arrays in one another", ("["):rep(100000), "more than 128 arrays and objects in one another", 129 },
    { "100,000 arrays and objects in one another", ('[{"a":'):rep(50000), "more than 128 arrays and objects in one another", 385 },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local value, message, byte = core.json_decode(case[2])
      assert.is_nil(value)
      assert.equal(case[3] .. ", at byte " .. case[4], message)
      assert.equal(case[4], byte)
    end)
  end

  it("every document cut at any byte, naming the end of the text", function()
    local text = [[{"a":[1,-2.5e+3,"x\n\u00e9\ud83d\ude00",true,false,null,{}],"ễ":[]}]]
    assert.is_not_nil(json.decode(text))
    for size = 0, #text - 1 do
      local value, message, byte = core.json_decode(text:sub(1, size))
      assert.is_nil(value)
      -- cutting inside a letter leaves bytes that are not UTF-8, but the string's end is missing first
      assert.matches("^the text ", message)
      assert.equal(size + 1, byte)
    end
  end)

  it("every byte that cannot begin a value", function()
    for byte = 0, 255 do
      local char = string.char(byte)
      if not char:find '[][{"%-0-9ntf \t\r\n]' then
        local value, message = core.json_decode("[" .. char .. "]")
        assert.is_nil(value)
        assert.matches("where a value should be, at byte 2$", message)
      end
    end
  end)
end)

-- Sequences at the limits of what UTF-8 is, and what is wrong only with their last byte or two.
local GOOD = {
  "\194\128", "\223\191", "\224\160\128", "\225\128\128", "\236\191\191", "\237\159\191", "\238\128\128", "\239\191\191",
  "\240\144\128\128", "\243\191\191\191", "\244\143\191\191",
}
local BAD = {
  "\128", "\191", "\192\128", "\193\191", "\194", "\194\194\128", "\194\192", "\223a", "\224\159\191", "\224\160", "\225\128", "\225\128a",
  "\225a\128", "\237\160\128", "\237\191\191", "\239\191", "\239\191\192", "\240\143\191\191", "\240\144\128", "\244\144\128\128",
  "\245\128\128\128", "\255",
}

describe("UTF-8 in JSON", function()
  it("is right or wrong at every place of strings of every length", function()
    for before = 0, 34 do
      for after = 0, 18 do
        local head, tail = ("x"):rep(before % 7) .. ("ế"):rep(math.floor(before / 7)), ("đ"):rep(math.floor(after / 6)) .. ("y"):rep(after % 6)
        for _, sequence in ipairs(GOOD) do
          local text = head .. sequence .. tail
          assert(decode('"' .. text .. '"') == text and json.encode(text) == '"' .. text .. '"')
        end
        for _, sequence in ipairs(BAD) do
          local text = head .. sequence .. tail
          local value, message, offset = core.json_decode('"' .. text .. '"')
          assert(value == nil and message:find("a string is not UTF-8", 1, true) and offset == #head + 2)
          value, message = core.json_encode(text)
          assert(value == nil and message:find(("is not UTF-8 (byte %d of it)"):format(#head + 1), 1, true))
        end
      end
    end
  end)
end)

describe("json.decode", function()
  it("gives an error of kind decode that quotes no more than one character", function()
    local value, err = json.decode '{"token":"s3cret" "x"}'
    assert.is_nil(value)
    assert.equal("decode", err.kind)
    assert.equal("unexpected '\"' where ',' or '}' should be, at byte 19", err.message)
    assert.is_nil(tostring(err):find("s3cret", 1, true))
  end)

  it("keeps null in objects when asked", function()
    assert.same({ a = null, b = { null } }, decode('{"a":null,"b":[null]}', { keep_null = true }))
  end)

  it("drops null in objects at every depth, and never in arrays", function()
    assert.same({ a = { {}, null }, c = {} }, decode '{"a":[{"b":null},null],"c":{"d":null}}')
  end)

  it("takes the last of members with the same name", function()
    assert.same({ a = 3, b = 2 }, decode '{"a":1,"b":2,"a":3}')
  end)

  it("takes names as the same whether or not they are escaped", function()
    assert.same({ a = 2 }, decode [[{"a":1,"\u0061":2}]])
  end)

  it("drops a member whose last value is null", function()
    assert.same({ b = 2 }, decode '{"a":1,"b":2,"a":null}')
    assert.same({ a = 3 }, decode '{"a":null,"a":3}')
    assert.same({ a = null }, decode('{"a":1,"a":null}', { keep_null = true }))
  end)

  it("takes away members that become null in time that grows with the document, not with its square", function()
    local names, begun = {}, os.clock()
    for i = 1, 2 ^ 15 - 1 do -- fills a table to the last place
      names[#names + 1] = ('"k%d":1'):format(i)
    end
    for i = 1, 2 ^ 15 do
      names[#names + 1] = ('"x%d":1,"x%d":null'):format(i, i)
    end
    local value = decode("{" .. table.concat(names, ",") .. "}")
    assert.equal(1, value.k1)
    assert.is_nil(value.x1)
    assert.is_true(os.clock() - begun < 5, "it took long")
    assert.same({ b = 2, c = 4 }, decode '{"a":1,"b":2,"a":null,"a":3,"a":null,"c":null,"c":4,"d":null}')
  end)

  it("marks empty arrays, and only these", function()
    assert.equal(json.array_mt, getmetatable(decode "[]"))
    assert.equal(json.array_mt, getmetatable(decode('{"a":[ ]}').a))
    assert.is_nil(getmetatable(decode "{}"))
    assert.is_nil(getmetatable(decode "[1]"))
  end)

  it("keeps [] and {} apart through a round trip", function()
    assert.equal('{"a":[]}', json.encode(decode '{"a":[]}'))
    assert.equal('{"a":{}}', json.encode(decode '{"a":{}}'))
    assert.equal("[[],{},[[]]]", json.encode(decode "[[],{},[[]]]"))
  end)

  it("gives strings and tables of their own, whatever was decoded before", function()
    local first = decode '[{"a":[1]},{"a":[1]}]'
    first[1].a[1] = 2
    assert.same({ { a = { 2 } }, { a = { 1 } } }, first)
    assert.same({ { a = { 1 } }, { a = { 1 } } }, decode '[{"a":[1]},{"a":[1]}]')
  end)

  it("reads long lists whose objects change their members", function()
    local items, expected = {}, {}
    for i = 1, 400 do
      local members = {}
      expected[i] = {}
      for j = 1, 40 do
        if (i * 7 + j * 3) % 5 ~= 0 then
          local name = ("n%d"):format(i % 3 == 0 and 41 - j or j)
          members[#members + 1] = ('%s"%s"%s:%d'):format(i % 11 == 0 and " " or "", name, i % 7 == 0 and " " or "", j)
          expected[i][name] = j
        end
      end
      items[i] = "{" .. table.concat(members, ",") .. "}"
    end
    assert.same(expected, decode("[" .. table.concat(items, ",") .. "]"))
  end)

  it("reads long lists whose values change or stay, in kind and in text", function()
    local kinds = { '"same"', '"samE"', '"sam"', '"sames"', '""', '"\\u0073ame"', "null", "1", "true", "[]", '{"a":"same"}', '"ễ"' }
    local items, expected = {}, {}
    for i = 1, 1000 do
      local kind = kinds[i % 50 < 25 and 1 or (i * 7) % #kinds + 1]
      local other = kinds[(i * 5) % #kinds + 1]
      items[i] = ('{"a":%s,"b":%s%s,"c":"always"}'):format(kind, i % 3 == 0 and " " or "", other)
      expected[i] = decode(items[i])
      assert.equal("always", expected[i].c)
    end
    assert.same(expected, decode("[" .. table.concat(items, ",") .. "]"))
  end)

  it("tells names apart that begin alike", function()
    local text = "[" .. ('{"name":1,"names":2,"nam":3,"na":4,"n":5,"":6,"named_after":7,"named_aftes":8},'):rep(40) .. "{}]"
    local value = decode(text)
    for i = 1, 40 do
      assert.same({ name = 1, names = 2, nam = 3, na = 4, n = 5, [""] = 6, named_after = 7, named_aftes = 8 }, value[i])
    end
  end)

  it("reads each document as it is, whatever names and sizes the ones before had", function()
    local long = ("n"):rep(64)
    local documents = {
      { '{"id":1,"name":"Mai","tags":["a","b"]}', { id = 1, name = "Mai", tags = { "a", "b" } } },
      { '{"name":"Lan","id":2}', { name = "Lan", id = 2 } },
      { '{"i":1,"na":2,"tag":{},"":3}', { i = 1, na = 2, tag = {}, [""] = 3 } },
      { '{"id":[1,2,3],"name":{"id":{"name":0}},"tags":7}', { id = { 1, 2, 3 }, name = { id = { name = 0 } }, tags = 7 } },
      { '{"tags":"x","id" :1, "name":2}', { tags = "x", id = 1, name = 2 } },
      { '{"\\u0069d":1,"name":2,"name":3}', { id = 1, name = 3 } },
      { '{"id":null,"name":null,"tags":[null]}', { tags = { null } } },
      { '{"' .. long .. '":1,"' .. long .. 'n":2}', { [long] = 1, [long .. "n"] = 2 } },
      { "[[1,2,3,4,5,6,7,8,9],[],[1]]", { { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, {}, { 1 } } },
      { "{}", {} },
      { '"id"', "id" },
    }
    for first = 1, #documents do
      for second = 1, #documents do
        for _, which in ipairs { first, second, second, first } do
          assert.same(documents[which][2], decode(documents[which][1]))
        end
      end
    end
  end)

  it("reads objects of more members than names are kept for", function()
    for _ = 1, 3 do
      local parts, expected = {}, {}
      for i = 1, 100 do
        parts[i] = ('"k%d":{"v":%d}'):format(i, i)
        expected["k" .. i] = { v = i }
      end
      assert.same(expected, decode("{" .. table.concat(parts, ",") .. "}"))
    end
  end)

  it("sets little aside for a document because the one before was large, and only once", function()
    local function document(items)
      local parts = {}
      for i = 1, 24 do
        parts[i] = ('"n%d":[%s1]'):format(i, ("1,"):rep(items - 1))
      end
      return "{" .. table.concat(parts, ",") .. "}"
    end
    local small, large = document(1), document(5000)
    local function kilobytes()
      collectgarbage()
      collectgarbage()
      local before = collectgarbage "count"
      local value = decode(small)
      collectgarbage()
      collectgarbage()
      return collectgarbage "count" - before, value
    end
    local usual
    for _ = 1, 5 do -- Lua's own memory has settled after some
      usual = kilobytes()
    end
    decode(large)
    local slack = 8 -- LuaJIT's traces count too
    assert.is_true((kilobytes()) < usual + 24 * 64 * 16 / 1024 + slack)
    assert.is_true((kilobytes()) < usual + slack)
  end)

  it("reads the same after the collector has been", function()
    for round = 1, 20 do
      for i = 1, 30 do
        assert.same({ ["name " .. round] = { ["inner " .. i] = i } }, decode(('{"name %d":{"inner %d":%d}}'):format(round, i, i)))
      end
      collectgarbage()
      assert.same({ ["name " .. round] = { ["inner 30"] = 0 } }, decode(('{"name %d":{"inner 30":0}}'):format(round)))
    end
  end)

  it("reads on right while a finalizer of the collector decodes too", function()
    local function finalize()
      json.decode '{"other":{"names":[1,2,3]},"at":"the","same":"places"}'
    end
    local before = collectgarbage "setpause"
    collectgarbage("setpause", 1)
    for i = 1, 300 do
      if newproxy then
        getmetatable(newproxy(true)).__gc = finalize
      else
        setmetatable({}, { __gc = finalize })
      end
      local value = decode(('{"first":{"id":%d,"name":"Lan %d"},"list":[{"id":1},{"id":2}],"last":"%d"}'):format(i, i, i))
      assert(value.first.id == i and value.first.name == "Lan " .. i and value.last == tostring(i))
      assert(value.list[1].id == 1 and value.list[2].id == 2)
    end
    collectgarbage("setpause", before)
  end)

  it("reads objects at more depths than names are remembered for", function()
    local text = ('{"a":{"b":[0],"c":'):rep(40) .. '"' .. ("x"):rep(1000) .. '"' .. ("}}"):rep(40)
    local value = decode(text)
    for _ = 1, 40 do
      assert.same({ 0 }, value.a.b)
      value = value.a.c
    end
    assert.equal(1000, #value)
  end)

  it("leaves the collector to work in the middle of a document", function()
    local text = "[" .. ('{"name":"Lan \\u00e9","list":[1,2,{"x":[]}]},'):rep(2000) .. "0]"
    local before = collectgarbage "setpause"
    collectgarbage("setpause", 1)
    local value = decode(text)
    collectgarbage("setpause", before)
    assert.equal(2001, #value)
    for i = 1, 2000 do
      assert(value[i].name == "Lan é" and value[i].list[3].x)
    end
  end)

  it("raises for a text that is not a string", function()
    assert.error_matches(function()
      json.decode(nil)
    end, "takes the text as a string %(got nil%)")
    assert.error_matches(function()
      json.decode(12)
    end, "takes the text as a string %(got number%)")
    assert.error_matches(function()
      json.decode("1", true)
    end, "takes its options as a table %(got boolean%)")
  end)
end)

local csv = require "frontdesk.csv"
local errors = require "frontdesk.errors"

-- What an iteration gives: the rows, and the failures with their lines.
local function read(iterator, unusable)
  if not iterator then
    return {}, { unusable.message }
  end
  local rows, problems = {}, {}
  for row, err, line in iterator do
    if row then
      rows[#rows + 1] = row
    else
      assert.is_true(errors.is(err, "invalid_input"))
      assert.equal(err.line, line)
      problems[#problems + 1] = err.message
    end
  end
  return rows, problems
end

local function rows_of(text, options)
  local rows, problems = read(csv.parse(text, options))
  assert.same({}, problems)
  return rows
end

local function problem_of(text, options)
  local _, problems = read(csv.parse(text, options))
  assert.equal(1, #problems)
  return problems[1]
end

describe("reading CSV", function()
  it("keys each row by the header", function()
    assert.same({ { name = "Mai", phone = "0900000001" }, { name = "Lan", phone = "0900000002" } },
      rows_of "name,phone\r\nMai,0900000001\r\nLan,0900000002\r\n")
  end)

  it("takes line feeds alone, and a last line without one", function()
    assert.same({ { a = "1" }, { a = "2" } }, rows_of "a\n1\n2")
  end)

  it("gives the line of each row, also behind fields with line breaks", function()
    local lines = {}
    for _, _, line in csv.parse 'a,b\n1,"x\ny"\n\n2,z\n' do
      lines[#lines + 1] = line
    end
    assert.same({ 2, 5 }, lines)
  end)

  it("keeps separators, doubled quotes and line breaks inside quotes", function()
    assert.same({ { a = 'one, "two"\r\nthree', b = "4" } }, rows_of 'a,b\n"one, ""two""\r\nthree",4\n')
  end)

  it("leaves empty fields out of the row, quoted or not", function()
    assert.same({ { b = "x" } }, rows_of 'a,b,c\n,x,""\n')
  end)

  it("keeps blanks around a field", function()
    assert.same({ { a = " x ", b = "y" } }, rows_of "a,b\n x ,y\n")
  end)

  it("passes over lines with nothing on them", function()
    assert.same({ { a = "1" }, { a = "2" } }, rows_of "\r\na\n\n1\r\n\r\n2\n\n")
  end)

  it("passes over a byte order mark at the very beginning only", function()
    assert.same({ { a = "\239\187\191x" } }, rows_of "\239\187\191a\n\239\187\191x\n")
  end)

  it("gives no rows for a header alone", function()
    assert.same({}, rows_of "a,b\n")
  end)

  it("separates fields by another character when told so", function()
    assert.same({ { a = "1,5", b = "x" } }, rows_of("a;b\n1,5;x\n", { separator = ";" }))
    assert.same({ { a = "1", b = "x" } }, rows_of("a\tb\n1\tx\n", { separator = "\t" }))
  end)

  it("leaves zero bytes and bytes that are no UTF-8 as they are", function()
    assert.same({ { a = "x\0y", b = "\255" } }, rows_of "a,b\nx\0y,\255\n")
  end)

  it("names the line of a row with too few or too many fields, and goes on", function()
    local rows, problems = read(csv.parse("a,b\n1\n2,3\n4,5,6\n7,8\n", nil, "sales.csv"))
    assert.same({ { a = "2", b = "3" }, { a = "7", b = "8" } }, rows)
    assert.same({
      "sales.csv, line 2: 1 field where the header has 2 columns",
      "sales.csv, line 4: 3 fields where the header has 2 columns",
    }, problems)
  end)

  it("tells line and reason apart from the whole sentence", function()
    local _, err = csv.parse("a,b\n1\n", nil, "sales.csv")()
    assert.equal(2, err.line)
    assert.equal("1 field where the header has 2 columns", err.reason)
    assert.equal("frontdesk: invalid input: sales.csv, line 2: 1 field where the header has 2 columns", tostring(err))
  end)

  it("refuses a quote in the middle of a field", function()
    assert.equal("the text, line 2: field 2 has a quote but does not begin with one", problem_of 'a,b\n1,5" pot\n')
  end)

  it("refuses text behind a closing quote, and goes on with the next line", function()
    local rows, problems = read(csv.parse 'a,b\n"x"y,2\n3,4\n')
    assert.same({ { a = "3", b = "4" } }, rows)
    assert.same({ "the text, line 2: text follows the quote that closes field 1; double the quotes inside a field" }, problems)
  end)

  it("says where a quote that is never closed was opened, and ends there", function()
    local rows, problems = read(csv.parse 'a,b\n1,2\n3,"4\n5,6\n')
    assert.same({ { a = "1", b = "2" } }, rows)
    assert.same({ "the text, line 3: a quote is opened here and never closed" }, problems)
  end)

  it("refuses a carriage return that ends no line", function()
    assert.matches("line 2: a carriage return stands alone", problem_of "a\nx\ry\n")
  end)

  it("refuses an empty file", function()
    assert.equal("the text, line 1: the file is empty; its first line must name the columns", problem_of "")
    assert.matches("is empty", problem_of "\239\187\191\r\n")
  end)

  it("refuses columns without a name or with the same one", function()
    assert.equal("the text, line 1: column 2 has no name", problem_of "a,,c\n1,2,3\n")
    assert.equal('the text, line 1: two columns are named "a"', problem_of "a,b,a\n1,2,3\n")
  end)

  it("names a column that is asked for and missing", function()
    assert.equal('the text, line 1: there is no column "phone"', problem_of("name,mail\n", { columns = { "name", "phone" } }))
  end)

  it("asks about the separator when it seems to be another one", function()
    assert.matches('separated by ";"', problem_of("name;phone\n", { columns = { "name" } }), 1, true)
  end)

  it("knows UTF-16 when it sees it", function()
    assert.matches("is UTF%-16; save it as CSV in UTF%-8", problem_of "\255\254n\0a\0")
  end)

  it("says that a file is not there", function()
    local path = os.tmpname()
    os.remove(path)
    local rows, problems = read(csv.rows(path))
    assert.same({}, rows)
    assert.same({ path .. ": cannot be read: No such file or directory" }, problems)
    local none, err = csv.rows(path)
    assert.is_nil(none)
    assert.is_true(errors.is(err, "invalid_input"))
  end)

  it("says that a folder is no file", function()
    local _, problems = read(csv.rows ".")
    assert.same({ ".: cannot be read: Is a directory" }, problems)
  end)

  it("raises for a separator that cannot be one", function()
    assert.has_error(function() csv.parse("a", { separator = "x" }) end)
    assert.has_error(function() csv.parse("a", { separator = "::" }) end)
    assert.has_error(function() csv.parse("a", { separator = '"' }) end)
  end)
end)

describe("writing CSV", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function written()
    local file = assert(io.open(path, "rb"))
    local text = file:read "*a"
    file:close()
    return text
  end

  local function write(columns, rows, options)
    local file = assert(csv.writer(path, columns, options))
    for _, row in ipairs(rows) do
      assert.is_true(file:write(row))
    end
    assert.is_true(file:close())
    return written()
  end

  it("writes the header and a line for each row", function()
    assert.equal("name,phone\r\nMai,0900000001\r\nLan,\r\n",
      write({ "name", "phone" }, { { name = "Mai", phone = "0900000001" }, { name = "Lan" } }))
  end)

  it("puts in quotes what would be misread", function()
    assert.equal('a\r\n"x,y"\r\n"say ""hi"""\r\n"two\nlines"\r\n" blank"\r\n',
      write({ "a" }, { { a = "x,y" }, { a = 'say "hi"' }, { a = "two\nlines" }, { a = " blank" } }))
    assert.equal("a\r\nx,y\r\n\"x;y\"\r\n", write({ "a" }, { { a = "x,y" }, { a = "x;y" } }, { separator = ";" }))
  end)

  it("writes whole numbers without a point and others so that they read back the same", function()
    assert.equal("a,b,c\r\n1704819600000,0.1,true\r\n-3,,false\r\n",
      write({ "a", "b", "c" }, { { a = 1704819600000, b = 0.1, c = true }, { a = -3.0, c = false } }))
  end)

  it("reads back what it wrote", function()
    local rows = {
      { name = "Nguyễn Thị Mai", note = 'said "hello",\r\nthen left' },
      { name = "x;y", note = " " },
      { note = "only this" },
    }
    write({ "name", "note" }, rows, { bom = true })
    assert.equal("\239\187\191name", written():sub(1, 7))
    local back, problems = read(csv.rows(path))
    assert.same({}, problems)
    assert.same(rows, back)
  end)

  it("writes a row of one empty field so that it is a row again", function()
    write({ "a" }, { {}, { a = "x" } })
    assert.same({ {}, { a = "x" } }, (read(csv.rows(path))))
  end)

  it("refuses what no column has, and what is no text", function()
    local file = assert(csv.writer(path, { "name" }))
    local ok, err = file:write { nmae = "Mai" }
    assert.is_nil(ok)
    assert.equal(path .. ': there is no column "nmae"', err.message)
    ok, err = file:write { name = {} }
    assert.is_nil(ok)
    assert.equal(path .. ": name must be a string, a number or a boolean (got a table)", err.message)
    ok, err = file:write { name = 0 / 0 }
    assert.is_nil(ok)
    assert.equal(path .. ": name is not a finite number", err.message)
    assert.is_true(file:close())
    assert.equal("name\r\n", written())
  end)

  it("fails after close, which can be called twice", function()
    local file = assert(csv.writer(path, { "name" }))
    assert.is_true(file:close())
    assert.is_true(file:close())
    local ok, err = file:write { name = "Mai" }
    assert.is_nil(ok)
    assert.equal(path .. ": the file was closed", err.message)
  end)

  it("says why a file cannot be made", function()
    local file, err = csv.writer("no-such-folder/contacts.csv", { "name" })
    assert.is_nil(file)
    assert.equal("no-such-folder/contacts.csv: cannot be written: No such file or directory", err.message)
  end)

  it("notices a full disk at the latest when the file is closed", function()
    local full = io.open("/dev/full", "wb")
    if not full then
      return -- not every system has the device that is always full
    end
    full:close()
    local file = assert(csv.writer("/dev/full", { "name" }))
    file:write { name = "Mai" }
    local ok, err = file:close()
    assert.is_nil(ok)
    assert.matches("cannot be written: No space left", err.message, 1, true)
  end)
end)

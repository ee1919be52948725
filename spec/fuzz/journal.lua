--- The input: how the file is made (0: it is the rest as it is; else: each line of the rest gets
-- its checksum), what is done to it then, where, and the rest.
--
-- Holds: a journal that opens gives what its lines say, each of them with the right checksum, by a
-- sum of our own; a refused file is left as it is, byte by byte; all lines being right, the journal
-- opens; what is added after a repair is there when it is opened again, with all from before.

local journal = require "frontdesk.journal"

local NAME = "fuzz"
local HEADER = "frontdesk-journal\t1\t" .. NAME
local WORDS = { started = true, done = true, failed = true, unknown = true }

local function write(text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read()
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local DAMAGE = {
  function(text) return text end,
  function(text, at) return text:sub(1, at) end,
  function(text, at) return text:sub(1, at) .. string.char((text:byte(at + 1) or 0) ~ 1 << at % 8) .. text:sub(at + 2) end,
  function(text, at) return text .. ("\0"):rep(at) end,
  function(text, at) return (text:gsub("[^\n]*\n", { [text:match("[^\n]*\n", at + 1) or ""] = "" })) end,
  function(text, at) return text .. text:sub(at + 1) end,
}

-- A file of lines with the right checksums.
local function lines_of(rest)
  local sum, lines = crc_by_hand("\t" .. HEADER), {}
  lines[1] = sum .. "\t" .. HEADER .. "\n"
  for line in rest:gmatch "[^\n]+" do
    sum = crc_by_hand(sum .. "\t" .. line)
    lines[#lines + 1] = sum .. "\t" .. line .. "\n"
  end
  return table.concat(lines)
end

-- What the whole lines of a file say. nil when one of them is wrong.
local function meaning(text)
  local sum, done, open, size = "", {}, {}, 0
  for line in text:gmatch "([^\n]*)\n" do
    local given, rest = line:sub(1, 8), line:sub(10)
    if line:sub(9, 9) ~= "\t" or crc_by_hand(sum .. "\t" .. rest) ~= given then
      return nil
    end
    sum = given
    local word, key = rest:match "^(%l+)\t([^\t]*)"
    if size == 0 then
      if rest ~= HEADER then
        return nil
      end
    elseif not WORDS[word] then
      return nil
    else
      key = key:gsub("\\(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
      if word == "done" then
        done[key], open[key] = true, nil
      elseif word == "failed" then
        open[key] = nil
      elseif not done[key] then
        open[key] = true
      end
    end
    size = size + #line + 1
  end
  return { done = done, open = open, size = size }
end

local function same(a, b)
  for key in pairs(a) do
    if not b[key] then
      return false
    end
  end
  for key in pairs(b) do
    if not a[key] then
      return false
    end
  end
  return true
end

-- Adds to the open journal, and looks whether all is there afterwards.
local function go_on(book, said, key)
  assert(book:add("started", "k\t" .. key))
  assert(book:add("done", key, "detail\n"))
  assert(book:close())
  said.open["k\t" .. key] = not said.done["k\t" .. key] or nil
  said.done[key], said.open[key] = true, nil
  local again = assert(journal.open(path, NAME))
  assert(same(again.done, said.done) and same(again.open, said.open), "what was added is there, and all from before")
  assert(not again.repaired, "a journal that was closed is whole")
  assert(again:close())
end

return function(data)
  local made, damage, high, low = data:byte(1, 4)
  local rest = data:sub(5)
  local text = (made or 0) % 4 == 0 and rest or lines_of(rest)
  local at = ((high or 0) << 8 | (low or 0)) % (#text + 1)
  text = DAMAGE[(damage or 0) % #DAMAGE + 1](text, at)
  write(text)
  local said = meaning(text)
  local book, err = journal.open(path, NAME)
  if book then
    assert(said, "a journal with a wrong line does not open")
    assert(same(book.done, said.done) and same(book.open, said.open), "a journal gives what its lines say")
    if said.size > 0 then
      assert(read() == text:sub(1, said.size), "whole lines stay, and what is behind them goes")
    end
    go_on(book, said, rest:sub(1, 100))
  else
    assert(err.kind == "invalid_input", "a file that is no journal is refused as input")
    assert(read() == text, "a refused file is left as it is")
    assert(not said or said.size == 0, "a journal whose lines are right opens")
  end
  os.remove(path)
end

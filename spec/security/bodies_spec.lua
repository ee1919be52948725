-- Bodies that lie: about their length, their packing, their kind, their end.
local hostile = require "support.hostile"
local process = require "support.process"
local raw_server = require "support.raw_server"
local socket = require "socket"
local read = require("support.files").read
local write = require("support.files").write

local MAX_BODY = 65536

-- What every attack sees: a status line, a good body, and answers in one or two words.
local TOOLS = [==[
  local GOOD = '{"status":0,"payload":{"id":7}}'
  local function with(headers, body, status)
    return send("HTTP/1.1 " .. (status or "200 OK") .. "\r\n" .. headers .. "\r\n\r\n" .. (body or GOOD))
  end
  local function chunked(text)
    return with("Transfer-Encoding: chunked", text)
  end
  local function forever(text)
    while send(text) do end
  end
  local function packed(encoding, name)
    local file = assert(io.open(PACKED .. "/" .. name, "rb"))
    with("Connection: close\r\nContent-Encoding: " .. encoding, file:read "*a")
    file:close()
  end
]==]

local LENGTHS = "the headers of the answer contradict each other about its length"
local CHUNKS = "is not divided into chunks as it should be"
local PACKING = "could not be unpacked"
local LIMIT = "larger than the limit of 65536 bytes (max_body)"

-- what it sends; kind; a part of the message (nothing: the good answer arrives)
local GROUPS = {
  {
    "a length",
    { "that is longer than the body", [[with "Content-Length: 400"]], "protocol", "stopped after 31 of 400 bytes" },
    { "that is shorter than the body", [[with "Content-Length: 5"]], "decode", "the text ends inside a string" },
    { "that is given twice alike", [[with "Content-Length: 31\r\nContent-Length: 31"]] },
    { "that is given twice, the right one first", [[with "Content-Length: 31\r\nContent-Length: 5"]], "protocol", LENGTHS },
    { "that is given twice, the right one last", [[with "Content-Length: 5\r\nContent-Length: 31"]], "protocol", LENGTHS },
    { "that is a list", [[with "Content-Length: 31, 5"]], "protocol", LENGTHS },
    { "below zero", [[with "Content-Length: -1"]], "protocol" },
    { "with a plus sign", [[with "Content-Length: +31"]], "protocol", LENGTHS },
    { "in hexadecimal", [[with "Content-Length: 0x1f"]], "protocol", LENGTHS },
    { "with words after it", [[with "Content-Length: 31 bytes"]], "protocol", LENGTHS },
    { "that is empty", [[with "Content-Length: "]], "protocol" },
    { "of 2^63 - 1", [[with "Content-Length: 9223372036854775807"]], "too_large", "the limit of 65536 (max_body)" },
    { "beyond 2^63", [[with "Content-Length: 9223372036854775808"]], "too_large", "the limit of 65536 (max_body)" },
    { "of a thousand digits", [[with("Content-Length: " .. ("9"):rep(1000))]], "too_large", "the limit of 65536 (max_body)" },
    { "before chunks", [[with("Content-Length: 5\r\nTransfer-Encoding: chunked", "1f\r\n" .. GOOD .. "\r\n0\r\n\r\n")]], "protocol", LENGTHS },
    { "after chunks", [[with("Transfer-Encoding: chunked\r\nContent-Length: 31", "1f\r\n" .. GOOD .. "\r\n0\r\n\r\n")]], "protocol", LENGTHS },
  },
  {
    "a chunk",
    { "whose size is no number", [[chunked "xyz\r\n{}\r\n0\r\n\r\n"]], "protocol", CHUNKS },
    { "whose size is below zero", [[chunked "-2\r\n{}\r\n0\r\n\r\n"]], "protocol", CHUNKS },
    { "whose size is missing", [[chunked "\r\n{}\r\n0\r\n\r\n"]], "protocol", CHUNKS },
    { "whose size is 2^63 - 1", [[chunked "7fffffffffffffff\r\n{}\r\n0\r\n\r\n"]], "protocol", "before its end" },
    { "whose size is 2^64 - 1", [[chunked "ffffffffffffffff\r\n{}\r\n0\r\n\r\n"]], "protocol", CHUNKS },
    { "whose size is 2^64 + 2", [[chunked "10000000000000002\r\n{}\r\n0\r\n\r\n"]], "protocol", CHUNKS },
    { "whose size has ten thousand zeros", [[chunked(("0"):rep(10000) .. "2\r\n{}\r\n0\r\n\r\n")]], "protocol", CHUNKS },
    { "that is longer than its size", [[chunked "2\r\n{}XX0\r\n\r\n"]], "protocol", CHUNKS },
    { "that is cut short", [[chunked "1f\r\n{\"status\":0,"]], "protocol", "stopped after 12 bytes, before its end" },
    { "with an extension", [[chunked("1f;a=b\r\n" .. GOOD .. "\r\n0\r\n\r\n")]] },
    { "with a trailer line that never ends", [[chunked "0\r\nX-A: " forever(("b"):rep(65536))]], "protocol", CHUNKS },
    { "with trailers that never end", [[chunked "0\r\n" forever(("X-A: b\r\n"):rep(100))]], "too_large", "max_header_count" },
    { "of one byte, again and again", [[chunked "" forever(("1\r\nx\r\n"):rep(1000))]], "too_large", LIMIT },
    { "of 64 kB, again and again", [[chunked "" forever("10000\r\n" .. ("x"):rep(65536) .. "\r\n")]], "too_large", LIMIT },
  },
  {
    "a body",
    { "without an end", [[with("X-A: b", "") forever(("x"):rep(65536))]], "too_large", LIMIT },
    { "at the limit", [[answer(GOOD .. (" "):rep(65536 - #GOOD))]] },
    { "at the limit, of no announced length", [[with("X-A: b", GOOD .. (" "):rep(65536 - #GOOD))]] },
    { "a byte over the limit", [[answer(GOOD .. (" "):rep(65537 - #GOOD))]], "too_large",
      "the answer has 65537 bytes, more than the limit of 65536 (max_body)" },
    { "a byte over the limit, of no announced length", [[with("X-A: b", GOOD .. (" "):rep(65537 - #GOOD))]], "too_large", LIMIT },
    { "that ends in the middle of JSON", [[answer '{"status":0,"payload":{"id":']], "decode",
      "the text ends where a value should be, at byte 29" },
    { "that the connection's end cuts in the middle of JSON", [[with("X-A: b", '{"status":0,"payl')]], "decode", "the text ends inside a string" },
    { "of nothing", [[answer ""]], "decode", "the text is empty" },
    { "of nothing, by 204", [[with("X-A: b", "", "204 No Content")]], "protocol", "HTTP 204 and nothing in it" },
    { "of HTML, as a success", [[with("Content-Type: text/html; charset=utf-8", "<html><body>Hello</body></html>")]], "decode",
      "(its type is text/html): unexpected '<'" },
    { "of HTML, from a gateway", [[with("Content-Type: text/html", "<html>Bad</html>", "502 Bad Gateway")]], "unavailable",
      "HTTP 502 and a body of type text/html, not with its error document" },
    { "of HTML, without a type", [[with("X-A: b", "<html>")]], "decode", "(its type is an unnamed type)" },
    { "of HTML, with a type that would clear the screen", [[with("Content-Type: \27[2J", "<html>")]], "decode", "(its type is an unnamed type)" },
    { "of HTML, with a type of 60 kB", [[with("Content-Type: " .. ("a"):rep(60000), "<html>")]], "decode", "(its type is aaaa" },
    { "of JSON that is said to be a picture", [[with "Content-Type: image/png"]] },
  },
  {
    "a packing",
    { "that is unknown", [[with "Content-Encoding: cow"]], "decode", PACKING },
    { "that is not what it says", [[with "Content-Encoding: gzip"]], "decode", PACKING },
    { "of five layers", [[packed("gzip, gzip, gzip, gzip, gzip", "five")]] },
    { "of six layers", [[packed("gzip, gzip, gzip, gzip, gzip, gzip", "six")]], "decode", PACKING },
    { "of six layers in six lines", [[packed("gzip" .. ("\r\nContent-Encoding: gzip"):rep(5), "six")]], "decode", PACKING },
    { "of a thousand layers that do nothing", [[with("Content-Encoding: " .. ("identity, "):rep(999) .. "identity")]], "decode", PACKING },
    { "that is cut short", [[packed("gzip", "cut")]], "decode", "the text ends inside a string" },
    { "whose checksum is wrong", [[packed("gzip", "bad sum")]], "decode", PACKING },
    { "that grows a thousandfold (gzip)", [[packed("gzip", "bomb")]], "too_large", LIMIT },
    { "that grows a thousandfold (deflate)", [[packed("deflate", "raw bomb")]], "too_large", LIMIT },
    { "that grows a thousandfold (gzip, of the transfer)",
      [[packed("identity\r\nTransfer-Encoding: gzip", "bomb")]], "too_large", LIMIT },
    { "that grows twice (gzip in gzip)", [[packed("gzip, gzip", "double bomb")]], "too_large", LIMIT },
    { "that grows a millionfold (br)", [[packed("br", "br bomb")]], "too_large", LIMIT },
  },
}

-- 64 MB of "0" as Brotli writes it.
local BROTLI = "cfffff7ff82560e2b14020f7fe9ffffffff04b00c4610180eefd3fffffffe1970088c32200ddfbfffcffffc72f0110870500baf7ff"

-- Packs what a command prints, so often; the file's name in the folder.
local function pack(folder, name, command, layers)
  assert(os.execute(command .. (" | gzip -9n"):rep(layers) .. " > '" .. folder .. "/" .. name .. "'"))
end

local function make_packed(folder)
  local good = [[printf '{"status":0,"payload":{"id":7}}']]
  pack(folder, "one", good, 1)
  pack(folder, "five", good, 5)
  pack(folder, "six", good, 6)
  pack(folder, "bomb", "head -c 4194304 /dev/zero", 1)
  pack(folder, "double bomb", "head -c 67108864 /dev/zero", 2)
  local one, bomb = read(folder .. "/one"), read(folder .. "/bomb")
  write(folder .. "/cut", one:sub(1, -21))
  write(folder .. "/bad sum", one:sub(1, -9) .. "sum!" .. one:sub(-4))
  write(folder .. "/raw bomb", bomb:sub(11, -9)) -- without gzip's header and trailer
  write(folder .. "/br bomb", (BROTLI:gsub("%x%x", function(hex) return string.char(tonumber(hex, 16)) end)))
end

describe("of an answer's body", function()
  local service, folder

  lazy_setup(function()
    folder = process.folder()
    make_packed(folder)
    local attacks = { ("local PACKED = %q\n"):format(folder), TOOLS }
    for i, group in ipairs(GROUPS) do
      for j = 2, #group do
        attacks[#attacks + 1] = ("attack['%d-%d'] = function() %s end\n"):format(i, j, group[j][2])
      end
    end
    service = hostile.start(table.concat(attacks), { max_body = MAX_BODY })
  end)

  lazy_teardown(function()
    service.server:stop()
    os.execute("rm -rf " .. process.quote(folder))
  end)

  for i, group in ipairs(GROUPS) do
    for j = 2, #group do
      local name, _, kind, message = group[j][1], group[j][2], group[j][3], group[j][4]
      it(("%s %s %s"):format(group[1], name, kind and "ends as " .. kind or "is taken"), function()
        local id = ("%d-%d"):format(i, j)
        if not kind then
          assert.same({ id = 7 }, (assert(service.client.things:get(id))))
          return service:works()
        end
        service:expect(id, { kind = kind, outcome = "unknown", message = message, attempts = 1 })
        for _, sent in ipairs(service.server:sent()) do
          -- the kernel's buffers on both sides take some megabytes
          assert.is_true(sent < MAX_BODY + 16 * 2 ^ 20)
        end
      end)
    end
  end

  -- the second answer comes at once with the first, or while the client is busy elsewhere
  for when, between in pairs { ["at once"] = "", ["later"] = "send(first) first = ''" } do
    it("what comes after its end, " .. when .. ", is not taken for the answer to somebody else", function()
      local server = raw_server.start(([[
        local function answer(id)
          return 'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"status":0,"payload":{"id":' .. id .. '}}'
        end
        read_request()
        local first = answer(number)
        %s
        send(first .. answer(9)) -- which nobody has asked for
        read_request()
      ]]):format(between))
      local one, other = hostile.client(server.url), hostile.client(server.url, { token = "t0k-4712-other" })
      assert.equal(1, assert(one.things:get "a").id)
      socket.sleep(0.05)
      assert.equal(2, assert(other.things:get "b").id)
      server:stop()
    end)
  end

  it("the memory is given back at once, however many are too large", function()
    local flood = hostile.start(TOOLS .. [[
      attack.flood = function() with("X-A: b", "") forever(("x"):rep(65536)) end
    ]], { max_body = 8 * 2 ^ 20 })
    local function pages()
      return tonumber(read "/proc/self/statm":match "%d+ (%d+)")
    end
    collectgarbage "stop" -- it would not know how large they are
    local before = pages()
    for _ = 1, 48 do
      flood:expect("flood", { kind = "too_large", outcome = "unknown" })
    end
    local after = pages()
    collectgarbage "restart"
    flood.server:stop()
    -- of 384 MB; a sanitizer keeps up to 256
    assert.is_true((after - before) * 4096 < 320 * 2 ^ 20, ("%.0f MB are held"):format((after - before) / 256))
  end)
end)

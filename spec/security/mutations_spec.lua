-- A good answer, cut at every byte and changed at every byte.
local hostile = require "support.hostile"

local HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
local BODY = '{"status":0,"payload":{"id":7}}'

local ANSWERS = {
  { "of a known length", HEAD .. "Content-Length: 31\r\n\r\n" .. BODY },
  { "in chunks", HEAD .. "Transfer-Encoding: chunked\r\n\r\nc\r\n" .. BODY:sub(1, 12) .. "\r\n13\r\n" .. BODY:sub(13) .. "\r\n0\r\n\r\n" },
}

-- What a byte is changed into: a digit, a letter, the ends of lines and texts, one that is no UTF-8.
local BYTES = { "9", "x", "\n", "\0", "\255", ":", " " }

local KINDS = { protocol = true, decode = true, network = true, too_large = true, unavailable = true, rejected = true,
  auth = true, forbidden = true, not_found = true, conflict = true, invalid_input = true, rate_limited = true, timeout = true }

describe("a good answer", function()
  local service

  lazy_setup(function()
    local texts = {}
    for i, answer in ipairs(ANSWERS) do
      texts[i] = ("%q"):format(answer[2])
    end
    service = hostile.start(("local ANSWERS = { %s }"):format(table.concat(texts, ",")) .. [==[
      setmetatable(attack, { __index = function(_, id)
        local which, at, byte = id:match "^(%d)%-(%d+)%-?(%d*)$"
        local text = ANSWERS[tonumber(which)]
        at = tonumber(at)
        text = text:sub(1, at) .. (byte == "" and "" or string.char(tonumber(byte)) .. text:sub(at + 2))
        return function() send(text) end
      end })
    ]==])
  end)

  lazy_teardown(function()
    service.server:stop()
  end)

  for i, answer in ipairs(ANSWERS) do
    it(answer[1] .. " is none when it is cut, wherever that is", function()
      for at = 0, #answer[2] - 1 do
        local value, err = service.client.things:get(("%d-%d"):format(i, at))
        if at < #answer[2] - 4 then -- the end of the last chunk and of the trailers is no news
          assert.is_nil(value, "cut after " .. at)
        end
        if not value then
          hostile.check(err, { outcome = "unknown", attempts = 1 })
          assert.is_true(err.kind == "network" or err.kind == "protocol" or err.kind == "decode", err.kind)
        end
        service:works()
      end
    end)

    it(answer[1] .. " is a value or an error when a byte of it is another, and never anything else", function()
      for at = 0, #answer[2] - 1 do
        for _, byte in ipairs(BYTES) do
          local value, err = service.client.things:get(("%d-%d-%d"):format(i, at, byte:byte()))
          if value == nil then
            hostile.check(err, { attempts = 1 })
            assert.is_true(KINDS[err.kind], err.kind)
          else
            assert.is_table(value)
          end
        end
        service:works()
      end
    end)
  end
end)

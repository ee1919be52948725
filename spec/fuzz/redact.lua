--- The input: a text in which the bytes 0xF0 and up stand for a secret, in one form or another.
--
-- Holds: no form of a secret is left in the text, and in none of the tables made of it, in keys
-- neither; what is redacted once stays as it is.

local redact = require "frontdesk.redact"

local SECRETS = { "t0k-8c1f-77aa42-Zq", "Mật khẩu/+&=\"1", "t0k-8c1f" }

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    for place = 0, 3 do
      local digit = bits >> (18 - 6 * place) & 63
      out[#out + 1] = (place == 2 and not b or place == 3 and not c) and "=" or ALPHABET:sub(digit + 1, digit + 1)
    end
  end
  return table.concat(out)
end

local function percent(text)
  return (text:gsub("[^%w%-%._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local function every_byte(format)
  return function(text)
    return (text:gsub(".", function(byte) return format:format(byte:byte()) end))
  end
end

local FORMS = {
  function(text) return text end,
  percent,
  function(text) return percent(percent(text)) end,
  every_byte "%%%02x",
  every_byte "%02x",
  every_byte "%02X",
  string.upper,
  function(text) return (text:gsub('["\\/]', "\\%0")) end,
  base64,
  function(text) return base64("a:" .. text .. ":b") end,
  function(text) return base64("u" .. text) end,
  function(text) return (base64(text):gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" })) end,
}

local BASE64 = 9 -- the first of these forms

-- What must not be left: the forms, in any case of letters; and of base64, in both alphabets, the
-- characters that the secret alone decides, wherever it begins.
local forbidden, encoded = {}, {}
for _, secret in ipairs(SECRETS) do
  for form = 1, BASE64 - 1 do
    forbidden[#forbidden + 1] = FORMS[form](secret):lower()
  end
  for before = 0, 2 do
    local text = base64(("x"):rep(before) .. secret .. "xx")
    encoded[#encoded + 1] = text:sub(-(-8 * before // 6) + 1, 8 * (before + #secret) // 6)
  end
end

local redactor = redact.new(SECRETS)

local function check(text)
  local lower, plain = text:lower(), text:gsub("[-_]", { ["-"] = "+", ["_"] = "/" })
  for _, form in ipairs(forbidden) do
    assert(not lower:find(form, 1, true), "no secret is left")
  end
  for _, form in ipairs(encoded) do
    assert(not plain:find(form, 1, true), "no secret is left in base64")
  end
  assert(redactor:text(text) == text, "a second time there is nothing to do")
end

return function(data)
  local which = 0
  local text = data:gsub("[\240-\255]", function(byte)
    which = which + 1
    local form = (byte:byte() - 240) % #FORMS + 1
    local shown = FORMS[form](SECRETS[which % #SECRETS + 1])
    return form < BASE64 and shown or " " .. shown .. " " -- run together it would be no base64
  end)
  local shown = redactor:text(text)
  check(shown)
  local table_of = redactor:value { [text] = text, { inner = { text } } }
  assert(table_of[shown] == shown and table_of[1].inner[1] == shown, "tables are redacted as texts are")
end

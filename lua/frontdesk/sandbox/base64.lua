--- Base64 decoding, for the Basic scheme.

local alphabet = {}
for index = 1, 64 do
  alphabet[("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):sub(index, index)] = index - 1
end

local base64 = {}

--- Decodes a text with correct padding.
---@param text string
---@return string? bytes nil when the text is not Base64
function base64.decode(text)
  local digits, padding = text:match("^([%w+/]*)(=?=?)$")
  if not digits or #text % 4 ~= 0 then return nil end
  local bytes, held, bits = {}, 0, 0
  for digit in digits:gmatch(".") do
    held, bits = held * 64 + alphabet[digit], bits + 6
    if bits >= 8 then
      bits = bits - 8
      bytes[#bytes + 1] = string.char(math.floor(held / 2 ^ bits))
      held = held % 2 ^ bits
    end
  end
  if #padding * 2 ~= bits then return nil end
  return table.concat(bytes)
end

return base64

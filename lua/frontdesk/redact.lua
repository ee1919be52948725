--- Takes secrets out of text that is about to be shown.

local redact = {}

local HIDDEN = "(hidden)"
local SHORTEST = 4 -- bytes; a shorter value would blot out ordinary words

local function percent_encoded(text)
  return (text:gsub("[^%w%-%._~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

local function replace(text, secret)
  local pieces, from = {}, 1
  while true do
    local first, last = text:find(secret, from, true)
    if not first then
      break
    end
    pieces[#pieces + 1] = text:sub(from, first - 1)
    from = last + 1
  end
  pieces[#pieces + 1] = text:sub(from)
  return table.concat(pieces, HIDDEN)
end

--- Replaces every secret in a text, as it is and percent-encoded.
---@param text string
---@param secrets string[]
---@return string
function redact.text(text, secrets)
  for _, secret in ipairs(secrets) do
    if type(secret) == "string" and #secret >= SHORTEST then
      text = replace(text, secret)
      local encoded = percent_encoded(secret)
      if encoded ~= secret then
        text = replace(text, encoded)
      end
    end
  end
  return text
end

return redact

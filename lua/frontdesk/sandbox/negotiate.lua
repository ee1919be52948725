--- Media types: what a request's Content-Type and Accept say, held against what a service takes and gives.

local negotiate = {}

local function media_type(header)
  return (header or ""):match("^%s*([^;%s]*)"):lower()
end

--- True when the body is of one of these media types (parameters after ";" do not matter).
---@param header string? the Content-Type
---@param consumes string[]
---@return boolean
function negotiate.consumes(header, consumes)
  local given = media_type(header)
  for _, known in ipairs(consumes) do
    if given == known then return true end
  end
  return false
end

local function covers(range, offered)
  if range == "*/*" or range == offered then return true end
  local group = range:match("^([^/]+)/%*$")
  return group ~= nil and offered:match("^[^/]+") == group
end

--- The first media type of `produces` that the request takes. Without an Accept header that is the first one.
---@param header string? the Accept header
---@param produces string[]
---@return string? media_type nil when there is none
function negotiate.accepts(header, produces)
  if not header or header:match("^%s*$") then return produces[1] end
  for range in header:gmatch("[^,]+") do
    local refused = range:lower():find(";%s*q%s*=%s*0%.?0*%s*$")
    for _, offered in ipairs(produces) do
      if not refused and covers(media_type(range), offered) then return offered end
    end
  end
end

return negotiate

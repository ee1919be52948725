--- The input: a path template, an id, a name and a query value, parted by NULs. The template's
-- fields are those of them that it names.
--
-- Holds: what is accepted is a target of plain characters with as many segments as the template,
-- whose values decode to what was given; behind an origin it is a URL of that origin.

local core = require "frontdesk.core"

local ALLOWED = "^[%w%-%._~!$&'()*+,;=:@/%%?]*$"

local function decode(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function segments(path)
  local list = {}
  for segment in (path .. "/"):gmatch "([^/]*)/" do
    list[#list + 1] = segment
  end
  return list
end

-- Whether libcurl, or a server, would take steps out of the path.
local function has_dots(path)
  for _, segment in ipairs(segments(path)) do
    local plain = decode(segment)
    if plain == "." or plain == ".." then
      return true
    end
  end
  return false
end

local function check(template, target, values)
  assert(target:find(ALLOWED), "a target is of plain characters")
  local path, query = target:match "^([^?]*)%??(.*)$"
  local wanted, got = segments(template), segments(path)
  assert(#wanted == #got, "a value is one segment")
  for i, segment in ipairs(wanted) do
    local name = segment:match "^:(.+)$"
    assert(name and decode(got[i]) == values[name] or not name and got[i] == segment, "a segment is its value")
    assert(not name or (got[i] ~= "" and got[i] ~= "." and got[i] ~= ".."), "a value is no folder")
  end
  assert(values.q == nil and query == "" or query == "q=" .. core.url_query_value(values.q), "the query is its value")
  local url, message = core.url_parse("https://api.example.test:8443" .. target)
  if template:sub(1, 1) == "/" then
    assert(url, message)
    assert(url.origin == "https://api.example.test:8443", "a path leads to no other origin")
    assert(has_dots(template) or url.path == path, "a path stays as it is")
  end
end

return function(data)
  local parts = segments(data:gsub("/", "\1"):gsub("%z", "/"))
  for i, part in ipairs(parts) do
    parts[i] = part:gsub("\1", "/")
  end
  local template = parts[1]
  local values, fields = { q = parts[4] }, { { "q", "string", ["in"] = "query" } }
  for i, name in ipairs { "id", "name" } do
    if (template .. "/"):find("/:" .. name .. "/", 1, true) or (template .. "/"):find("^:" .. name .. "/") then
      values[name] = parts[i + 1] or ""
      fields[#fields + 1] = { name, name == "id" and "id" or "string", ["in"] = "path", required = true }
    end
  end
  local ok, shape = pcall(core.shape, { path = template, body = "none", fields = fields })
  if not ok then
    return
  end
  local target, message = shape:encode(values)
  if target then
    check(template, target, values)
  else
    assert(type(message) == "string" and message ~= "", "a refusal has words")
  end
end

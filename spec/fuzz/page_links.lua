--- The input: a byte that chooses the address of the service, one that chooses the page, and a
-- link as it may stand in an answer, which is also tried as a point to resume at.
--
-- Holds: whatever is asked for next is at the service's own origin and below its path, as libcurl's
-- own parser sees it; nothing is raised; what one page leads to can be resumed at.

local paginate = require "frontdesk.paginate"

local BASES = {
  "https://api.example.test", "https://api.example.test:8443/v2", "http://127.0.0.1:8080/api/rest",
  "https://api.example.test/a.b", "http://[::1]:81/x", "HTTPS://API.example.test/v2",
}
local TARGETS = { "/contacts", "/contacts?page=2&size=10", "?page=1", "", "/a/b/c", "/a%20b?x=/../y" }

local PAGING = { style = "hal", items = "_embedded.contacts" }

-- Steps out of a folder, also where a server might see them after decoding twice.
local function climbs(path)
  for _ = 1, 2 do
    path = path:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  end
  for segment in path:gmatch "[^/\\]+" do
    if segment == ".." then
      return true
    end
  end
  return false
end

local function check(base, target)
  local scheme, host, port, root = by_libcurl(base)
  local to_scheme, to_host, to_port, path = by_libcurl(base .. target)
  assert(to_scheme, "what is asked for is a URL")
  assert(scheme == to_scheme and host:lower() == to_host:lower() and port == to_port, "of the service's own origin")
  root = root:gsub("/+$", "")
  assert(path:sub(1, #root) == root, "below its path")
  assert(path == root or path:sub(#root + 1, #root + 1) == "/", "and not beside it")
  assert(not (base .. target):find "[%z\1-\32\127-\255]", "in plain characters")
  assert(not climbs(target:match "^[^?]*"), "without steps out of it")
end

-- The link was followed, so it leads nowhere else.
local function check_link(base, target, link)
  local scheme, host, port = by_libcurl(base)
  local to_scheme, to_host, to_port = by_libcurl(base .. target, link)
  if to_scheme then -- "2f://x" is an unknown scheme to libcurl, and a step within the folder to us
    assert(scheme == to_scheme and host:lower() == to_host:lower() and port == to_port, "a link elsewhere is not followed")
  end
end

-- Goes over pages; the first one holds the link. Every request is checked.
local function follow(base, target, link, resume)
  local asked = 0
  local function call(_, at)
    asked = asked + 1
    if at then
      check(base, at)
    end
    local document = { _embedded = { contacts = { {} } }, _links = { next = { href = asked == 1 and link or nil } } }
    return document, nil, { document = document }
  end
  local pages = paginate.pages(PAGING, call, {}, {
    base = base, target = function() return target end, resume = resume,
  })
  local point
  for _ = 1, 3 do
    local page = pages()
    if not page then
      break
    end
    point = pages:point() or point
  end
  if link and asked > 1 then
    check_link(base, target, link)
  end
  return asked, point
end

return function(data)
  local base = BASES[(data:byte(1) or 0) % #BASES + 1]
  local target = TARGETS[(data:byte(2) or 0) % #TARGETS + 1]
  local link = data:sub(3)
  local _, point = follow(base, target, link)
  if point and point ~= "" then
    assert(follow(base, target, nil, point) > 0, "what one page leads to can be resumed at")
  end
  follow(base, target, "/contacts", link)
end

--- Pages of HAL documents: the link to the next page where there is one, else a page number
-- where the answer counts its pages, else there is one page only. Nothing about pages is sent
-- before an answer has shown that the service has them.
--
-- A link is part of an answer and may lead anywhere: one that leaves base_url is refused, so
-- that no credential follows it. What is asked for is always base_url and a target behind it.

local core = require "frontdesk.core"
local paths = require "frontdesk.paths"
local seen = require "frontdesk.paginate.seen"
local steps = require "frontdesk.steps"

local hal = {}

local LONGEST_SHOWN = 120 -- bytes of an address in an error

local function shown(text)
  return #text > LONGEST_SHOWN and text:sub(1, LONGEST_SHOWN) .. "..." or text
end

-- What stands behind `base` in an address. nil and what is wrong where it leads elsewhere.
local function target_of(base, url)
  local home = assert(core.url_parse(base))
  local there, message = core.url_parse(url)
  if not there then
    return nil, "is not usable: " .. message
  elseif there.origin:lower() ~= home.origin:lower() then
    return nil, ("leads to %s, not to %s"):format(shown(there.origin), home.origin)
  end
  local root = home.path:gsub("/+$", "")
  local rest = there.path:sub(#root + 1)
  local below = root:sub(-1) == "." or rest == "" or rest:sub(1, 1) == "/"
  if there.path:sub(1, #root) ~= root or not below or steps.climb(there.path) then
    return nil, ("leads to %s, which is outside base_url"):format(shown(there.path))
  end
  return rest .. (there.query and "?" .. there.query or "")
end

-- The address that a link means, read on the page that `target` gave.
local function address_of(base, target, href)
  if href:find "^%a[%w+.-]*:" then
    return href
  elseif href:find "^//" then
    return base:match "^%a+:" .. href
  elseif href:find "^/" then
    return base:match "^%a+://[^/]+" .. href
  end
  local path = base .. target:match "^[^?]*"
  if href:sub(1, 1) == "?" then
    return path .. href
  end
  return (path:find "//.*/" and path:match "^.*/" or path .. "/") .. href
end

-- The target with a field of its query set.
local function with_query(target, name, number)
  local path, query = target:match "^([^?]*)%??(.*)$"
  local parts = {}
  for part in query:gmatch "[^&]+" do
    if part:match "^[^=]*" ~= name then
      parts[#parts + 1] = part
    end
  end
  parts[#parts + 1] = ("%s=%d"):format(name, number)
  return path .. "?" .. table.concat(parts, "&")
end

--- Prepares a list of this style: see frontdesk.paginate.
---@param paging { items: string, next: string|nil, page: string|nil, page_count: string|nil }
---@param input table|nil
---@param site { base: string, target: fun(input: table|nil): string }
---@return table style
function hal.new(paging, input, site)
  local items = paths.reader(paging.items)
  local link = paths.reader(paging.next or "_links.next.href")
  local page = paths.reader(paging.page or "page")
  local page_count = paths.reader(paging.page_count or "page_count")
  local page_field = paging.page or "page"
  local known = seen.new()
  local last -- number that the last answer gave itself
  local style = { first = "" } -- the operation's own target

  function style.check(at)
    local target = at == "" and at or type(at) == "string" and target_of(site.base, site.base .. at)
    if not target then
      return nil, "an address behind base_url"
    end
    return target
  end

  function style.ask(at)
    if at == "" then
      return input
    end
    return input, at
  end

  function style.items(_, response)
    return items(response and response.document)
  end

  -- The page behind this one where the answer counts its pages.
  local function by_number(target, document, count)
    local number, pages = page(document), page_count(document)
    if type(pages) ~= "number" or type(number) ~= "number" or number % 1 ~= 0 or number > 2 ^ 50 then
      return nil
    elseif last and number <= last then
      return nil, ("asked for the page after page %d, the service gave page %d again"):format(last, number), true
    end
    last = number
    return number < pages and count > 0 and with_query(target, page_field, number + 1) or nil
  end

  function style.follow(at, _, response, count)
    local document = response.document
    local target = at == "" and site.target(input) or at
    known(target)
    local href = link(document)
    if href == nil or href == "" then
      return by_number(target, document, count)
    elseif type(href) ~= "string" or href:find "[{}]" then
      return nil, "the link to the next page is not an address; it was not followed"
    end
    local following, problem = target_of(site.base, address_of(site.base, target, href))
    if not following then
      return nil, ("the link to the next page %s; it was not followed"):format(problem)
    elseif known(following) then
      return nil, ("the list leads in a circle: the link to %s was given before"):format(shown(following))
    end
    return following
  end

  return style
end

return hal

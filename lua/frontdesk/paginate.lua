--- Goes over all of a listing operation: item by item (`each`) or page by page (`pages`).
--
-- A page that cannot be read ends the iteration with `false, err`: a loop that does not look
-- at it fails loudly instead of taking half a list for the whole. `iterator:point()` is where
-- to go on from, then or on another day.
--
-- How pages follow each other is a style's business, paginate/{page,cursor,hal}.lua. A style
-- has `first`, the point of the first page, and
--   check(at)                            a point given by somebody: as it is used, or nil and what it should be
--   ask(at)                              what to call with: fields, and a target instead of the operation's own
--   items(value, response)               the items of an answer
--   follow(at, value, response, count)   the next page's point, nil behind the last one; or nil, a sentence
--                                        and whether the page itself is no good

local errors = require "frontdesk.errors"

local paginate = {}

local STYLES = {
  page = require "frontdesk.paginate.page",
  cursor = require "frontdesk.paginate.cursor",
  hal = require "frontdesk.paginate.hal",
}

local EMPTY_PAGES = 100 -- in a row, before a list is taken for endless

---@class frontdesk.paginate.options
---@field max_items? integer items after which to stop
---@field resume? string|number|false what an iterator's point() gave; false: there was nothing left
---@field prefetch? boolean false: ask for a page only when it is wanted
---@field wait_turn? fun(waiters: table): boolean|nil, table|nil  waits for a page that another task reads, with a
--- ticket that it puts among the waiters
---@field spawn? fun(fn: function): table|nil starts a task, where tasks can be had; none: no prefetch
---@field fail? fun(fields: table): nil, table makes an error
---@field base? string, with `target`, what the style hal needs: see paginate/hal.lua
---@field target? fun(input: table|nil): string

-- A page and how many of its items are behind us, as one plain value.
local function join_point(at, skip)
  return skip == 0 and at or ("%s +%d"):format(at, skip)
end

local function split_point(point)
  if type(point) == "string" then
    local at, skip = point:match "^(.*) %+(%d+)$"
    if at then
      return at, tonumber(skip)
    end
  end
  return point, 0
end

local Pages = {}
Pages.__index = Pages

local function new_pages(paging, call, input, options)
  local style = STYLES[paging.style].new(paging, input, options)
  local self = setmetatable({
    paging = paging, style = style, call = call, options = options,
    at = style.first, -- the page to come; false behind the last one
    skip = 0,         -- items at its beginning that were given out in an earlier run
    given = 0, empty = 0,
  }, Pages)
  if options.resume == false then
    self.at = false
  elseif options.resume ~= nil then
    local at, skip = split_point(options.resume)
    local checked, wanted = style.check(at)
    self.at, self.skip = checked or at, skip
    if not checked then
      self.failure = { kind = "invalid_input", message = "resume must be what point() of such a list gave: " .. wanted }
    end
  end
  return self
end

function Pages:fail(fields)
  self.finished, self.failure = true, nil
  if errors.is(fields) then
    return false, fields
  end
  local fail = self.options.fail
  if fail then
    return false, (select(2, fail(fields)))
  end
  return false, errors.new(fields)
end

function Pages:fetch()
  local task = self.pending
  if not task then
    return self.call(self.style.ask(self.at))
  end
  self.pending = nil
  local value, err, response = task:wait()
  if value == nil and not errors.is(err) then
    error(err, 0) -- what the call raised, raised where it is waited for
  end
  return value, err, response
end

function Pages:satisfied()
  return self.options.max_items and self.given >= self.options.max_items
end

-- Asks for the next page while this one is used. What comes of it shows when it is reached.
function Pages:prefetch()
  local spawn = self.options.spawn
  if spawn and self.options.prefetch ~= false and self.at and not self.failure and not self:satisfied() then
    local at = self.at
    self.pending = spawn(function() return self.call(self.style.ask(at)) end)
  end
end

local function protocol(message)
  return { kind = "protocol", outcome = "rejected", message = message }
end

-- What is wrong with the items of a page, if anything.
local function complaint(paging, items)
  if type(items) ~= "table" then
    return 'a page of the list has no "' .. paging.items .. '"'
  elseif #items == 0 and next(items) ~= nil then
    return '"' .. paging.items .. '" of a page is not a list'
  end
end

-- The next page, its items and how many of them to leave out; or false and an error.
function Pages:read()
  if self.failure then
    return self:fail(self.failure)
  elseif self.finished or not self.at or self:satisfied() then
    self.finished = true
    return nil
  end
  local value, err, response = self:fetch()
  if value == nil then
    return self:fail(err)
  end
  local items = self.style.items(value, response)
  local problem = complaint(self.paging, items)
  if problem then
    return self:fail(protocol(problem))
  end
  local following, trouble, refused = self.style.follow(self.at, value, response, #items)
  self.empty = #items == 0 and self.empty + 1 or 0
  if following and self.empty >= EMPTY_PAGES then
    following, trouble = nil, ("the list goes on after %d pages without items"):format(self.empty)
  end
  if refused then
    return self:fail(protocol(trouble))
  end
  local skip = self.skip
  self.current = self.at
  self.given = self.given + math.max(0, #items - skip)
  if trouble then -- this page is good; what is behind it is not
    self.failure, self.skip = protocol(trouble), #items
  else
    self.at, self.skip = following or false, 0
  end
  self:prefetch()
  return value, items, skip
end

-- Reads a page while nobody else does; wakes those who waited for it.
function Pages:step()
  local waiters = {}
  self.waiters = waiters
  local ok, value, items, skip = pcall(self.read, self)
  self.waiters = nil
  for _, ticket in ipairs(waiters) do
    ticket:wake()
  end
  if not ok then
    self.finished = true
    error(value, 0)
  end
  return value, items, skip
end

-- Waits while another task reads a page. False and an error when it must not wait on.
function Pages:take_turn()
  while self.waiters do
    local waited, err = self.options.wait_turn(self.waiters)
    if not waited then
      return false, err
    end
  end
  return true
end

function Pages:point()
  return self.at and join_point(self.at, self.skip)
end

function Pages:close()
  self.finished, self.failure = true, nil
  if self.pending then
    self.pending:cancel()
    self.pending = nil
  end
end

---@class frontdesk.pages an iterator over pages; a call gives the next page and its items
local PageIterator = { __name = "frontdesk.pages" }
PageIterator.__index = PageIterator

function PageIterator:__tostring()
  return "frontdesk.pages: " .. (self.pages.finished and "ended" or "open")
end

function PageIterator:__call()
  local free, err = self.pages:take_turn()
  if not free then
    return false, err
  end
  local value, items = self.pages:step()
  return value, items
end

--- Where to go on from: all pages given so far are behind it.
---@return string|number|false point for `resume`; false at the end of the list
function PageIterator:point()
  return self.pages:point()
end

--- Gives the list up; a page asked for in advance is cancelled.
function PageIterator:close()
  self.pages:close()
end

PageIterator.__close = PageIterator.close

---@class frontdesk.items an iterator over items; a call gives the next one
local ItemIterator = { __name = "frontdesk.items" }
ItemIterator.__index = ItemIterator

function ItemIterator:__tostring()
  return "frontdesk.items: " .. (self.pages.finished and "ended" or "open")
end

function ItemIterator:__call()
  while self.left > 0 do
    local free, err = self.pages:take_turn()
    if not free then
      return false, err
    end
    local item = self.items[self.index + 1]
    if item ~= nil then
      self.index, self.left = self.index + 1, self.left - 1
      return item
    end
    local page, items, skip = self.pages:step()
    if not page then
      return page, items
    end
    self.items, self.index = items, skip
  end
end

--- Where to go on from: all items given so far are behind it.
---@return string|number|false point for `resume`; false at the end of the list
function ItemIterator:point()
  if self.index < #self.items then
    return join_point(self.pages.current, self.index)
  end
  return self.pages:point()
end

--- Gives the list up; a page asked for in advance is cancelled.
function ItemIterator:close()
  self.left = 0
  self.pages:close()
end

ItemIterator.__close = ItemIterator.close

--- An iterator over pages; each step gives the page and its items, or `false, err`.
---@param paging table the operation's paging rule
---@param call fun(fields: table|nil, target: string|nil): any, table|nil, table|nil  value, err, response
---@param input table|nil
---@param options frontdesk.paginate.options|nil max_items ends the list after the page that reaches it
---@return frontdesk.pages
function paginate.pages(paging, call, input, options)
  return setmetatable({ pages = new_pages(paging, call, input, options or {}) }, PageIterator)
end

--- An iterator over items; each step gives one item, or `false, err`.
---@param paging table the operation's paging rule
---@param call fun(fields: table|nil, target: string|nil): any, table|nil, table|nil  value, err, response
---@param input table|nil
---@param options frontdesk.paginate.options|nil
---@return frontdesk.items
function paginate.each(paging, call, input, options)
  options = options or {}
  return setmetatable({
    pages = new_pages(paging, call, input, options), items = {}, index = 0, left = options.max_items or math.huge,
  }, ItemIterator)
end

return paginate

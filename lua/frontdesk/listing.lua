--- `client.resource:each{...}` and `:pages{...}`: a client's calls, told to the paginator.

local cancellation = require "frontdesk.cancellation"
local clock = require "frontdesk.clock"
local errors = require "frontdesk.errors"
local hosts = require "frontdesk.host"
local paginate = require "frontdesk.paginate"

local listing = {}

--- What such a method takes beside the options of a call. `timeout` is for the whole list;
-- without one each page has the client's.
listing.OPTIONS = { max_items = "number", prefetch = "boolean", resume = "any" }

-- Starts a task where there is a loop that runs it.
local function spawn(fn)
  if hosts.spawner() then
    return require("frontdesk.tasks").spawn(fn)
  end
end

-- Tasks may share a list; one reads a page while the others wait here.
local function wait_turn(waiters)
  local ticket = hosts.ticket()
  waiters[#waiters + 1] = ticket
  cancellation.wait(ticket)
  local state = cancellation.current()
  if state and state.cancelled then
    return nil, errors.new { kind = "cancelled", message = "the task was cancelled while it waited for a page" }
  end
  return true
end

--- Opens a list.
---@param style "each"|"pages"
---@param client table the inside of a client
---@param operation table from Client:operation
---@param paging table its paging rule
---@param input table|nil
---@param options table|nil of the call and of the list, checked by name and type
---@return table|nil iterator
---@return string|nil message what is wrong with the options
function listing.open(style, client, operation, paging, input, options)
  options = options or {}
  local max_items = options.max_items
  if max_items and not (max_items >= 1 and max_items % 1 == 0) then
    return nil, "the call option max_items must be a whole number of 1 or more"
  end
  local call_options = {}
  for name, value in pairs(options) do
    if not listing.OPTIONS[name] then
      call_options[name] = value
    end
  end
  local deadline
  local function call(fields, target)
    if options.timeout then
      deadline = deadline or clock.now() + options.timeout
    end
    if target then -- a link to the next page, found to be the service's own
      return client:perform(operation, target, nil, fields, call_options, deadline)
    end
    return client:call(operation, fields, call_options, deadline)
  end
  return paginate[style](paging, call, input, {
    max_items = max_items, resume = options.resume, prefetch = options.prefetch, spawn = spawn, wait_turn = wait_turn,
    fail = function(fields) return client:fail(operation, input, fields) end,
    base = client.options.bases[operation.base].prefix,
    target = function() return (operation.shape:encode(input)) end,
  })
end

return listing

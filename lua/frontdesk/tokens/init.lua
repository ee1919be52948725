--- Tokens that many calls share: fetched once, however many wait for one.
--
-- A store keeps them: get(key), put(key, token, seconds|nil), drop(key, token),
-- lock(key, seconds), unlock(key), wait(key, seconds), fail(key, err), failure(key, since).
-- Which one, the host says. `wait` gives false where a caller cannot wait for the others.
-- `apart(action)`, where a store has it, runs a login so that it ends even when the call
-- that began it is ended early; neither `action` nor `fetch` may refer to locals of a
-- function that has not returned, for they go with the call's coroutine.

local cancellation = require "frontdesk.cancellation"
local core = require "frontdesk.core"
local errors = require "frontdesk.errors"

local tokens = {}

-- What ends one caller's login, and says nothing about another's.
local OWN = { cancelled = true, timeout = true }

local function fetch_into(store, key, fetch)
  local ok, token, extra = pcall(fetch)
  if ok and token then
    store:put(key, token, extra)
  elseif ok and not OWN[extra.kind] then
    store:fail(key, extra)
  end
  store:unlock(key)
  if not ok then
    error(token, 0)
  end
  return token or nil, not token and extra or nil
end

local function fetching_into(store, key, fetch)
  return function() return fetch_into(store, key, fetch) end
end

-- Past the lock.
local function fetch_alone(store, key, fetch)
  local token, extra = fetch()
  if not token then
    return nil, extra
  end
  store:put(key, token, extra)
  return token
end

local function at_once(action)
  return action()
end

--- The token of a key; fetched by one caller when there is none, while the others wait.
---@param store table
---@param key string
---@param deadline number on the clock of core.now()
---@param fetch fun(): string|nil, any  the token and its seconds (nil: for ever), or nil and an error
---@return string|nil token
---@return table|nil err
function tokens.obtain(store, key, deadline, fetch)
  local since = core.now()
  while true do
    local left = deadline - core.now()
    local locked = store:lock(key, left)
    -- The last who had the lock may have put a token, or told why there is none.
    local token = store:get(key)
    local failure = not token and store:failure(key, since)
    if token or failure then
      if locked then
        store:unlock(key)
      end
      return token, failure or nil
    end
    if locked then
      return (store.apart or at_once)(fetching_into(store, key, fetch))
    end
    if left <= 0 then
      return nil, errors.new { kind = "timeout", message = "the deadline passed while another call was logging in" }
    end
    if store:wait(key, left) == false then
      return fetch_alone(store, key, fetch)
    end
    local task = cancellation.current()
    if task and task.cancelled then
      return nil, errors.new { kind = "cancelled", message = "the task was cancelled" }
    end
  end
end

return tokens

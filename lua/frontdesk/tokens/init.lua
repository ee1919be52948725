--- Tokens that many calls share: fetched once, however many wait for one.
--
-- A store keeps them: get(key), put(key, token, seconds|nil), drop(key, token), lock(key),
-- unlock(key), wait(key, seconds), fail(key, err), failure(key, since). Which one, the host
-- says. `apart(action)`, where a store has it, runs a login so that it ends even when the
-- call that began it is ended early.

local core = require "frontdesk.core"
local errors = require "frontdesk.errors"

local tokens = {}

local function fetch_into(store, key, fetch)
  local ok, token, extra = pcall(fetch)
  if ok and token then
    store:put(key, token, extra)
  elseif ok then
    store:fail(key, extra)
  end
  store:unlock(key)
  if not ok then
    error(token, 0)
  end
  return token or nil, not token and extra or nil
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
    local locked = store:lock(key)
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
      return (store.apart or at_once)(function() return fetch_into(store, key, fetch) end)
    end
    local left = deadline - core.now()
    if left <= 0 then
      return nil, errors.new { kind = "timeout", message = "the deadline passed while another call was logging in" }
    end
    store:wait(key, left)
  end
end

return tokens

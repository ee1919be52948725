--- Tokens that many calls share: fetched once, however many wait for one.
--
-- A store keeps them: get(key), put(key, token, seconds|nil), drop(key, token),
-- lock(key), unlock(key), wait(key), fail(key, err), failure(key). Which one, the host says.

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

--- The token of a key; fetched by one caller when there is none, while the others wait.
---@param store table
---@param key string
---@param deadline number on the clock of core.now()
---@param fetch fun(): string|nil, any  the token and its seconds (nil: for ever), or nil and an error
---@return string|nil token
---@return table|nil err
function tokens.obtain(store, key, deadline, fetch)
  local waited = false
  while true do
    local token = store:get(key)
    if token then
      return token
    end
    local failure = waited and store:failure(key)
    if failure then
      return nil, failure
    end
    if store:lock(key) then
      token = store:get(key) -- the last holder may have put one
      if not token then
        return fetch_into(store, key, fetch)
      end
      store:unlock(key)
      return token
    end
    if core.now() >= deadline then
      return nil, errors.new { kind = "timeout", message = "the deadline passed while another call was logging in" }
    end
    waited = true
    store:wait(key)
  end
end

return tokens

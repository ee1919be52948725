--- Tokens in a lua_shared_dict: all workers of an nginx have the same, and one of them logs in.

local errors = require "frontdesk.errors"
local json = require "frontdesk.json"

local Shared = { __name = "frontdesk.tokens.shared" }
Shared.__index = Shared

local LOCK_LIVES = 30   -- seconds after which a worker that died while logging in no longer counts
local FAILURE_LIVES = 1 -- second in which those who waited for a login learn that it failed
local PAUSE = 0.02      -- seconds between looks for another's login

function Shared:get(key)
  return self.dict:get("token:" .. key)
end

function Shared:put(key, token, seconds)
  local ok, message = self.dict:set("token:" .. key, token, seconds or 0)
  if not ok then
    ngx.log(ngx.WARN, "frontdesk cannot share a token: ", message, "; is the lua_shared_dict large enough?")
  end
end

function Shared:drop(key, token)
  if self:get(key) == token then
    self.dict:delete("token:" .. key)
  end
end

function Shared:lock(key)
  return (self.dict:add("lock:" .. key, true, LOCK_LIVES))
end

function Shared:unlock(key)
  self.dict:delete("lock:" .. key)
end

function Shared:wait()
  ngx.sleep(PAUSE)
end

-- Of an error only what is plain crosses to other workers.
function Shared:fail(key, err)
  local plain = {}
  for _, name in ipairs { "kind", "message", "service", "operation", "code", "status", "outcome" } do
    plain[name] = err[name]
  end
  self.dict:set("failed:" .. key, (json.encode(plain)), FAILURE_LIVES)
end

function Shared:failure(key)
  local text = self.dict:get("failed:" .. key)
  return text and errors.new((json.decode(text)))
end

local shared = {}

--- A store over a shared dictionary.
---@param dict table ngx.shared.NAME
---@return table store
function shared.new(dict)
  return setmetatable({ dict = dict }, Shared)
end

return shared

--- Tokens in a lua_shared_dict: all workers of an nginx have the same, and one of them logs in.

local core = require "frontdesk.core"
local errors = require "frontdesk.errors"
local json = require "frontdesk.json"

local Shared = { __name = "frontdesk.tokens.shared" }
Shared.__index = Shared

local LOCK_LIVES = 30   -- seconds that a login can keep others from trying, at most
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

-- Under the lock, so that it is not a token that came meanwhile that goes.
function Shared:drop(key, token)
  while self:get(key) == token do
    if self:lock(key) then
      if self:get(key) == token then
        self.dict:delete("token:" .. key)
      end
      self:unlock(key)
    else
      self:wait(key, PAUSE)
    end
  end
end

function Shared:lock(key)
  return (self.dict:add("lock:" .. key, ngx.worker.pid(), LOCK_LIVES))
end

function Shared:unlock(key)
  self.dict:delete("lock:" .. key)
end

-- A worker that died while it logged in unlocks no more.
local function is_alive(pid)
  local status = io.open("/proc/" .. pid .. "/stat")
  if status then
    status:close()
  end
  return status ~= nil
end

function Shared:wait(key, seconds)
  ngx.sleep(math.min(PAUSE, seconds))
  local holder = self.dict:get("lock:" .. key)
  if holder and not is_alive(holder) then
    self:unlock(key)
  end
end

-- Of an error only what is plain crosses to other workers.
function Shared:fail(key, err)
  local plain = { at = core.now() }
  for _, name in ipairs { "kind", "message", "service", "operation", "code", "hint", "status", "outcome", "retry_after" } do
    plain[name] = err[name]
  end
  self.dict:set("failed:" .. key, (json.encode(plain)), FAILURE_LIVES)
end

function Shared:failure(key, since)
  local text = self.dict:get("failed:" .. key)
  local failed = text and json.decode(text)
  if failed and failed.at >= since then
    failed.at = nil
    return errors.new(failed)
  end
end

local shared = {}

--- A store over a shared dictionary.
---@param dict table ngx.shared.NAME
---@param apart fun(action: fun()): any, any  see frontdesk.tokens
---@return table store
function shared.new(dict, apart)
  return setmetatable({ dict = dict, apart = apart }, Shared)
end

return shared

--- Basic and Digest authentication as a server does it (RFC 7617, RFC 7616 with qop=auth, MD5 and SHA-256).
--
-- The hashes are handed in: in nginx they come from nginx and libcrypto. Bearer tokens are the services' own affair.

local base64 = require "frontdesk.sandbox.base64"
local ids = require "frontdesk.sandbox.ids"

local NONCE_LIFETIME = 300 -- seconds

local http_auth = {}
http_auth.__index = http_auth
http_auth.__name = "frontdesk.sandbox.http_auth"

---@param options? table `hashes`: `{ ["MD5"] = function(text) return hex end, ["SHA-256"] = ... }`; `algorithms`: which of them
---  are offered, best first (default: SHA-256, MD5)
---@return table
function http_auth.new(options)
  options = options or {}
  local self = setmetatable({ hashes = options.hashes or {}, algorithms = {}, nonces = {} }, http_auth)
  for _, algorithm in ipairs(options.algorithms or { "SHA-256", "MD5" }) do
    if self.hashes[algorithm] then self.algorithms[#self.algorithms + 1] = algorithm end
  end
  return self
end

-- name=token and name="quoted" pairs, separated by commas; nil when it is something else.
local function parse_fields(text)
  local parsed, at = {}, 1
  text = text .. ","
  while at <= #text do
    local name, stop = text:match("^%s*([%w*]+)%s*=%s*()", at)
    if not name then return nil end
    local content
    if text:sub(stop, stop) == '"' then
      local close = stop
      repeat
        close = text:find('"', close + 1, true)
      until not close or #text:sub(stop + 1, close - 1):match("\\*$") % 2 == 0
      if not close then return nil end
      content, at = text:sub(stop + 1, close - 1):gsub("\\(.)", "%1"), text:match("^%s*,()", close + 1)
    else
      content, at = text:match("^([^%s,\"]+)%s*,()", stop)
    end
    if not content or not at or parsed[name] then return nil end
    parsed[name] = content
  end
  return parsed
end

local function check_basic(credentials, lookup)
  local username, password = (base64.decode(credentials) or ""):match("^([^:]*):(.*)$")
  if not username then return { kind = "basic", verified = false } end
  return { kind = "basic", username = username, verified = password == lookup(username) }
end

-- One `nc` serves once: a second use is a replay, or a copy of a request under way twice.
local function use_nonce(self, fields, now)
  local nonce = self.nonces[fields.nonce]
  if not nonce or nonce.expires <= now then return "stale" end
  if nonce.used[fields.nc] then return "stale" end
  nonce.used[fields.nc] = true
end

local function check_digest(self, text, request, lookup, realm, now)
  local fields = parse_fields(text)
  local auth = { kind = "digest", username = fields and fields.username, verified = false }
  for _, name in ipairs({ "username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce" }) do
    if not fields or not fields[name] then return auth end
  end
  local algorithm = fields.algorithm or "MD5"
  local hash = self.hashes[algorithm]
  local offered = false
  for _, known in ipairs(self.algorithms) do offered = offered or known == algorithm end
  if not offered or fields.qop ~= "auth" or fields.realm ~= realm or fields.uri ~= request.target
    or fields.opaque ~= self:opaque(realm) or not fields.nc:find("^%x%x%x%x%x%x%x%x$") then
    return auth
  end
  local password = lookup(fields.username)
  if not password then return auth end
  local secret = hash(fields.username .. ":" .. realm .. ":" .. password)
  local asked = hash(request.method .. ":" .. fields.uri)
  local expected = hash(table.concat({ secret, fields.nonce, fields.nc, fields.cnonce, fields.qop, asked }, ":"))
  if expected ~= fields.response then return auth end
  -- The password is known to be right from here on: a nonce that is too old is told apart from a wrong password.
  auth.stale = use_nonce(self, fields, now) == "stale"
  auth.verified = not auth.stale
  return auth
end

--- Looks at a request's Authorization header.
---@param request table `{ method =, target =, headers = }`
---@param lookup fun(username: string): string? the password of a user
---@param realm string
---@param now number
---@return table? auth nil when the header is absent or of another scheme; else `{ kind =, username =, verified =, stale = }`
function http_auth:check(request, lookup, realm, now)
  local scheme, rest = (request.headers.authorization or ""):match("^(%a+) +(.+)$")
  scheme = scheme and scheme:lower()
  if scheme == "basic" then return check_basic(rest, lookup) end
  if scheme == "digest" then return check_digest(self, rest, request, lookup, realm, now) end
end

--- The `opaque` value that goes with a realm's challenges and has to come back.
---@param realm string
---@return string
function http_auth:opaque(realm)
  self.opaques = self.opaques or {}
  self.opaques[realm] = self.opaques[realm] or ids.hex(16)
  return self.opaques[realm]
end

local function new_nonce(self, now)
  for nonce, known in pairs(self.nonces) do
    if known.expires <= now then self.nonces[nonce] = nil end
  end
  local nonce = ids.hex(32)
  self.nonces[nonce] = { expires = now + NONCE_LIFETIME, used = {} }
  return nonce
end

--- The values of the WWW-Authenticate headers of a 401 answer.
---@param realm string
---@param now number
---@param stale? boolean the request had the right password and an old nonce
---@return string[]
function http_auth:challenges(realm, now, stale)
  local list = {}
  for _, algorithm in ipairs(self.algorithms) do
    list[#list + 1] = ('Digest realm="%s", qop="auth", algorithm=%s, nonce="%s", opaque="%s"%s'):format(
      realm, algorithm, new_nonce(self, now), self:opaque(realm), stale and ", stale=true" or "")
  end
  list[#list + 1] = ('Basic realm="%s", charset="UTF-8"'):format(realm)
  return list
end

return http_auth

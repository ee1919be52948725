--- The one error table that every service and every cause of failure shares.
--
-- Calls return `nil, err`. `tostring(err)` is one line for an operator; it never
-- holds a secret, a whole body or a line break.

---@class frontdesk.error
---@field kind frontdesk.error_kind what went wrong, the same words for every service
---@field message string a sentence: what, where, what to do
---@field service string|nil name of the service, "omicall"
---@field operation string|nil name of the operation, "contacts.add"
---@field code string|nil the service's own code, "CUS03"
---@field hint string|nil what the code means in our words, where the service's own are the message
---@field status integer|nil HTTP status of the answer
---@field field string|nil path of the input field at fault, "phones[2].type"
---@field outcome "not_sent"|"rejected"|"unknown" may the service have acted on the call?
---@field retryable boolean whether the same call may be sent again without doubling a write
---@field retry_after number|nil seconds that the service asks to wait
---@field attempts integer requests that were sent for this call
---@field body any the decoded error document of the service
---@field response frontdesk.response|nil the answer itself, where one came

---@alias frontdesk.error_kind
---| "invalid_input" # the data was refused, by frontdesk before sending or by the service
---| "auth"          # no valid credential
---| "forbidden"     # the credential does not allow this
---| "not_found"     # what the call names does not exist
---| "conflict"      # what the call would make exists already
---| "rate_limited"  # too many calls
---| "rejected"      # the service refused for another reason
---| "unavailable"   # the service, or a part of it, does not work at the moment
---| "timeout"       # no answer within the deadline
---| "network"       # no connection, or it broke
---| "tls"           # the server could not be trusted
---| "protocol"      # the answer is not what the service promises
---| "decode"        # the answer is not valid JSON
---| "too_large"     # the answer is larger than the limits allow
---| "cancelled"     # the call was given up

local errors = {}

local KINDS = {
  invalid_input = "invalid input",
  auth = "not authenticated",
  forbidden = "forbidden",
  not_found = "not found",
  conflict = "conflict",
  rate_limited = "rate limited",
  rejected = "rejected",
  unavailable = "unavailable",
  timeout = "timeout",
  network = "network",
  tls = "tls",
  protocol = "protocol",
  decode = "decode",
  too_large = "too large",
  cancelled = "cancelled",
}

-- What a status means when the service's description says nothing more precise.
local KIND_OF_STATUS = {
  [401] = "auth",
  [403] = "forbidden",
  [404] = "not_found",
  [408] = "timeout",
  [409] = "conflict",
  [410] = "not_found",
  [422] = "invalid_input",
  [429] = "rate_limited",
}

-- Kinds that another try may cure, as long as it cannot double a write.
local PASSING = { rate_limited = true, unavailable = true, timeout = true, network = true }

local LONGEST_MESSAGE = 500 -- bytes

--- The kind of error that an HTTP status stands for.
---@param status integer
---@return frontdesk.error_kind
function errors.kind_of_status(status)
  return KIND_OF_STATUS[status]
    or (status >= 500 and "unavailable")
    or (status >= 400 and "rejected")
    or "protocol"
end

-- One line, of bounded length, cut between characters.
local function one_line(text)
  text = text:gsub("[%z\1-\31\127]+", " ")
  if #text <= LONGEST_MESSAGE then
    return text
  end
  local last = LONGEST_MESSAGE
  while last > 0 and (text:byte(last + 1) or 0) >= 0x80 and (text:byte(last + 1) or 0) < 0xC0 do
    last = last - 1
  end
  return text:sub(1, last) .. "..."
end

local Error = { __name = "frontdesk.error" }
Error.__index = Error

function Error:__tostring()
  local where = "frontdesk"
  if self.service then
    where = self.service .. (self.operation and "." .. self.operation or "")
  end
  local what = self.code or KINDS[self.kind]
  if self.status and self.status >= 400 then
    what = self.status .. " " .. what
  end
  return where .. ": " .. what .. ": " .. self.message
end

-- LuaJIT and Lua 5.1 know no __name; this makes `..` with an error work on all.
function Error.__concat(left, right)
  return tostring(left) .. tostring(right)
end

--- Makes an error. Misuse (no kind, no message) raises.
---@param fields table the fields of frontdesk.error; `kind` and `message` are required
---@return frontdesk.error
function errors.new(fields)
  if not KINDS[fields.kind] then
    error("frontdesk.errors.new: '" .. tostring(fields.kind) .. "' is not a kind of error", 2)
  end
  fields.message = one_line(tostring(fields.message))
  fields.outcome = fields.outcome or (fields.status and "rejected" or "not_sent")
  fields.attempts = fields.attempts or 0
  if fields.retryable == nil then
    fields.retryable = PASSING[fields.kind] == true
      and (fields.outcome ~= "unknown" or (fields.retry ~= nil and fields.retry ~= "never"))
  end
  fields.retry = nil
  return setmetatable(fields, Error)
end

--- Whether a value is an error of frontdesk, and of the kind, when one is named.
---@param value any
---@param kind? frontdesk.error_kind
---@return boolean
function errors.is(value, kind)
  return getmetatable(value) == Error and (kind == nil or value.kind == kind)
end

return errors

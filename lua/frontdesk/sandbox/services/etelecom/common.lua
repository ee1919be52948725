--- What the parts of the simulated eTelecom share: refusals, identifiers, times, checks of what was sent, and pages.

local json = require "frontdesk.sandbox.json"
local respond = require "frontdesk.sandbox.respond"
local value = require "frontdesk.sandbox.value"

local common = {}

local STATUS = {
  already_exists = 409, bad_route = 404, failed_precondition = 412, invalid_argument = 400, malformed = 400, not_found = 404,
  permission_denied = 403, resource_exhausted = 403, unauthenticated = 401,
}

--- A refusal as the service writes it.
---@param code string
---@param message string
---@param meta? table
---@return table response
function common.failure(code, message, meta)
  return respond.json(STATUS[code], { code = code, msg = message, meta = meta })
end

--- An id of 19 digits that nothing else in this state has.
---@param state table
---@return string
function common.new_id(state)
  state.last_id = (state.last_id or 0) + 1
  return ("118%016d"):format(state.last_id)
end

--- A time as the service writes it.
---@param seconds number since the epoch
---@return string
function common.time(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds))
end

--- Seconds since the epoch of an RFC 3339 time; nil when it is none.
---@param text any
---@return number?
function common.seconds(text)
  if not value.text(text) then return nil end
  local year, month, day, hour, minute, second, zone =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)%.?%d*(.*)$")
  if not year or not value.date(("%s-%s-%s"):format(year, month, day)) then return nil end
  local sign, zone_hours, zone_minutes = zone:match("^([+-])(%d%d):(%d%d)$")
  if zone ~= "Z" and not sign or tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 60 then return nil end
  -- Days since the epoch, by counting from March (the leap day then ends the year).
  local y, m = tonumber(year), tonumber(month)
  if m <= 2 then y = y - 1 end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * ((m + 9) % 12) + 2) / 5) + tonumber(day) - 719469
  local away = sign and (zone_hours * 3600 + zone_minutes * 60) * (sign == "-" and -1 or 1) or 0
  return days * 86400 + hour * 3600 + minute * 60 + second - away
end

local function texts(list)
  if not value.array(list) then return false end
  for _, item in ipairs(list) do
    if not value.text(item) then return false end
  end
  return true
end

local KINDS = {
  text = { value.text, "a string" },
  integer = { value.integer, "an integer" },
  boolean = { function(v) return type(v) == "boolean" end, "a boolean" },
  object = { value.object, "an object" },
  list = { value.array, "a list" },
  texts = { texts, "a list of strings" },
  time = { common.seconds, "a time" },
}

--- What is wrong with the fields of an object: each rule is `{ name, kind, required = , enum = }`. Fields without a rule are
--- let through, as the service lets them.
---@param object table
---@param rules table[]
---@param where? string what stands in front of the names in the sentence
---@return string?
function common.complaint(object, rules, where)
  for _, rule in ipairs(rules) do
    local name, given = (where or "") .. rule[1], object[rule[1]]
    if not value.given(given) then
      if rule.required then return name .. " is missing" end
    elseif not KINDS[rule[2]][1](given) then
      return name .. " must be " .. KINDS[rule[2]][2]
    elseif rule.enum and not rule.enum[given] then
      return name .. " is none of the known words"
    end
  end
end

--- The filter of a list, {} when there is none; nil and a refusal when it cannot be used.
---@param request table
---@param rules table[] as of `common.complaint`
---@return table? filter
---@return table? response
function common.filter(request, rules)
  local filter = value.given(request.json.filter) and request.json.filter or {}
  local wrong = not value.object(filter) and "filter must be an object" or common.complaint(filter, rules, "filter.")
  if wrong then return nil, common.failure("invalid_argument", wrong) end
  return filter
end

--- Whether a record has what a filter asks of these members, as far as it asks.
---@param record table
---@param filter table
---@param names string[]
---@return boolean
function common.fits(record, filter, names)
  for _, name in ipairs(names) do
    if value.given(filter[name]) and filter[name] ~= record[name] then return false end
  end
  return true
end

--- Whether a time lies between a filter's date_from and date_to. One that never came does only where nothing is asked.
---@param filter table
---@param moment number? seconds since the epoch
---@return boolean
function common.within(filter, moment)
  local from, to = common.seconds(filter.date_from), common.seconds(filter.date_to)
  if not from and not to then return true end
  return moment ~= nil and (not from or moment >= from) and (not to or moment <= to)
end

--- Whether an item is in a list.
---@param list table
---@param wanted any
---@return boolean
function common.among(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

-- Where a page begins stands in a cursor; what it looks like is nobody's business.
local function cursor(position)
  return ("c%d"):format(position)
end

--- A page of a list: `{ [name] = entries, paging = {...} }`, or a refusal.
---@param request table
---@param entries table[] all of them, in order
---@param name string of the list in the answer
---@param shown? fun(entry: table): table what of an entry is answered
---@return table response
function common.page(request, entries, name, shown)
  local paging = value.given(request.json.paging) and request.json.paging or {}
  local wrong = not value.object(paging) and "paging must be an object"
    or common.complaint(paging, { { "after", "text" }, { "before", "text" }, { "limit", "integer" }, { "sort", "text" } }, "paging.")
  local limit = value.given(paging.limit) and paging.limit or 100
  if not wrong and (limit < 1 or limit > 1000) then wrong = "paging.limit must be from 1 to 1000" end
  if wrong then return common.failure("invalid_argument", wrong) end
  local first, last = 1, limit
  local place = value.given(paging.after) and paging.after or value.given(paging.before) and paging.before
  if place then
    local at = tonumber(place:match("^c(%d+)$"))
    if not at or at < 1 or at > #entries + 1 then return common.failure("invalid_argument", "the cursor is not one of ours") end
    first, last = at, at + limit - 1
    if not value.given(paging.after) then first, last = math.max(1, at - limit), at - 1 end
  end
  local page = {}
  for index = first, math.min(last, #entries) do
    page[#page + 1] = shown and shown(entries[index]) or entries[index]
  end
  local behind = last + 1
  return respond.json(200, {
    [name] = respond.array(page),
    paging = {
      limit = limit,
      after = value.given(paging.after) and paging.after or "", before = value.given(paging.before) and paging.before or "",
      next = behind <= #entries and cursor(behind) or "", prev = first > 1 and cursor(math.max(1, first - limit)) or "",
    },
  })
end

--- Whether something was changed, as the service says it.
---@param changed boolean
---@return table response
function common.updated(changed)
  return respond.json(200, { updated = changed and 1 or 0 })
end

--- Members of a record that are there, null where one is absent.
---@param record table
---@param names string[]
---@return table
function common.pick(record, names)
  local result = {}
  for _, name in ipairs(names) do
    local member = record[name]
    if member == nil then member = json.null end
    result[name] = member
  end
  return result
end

return common

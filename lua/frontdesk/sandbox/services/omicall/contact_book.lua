--- The contacts of a simulated call centre: a list in order of creation, with an index for each way a contact can be named,
--- so that a hundred thousand of them are no burden. Data that comes in here has been checked before.

local ids = require "frontdesk.sandbox.ids"
local value = require "frontdesk.sandbox.value"

local contact_book = {}
contact_book.__index = contact_book
contact_book.__name = "frontdesk.sandbox.contact_book"

-- Ways to reach a contact; each number or address belongs to one contact only.
local REACHES = { phones = "by_phone", emails = "by_email" }

local PLAIN = { "userOwnerEmail", "avatarUrl", "fullName", "gender", "passport", "jobTitle", "address", "refCode", "refType",
  "note", "filterContacts" }

-- Lists of names: the field of a contact, and the fields of an update that add to it and take from it.
local NAMES = { tags = "tagRemoves", business = "businessRemoves", categories = "categoriesRemoves" }

---@return table book
function contact_book.new()
  return setmetatable({ list = {}, by_id = {}, by_ref = {}, by_phone = {}, by_email = {} }, contact_book)
end

local function items(list)
  return ipairs(value.given(list) and list or {})
end

--- The numbers and addresses in a contact's data, as marks that are equal when they are.
---@param data table
---@return string[]
function contact_book.marks(data)
  local marks = {}
  for field in pairs(REACHES) do
    for _, reach in items(data[field]) do marks[#marks + 1] = field .. ":" .. reach.data:lower() end
  end
  return marks
end

--- Whether a contact other than `own` has one of these numbers or addresses.
---@param data table
---@param own? table
---@return boolean
function contact_book:taken(data, own)
  for field, index in pairs(REACHES) do
    for _, reach in items(data[field]) do
      local holder = self[index][reach.data:lower()]
      if holder and holder ~= own then return true end
    end
  end
  return false
end

local function set_reaches(self, contact, field, reaches)
  local index = self[REACHES[field]]
  for _, reach in ipairs(contact[field]) do index[reach.data:lower()] = nil end
  contact[field] = reaches
  for _, reach in ipairs(reaches) do index[reach.data:lower()] = contact end
end

-- What a keyword is looked for in. ASCII letters match in either case, others as they are written.
local function set_haystack(contact)
  local parts = { contact.fullName or "" }
  for field in pairs(REACHES) do
    for _, reach in ipairs(contact[field]) do parts[#parts + 1] = reach.data end
  end
  contact.haystack = table.concat(parts, "\n"):lower()
end

local function change_names(contact, field, added, removed)
  local names, skip = {}, {}
  for _, name in items(removed) do skip[name] = true end
  for _, source in ipairs({ contact[field], value.given(added) and added or {} }) do
    for _, name in ipairs(source) do
      if not skip[name] then
        skip[name] = true
        names[#names + 1] = name
      end
    end
  end
  contact[field] = names
end

--- Changes a contact: what the data holds replaces what was there, but names are added and taken away.
---@param contact table
---@param data table
---@param now number
function contact_book:change(contact, data, now)
  for _, name in ipairs(PLAIN) do
    if not value.absent(data[name]) then contact[name] = data[name] end
  end
  for field in pairs(REACHES) do
    if not value.absent(data[field]) then set_reaches(self, contact, field, data[field]) end
  end
  for field, removes in pairs(NAMES) do change_names(contact, field, data[field], data[removes]) end
  for _, update in items(data.otherDynamicUpdates) do contact.dynamic[update.fieldCode] = update.values end
  contact.last_updated_date = math.floor(now * 1000)
  set_haystack(contact)
end

---@param data table
---@param now number
---@return table contact
function contact_book:add(data, now)
  local contact = { id = ids.hex(24), refId = value.given(data.refId) and data.refId or nil, phones = {}, emails = {}, tags = {},
    business = {}, categories = {}, dynamic = {}, created_date = math.floor(now * 1000) }
  self:change(contact, data, now)
  self.list[#self.list + 1] = contact
  self.by_id[contact.id] = contact
  if contact.refId then self.by_ref[contact.refId] = contact end
  return contact
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

-- Of the names asked for, a contact needs all.
local function has_names(field)
  return function(names)
    return function(contact)
      local own = set_of(contact[field])
      for _, name in ipairs(names) do
        if not own[name] then return false end
      end
      return true
    end
  end
end

local function in_range(range)
  return function(contact)
    local time = contact[range.field]
    return type(time) == "number" and (value.absent(range.from) or time >= range.from)
      and (value.absent(range.to) or time <= range.to)
  end
end

local function all_of(filters)
  return function(contact)
    for i = 1, #filters do
      if not filters[i](contact) then return false end
    end
    return true
  end
end

-- What a search can ask for: each makes a filter, a function contact -> boolean.
local ASKED = {
  keyword = function(keyword)
    keyword = keyword:lower()
    return function(contact) return contact.haystack:find(keyword, 1, true) ~= nil end
  end,
  tags = has_names("tags"),
  business = has_names("business"),
  categories = has_names("categories"),
  includeIds = function(list)
    local wanted = set_of(list)
    return function(contact) return wanted[contact.id] == true end
  end,
  excludeIds = function(list)
    local unwanted = set_of(list)
    return function(contact) return not unwanted[contact.id] end
  end,
  ranges = function(ranges)
    local filters = {}
    for i, range in ipairs(ranges) do filters[i] = in_range(range) end
    return all_of(filters)
  end,
}

--- The contacts that a search asks for, in order of creation. Empty texts and lists ask for nothing in particular.
---@param asked table
---@return table[]
function contact_book:find(asked)
  local filters = {}
  for name, make in pairs(ASKED) do
    local wanted = asked[name]
    if value.given(wanted) and not (type(wanted) == "table" and #wanted == 0) then filters[#filters + 1] = make(wanted) end
  end
  if #filters == 0 then return self.list end
  local matches, found = all_of(filters), {}
  for _, contact in ipairs(self.list) do
    if matches(contact) then found[#found + 1] = contact end
  end
  return found
end

return contact_book

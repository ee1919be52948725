-- Adds the contacts of a CSV file to OMICall, each of them once: stopped in the middle, it goes on where it was.
-- Run: lua examples/import_contacts.lua [FILE [JOURNAL]]
local frontdesk = require "frontdesk"

local path = arg[1] or (arg[0]:match "^.*/" or "") .. "data/contacts.csv"
local journal = arg[2] or path:match "[^/]+$" .. ".journal"

local omicall = frontdesk.omicall()
local job = assert(frontdesk.job("import of " .. path:match "[^/]+$", { journal = journal }))

local function read_rows()
  return assert(frontdesk.csv.rows(path, { columns = { "refId", "fullName" } }))
end

local function to_contact(row)
  local tags = {}
  for tag in (row.tags or ""):gmatch "[^|]+" do
    tags[#tags + 1] = tag
  end
  return {
    refId = row.refId, fullName = row.fullName, gender = row.gender, tags = tags,
    phones = row.phone and { { data = row.phone, type = "personal" } },
    emails = row.email and { { data = row.email, type = "personal" } },
  }
end

local function add(row)
  return omicall.contacts:add(to_contact(row))
end

-- Did a contact get in whose answer was lost? Only one that is there can be updated, and to update it twice does no harm.
local function is_there(row)
  local ok, err = omicall.contacts:update(to_contact(row))
  if ok or err.kind == "rejected" then
    return ok == true
  end
end

local total = 0
for _ in read_rows() do
  total = total + 1
end
local summary = assert(job:each(read_rows(), {
  key = "refId", total = total, settle = is_there,
  on_error = function(err, _, _, line) print("line " .. line, err) end,
}, add))
print(summary)

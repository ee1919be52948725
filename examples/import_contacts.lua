-- Adds the contacts of a CSV file to OMICall, many at a time. Run: lua examples/import_contacts.lua [FILE]
local frontdesk = require "frontdesk"

local path = arg[1] or (arg[0]:match "^.*/" or "") .. "data/contacts.csv"
local BATCH = 4 -- contacts a request; a few hundred would be usual

local omicall = frontdesk.omicall()
local added, problems = 0, 0

local function report(line, err)
  problems = problems + 1
  print("line " .. line, err)
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

-- OMICall takes a batch whole or not at all. One that was refused is sent again contact by contact, so that the good ones
-- get in and each bad one gets its reason. One that may have got in is not sent again.
local function add(batch, lines)
  local all, why = omicall.contacts:add_many { data = batch }
  for i, contact in ipairs(batch) do
    local ok, err = all, why
    if not all and why.outcome ~= "unknown" then
      ok, err = omicall.contacts:add(contact)
    end
    if ok then
      added = added + 1
    else
      report(lines[i], err)
    end
  end
end

local batch, lines = {}, {}
for row, err, line in assert(frontdesk.csv.rows(path, { columns = { "refId", "fullName" } })) do
  if row then
    batch[#batch + 1], lines[#lines + 1] = to_contact(row), line
  else
    report(line, err)
  end
  if #batch == BATCH then
    add(batch, lines)
    batch, lines = {}, {}
  end
end
if #batch > 0 then
  add(batch, lines)
end
print(("%d added, %d with a problem"):format(added, problems))

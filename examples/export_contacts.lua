-- Writes all contacts of OMICall to a CSV file, page by page. Run: lua examples/export_contacts.lua contacts.csv
local frontdesk = require "frontdesk"

local path = arg[1] or "contacts.csv"
local ATTRIBUTES = { "full_name", "gender", "phone_number", "mail", "address", "job_title", "note" }

local columns = { "public_id" }
for _, code in ipairs(ATTRIBUTES) do
  columns[#columns + 1] = code
end
columns[#columns + 1] = "tags"

-- OMICall lists what it knows of a contact attribute by attribute, each with any number of values.
local function to_row(contact)
  local row = { public_id = contact.public_id, tags = table.concat(contact.tags or {}, "|") }
  local wanted = {}
  for _, code in ipairs(ATTRIBUTES) do
    wanted[code] = true
  end
  for _, attribute in ipairs(contact.attribute_structure) do
    if wanted[attribute.field_code] then
      local values = {}
      for _, value in ipairs(attribute.value or {}) do
        values[#values + 1] = value.display_value
      end
      row[attribute.field_code] = table.concat(values, "|")
    end
  end
  return row
end

local omicall = frontdesk.omicall()
local file = assert(frontdesk.csv.writer(path, columns, { bom = true })) -- the mark makes spreadsheets read UTF-8
local progress = frontdesk.progress { label = "contacts" }
local count = 0
frontdesk.run(function() -- with tasks, the next page is fetched while this one is written
  for contact, err in omicall.contacts:each { size = 100 } do
    assert(contact, err)
    assert(file:write(to_row(contact)))
    count = count + 1
    progress:step()
  end
end)
progress:finish()
assert(file:close())
print(("%d contacts in %s"):format(count, path))

-- A first call: finds a contact by its phone number. Run: lua examples/first_call.lua 0900000012
local frontdesk = require "frontdesk"

local omicall = frontdesk.omicall() -- address and key come from the environment or the profile file

local page, err = omicall.contacts:search { keyword = arg[1] or "0900000012" }
if not page then
  print(err)
  os.exit(1)
end
print(page.total_items .. " found", page.items[1] and page.items[1].public_id)

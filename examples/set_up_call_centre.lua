-- Sets up a shop's call centre at eTelecom: its switchboard, a hotline, and for each line of a CSV file a user with an
-- extension. Can be run again: what is there already stays. Run: lua examples/set_up_call_centre.lua HOTLINE [FILE]
local frontdesk = require "frontdesk"

local number = arg[1]
local path = arg[2] or (arg[0]:match "^.*/" or "") .. "data/agents.csv"
if not number then
  io.stderr:write "usage: set_up_call_centre.lua HOTLINE [FILE]\n"
  os.exit(2)
end

local pbx = frontdesk.etelecom().pbx

-- What a call makes, or what is there already.
local function ensure(made, err, find)
  if not made and err.kind == "conflict" then
    return assert(find())
  end
  return assert(made, err)
end

local function first(list, name, wanted)
  for entry, err in list do
    assert(entry, err)
    if entry[name] == wanted then
      return entry
    end
  end
  return nil, ("nothing has the %s %s"):format(name, wanted)
end

local tenant, err = pbx.tenants:create()
tenant = ensure(tenant, err, function() return pbx.tenants:get() end)

local hotline
hotline, err = pbx.hotlines:add { hotline = number, name = "Tổng đài", owner_id = tenant.owner_id }
hotline = ensure(hotline, err, function() return first(pbx.hotlines:each(), "hotline", number) end)

assert(pbx.tenants:activate {
  tenant_id = tenant.id, owner_id = tenant.owner_id, connection_id = tenant.connection_id, hotline_id = hotline.id,
})
print(("%s: %s, hotline %s"):format(tenant.name, tenant.domain, hotline.hotline))

for row in assert(frontdesk.csv.rows(path, { columns = { "extension", "name", "phone", "password" } })) do
  local user, extension
  user, err = pbx.users:create { full_name = row.name, phone = row.phone, password = row.password }
  user = ensure(user, err, function() return first(pbx.users:each { filter = { phone = row.phone } }, "phone", row.phone) end)

  extension, err = pbx.extensions:create { hotline_id = hotline.id, extension_number = tonumber(row.extension) }
  extension = ensure(extension, err, function() return first(pbx.extensions:each(), "extension_number", row.extension) end)

  assert(pbx.extensions:assign { extension_id = extension.id, user_id = user.id or user.user_id })
  print(("  %s  %s"):format(extension.extension_number, row.name))
end

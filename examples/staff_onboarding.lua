-- Gives new staff their roles and accounts in the POS; can be run again. Run: lua examples/staff_onboarding.lua [FILE]
local frontdesk = require "frontdesk"

local path = arg[1] or (arg[0]:match "^.*/" or "") .. "data/staff.csv"

-- What each role may do; a role that is not here must be in the POS already.
local ROLES = {
  { name = "Thủ kho", permissions = { "order.view", "order.edit" } },
  { name = "Trưởng ca", permissions = { "person.view", "order.view", "order.edit" } },
}

local pos = frontdesk.pos()
print("Signed in to " .. assert(pos.auth:check()).pos_name)

for _, role in ipairs(ROLES) do
  local ok, err = pos.roles:create(role)
  if not ok and err.code ~= "EXIST_NAME" then
    error(err)
  end
  print("role", role.name, ok and "created" or "was there")
end

-- The POS tells no id when it creates something: ids come from its lists.
local role_ids = {}
for _, role in ipairs(assert(pos.roles:list())) do
  role_ids[role.role_name] = role.role_id
end

local function onboard(row)
  if not role_ids[row.role] then
    return nil, "there is no role " .. tostring(row.role)
  end
  local warehouses = {}
  for id in (row.warehouses or ""):gmatch "[^|]+" do
    warehouses[#warehouses + 1] = id
  end
  local ok, err = pos.people:create {
    name = row.name, username = row.username, password = row.password,
    role_id = role_ids[row.role], visible = true, location = warehouses,
  }
  if ok then
    return "created"
  elseif err.code == "EXIST_USERNAME" then
    return "was there"
  end
  return nil, err
end

local problems = 0
for row, err, line in assert(frontdesk.csv.rows(path, { columns = { "name", "username", "password", "role" } })) do
  local done
  if row then
    done, err = onboard(row)
  end
  if done then
    print("account", row.username, done)
  else
    problems = problems + 1
    print("line " .. line, row and row.username or "", err)
  end
end
print(problems == 0 and "Everybody is on board." or problems .. " not on board.")

--- What the simulated POS holds at the beginning. All people, numbers and tokens are invented.

local samples = {
  device_id = "till-01",
  seller_uuid = "0b7f6f0e-5a0c-4d0e-9c55-7d2a90f1c3ab",

  -- One access token for each standing that a login can have.
  tokens = {
    manager = "pos-sandbox-manager-token",
    cashier = "pos-sandbox-cashier-token",
    application = "pos-sandbox-application-token",
    unregistered = "pos-sandbox-unregistered-token",
    pending = "pos-sandbox-pending-token",
    inactive = "pos-sandbox-inactive-token",
    troubled = "pos-sandbox-troubled-token",
  },
}

local PERMISSIONS = {
  { "person.view", "Nhân viên", "Xem nhân viên" }, { "person.edit", "Nhân viên", "Sửa nhân viên" },
  { "role.view", "Vai trò", "Xem vai trò" }, { "role.edit", "Vai trò", "Sửa vai trò" },
  { "order.view", "Đơn hàng", "Xem đơn hàng" }, { "order.edit", "Đơn hàng", "Sửa đơn hàng" },
}

local function person(id, name, username, password, role_id, link)
  return { person_id = id, person_name = name, username = username, password = password, role_id = role_id, visible = "Y",
    link = link or "N", location = { "kho-1" } }
end

-- A login that is no staff account of the POS (yet).
local function stranger(name, standing)
  return { person = { person_name = name, role_id = "1", visible = "Y" }, standing = standing }
end

--- Fresh state.
---@return table
function samples.state()
  local state = {
    pos_name = "Tiệm Hoa Nắng", location_name = "Kho Một", permissions = {}, permission_names = {}, last_person = 4, last_role = 3,
    people = {
      person("1", "Trịnh Gia Hân", "gia.han", "hoa-nang-2026", "1"),
      person("2", "Lý Bảo Châu", "bao.chau", "thu-ngan-2026", "2"),
      person("3", "Mạc Đình Phong", "dinh.phong", "kho-hang-2026", "2", "Y"),
      -- The vendor has a third state of the link, W, and does not explain it.
      person("4", "Tạ Yến Vy", "yen.vy", "yen-vy-2026", "2", "W"),
    },
    roles = {
      { role_id = "1", role_name = "Quản lý", permission = {} },
      { role_id = "2", role_name = "Thu ngân", permission = { "person.view", "role.view", "order.view" } },
      { role_id = "3", role_name = "Thời vụ", permission = {} },
    },
    customers = {
      { phone = "0900000021", confirmed = true, linked_to = "3" },
      { phone = "0900000022", confirmed = true },
      { phone = "0900000023", confirmed = false },
      { phone = "0900000024", confirmed = true },
    },
  }
  for i, row in ipairs(PERMISSIONS) do
    state.permissions[i] = { permission = row[1], group = row[2], label = row[3] }
    state.permission_names[row[1]] = true
    state.roles[1].permission[i] = row[1]
  end
  local pending = stranger("Cao Thanh Tùng", "NOT_VERIFIED_POS")
  pending.seller_uuid = samples.seller_uuid
  state.logins = {
    [samples.tokens.manager] = { person = state.people[1] },
    [samples.tokens.cashier] = { person = state.people[2] },
    -- A token of an application: nobody is signed in with it.
    [samples.tokens.application] = stranger("", "NOT_LOGGED_IN"),
    [samples.tokens.unregistered] = stranger("Kiều Ngọc Lam", "NOT_REGISTERED_POS"),
    [samples.tokens.pending] = pending,
    [samples.tokens.inactive] = stranger("Thái Hoàng Long", "NOT_POS_ACCOUNT"),
    -- May do everything, but the POS fails in all that it writes.
    [samples.tokens.troubled] = { person = state.people[1], troubled = true },
  }
  return state
end

return samples

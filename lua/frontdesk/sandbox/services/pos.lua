--- POS people, simulated: staff, roles and permissions of one POS, customers that staff can be linked to, and access tokens in
--- every standing that a login can have.

local answers = require "frontdesk.sandbox.services.pos.answers"
local fields = require "frontdesk.sandbox.services.pos.fields"
local respond = require "frontdesk.sandbox.respond"
local samples = require "frontdesk.sandbox.services.pos.samples"
local value = require "frontdesk.sandbox.value"

local answer, done, problem, refused, invalid = answers.document, answers.done, answers.problem, answers.refused, answers.invalid
local list_in, wrong_fields = fields.list_in, fields.wrong

-- Finding. ----------------------------------------------------------------------------------------------------------------

local function id_text(id)
  return type(id) == "number" and string.format("%d", id) or id
end

local function index_of(list, field, wanted)
  for i, item in ipairs(list) do
    if item[field] == wanted then return i end
  end
end

local function find(list, field, wanted)
  return list[index_of(list, field, wanted) or 0]
end

local function username_taken(state, username, own)
  local holder = find(state.people, "username", username)
  return holder ~= nil and holder ~= own
end

local function holders(state, role)
  local people = respond.array({})
  for _, person in ipairs(state.people) do
    if person.role_id == role.role_id then people[#people + 1] = respond.array({ person.person_id, person.person_name }) end
  end
  return people
end

local function role_name(state, person)
  local role = find(state.roles, "role_id", person.role_id)
  return role and role.role_name or respond.null
end

-- Signing in. -------------------------------------------------------------------------------------------------------------

-- The code of a login that may not work with the POS; nil for one that may.
local function standing(login)
  if login.standing then return login.standing end
  if login.person.visible == "N" then return "NOT_POS_ACCOUNT" end
end

local function check_access(request, state)
  local login, device = request.login, request.headers["device-id"]
  if not value.given(device) then return problem(request, 403, "The Device-Id header is missing") end
  local code = standing(login)
  if code == "NOT_VERIFIED_POS" then
    return answer(request, { result = code, pos_name = state.pos_name, seller_uuid = login.seller_uuid })
  elseif code then
    return answer(request, { result = code })
  elseif login.device and login.device ~= device then
    -- A token belongs to the device that registered it first.
    return answer(request, { result = "EXIST_ACCESS_TOKEN" })
  end
  login.device = device
  return answer(request, { result = "SUCCESS", person_name = login.person.person_name, pos_name = state.pos_name,
    location_name = state.location_name })
end

local function confirm(request, state)
  local wrong = wrong_fields(request, state, { "seller_uuid", "verify" }, true)
  if wrong then return invalid(request, wrong) end
  local login = request.login
  local code = standing(login)
  if not code then return refused(request, "VERIFIED_POS") end
  if code ~= "NOT_VERIFIED_POS" then return refused(request, code == "NOT_POS_ACCOUNT" and "ERROR" or code) end
  if request.json.seller_uuid ~= login.seller_uuid then return refused(request, "INVALID_SELLER_UUID") end
  login.standing = request.json.verify == "N" and "NOT_REGISTERED_POS" or nil
  return done(request)
end

-- People. -----------------------------------------------------------------------------------------------------------------

local function create_person(request, state)
  local body = request.json
  local wrong = wrong_fields(request, state, { "name", "username", "password", "role_id", "visible", "location" })
  if wrong then return invalid(request, wrong) end
  if value.given(body.username) and username_taken(state, body.username) then return refused(request, "EXIST_USERNAME") end
  local role_id = not value.absent(body.role_id) and id_text(body.role_id) or nil
  if role_id and not find(state.roles, "role_id", role_id) then return refused(request, "NOT_EXIST_ROLE") end
  state.last_person = state.last_person + 1
  state.people[#state.people + 1] = {
    person_id = tostring(state.last_person), person_name = value.given(body.name) and body.name or "",
    username = value.given(body.username) and body.username or nil, password = value.given(body.password) and body.password or nil,
    role_id = role_id, visible = value.given(body.visible) and body.visible or "Y", link = "N",
    location = value.given(body.location) and list_in(body.location) or {},
  }
  return done(request)
end

local function summary(state, person)
  return { person_id = person.person_id, person_name = person.person_name, visible = person.visible,
    role_id = person.role_id or respond.null, role_name = role_name(state, person) }
end

local function list_people(request, state)
  local wanted, list = (request.query.name or ""):lower(), respond.array({})
  for _, person in ipairs(state.people) do
    local named = person.person_name:lower():find(wanted, 1, true)
    if named and (request.query.visible ~= "Y" or person.visible == "Y") then list[#list + 1] = summary(state, person) end
  end
  return answer(request, { _embedded = { person = list } })
end

local function get_person(request, state)
  local person = find(state.people, "person_id", request.params.id)
  if not person then return refused(request, "NOT_FOUND_PERSON") end
  local shown = summary(state, person)
  shown.username = person.username or respond.null
  shown.linking_customerVuadungcu = person.link
  shown.location = respond.array(person.location)
  return answer(request, { result = "SUCCESS", person = shown })
end

local function unlink(person, state)
  local customer = find(state.customers, "linked_to", person.person_id)
  if not customer then return "NOT_EXIST_LINK_CUSTOMERVUADUNGCU" end
  customer.linked_to, person.link = nil, "N"
end

local function link(person, state, phone)
  if person.link ~= "N" then return "EXIST_LINK_CUSTOMERVUADUNGCU" end
  local customer = find(state.customers, "phone", phone)
  if not customer then return "NOT_FOUND_CUSTOMERVUADUNGCU" end
  if not customer.confirmed then return "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU" end
  if customer.linked_to then return "EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE" end
  customer.linked_to, person.link = person.person_id, "Y"
end

-- Each edit: the field it needs, what it does (returning a code when it cannot), and the operation it is known by.
local PERSON_EDITS = {
  editName = { "name", function(person, _, name) person.person_name = name end, "people.rename" },
  editUsername = { "username", function(person, state, username)
    if username_taken(state, username, person) then return "EXIST_USERNAME" end
    person.username = username
  end, "people.set_username" },
  editPassword = { "password", function(person, _, password) person.password = password end, "people.set_password" },
  editRole = { "role_id", function(person, state, role_id)
    if not find(state.roles, "role_id", id_text(role_id)) then return "NOT_EXIST_ROLE" end
    person.role_id = id_text(role_id)
  end, "people.set_role" },
  editVisible = { "visible", function(person, _, visible) person.visible = visible end, "people.set_visible" },
  linkCustomerVuadungcu = { "phone_customer", function(person, state, phone)
    if phone == "unlink" then return unlink(person, state) end
    return link(person, state, phone)
  end, "people.link_customer" },
  editLocation = { "location", function(person, _, location) person.location = list_in(location) end, "people.set_location" },
}

local ROLE_EDITS = {
  editName = { "name", function(role, state, name)
    local holder = find(state.roles, "role_name", name)
    if holder and holder ~= role then return "EXIST_NAME" end
    role.role_name = name
  end, "roles.rename" },
  editPermissions = { "permissions", function(role, _, names) role.permission = list_in(names) end, "roles.set_permissions" },
}

-- The function that edits the items of a collection by `action`.
local function editor(collection, id_field, param, edits, unknown)
  return function(request, state)
    local item = find(state[collection], id_field, request.params[param])
    if not item then return refused(request, unknown) end
    local edit = edits[request.json.action]
    if not edit then return invalid(request, { action = { notInArray = "There is no such action" } }) end
    local wrong = wrong_fields(request, state, { edit[1] }, true)
    if wrong then return invalid(request, wrong) end
    local code = edit[2](item, state, request.json[edit[1]])
    if code then return refused(request, code) end
    return done(request)
  end
end

local edit_person = editor("people", "person_id", "id", PERSON_EDITS, "NOT_FOUND_PERSON")
local edit_role = editor("roles", "role_id", "role_id", ROLE_EDITS, "NOT_FOUND_ROLE")

local function delete_person(request, state)
  local index = index_of(state.people, "person_id", request.params.id)
  if not index then return refused(request, "NOT_FOUND_PERSON") end
  if state.people[index].link ~= "N" then return refused(request, "PERSON_LINKING_CUSTOMERVUADUNGCU") end
  table.remove(state.people, index)
  return respond.empty(204, { Allow = request.allow })
end

-- Permissions, the caller, roles. -----------------------------------------------------------------------------------------

local function list_permissions(request, state)
  local list = respond.array({})
  for _, permission in ipairs(state.permissions) do
    if request.params.permission == nil or request.params.permission == permission.permission then list[#list + 1] = permission end
  end
  return answer(request, { _embedded = { permissions = list } })
end

local function own_permissions(login, state)
  local role = find(state.roles, "role_id", login.person.role_id)
  return role and role.permission or {}
end

local function my_info(request)
  return answer(request, { info = { name = request.login.person.person_name } })
end

local function my_permissions(request, state)
  return answer(request, { permissions = respond.array(own_permissions(request.login, state)) })
end

local function list_roles(request, state)
  local list = respond.array({})
  for i, role in ipairs(state.roles) do list[i] = { role_id = role.role_id, role_name = role.role_name } end
  return answer(request, { _embedded = { roles = list } })
end

local function create_role(request, state)
  local body = request.json
  local wrong = wrong_fields(request, state, { "name", "permissions" })
  if wrong then return invalid(request, wrong) end
  if find(state.roles, "role_name", body.name) then return refused(request, "EXIST_NAME") end
  state.last_role = state.last_role + 1
  state.roles[#state.roles + 1] = { role_id = tostring(state.last_role), role_name = value.given(body.name) and body.name or "",
    permission = value.given(body.permissions) and list_in(body.permissions) or {} }
  return done(request)
end

local function get_role(request, state)
  local role = find(state.roles, "role_id", request.params.role_id)
  if not role then return refused(request, "NOT_FOUND_ROLE") end
  return answer(request, { result = "SUCCESS", role = { role_id = role.role_id, role_name = role.role_name,
    permission = respond.array(role.permission), people = holders(state, role) } })
end

local function delete_role(request, state)
  local index = index_of(state.roles, "role_id", request.params.role_id)
  if not index then return refused(request, "NOT_FOUND_ROLE") end
  if #holders(state, state.roles[index]) > 0 then return refused(request, "EXIST_PERSON_IN_ROLE") end
  table.remove(state.roles, index)
  return respond.empty(204, { Allow = request.allow })
end

-- Who may do what. ---------------------------------------------------------------------------------------------------------

-- The permission that an operation needs, by resource and by whether it writes; resources that are not here need none.
local NEEDED = { people = { [false] = "person.view", [true] = "person.edit" }, roles = { [false] = "role.view", [true] = "role.edit" } }

local function has(list, wanted)
  for _, name in ipairs(list) do
    if name == wanted then return true end
  end
  return false
end

local function login_of(request, state)
  if request.auth and request.auth.verified then return { person = find(state.people, "username", request.auth.username) } end
  return state.logins[value.token(request.headers.authorization, "Bearer") or ""]
end

local function authenticate(request, operation, state)
  local login, writes = login_of(request, state), request.method ~= "GET"
  if not login then return respond.challenge(problem(request, 401, "The credentials are missing, wrong or expired")) end
  request.login = login
  local resource = operation:match("^[^.]+")
  if login.troubled and writes then return refused(request, "ERROR") end
  if resource == "auth" or resource == "verify" then return nil end
  local code = standing(login)
  if code == "NOT_LOGGED_IN" then return respond.challenge(problem(request, 401, "Nobody is signed in", { result = code })) end
  if code then return problem(request, 403, "This login may not work with the POS", { result = code }) end
  local needed = NEEDED[resource] and NEEDED[resource][writes]
  if needed and not has(own_permissions(login, state), needed) then
    return problem(request, 403, "The permission " .. needed .. " is needed")
  end
end

-- The edits of a person and of a role share an address each; the action tells which it is.
local function select(request)
  local body = value.object(request.json) and request.json or {}
  local of_role = request.params.role_id ~= nil
  local edit = (of_role and ROLE_EDITS or PERSON_EDITS)[body.action]
  if not edit then return of_role and "roles.update" or "people.update" end
  if body.phone_customer == "unlink" and body.action == "linkCustomerVuadungcu" then return "people.unlink_customer" end
  return edit[3]
end

local REFUSALS = {
  route = { 404, "There is nothing at this address" },
  method = { 405, "The method is not one of those in Allow" },
  media_type = { 415, "The Content-Type is none of the API's" },
  not_acceptable = { 406, "The API has nothing that the Accept header takes" },
  json = { 400, "The body is not a JSON object" },
}

local operations = {
  ["auth.check"] = check_access,
  ["people.create"] = create_person,
  ["people.list"] = list_people,
  ["people.get"] = get_person,
  ["people.delete"] = delete_person,
  ["people.update"] = edit_person,
  ["people.unlink_customer"] = edit_person,
  ["permissions.list"] = list_permissions,
  ["permissions.get"] = list_permissions,
  ["me.info"] = my_info,
  ["me.permissions"] = my_permissions,
  ["roles.list"] = list_roles,
  ["roles.create"] = create_role,
  ["roles.get"] = get_role,
  ["roles.update"] = edit_role,
  ["roles.delete"] = delete_role,
  ["verify.confirm"] = confirm,
}
for _, edit in pairs(PERSON_EDITS) do operations[edit[3]] = edit_person end
for _, edit in pairs(ROLE_EDITS) do operations[edit[3]] = edit_role end

local sample_values = {
  { "token", samples.tokens.cashier, "a cashier, who may look but not edit" },
  { "token", samples.tokens.pending, "a login that waits for verify.confirm" },
  { "token", samples.tokens.unregistered, "a login that no POS knows" },
  { "token", samples.tokens.inactive, "a login whose POS account is not active" },
  { "token", samples.tokens.application, "a token that nobody is signed in with" },
  { "token", samples.tokens.troubled, "every write answers ERROR" },
  { "seller_uuid", samples.seller_uuid, "what verify.confirm needs for the waiting login" },
  { "phone_customer", "0900000022", "a customer to link staff to" },
  { "phone_customer", "0900000023", "a customer who has not confirmed the number" },
  { "phone_customer", "0900000021", "a customer who is linked to staff already" },
}

return {
  credentials = { token = samples.tokens.manager, username = "gia.han", password = "hoa-nang-2026", device_id = samples.device_id },
  samples = sample_values,
  state = samples.state,
  realm = "people",
  consumes = { "application/vnd.people.v1+json", "application/json" },
  produces = { "application/vnd.people.v1+json", "application/hal+json", "application/json" },

  -- Staff sign in with the login names and passwords that people.create and its edits set.
  password = function(username, state)
    local person = find(state.people, "username", username)
    return person and person.password
  end,

  authenticate = authenticate,

  revoke = function(request, state)
    local token = value.token(request.headers.authorization, "Bearer")
    if token then state.logins[token] = nil end
  end,

  select = select,

  refuse = function(request, why)
    return problem(request, REFUSALS[why][1], REFUSALS[why][2])
  end,

  count = function(state)
    return { people = #state.people, roles = #state.roles }
  end,

  operations = operations,
}

local catalogue = require "frontdesk.catalogue"
local descriptions = require "frontdesk.description"
local fake = require "support.fake_transport"
local frontdesk = require "frontdesk"
local process = require "support.process"
local resources = require "support.resources"
local read = require("support.files").read

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- The paths that a shell pattern names.
local function files(patterns)
  local list = {}
  for path in process.output("ls -d " .. patterns):gmatch "[^\n]+" do
    list[#list + 1] = path
  end
  return list
end

local METHODS = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }
local RETRY = { safe = true, idempotent = true, never = true }
local SCALARS = { string = true, integer = true, id = true, number = true, boolean = true, any = true, object = true, array = true, flag = true, json = true }
local ERROR_MEMBERS = { kind = "string", doc = "string", status = "number", outcome = "string" }
local OPERATION_MEMBERS = {
  doc = "string", method = "string", path = "string", retry = "string", credential = "string", body = "string", errors = "table",
  base = "string", args = "table", envelope = "table", paging = "table", bulk = "table", secret_output = "boolean",
}

-- What reads by POST: by the word that names a method, or named here.
local READS = { list = true, get = true, check = true, status = true, search = true }
local READS_BY_POST = { ["auth.login"] = true, ["misc.current_account"] = true, ["shops.current"] = true }

-- What each service may say when all is well.
local SUCCESS = {
  hearme = '{"message":"OK","status":0}', pos = '{"result":"SUCCESS"}', etelecom = '{"code":"ok"}', imbee = '{"code":0,"body":{}}',
  omicall = '{"status_code":9999,"payload":{}}',
}

local function fields_of(description, operation)
  local input = operation.input or {}
  return type(input) == "string" and description.types[input] or input
end

for _, service in ipairs(catalogue) do
  local description = frontdesk[service].description

  describe("the description of " .. service, function()
    -- Checks every operation; `problem` says what is wrong with one, or nothing.
    local function all_operations(behaviour, problem)
      it(behaviour, function()
        for _, name in ipairs(sorted(description.operations)) do
          assert.is_nil(problem(description.operations[name], name))
        end
      end)
    end

    -- Checks every field that goes in or comes out, wherever it is described; `problem` says what is wrong with one.
    local function all_fields(behaviour, problem)
      it(behaviour, function()
        local function check(where, fields)
          for i, field in ipairs(fields) do
            local message = problem(field)
            assert.is_nil(message and ("%s, field %d (%s): %s"):format(where, i, tostring(field[1]), message))
          end
        end
        for _, name in ipairs(sorted(description.types or {})) do
          check(name, description.types[name])
        end
        for _, name in ipairs(sorted(description.operations)) do
          local operation = description.operations[name]
          for _, member in ipairs { "input", "output" } do
            if type(operation[member]) == "table" then
              check(name .. " " .. member, operation[member])
            end
          end
        end
      end)
    end

    local function knows_type(text)
      local base = text:gsub("%[%]$", "")
      return SCALARS[base] or (description.types or {})[base] ~= nil
    end

    it("says who it is", function()
      assert.equal(service, description.name)
      for _, member in ipairs { "title", "doc", "manual" } do
        assert.is_string(description[member])
        assert.not_equal("", description[member])
      end
    end)

    it("has no environment that it lacks, and secrets over plain http only where the vendor has nothing else", function()
      for name, environment in pairs(description.environments or {}) do
        assert.matches("^https?://[^/]+", environment.base_url)
        assert.is_string(environment.doc)
        assert.equal(environment.base_url:find "^http://" ~= nil, environment.allow_http == true, name)
      end
      if description.default_environment then
        assert.is_table(description.environments[description.default_environment])
        assert.is_nil(description.environments[description.default_environment].allow_http)
      end
    end)

    it("explains every option, and hides those that are secret", function()
      for _, option in ipairs(description.options) do
        assert.matches("^[%l][%l%d_]*$", option[1])
        assert.is_string(option.doc)
        if option[1]:find "key" or option[1]:find "token" or option[1] == "password" then
          assert.is_true(option.secret, option[1])
        end
      end
    end)

    it("makes credentials of options that exist", function()
      local options = {}
      for _, option in ipairs(description.options) do
        options[option[1]] = true
      end
      for role, choices in pairs(description.credentials) do
        assert.is_true(#choices > 0, role)
        for _, choice in ipairs(choices) do
          local needed = { choice.token ~= true and choice.kind == "bearer" and choice.token or nil, choice.username, choice.password }
          for _, list in ipairs { choice.needs or {}, choice.headers or {}, choice.fields or {} } do
            for _, item in ipairs(list) do -- of pairs, the second names the option
              needed[#needed + 1] = type(item) == "table" and item[2] or item
            end
          end
          for name in pairs(choice.when or {}) do
            needed[#needed + 1] = name
          end
          assert.is_true(#needed > 0)
          for _, name in ipairs(needed) do
            assert.is_true(options[name], name)
          end
          if choice.kind == "exchange" then
            local trade = description.operations[choice.operation]
            assert.equal("none", trade.credential)
            for field in pairs(choice.input) do
              local known = false
              for _, item in ipairs(fields_of(description, trade)) do
                known = known or item[1] == field
              end
              assert.is_true(known, field)
            end
          end
        end
      end
      for _, client in pairs(description.clients or {}) do
        assert.is_true(options[client.option])
        assert.is_string(client.doc)
      end
    end)

    it("gives every code of its errors a meaning in a sentence", function()
      for _, code in ipairs(sorted(description.errors or {})) do
        assert.matches("^%S+ .+%.$", description.errors[code].doc)
        for member, value in pairs(description.errors[code]) do
          assert.equal(ERROR_MEMBERS[member], type(value), code .. "." .. member)
        end
      end
    end)

    all_operations("names operations resource.method or family.resource.method, in lower case", function(_, name)
      local word = "%l[%l%d_]*"
      local pair = word .. "%." .. word
      return not (name:match("^" .. pair .. "$") or name:match("^" .. word .. "%." .. pair .. "$")) and name or nil
    end)

    it("lets no name be a resource here and a family there", function()
      local paths = {}
      for name in pairs(description.operations) do
        paths[(descriptions.split(name))] = true
      end
      for path in pairs(paths) do
        assert.is_nil(paths[path:match "^(.+)%."], path)
      end
    end)

    it("has an option with a default for each further base address, and uses each", function()
      local used = {}
      for name, operation in pairs(description.operations) do
        assert.is_true(operation.base == nil or description.bases[operation.base] ~= nil, name)
        used[operation.base or "main"] = true
      end
      for name, base in pairs(description.bases or {}) do
        assert.matches("^https://[^/]+", descriptions.default(description, base.option))
        assert.is_true(used[name], name)
      end
    end)

    it("names what it does not describe, and describes none of that", function()
      for family, names in pairs(description.undescribed or {}) do
        assert.is_true(#names > 0, family)
        for _, name in ipairs(names) do
          assert.matches("^%u[%w ]+$", name)
        end
      end
    end)

    all_operations("explains every operation in a sentence", function(operation, name)
      return not (operation.doc or ""):match "^%u.+%.$" and name or nil
    end)

    all_operations("gives every operation a method, a path and a class of retry", function(operation, name)
      for member, value in pairs(operation) do
        if member ~= "input" and member ~= "output" and member ~= "value" and OPERATION_MEMBERS[member] ~= type(value) then
          return name .. ": " .. member
        end
      end
      if not METHODS[operation.method] or not RETRY[operation.retry] then
        return name .. ": method or retry"
      end
      local path = descriptions.path(description, operation)
      if not path:match(descriptions.join(description, operation.base) == "." and "^%u%a*/%u%a*$" or "^/%S+$") then
        return name .. ": path"
      end
    end)

    all_operations("takes no GET for a write, and no write for safe unless it is known to be", function(operation, name)
      if operation.method == "GET" and operation.retry ~= "safe" then
        return name
      end
      if operation.method ~= "GET" and operation.retry == "safe" and not READS_BY_POST[name] and not READS[name:match "[^.]+$"] then
        return name
      end
    end)

    all_operations("has a field for every place in a path, and a place for every such field", function(operation, name)
      local places = {}
      for place in operation.path:gmatch ":([%w_]+)" do
        places[place] = true
      end
      for _, field in ipairs(fields_of(description, operation)) do
        if field["in"] == "path" then
          if not places[field[1]] or not field.required then
            return name .. ": " .. field[1]
          end
          places[field[1]] = nil
        end
      end
      return next(places) and name .. ": " .. next(places) or nil
    end)

    all_operations("puts no field into the body of a GET or DELETE", function(operation, name)
      for _, field in ipairs(fields_of(description, operation)) do
        if (operation.method == "GET" or operation.method == "DELETE") and not field["in"] then
          return name .. ": " .. field[1]
        end
      end
    end)

    all_operations("takes by position only fields that exist and can be given", function(operation, name)
      for _, argument in ipairs(operation.args or {}) do
        local found = false
        for _, field in ipairs(fields_of(description, operation)) do
          found = found or field[1] == argument and field.const == nil
        end
        if not found then
          return name .. ": " .. argument
        end
      end
    end)

    all_operations("documents only codes that it explains, each once", function(operation, name)
      local seen = {}
      for _, code in ipairs(operation.errors or {}) do
        if not description.errors[code] or seen[code] then
          return name .. ": " .. code
        end
        seen[code] = true
      end
    end)

    all_operations("uses only credentials that it has", function(operation, name)
      local role = operation.credential or "default"
      return role ~= "none" and not description.credentials[role] and name .. ": " .. role or nil
    end)

    all_operations("says what every operation answers, in types that it knows", function(operation, name)
      local output = operation.output
      if type(output) == "string" and not knows_type(output) or type(output) ~= "string" and type(output) ~= "table" then
        return name .. ": " .. tostring(output)
      end
      if operation.value == true and output ~= "boolean" then
        return name .. ": a value that is only true must be a boolean"
      end
    end)

    all_operations("pages through items by what the input and the answer have", function(operation, name)
      local paging = operation.paging
      if not paging then
        return nil
      end
      if not paging.each or not paging.pages then
        return name .. ": it names no iterators"
      end
      local inputs, outputs = {}, {}
      for _, field in ipairs(fields_of(description, operation)) do
        inputs[field[1]] = true
      end
      for _, field in ipairs(description.types[operation.output] or type(operation.output) == "table" and operation.output or {}) do
        outputs[field[1]] = true
      end
      local function first(path)
        return path:match "^[^.]+"
      end
      local fits = {
        page = function()
          return inputs[paging.page] and outputs[paging.items] and outputs[paging.more]
            and (not paging.size or inputs[paging.size]) and (not paging.number or outputs[paging.number])
        end,
        cursor = function()
          return inputs[first(paging.cursor)] and outputs[first(paging.next)] and outputs[first(paging.items)]
        end,
        -- HAL's own members are not part of the value. Links can only be followed with GET.
        hal = function()
          return operation.method == "GET" and operation.value == paging.items
        end,
      }
      if not fits[paging.style]() then
        return name
      end
    end)

    all_operations("adds rows in bulk through a field that takes a list of them", function(operation, name)
      local rule = operation.bulk
      if not rule then
        return nil
      end
      local resource = descriptions.split(name)
      if description.operations[resource .. "." .. rule.method] then
        return name .. ": there is an operation " .. rule.method
      end
      for _, field in ipairs(fields_of(description, operation)) do
        if field[1] == rule.field then
          return not field[2]:find "%[%]$" and name .. ": its field is no list" or rule.chunk < 1 and name or nil
        end
      end
      return name .. ": it has no field " .. rule.field
    end)

    all_fields("explains every field in a sentence", function(field)
      if type(field.doc) ~= "string" or not field.doc:match "%.$" then
        return "no sentence explains it"
      end
    end)

    all_fields("names fields as the wire can", function(field)
      if not field[1]:match "^[%a_][%w_]*$" then
        return "its name"
      end
    end)

    all_fields("gives every field a type that it knows", function(field)
      if not knows_type(field[2]) then
        return "its type " .. tostring(field[2])
      end
    end)

    all_fields("hides what is secret by its name", function(field)
      local name = field[1]:lower()
      if (name:find "password" or name:find "apikey" or name == "pass" or name:find "token$") and field[2] ~= "integer" and not field.secret then
        return "it is not marked as secret"
      end
    end)

    all_fields("lets options stand in only where there are such", function(field)
      local found = field.option == nil
      for _, option in ipairs(description.options) do
        found = found or option[1] == field.option
      end
      if not found then
        return "there is no option " .. field.option
      end
    end)

    it("compiles, all operations of it", function()
      local sandbox = frontdesk.sandbox.transport { services = { service } }
      local client = frontdesk[service](sandbox:options(service))
      for _, name in ipairs(sorted(description.operations)) do
        local object, method = resources.find(client, name)
        assert.is_function(object[method], name)
        local fields = fields_of(description, description.operations[name])
        if not fields.open then
          local value, err = object[method](object, { no_such_field = true })
          assert.is_nil(value)
          assert.equal("no_such_field", err.field)
        end
      end
      assert.same({}, sandbox:requests())
    end)

    it("is served by the sandbox, operation by operation", function()
      local behaviour = require("frontdesk.sandbox.services." .. service)
      for _, name in ipairs(sorted(description.operations)) do
        assert.is_function(behaviour.operations[name], name)
      end
      for name in pairs(behaviour.operations) do
        assert.is_table(description.operations[name], name)
      end
    end)

    it("has specs that say when one of its parts has none", function()
      local text = read(("spec/service/%s_spec.lua"):format(service))
      assert.is_truthy(text:find(('suite.new("%s"'):format(service), 1, true))
      assert.matches("\n" .. service .. ":leaves_nothing_out%(%)\n$", text)
    end)

    it("lets a client call what is not described, and reads the answer by the same rule", function()
      local transport = fake.transport(fake.reply(200, SUCCESS[service]))
      local client = frontdesk[service](frontdesk.sandbox.transport({ services = { service } }):options(service, { transport = transport }))
      assert.is_table((client:request { path = "Other/Thing", credential = "none" }))
      assert.equal("GET", transport.sent[1].method)
      assert.matches("[/.]Other/Thing$", transport.sent[1].url)
    end)
  end)
end

describe("the catalogue", function()
  it("names every description that is there, and no other", function()
    local names = {}
    for _, path in ipairs(files "lua/frontdesk/services/*.lua") do
      names[#names + 1] = path:match "([^/]+)%.lua$"
    end
    local listed = {}
    for i, name in ipairs(catalogue) do
      listed[i] = name
    end
    table.sort(names)
    table.sort(listed)
    assert.same(names, listed)
  end)
end)

describe("generic code", function()
  -- The list of services, and the command that shows a first call to try.
  local MAY_NAME = { ["lua/frontdesk/catalogue.lua"] = true, ["lua/frontdesk/sandbox/main.lua"] = true }

  it("knows no service by name, outside comments", function()
    local found = {}
    local paths = files("lua/frontdesk/*.lua lua/frontdesk/transport/*.lua lua/frontdesk/host/*.lua lua/frontdesk/sandbox/*.lua "
      .. "lua/frontdesk/sandbox/nginx/*.lua csrc/*/*.[ch]")
    assert.is_true(#paths > 50)
    for _, path in ipairs(paths) do
      local is_c = path:match "%.[ch]$"
      local text = read(path)
      if is_c then -- comments out, their line breaks kept
        text = text:gsub("/%*.-%*/", function(comment) return (comment:gsub("[^\n]", "")) end)
      end
      local number = 0
      for line in (text .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        local code = is_c and line:gsub("//.*$", "") or line:gsub("%-%-.*$", "")
        for _, service in ipairs(catalogue) do
          if not MAY_NAME[path] and code:lower():find("%f[%a]" .. service .. "%f[%A]") then
            found[#found + 1] = ("%s:%d: %s"):format(path, number, code)
          end
        end
      end
    end
    assert.same({}, found)
  end)
end)

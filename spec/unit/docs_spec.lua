-- The documents must say what is so: their example works, their lists are complete, their links lead somewhere.

local descriptions = require "frontdesk.description"
local fake = require "support.fake_transport"
local service = require "frontdesk.service"
local read = require("support.files").read

local load_text = loadstring or load

local DOCUMENTS = {
  "docs/architecture.md", "docs/coverage.md", "docs/describing-a-service.md", "docs/errors.md", "docs/event-loops.md", "docs/installing.md",
  "docs/jobs.md", "docs/lists.md", "docs/nginx.md", "docs/services.md", "docs/workflows.md",
}

describe("the documents", function()
  it("link to files that are there", function()
    for _, document in ipairs(DOCUMENTS) do
      for path in read(document):gmatch "%]%(([^)#:]+)%)" do
        local file = io.open("docs/" .. path, "rb")
        assert.is_truthy(file, document .. " links to " .. path)
        file:close()
      end
    end
  end)

  describe("describe a service that", function()
    local description = assert(load_text(read("docs/describing-a-service.md"):match "```lua\n(return .-)```", "=example"))()

    local function client(...)
      local transport = fake.transport(...)
      return service.new(description) { token = "parcels-test-token", transport = transport }, transport.sent
    end

    it("can be called", function()
      local parcels, sent = client(fake.reply(200, '{"ok":true,"data":{"number":"P-1","delivered":"N"}}'))
      local parcel = assert(parcels.parcels:send { to = { name = "Mai", locker = "L-7" }, weight = 900 })
      assert.same({ number = "P-1", delivered = false }, parcel)
      assert.equal("https://api.parcels.example/v3/parcels", sent[1].url)
      assert.equal("Bearer parcels-test-token", sent[1].headers.authorization)
      assert.same({ to = { name = "Mai", locker = "L-7" }, weight = 900, speed = "normal" },
        require("frontdesk.json").decode(sent[1].body))
    end)

    it("checks its input", function()
      local parcels, sent = client()
      local ok, err = parcels.parcels:send { to = { name = "Mai" } }
      assert.is_nil(ok)
      assert.equal("invalid_input", err.kind)
      assert.matches("street", err.message)
      assert.same({}, sent)
    end)

    it("reads its errors", function()
      local parcels = client(fake.reply(404, '{"ok":false,"error":{"code":"NO_SUCH_PARCEL","text":"?"}}'))
      local ok, err = parcels.parcels:get "P-2"
      assert.is_nil(ok)
      assert.equal("not_found", err.kind)
      assert.equal("parcels.parcels.get: 404 NO_SUCH_PARCEL: ?", tostring(err))
    end)
  end)

  -- Every key that a shipped description uses is explained in the document.
  it("explain every key of the descriptions", function()
    local text = read "docs/describing-a-service.md"
    local function explained(key)
      return text:find("%f[%w_]" .. key .. "%f[^%w_]") ~= nil
    end
    local function check_fields(fields, where)
      if type(fields) ~= "table" then
        return
      end
      for _, field in ipairs(fields) do
        for key in pairs(field) do
          assert.is_true(type(key) == "number" or explained(key), where .. " uses the key " .. tostring(key))
        end
      end
    end
    for _, name in ipairs(require "frontdesk.catalogue") do
      local described = descriptions.load(name)
      for key in pairs(described) do
        assert.is_true(explained(key), name .. " uses the key " .. key)
      end
      for type_name, fields in pairs(described.types or {}) do
        check_fields(fields, name .. "." .. type_name)
      end
      for operation_name, operation in pairs(described.operations) do
        for key in pairs(operation) do
          assert.is_true(explained(key), name .. "." .. operation_name .. " uses the key " .. key)
        end
        check_fields(operation.input, name .. "." .. operation_name)
        check_fields(operation.output, name .. "." .. operation_name)
      end
    end
  end)

  it("list every field of an error and every kind", function()
    local text = read "docs/errors.md"
    local source = read "lua/frontdesk/errors.lua"
    for field in source:gmatch "%-%-%-@field ([%w_]+) " do
      assert.is_truthy(text:find("`" .. field .. "`", 1, true), "the field " .. field)
    end
    for kind in source:match("@alias frontdesk.error_kind\n(.-)\n\n"):gmatch '"([%w_]+)"' do
      assert.is_truthy(text:find("| `" .. kind .. "` |", 1, true), "the kind " .. kind)
    end
  end)
end)

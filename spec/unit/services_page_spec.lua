local descriptions = require "frontdesk.description"
local page = require "support.services_page"

describe("docs/services.md", function()
  it("says what the descriptions say", function()
    local file = assert(io.open("docs/services.md", "rb"))
    local text = file:read "*a"
    file:close()
    assert.is_true(text == page.text(),
      "docs/services.md is out of date: run `lua spec/support/services_page.lua > docs/services.md`")
  end)

  it("names every operation of every service", function()
    local text = page.text()
    for _, name in ipairs(require "frontdesk.catalogue") do
      for operation in pairs(descriptions.load(name).operations) do
        local resource, method = descriptions.split(operation)
        local heading = ("### `%s.%s:%s"):format(name, resource, method)
        assert.is_truthy(text:find(heading, 1, true), "no heading for " .. name .. "." .. operation)
      end
    end
  end)
end)

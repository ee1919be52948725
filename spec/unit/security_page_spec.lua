local config = require "frontdesk.config"
local process = require "support.process"
local read = require("support.files").read

describe("SECURITY.md", function()
  local text = read "SECURITY.md"
  local threats = text:match "\n| who | through what |.-\n\n"

  it("names every attack that the specs make, and none that they do not", function()
    local there, named = {}, {}
    for name in process.output("ls spec/security"):gmatch "([%w_]+)_spec%.lua" do
      there[name] = true
    end
    for row in threats:gmatch "[^\n]+" do
      for name in (row:match "| ([^|]+) |$" or ""):gmatch "`([%w_]+)`" do
        named[name] = true
      end
    end
    assert.same(there, named)
  end)

  it("names targets that the Makefile has, and every proof of its own", function()
    local makefile = read "Makefile"
    local proofs = {}
    for target in text:gmatch "\n| `make ([%w-]+)[^`]*` |" do
      proofs[target] = true
      assert.is_truthy(makefile:find("\n" .. target .. ":", 1, true), target)
    end
    for _, target in ipairs { "sanitize", "valgrind", "sanitize-thread", "out-of-memory", "fuzz", "differential", "coverage" } do
      assert.is_true(proofs[target], target)
    end
  end)

  it("says the limits that hold", function()
    local options = config.resolve({ name = "acme" }, { base_url = "https://acme.example" }, {
      getenv = function() end, read_profile = function() return nil, nil, true end,
    })
    local function row(option)
      return text:match("\n| [^|\n]+ | ([^|\n]+) | `" .. option .. "` |\n")
    end
    assert.equal(("%d s"):format(options.timeout), row "timeout")
    assert.equal(("%d s"):format(options.connect_timeout), row "connect_timeout")
    assert.equal(("%d MiB"):format(options.max_body / 2 ^ 20), row "max_body")
    assert.equal(("%d"):format(options.retry), row "retry":match "^%d+")
  end)
end)

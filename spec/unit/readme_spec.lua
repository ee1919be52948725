-- The README must say what is so: its table of operations, its scripts, its links.

local descriptions = require "frontdesk.description"
local sandbox = require "frontdesk.sandbox"
local read = require("support.files").read

local load_text = loadstring or load

-- The README's scripts, without the profile, which is data.
local function scripts(text)
  local list = {}
  for script in text:gmatch "```lua\n(.-)```" do
    if not script:find "^return " then
      list[#list + 1] = script
    end
  end
  return list
end

describe("the README", function()
  local text = read "README.md"

  it("lists every operation of every service, and counts them right", function()
    local total = 0
    for _, name in ipairs(require "frontdesk.catalogue") do
      local expected = {}
      for operation in pairs(descriptions.load(name).operations) do
        expected[#expected + 1] = ("%s:%s"):format(descriptions.split(operation))
      end
      table.sort(expected)
      total = total + #expected
      local count, row = text:match("\n| `" .. name .. "` | (%d+) | ([^\n]+) |\n")
      local listed = {}
      for operation in row:gmatch "`([^`]+)`" do
        listed[#listed + 1] = operation
      end
      assert.same(expected, listed)
      assert.equal(#expected, tonumber(count))
    end
    assert.is_truthy(text:find("\n" .. total .. " operations. ", 1, true))
  end)

  it("explains every kind of error", function()
    local kinds = read("lua/frontdesk/errors.lua"):match "@alias frontdesk.error_kind\n(.-)\n\n"
    for kind in kinds:gmatch '"([%w_]+)"' do
      assert.is_truthy(text:find("`" .. kind .. "`", 1, true), kind .. " is not in the README")
    end
  end)

  it("links to files that are there", function()
    for path in text:gmatch "%]%(([^)#:]+)%)" do
      local file = io.open(path, "rb")
      assert.is_truthy(file, path .. " is not there")
      file:close()
    end
  end)

  describe("shows scripts that", function()
    local saved, printed

    -- The scripts find the sandbox as they would find the services: by the environment.
    setup(function()
      local box = sandbox.transport()
      local variables = {}
      for _, name in ipairs(require "frontdesk.catalogue") do
        for option, value in pairs(box:options(name)) do
          variables[("FRONTDESK_%s_%s"):format(name, option):upper()] = type(value) == "string" and value or nil
        end
      end
      local transports = require "frontdesk.transport"
      saved = { getenv = os.getenv, default = transports.default, print = print }
      os.getenv = function(name) return variables[name] end -- luacheck: ignore
      transports.default = function() return box end
      printed = {}
      _G.print = function(...)
        local words = { ... }
        for i = 1, select("#", ...) do
          words[i] = tostring(words[i])
        end
        printed[#printed + 1] = table.concat(words, "  ")
      end
    end)

    teardown(function()
      os.getenv = saved.getenv -- luacheck: ignore
      require("frontdesk.transport").default = saved.default
      _G.print = saved.print
    end)

    it("run one after the other as they are", function()
      assert(load_text(table.concat(scripts(text), "\n"), "=README.md"))()
    end)

    it("print what they say they print", function()
      local all = table.concat(printed, "\n") .. "\n"
      local shown = 0
      for _, script in ipairs(scripts(text)) do
        for promise in script:gmatch "%-%->%s*([^\n]+)\n" do
          shown = shown + 1
          assert.is_truthy(all:find(promise .. "\n", 1, true), promise .. " was not printed")
        end
      end
      assert.is_true(shown > 0)
    end)
  end)

  it("shows a profile that reads as one", function()
    local profile = assert(load_text(text:match "```lua\n(return .-)```", "=profile"))()
    local config = require "frontdesk.config"
    for name, options in pairs(profile) do
      local description = descriptions.load(name)
      assert.is_truthy(config.resolve(description, nil, {
        getenv = function(variable) return variable == "FRONTDESK_PROFILE" and "profile.lua" or nil end,
        read_profile = function() return { [name] = options } end,
      }).base_url)
    end
  end)
end)

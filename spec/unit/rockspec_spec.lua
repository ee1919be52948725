-- The rockspec names every file it installs; its lists must follow the tree.

local ROCKSPEC = "rockspec/frontdesk-scm-1.rockspec"

local function read_rockspec()
  local rock = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile(ROCKSPEC)), rock)
  else
    chunk = assert(loadfile(ROCKSPEC, "t", rock))
  end
  chunk()
  return rock
end

-- The lines for files below a folder, as the rockspec would have them.
local function lines_for(folder, test, line_of)
  local lines = {}
  local listing = assert(io.popen("find " .. folder .. " -type f " .. test))
  for path in listing:lines() do
    lines[line_of(path)] = true
  end
  listing:close()
  assert.is_not_nil(next(lines))
  return lines
end

-- What `left` has and `right` has not, in order.
local function without(left, right)
  local rest = {}
  for line in pairs(left) do
    if not right[line] then rest[#rest + 1] = line end
  end
  table.sort(rest)
  return rest
end

local function module_line(name, path)
  return ('["%s"] = "%s",'):format(name, path)
end

describe("the rockspec", function()
  local rock = read_rockspec()
  local core = rock.build.modules["frontdesk.core"]

  it("lists every C source of the core, and none that is gone", function()
    local listed = {}
    for _, source in ipairs(core.sources) do
      listed[('"%s",'):format(source)] = true
    end
    local there = lines_for("csrc", "-name '*.c'", function(path)
      return ('"%s",'):format(path)
    end)
    assert.are.same({ add = {}, remove = {} }, { add = without(there, listed), remove = without(listed, there) })
  end)

  it("lists every Lua module under the name that require finds it by", function()
    local listed = {}
    for name, path in pairs(rock.build.modules) do
      if name ~= "frontdesk.core" then listed[module_line(name, path)] = true end
    end
    local there = lines_for("lua", "-name '*.lua'", function(path)
      local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", "."):gsub("%.init$", "")
      return module_line(name, path)
    end)
    assert.are.same({ add = {}, remove = {} }, { add = without(there, listed), remove = without(listed, there) })
  end)

  it("leaves the search for libcurl to the compiler and to CURL_DIR", function()
    assert.is_nil(rock.external_dependencies)
    assert.are.same({ "csrc", "$(CURL_INCDIR)" }, core.incdirs)
    assert.are.same({ "curl" }, core.libraries)
  end)

  it("finds nothing in lua/ that it would leave behind", function()
    local listing = assert(io.popen("find lua -type f ! -name '*.lua'"))
    assert.are.equal("", listing:read("*a"))
    listing:close()
  end)
end)

-- The rockspec names every file it installs; these lists must follow the tree.

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

local function files(folder, ending)
  local found = {}
  local listing = assert(io.popen("find " .. folder .. " -type f -name '*" .. ending .. "'"))
  for path in listing:lines() do
    found[#found + 1] = path
  end
  listing:close()
  table.sort(found)
  assert.is_true(#found > 0)
  return found
end

describe("the rockspec", function()
  local rock = read_rockspec()
  local core = rock.build.modules["frontdesk.core"]

  it("lists every C source of the core", function()
    local listed = {}
    for _, source in ipairs(core.sources) do
      listed[#listed + 1] = source
    end
    table.sort(listed)
    assert.are.same(files("csrc", ".c"), listed)
  end)

  it("lists every Lua module under the name that require finds it by", function()
    local expected = {}
    for _, path in ipairs(files("lua", ".lua")) do
      local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/", "."):gsub("%.init$", "")
      expected[name] = path
    end
    local listed = {}
    for name, path in pairs(rock.build.modules) do
      if type(path) == "string" then listed[name] = path end
    end
    assert.are.same(expected, listed)
  end)

  it("leaves the search for libcurl to the compiler and to CURL_DIR", function()
    assert.is_nil(rock.external_dependencies)
    assert.are.same({ "csrc", "$(CURL_INCDIR)" }, core.incdirs)
    assert.are.same({ "curl" }, core.libraries)
  end)

  it("keeps lua/ free of files that it would not install", function()
    local others = {}
    local listing = assert(io.popen("find lua -type f ! -name '*.lua'"))
    for path in listing:lines() do
      others[#others + 1] = path
    end
    listing:close()
    assert.are.same({}, others)
  end)
end)

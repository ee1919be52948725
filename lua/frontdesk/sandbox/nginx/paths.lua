--- Where the Lua inside nginx finds modules: frontdesk where this process has found it, the rest where LuaJIT's modules are.

local process = require "frontdesk.sandbox.process"

local paths = {}

local function absolute(template, folder)
  if template:sub(1, 1) == "/" then return template end
  return folder .. "/" .. template:gsub("^%./", "")
end

local function each_template(path, folder)
  local list = {}
  for template in path:gmatch("[^;]+") do list[#list + 1] = absolute(template, folder) end
  return list
end

-- The template by which this very module was found.
local function own_template(templates)
  for _, template in ipairs(templates) do
    if process.exists((template:gsub("%?", "frontdesk/sandbox/nginx/paths"))) then return template end
  end
end

local is_lua51 = _VERSION == "Lua 5.1" -- so also LuaJIT: C modules of this process fit nginx's Lua

-- In trees keyed by version, what stands beside 5.4's modules for 5.1 is found under the same name.
local function for_lua51(template)
  return (template:gsub("/5%.%d/", "/5.1/"))
end

--- The values of lua_package_path and lua_package_cpath.
---@return string package_path
---@return string package_cpath
function paths.for_nginx()
  local folder = process.output("pwd -P"):match("[^\n]+")
  local lua, c = each_template(package.path, folder), each_template(package.cpath, folder)
  local own = own_template(lua)
  local path, cpath = { own, own and own:gsub("%?%.lua$", "?/init.lua") or nil, ";" }, { ";" }
  for _, template in ipairs(lua) do path[#path + 1] = for_lua51(template) end
  -- A description of the user's own may be anywhere on this process's path.
  for _, template in ipairs(lua) do path[#path + 1] = template end
  for _, template in ipairs(c) do
    local fitting = for_lua51(template)
    if is_lua51 or fitting ~= template then cpath[#cpath + 1] = fitting end
  end
  return table.concat(path, ";"), table.concat(cpath, ";")
end

return paths

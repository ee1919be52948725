--- Finds an nginx that can run Lua: Debian's with its module, or OpenResty.

local process = require "frontdesk.sandbox.process"

local find = {}

local PACKAGES = "on Debian: apt install nginx-light libnginx-mod-http-lua"

local binaries = {
  "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx", "/usr/bin/openresty",
  "/usr/local/openresty/nginx/sbin/nginx",
}

local module_folders = { "/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules", "/etc/nginx/modules" }

local function first_existing(paths)
  for _, path in ipairs(paths) do
    if process.exists(path) then return path end
  end
end

local function lua_modules(build)
  local folders = { build:match("%-%-modules%-path=(%S+)") }
  for _, folder in ipairs(module_folders) do folders[#folders + 1] = folder end
  for _, folder in ipairs(folders) do
    local lua, kit = folder .. "/ngx_http_lua_module.so", folder .. "/ndk_http_module.so"
    -- The order matters: the Lua module builds on the development kit.
    if process.exists(lua) and process.exists(kit) then return { kit, lua } end
  end
end

--- Finds nginx.
---@param binary? string the nginx to use (default: the one on PATH, then the usual places)
---@return table? nginx `{ binary =, modules = list of files to load, build = what `nginx -V` says }`
---@return string? message
function find.nginx(binary)
  if not binary then
    binary = process.output("command -v nginx || command -v openresty"):match("%S+") or first_existing(binaries)
    if not binary then return nil, "the sandbox needs nginx, and there is none here; " .. PACKAGES end
  end
  local build = process.output(process.quote(binary) .. " -V 2>&1")
  if not build:find("nginx version", 1, true) then
    return nil, ("%s is not an nginx that can be run here; %s"):format(binary, PACKAGES)
  end
  if build:find("openresty", 1, true) or build:find("ngx_lua", 1, true) then
    return { binary = binary, modules = {}, build = build }
  end
  local modules = lua_modules(build)
  if not modules then
    return nil, ("%s cannot run Lua: its lua module is not installed; %s"):format(binary, PACKAGES)
  end
  return { binary = binary, modules = modules, build = build }
end

return find

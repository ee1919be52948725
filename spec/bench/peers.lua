--- Who takes part, and which of them are to be had here.

local machine = require "bench.machine"
local process = require "frontdesk.sandbox.process"

local peers = {}

-- role: what a client is in the comparison; frontdesk's rows are measured against the aims.
local PEERS = {
  { "frontdesk", "frontdesk, the whole client", role = "frontdesk", jobs = "get page post" },
  { "lua_curlv3", "Lua-cURLv3 + lua-cjson", role = "libcurl", jobs = "get page post" },
  { "lua_curl", "lua-curl + lua-cjson", role = "libcurl", jobs = "get page post" },
  { "engine_cjson", "frontdesk's engine + lua-cjson, bare", role = "libcurl", jobs = "get page post" },
  { "lua_http", "lua-http + lua-cjson", jobs = "get page post" },
  { "luasocket", "luasocket + lua-cjson", jobs = "get page post" },
  { "engine", "frontdesk's engine", role = "frontdesk", jobs = "many tls" },
  { "frontdesk", "frontdesk.map, the whole client", role = "frontdesk", jobs = "many tls" },
  { "lua_curlv3", "Lua-cURLv3's multi + lua-cjson", role = "libcurl", jobs = "many tls" },
  { "frontdesk", "frontdesk.json", role = "frontdesk", jobs = "decode answer encode" },
  { "frontdesk_checked", "frontdesk, with the field checks", jobs = "encode" },
  { "cjson", "lua-cjson", role = "cjson", jobs = "decode answer encode" },
}

peers.LUAS = { { "lua5.4", "Lua 5.4" }, { "luajit", "LuaJIT" } }

-- Why a peer is not to be had, in a few words.
local function reason(problem)
  return problem:match "module '[^']+' not found" or problem:gsub("^[%w_]+: ", "")
end

--- The clients that can be had, by job; says which, of what version, and who is left out.
---@return table<string, table[]>
function peers.find()
  local clients, absent = {}, {}
  local version = assert(machine.run(process.quote(machine.programs .. "/limit") .. " version")):match "^%S+ %S+"
  print("  C on " .. version)
  for _, lua in ipairs(peers.LUAS) do
    local abi, title = lua[1], lua[2]
    print("  " .. title .. ": " .. (process.output(abi .. " -v 2>&1"):match "[^\n]+" or "?"):gsub(" *%-?%- *Copyright.*", "")
      :gsub(" +Copyright.*", ""))
    for _, peer in ipairs(PEERS) do
      local said, problem = machine.run(machine.lua_command(abi, "client.lua", peer[1], "versions"))
      if said then
        local known = said:match "[^\n]+"
        for job in peer.jobs:gmatch "%S+" do
          clients[job] = clients[job] or {}
          table.insert(clients[job], { abi = abi, lua = title, name = peer[1], title = title .. ": " .. peer[2], role = peer.role })
        end
        print(("    %s: %s"):format(peer[2], known))
      else
        absent[#absent + 1] = ("%s: %s (%s)"):format(title, peer[2], reason(problem))
      end
    end
  end
  for _, line in ipairs(absent) do
    print("  left out, not to be had: " .. line)
  end
  return clients
end

return peers

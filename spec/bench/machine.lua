--- How the bench's processes are run: each on its processor, in a clean environment.

local process = require "frontdesk.sandbox.process"
local work = require "bench.work"

local machine = {
  folder = arg[1], -- a private one
  programs = arg[2], -- the folder of the C programs, limit and engine
  root = process.output("pwd -P"):match "[^\n]+",
}

-- One processor for the clients and one for the server, where there are two.
local function find_processors()
  if process.run "command -v taskset >/dev/null 2>&1" ~= 0 then
    return {}, "not pinned: there is no taskset"
  end
  local allowed = {}
  local text = (process.read_file "/proc/self/status" or ""):match "Cpus_allowed_list:%s*(%S+)" or "0"
  for first, last in text:gsub("(%d+)(%-?%d*)", function(a, b) return a .. (b == "" and "-" .. a or b) end)
    :gmatch "(%d+)%-(%d+)" do
    for cpu = tonumber(first), tonumber(last) do
      allowed[#allowed + 1] = cpu
    end
  end
  if #allowed < 2 then
    return {}, "not pinned: there is one processor"
  end
  return { client = allowed[1], server = allowed[2] },
    ("clients pinned to processor %d, nginx to %d"):format(allowed[1], allowed[2])
end

local processors
processors, machine.pinning = find_processors()

local function pin_of(who)
  return processors[who] and ("taskset -c %d "):format(processors[who]) or ""
end

-- What stands before a command, or nothing.
machine.pin_client, machine.pin_server = pin_of "client", pin_of "server"

--- Pins the workers of a server of spec/support.
---@param httpd table
---@param who "client"|"server"|nil it is a "client" where it is what is measured
function machine.pin_workers(httpd, who)
  local processor = processors[who or "server"]
  for _, pid in ipairs(processor and httpd:workers() or {}) do
    process.run(("taskset -cp %d %d >/dev/null"):format(processor, pid))
  end
end

--- Runs a command; gives what it printed, or nil and its complaint.
---@param command string
---@return string|nil text
---@return string|nil problem
function machine.run(command)
  local said = machine.folder .. "/said"
  local pipe = assert(io.popen(machine.pin_client .. command .. " 2>" .. process.quote(said)))
  local text = pipe:read "*a"
  if pipe:close() then
    return text
  end
  return nil, ((process.read_file(said) or ""):match "[^\n]+" or "ended without a word")
end

local function join(words)
  for i, word in ipairs(words) do
    words[i] = process.quote(tostring(word))
  end
  return table.concat(words, " ")
end

--- A command that finds frontdesk as it is built for a Lua. No proxy, profile or
--- Lua path of the person at the keyboard gets to it.
---@param abi string
---@param ... string|number its words
---@return string
function machine.clean_command(abi, ...)
  local root = machine.root
  return join {
    "env", "-i", "PATH=" .. (os.getenv "PATH" or ""), "HOME=" .. machine.folder, "LC_ALL=C",
    "LUA_CURLV3=" .. (os.getenv "LUA_CURLV3" or ""),
    ("LUA_PATH=%s/lua/?.lua;%s/lua/?/init.lua;%s/spec/?.lua;;"):format(root, root, root),
    ("LUA_CPATH=%s/build/%s/?.so;;"):format(root, abi), ...,
  }
end

--- A script of the bench on a Lua.
---@param abi string
---@param script string
---@param ... string|number its arguments
---@return string
function machine.lua_command(abi, script, ...)
  return machine.clean_command(abi, abi, machine.root .. "/spec/bench/" .. script, ...)
end

--- A C program (job.h tells its arguments); HEADERS, ANSWER and BODY are files that main.lua wrote.
---@param program "limit"|"engine"
---@param way "easy"|"multi"|"parsed-easy"|"parsed-multi"
---@param count integer
---@param base_url string
---@param job string
---@param flight integer|nil how many at a time
---@param ca_file string|nil
---@return string
function machine.c_command(program, way, count, base_url, job, flight, ca_file)
  local function file(name)
    return machine.folder .. "/" .. name
  end
  local sent = work.sent[job]
  local url = base_url .. (sent and work.paths[job] or work.paths.folder .. "C-")
  return join {
    machine.programs .. "/" .. program, way, count, url, file(sent and "headers_of_posts" or "headers"), file(sent and job or "get"),
    flight or sent and file(sent), ca_file,
  }
end

return machine

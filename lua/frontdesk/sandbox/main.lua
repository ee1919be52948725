--- The sandbox as a command.
--
--     lua main.lua                       serves in the foreground until Ctrl-C
--     lua main.lua run SCRIPT [ARG...]   serves while a script runs, and ends with its exit status
--     lua main.lua ... --https           the addresses in the environment are the https ones

local config = require "frontdesk.config"
local process = require "frontdesk.sandbox.process"
local sandbox = require "frontdesk.sandbox"

local INTERRUPTED = 130

local usage = [[
usage: main.lua [--https]                       serve in the foreground until Ctrl-C
       main.lua [--https] run SCRIPT [ARG...]   serve while SCRIPT runs; a .lua file is run by this Lua
]]

local function sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- What runs this file: what stands before it on the command line.
local function interpreter()
  local index = 0
  while arg[index - 1] do index = index - 1 end
  return arg[index]
end

local function assignments(environment, separator, word)
  local list = {}
  for _, name in ipairs(sorted_names(environment)) do
    list[#list + 1] = word .. name .. "=" .. process.quote(environment[name])
  end
  return table.concat(list, separator)
end

local function print_service(server, name)
  local service = server.services[name]
  print(("%s (%s)"):format(name, service.description.title))
  print("  " .. server:url(name))
  if server:ca_file() then print("  " .. server:url(name, "https")) end
  local options = server:options(name)
  for _, base in pairs(service.description.bases or {}) do
    print(("  %-14s %s"):format(base.option, options[base.option]))
  end
  for _, option in ipairs(sorted_names(service.behaviour.credentials)) do
    print(("  %-14s %s"):format(option, tostring(service.behaviour.credentials[option])))
  end
  for _, sample in ipairs(service.behaviour.samples or {}) do
    print(("  %-14s %s   (%s)"):format(sample[1], sample[2], sample[3]))
  end
  print()
end

local first_calls = [[
A first call with curl:
  curl -s %s/oauth/auth/login -H 'Content-Type: application/json' -d '{"username":"%s","password":"%s"}'

A first call with Lua, in a shell that has the lines above:
  lua -e 'print(require("frontdesk").hearme{}.devices:reset_customer("kiosk-front-door"))'

Ctrl-C ends the sandbox.
]]

local function print_page(server, https)
  print("The sandbox is up.\n")
  for _, name in ipairs(sorted_names(server.services)) do print_service(server, name) end
  print("For the shell, so that scripts find it:")
  print("  " .. assignments(server:environment(https), "\n  ", "export ") .. "\n")
  if server:ca_file() then print("The https addresses are vouched for by " .. server:ca_file() .. "\n") end
  local credentials = server.services.hearme.behaviour.credentials
  io.write(first_calls:format(server:url("hearme"), credentials.username, credentials.password))
  io.flush()
end

-- Waits without using the processor; a signal ends the wait, and Lua then raises "interrupted!".
local function wait_while_running(server)
  local engine = assert(require("frontdesk.core").engine())
  while server:is_running() do engine:wait(5) end
  return "nginx has ended"
end

local function serve(server, https)
  print_page(server, https)
  local _, reason = pcall(wait_while_running, server)
  server:stop()
  if tostring(reason):find("interrupted!", 1, true) then
    print("\nThe sandbox is down.")
    return 0
  end
  io.stderr:write("The sandbox is down: " .. tostring(reason) .. "\n")
  return 1
end

-- What the person at the keyboard has set for the real services would win over the sandbox's.
local function without_others(server, environment)
  local words = { "-u", "FRONTDESK_PROFILE" }
  for name, service in pairs(server.services) do
    for _, option in ipairs((config.options(service.description))) do
      local variable = ("FRONTDESK_%s_%s"):format(name, option[1]):upper()
      if not environment[variable] then
        words[#words + 1] = "-u"
        words[#words + 1] = variable
      end
    end
  end
  return table.concat(words, " ") .. " XDG_CONFIG_HOME=/nonexistent"
end

local function run(server, https, words)
  local environment = server:environment(https)
  local command = { "exec env", without_others(server, environment), assignments(environment, " ", "") }
  if words[1]:find("%.lua$") then command[#command + 1] = process.quote(interpreter()) end
  for _, word in ipairs(words) do command[#command + 1] = process.quote(word) end
  -- While a command runs, Ctrl-C goes to it and not to us: it ends, and we clear up.
  local ok, status = pcall(process.run, table.concat(command, " "))
  server:stop()
  return ok and status or INTERRUPTED
end

local function main(words)
  local https = false
  if words[1] == "--https" then
    https = true
    table.remove(words, 1)
  end
  local runs = words[1] == "run"
  if words[1] and not (runs and words[2]) then
    io.stderr:write(usage)
    return 2
  end
  local server, message = sandbox.start({ https = https or nil })
  if not server then
    io.stderr:write(message .. "\n")
    return 1
  end
  if not runs then return serve(server, https) end
  table.remove(words, 1)
  return run(server, https, words)
end

os.exit(main({ ... }), true)

--- A proxy that makes tunnels (CONNECT), in a process of its own.
--
--     local proxy = tunnel.start()
--     proxy.port         on 127.0.0.1
--     proxy:asked()      the Proxy-Authorization of each tunnel that was asked for, oldest first; "none" without
--     proxy:stop()
--
-- This file is the process too: `lua tunnel.lua FOLDER`.

local read = require("support.files").text
local write = require("support.files").write

local function serve(folder)
  local socket = require "socket"
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  local ends, open = {}, { listener } -- who gets what a socket sends; all that are open

  local function drop(one)
    for i = #open, 1, -1 do
      if open[i] == one or open[i] == ends[one] then
        table.remove(open, i):close()
      end
    end
  end

  local function admit(client)
    local target, known = nil, "none"
    repeat
      local line = client:receive "*l" or ""
      target = target or line:match "^CONNECT (%S+)"
      known = line:match "^[Pp]roxy%-[Aa]uthorization: (.*)" or known
    until line == ""
    write(folder .. "/asked", known .. "\n", "ab")
    local host, number = target:match "^(.*):(%d+)$"
    local server = assert(socket.connect(host, tonumber(number)))
    client:send "HTTP/1.1 200 Connected\r\n\r\n"
    ends[client], ends[server] = server, client
    for _, one in ipairs { client, server } do
      one:settimeout(0)
      open[#open + 1] = one
    end
  end

  write(folder .. "/port.new", tostring(port), "wb")
  os.rename(folder .. "/port.new", folder .. "/port")
  while true do
    for _, one in ipairs((socket.select(open))) do
      if one == listener then
        admit(listener:accept())
      else
        local text, why, rest = one:receive(65536)
        text = text or rest
        ends[one]:settimeout(5)
        if text ~= "" then
          ends[one]:send(text)
        end
        ends[one]:settimeout(0)
        if why == "closed" then
          drop(one)
        end
      end
    end
  end
end

if arg and (arg[0] or ""):match "tunnel%.lua$" and arg[1] then
  return serve(arg[1])
end

local process = require "support.process"
local socket = require "socket"

local tunnel = {}
tunnel.__index = tunnel

function tunnel.start()
  local self = setmetatable({ folder = process.folder() }, tunnel)
  local here = debug.getinfo(1, "S").source:match "^@(.*)$"
  self.child = process.start(("lua5.4 %s %s"):format(process.quote(here), self.folder), self.folder .. "/log")
  for _ = 1, 500 do
    self.port = tonumber(read(self.folder .. "/port"))
    if self.port then
      return self
    end
    socket.sleep(0.01)
  end
  local words = read(self.folder .. "/log")
  self:stop()
  error("the proxy did not start: " .. words)
end

function tunnel:asked()
  local list = {}
  for line in read(self.folder .. "/asked"):gmatch "[^\r\n]+" do
    list[#list + 1] = line
  end
  return list
end

function tunnel:stop()
  if self.child then
    self.child:stop()
    self.child = nil
    os.execute("rm -rf " .. process.quote(self.folder))
  end
end

tunnel.__gc = tunnel.stop

return tunnel

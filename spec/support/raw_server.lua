--- A server of bare sockets, for answers that no real server gives.
--
--     local server = raw_server.start [[
--       read_request()
--       send "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
--       send(("x"):rep(120))
--     ]]
--     server.url, server.port, server:stop()
--     server:count()      how many connections it has accepted
--     server:requests()   what read_request has read, as a list of texts
--     server:sent()       how many bytes it could send on each connection that has ended
--
-- The text is Lua, run for each connection, one after the other, in a process of
-- its own (so that a client that blocks can talk to it). It sees
--     number              which connection this is, from 1
--     read_request()      reads one request, with its Content-Length body; nil when the peer has closed
--     receive(size)       reads so many bytes; less, or nil, when the peer has closed
--     send(text)          sends it; nil when the peer has closed
--     finish()            ends the sending, and stays open for what comes
--     sleep(seconds)
--     reset()             closes with a reset (RST)
-- The connection is closed when the text is done.
--
-- This file is the process too: `lua raw_server.lua FOLDER`.
local socket = require "socket"
local read = require("support.files").text
local write = require("support.files").write

---------------------------------------------------------------- the process

local function read_request(client)
  local lines, size = {}, 0
  repeat
    local line = client:receive("*l")
    if not line then
      return nil
    end
    lines[#lines + 1] = line
    size = tonumber(line:lower():match("^content%-length:%s*(%d+)")) or size
  until line == ""
  local body = size > 0 and client:receive(size) or ""
  return table.concat(lines, "\r\n") .. "\r\n" .. (body or "")
end

local function serve(folder)
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  local source = read(folder .. "/script.lua")
  local number = 0
  write(folder .. "/port.new", tostring(port))
  os.rename(folder .. "/port.new", folder .. "/port")
  while true do
    local client = assert(listener:accept())
    client:setoption("tcp-nodelay", true)
    number = number + 1
    write(folder .. "/count", ".", "ab")
    local closed, sent = false, 0
    local environment = setmetatable({
      number = number,
      sleep = socket.sleep,
      send = function(text)
        local last, problem, partly = client:send(text)
        sent = sent + (last or partly)
        return last, problem
      end,
      finish = function()
        client:shutdown("send")
      end,
      receive = function(size)
        local text, _, partly = client:receive(size)
        return text or partly ~= "" and partly or nil
      end,
      read_request = function()
        local text = read_request(client)
        if text then
          write(folder .. "/requests", ("%d\n%s"):format(#text, text), "ab")
        end
        return text
      end,
      reset = function()
        client:setoption("linger", { on = true, timeout = 0 })
        client:close()
        closed = true
      end,
    }, { __index = _G })
    local chunk
    if setfenv then -- Lua 5.1
      chunk = setfenv(assert(loadstring(source, "=script")), environment)
    else
      chunk = assert(load(source, "=script", "t", environment))
    end
    chunk()
    write(folder .. "/sent", ("%d\n"):format(sent), "ab")
    if not closed then
      client:close()
    end
  end
end

if arg and (arg[0] or ""):match("raw_server%.lua$") and arg[1] then
  serve(arg[1])
end

---------------------------------------------------------------- its handle

local process = require "support.process"

local raw_server = {}

local server = {}
server.__index = server
server.__name = "raw_server"

--- Starts a server and waits until it listens.
---@param script string see above
---@return table server
function raw_server.start(script)
  local folder = process.folder()
  write(folder .. "/script.lua", script)
  local here = debug.getinfo(1, "S").source:match("^@(.*)$")
  -- a server has no core in it to be looked at
  local lua = os.getenv "FRONTDESK_PLAIN_LUA" or rawget(_G, "jit") and "luajit" or "lua5.4"
  local self = setmetatable({ folder = folder }, server)
  self.child = process.start(("%s %s %s"):format(lua, process.quote(here), folder), folder .. "/log")
  for _ = 1, 500 do
    self.port = tonumber(read(folder .. "/port"))
    if self.port then
      self.url = ("http://127.0.0.1:%d"):format(self.port)
      return self
    end
    socket.sleep(0.01)
  end
  local words = read(folder .. "/log")
  self:stop()
  error("the raw server did not start: " .. words)
end

--- How many connections were accepted.
---@return integer
function server:count()
  return #read(self.folder .. "/count")
end

--- The requests that were read, oldest first.
---@return string[]
function server:requests()
  local text, list, at = read(self.folder .. "/requests"), {}, 1
  while at <= #text do
    local size, after = text:match("^(%d+)\n()", at)
    size = tonumber(size)
    list[#list + 1] = text:sub(after, after + size - 1)
    at = after + size
  end
  return list
end

--- How many bytes it could send on each connection that has ended, oldest first.
---@return integer[]
function server:sent()
  local list = {}
  for size in read(self.folder .. "/sent"):gmatch "%d+" do
    list[#list + 1] = tonumber(size)
  end
  return list
end

--- Ends the process. Fine to call twice.
function server:stop()
  if self.child then
    self.child:stop()
    self.child = nil
    os.execute("rm -rf " .. process.quote(self.folder))
  end
end

server.__gc = server.stop

return raw_server

--- A true TCP reset from within an nginx worker, which its Lua module has no call for.
--
-- The request's socket is reached through the structures of nginx (their beginnings have not changed for many years). To connect
-- a connected socket to "nowhere" dissolves the connection, and Linux then sends RST at once; nginx finds the socket dead and
-- closes it. Over HTTP/2 that is the connection with all its streams.

local ffi = require "ffi"

ffi.cdef [[
/* ngx_connection_t and ngx_http_request_t, as far as the socket. */
struct fdk_sandbox_connection { void *data; void *read; void *write; int fd; };
struct fdk_sandbox_request { uint32_t signature; struct fdk_sandbox_connection *connection; };
struct fdk_sandbox_address { uint16_t family; uint8_t rest[14]; };
int connect(int fd, const struct fdk_sandbox_address *address, unsigned int size);
]]

local HTTP_MODULE_SIGNATURE = 0x50545448 -- "HTTP": every ngx_http_request_t begins with it
local AF_UNSPEC = 0
local CLOSE_CONNECTION = 444

local connection = {}

local function socket_of_request()
  local request = ffi.cast("struct fdk_sandbox_request *", require("resty.core.base").get_request())
  if request == nil or request.signature ~= HTTP_MODULE_SIGNATURE then return nil end
  return request.connection.fd
end

--- Ends the request with a reset of its connection. Does not return.
function connection.reset()
  local fd = socket_of_request()
  if fd then
    local nowhere = ffi.new("struct fdk_sandbox_address", { family = AF_UNSPEC })
    ffi.C.connect(fd, nowhere, ffi.sizeof(nowhere))
  end
  ngx.exit(CLOSE_CONNECTION)
end

--- Closes the connection in the middle of an answer. Does not return.
function connection.close()
  ngx.exit(CLOSE_CONNECTION)
end

return connection

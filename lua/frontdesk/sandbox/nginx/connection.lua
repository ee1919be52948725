--- A true TCP reset from within an nginx worker, which its Lua module has no call for.
--
-- The request's socket is reached through the structures of nginx (their beginnings have not changed for many years), is told
-- not to linger, and is closed by nginx: what the peer gets is RST. Over HTTP/2 the whole connection is reset.

local ffi = require "ffi"

ffi.cdef [[
struct fdk_sandbox_linger { int on; int seconds; };
/* ngx_connection_t and ngx_http_request_t, as far as the socket. */
struct fdk_sandbox_connection { void *data; void *read; void *write; int fd; };
struct fdk_sandbox_request { uint32_t signature; struct fdk_sandbox_connection *connection; };
int setsockopt(int fd, int level, int name, const void *value, unsigned int size);
int shutdown(int fd, int how);
]]

local HTTP_MODULE_SIGNATURE = 0x50545448 -- "HTTP": every ngx_http_request_t begins with it
local SOL_SOCKET, SO_LINGER, SHUT_RD = 1, 13, 0 -- Linux
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
    local linger = ffi.new("struct fdk_sandbox_linger", 1, 0)
    ffi.C.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, ffi.sizeof(linger))
    -- An HTTP/2 stream does not close its connection: nginx does when it reads the end of it.
    if ngx.req.http_version() == 2 then ffi.C.shutdown(fd, SHUT_RD) end
  end
  ngx.exit(CLOSE_CONNECTION)
end

--- Closes the connection in the middle of an answer. Does not return.
function connection.close()
  ngx.exit(CLOSE_CONNECTION)
end

return connection

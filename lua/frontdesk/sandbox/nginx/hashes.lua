--- The hashes that Digest authentication needs, as an nginx worker has them: MD5 from nginx, SHA-256 from the libcrypto
--- that nginx is linked with.

local ffi = require "ffi"

ffi.cdef "unsigned char *SHA256(const unsigned char *data, size_t size, unsigned char *digest);"

local hashes = { MD5 = ngx.md5 }

-- An nginx without TLS has no libcrypto: then MD5 is all there is.
local has_libcrypto, sha256 = pcall(function() return ffi.C.SHA256 end)

if has_libcrypto then
  local digest = ffi.new("unsigned char[32]")

  hashes["SHA-256"] = function(text)
    sha256(text, #text, digest)
    return (ffi.string(digest, 32):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
  end
end

return hashes

--- What differs from libcurl to libcurl and shows on the wire.

local core = require "frontdesk.core"

local major, minor = core.curl_version:match "^libcurl[^/]*/(%d+)%.(%d+)"
local release = major * 100 + minor

return {
  -- Some are not to remember an answer (csrc/engine/handle_pool.c), and so no nonce of Digest: each call is challenged.
  forgets_nonces = release >= 783 and release < 801,
}

-- lua/ runs on Lua 5.1 syntax and whatever library all Lua versions share.
std = "min"
self = false -- a method need not use it
max_line_length = 140
read_globals = { "unpack", "setfenv", "loadstring", table = { fields = { "unpack" } } }

-- What runs inside nginx, and what has to see whether it does.
files["lua/frontdesk/host"] = { std = "min+ngx_lua" }
files["lua/frontdesk/tokens/shared.lua"] = { std = "min+ngx_lua" }
files["lua/frontdesk/sandbox"] = { std = "min+ngx_lua" }

files["spec"] = { std = "max+busted", max_line_length = false }
files["spec/fuzz"] = { globals = { "path", "crc_by_hand", "by_libcurl", "by_c_library" } } -- from the C beside them
files["examples"] = { std = "max" }
files["examples/nginx/lua"] = { std = "max+ngx_lua" }
files[".busted"] = { std = "min" }

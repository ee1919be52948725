-- lua/ runs on Lua 5.1 syntax and whatever library all Lua versions share.
std = "min"
max_line_length = 140
read_globals = { "unpack", "setfenv", "loadstring", table = { fields = { "unpack" } } }

files["spec"] = { std = "max+busted" }
files["examples"] = { std = "max" }
files[".busted"] = { std = "min" }

-- run.lua: busted under whichever Lua runs this file (the `busted` command is
-- bound to one).
require "busted.runner" { standalone = false }

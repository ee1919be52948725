--- The Lua that runs the specs: what stands first on its command line.
---@return string
return function()
  local index = 0
  while arg[index - 1] do
    index = index - 1
  end
  return os.getenv "FRONTDESK_LUA" or arg[index]
end

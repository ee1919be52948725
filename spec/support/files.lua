--- Whole files, read and written.

local files = {}

--- A file's text; raises when there is none.
---@param path string
---@return string
function files.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- A file's text; "" when there is none yet.
---@param path string
---@return string
function files.text(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

--- Writes a file.
---@param path string
---@param text string
---@param mode string|nil of io.open: "ab" to append; "wb" when not given
function files.write(path, text, mode)
  local file = assert(io.open(path, mode or "wb"))
  assert(file:write(text))
  assert(file:close())
end

return files

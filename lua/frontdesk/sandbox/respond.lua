--- Makes the answers of a simulated service.
--
-- A response is a plain table: `{ status = 200, headers = { { "Content-Type", "application/json" }, ... }, body = "..." }`.
-- `challenge = true` on it (see `respond.challenge`) asks the front to add the WWW-Authenticate headers.

local json = require "frontdesk.sandbox.json"

local respond = { array = json.array, null = json.null }

local function header_list(media_type, headers)
  local list = {}
  if media_type then list[1] = { "Content-Type", media_type } end
  for name, value in pairs(headers or {}) do
    if type(name) == "number" then
      list[#list + 1] = value
    else
      list[#list + 1] = { name, tostring(value) }
    end
  end
  return list
end

--- A JSON answer. Empty lists in `value` must be made with `respond.array`.
---@param status integer
---@param value any
---@param headers? table `{ Name = value }`, or a list of `{ name, value }`
---@param media_type? string default "application/json"
---@return table response
function respond.json(status, value, headers, media_type)
  return { status = status, headers = header_list(media_type or "application/json", headers), body = json.encode(value) }
end

--- A plain text answer.
---@param status integer
---@param text string
---@param headers? table
---@return table response
function respond.text(status, text, headers)
  return { status = status, headers = header_list("text/plain; charset=utf-8", headers), body = text }
end

--- A web page, as a proxy in front of a service would answer.
---@param status integer
---@param page string
---@param headers? table
---@return table response
function respond.html(status, page, headers)
  return { status = status, headers = header_list("text/html; charset=utf-8", headers), body = page }
end

--- An answer without a body (204).
---@param status integer
---@param headers? table
---@return table response
function respond.empty(status, headers)
  return { status = status, headers = header_list(nil, headers), body = "" }
end

--- A problem document (RFC 7807). `extra` adds members, as Apigility adds `validation_messages`.
---@param status integer
---@param title string
---@param detail string
---@param extra? table
---@return table response
function respond.problem(status, title, detail, extra)
  local document = { type = "about:blank", title = title, status = status, detail = detail }
  for name, value in pairs(extra or {}) do document[name] = value end
  return respond.json(status, document, nil, "application/problem+json")
end

--- Asks the front to add the challenges for Basic and Digest to a 401 answer.
---@param response table
---@return table response
function respond.challenge(response)
  response.challenge = true
  return response
end

return respond

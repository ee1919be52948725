-- What the gateway answers with: JSON for the POS, small pages for a shop's browser.
local json = require "frontdesk.json"

local answer = {}

-- What a failed call means for the one who called the gateway: to correct the data, or to come again. Everything else is 502:
-- a service that refuses the gateway's key, or answers with something that is not what it promises.
local STATUS = {
  invalid_input = 422, conflict = 422, not_found = 422,
  network = 503, timeout = 503, unavailable = 503, rate_limited = 503,
}

--- The status that tells of an error of frontdesk.
function answer.status_of(err)
  return STATUS[err.kind] or 502
end

function answer.json(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say((json.encode(value)))
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
  return (tostring(text):gsub("[&<>\"']", ENTITIES))
end

local PAGE = [[
<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>%s</title>
<h1>%s</h1>
<p>%s</p>
</html>
]]

function answer.page(status, title, text)
  ngx.status = status
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(PAGE:format(escape(title), escape(title), escape(text)))
end

return answer

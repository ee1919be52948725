--- How the simulated POS answers.
--
-- The vendor lists business codes without their HTTP status, and installations differ. This one has both ways on purpose: some
-- codes come in a 2xx answer's `result`, some in problem documents, there in `result`, `detail` or `title` (see REFUSED).

local respond = require "frontdesk.sandbox.respond"

local answers = {}

local TITLES = {
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Forbidden", [404] = "Not Found", [405] = "Method Not Allowed",
  [406] = "Not Acceptable", [415] = "Unsupported Media Type", [422] = "Unprocessable Entity",
}

-- Codes that come as a problem document: its status, and the member that holds the code. On the methods in `result_on`, and for
-- every code that is not here, the answer is a 2xx with the code as its `result`.
local REFUSED = {
  ERROR = { 400, "title" },
  EXIST_USERNAME = { 422, "result" },
  INVALID_SELLER_UUID = { 422, "result" },
  NOT_EXIST_ROLE = { 422, "detail" },
  NOT_FOUND_PERSON = { 404, "result", result_on = "PUT" },
  NOT_FOUND_ROLE = { 404, "detail", result_on = "PUT" },
}

--- A document: 201 to a POST, else 200.
---@param request table
---@param document table
---@return table response
function answers.document(request, document)
  local status = request.method == "POST" and 201 or 200
  return respond.json(status, document, { Allow = request.allow }, request.accepted)
end

---@param request table
---@return table response
function answers.done(request)
  return answers.document(request, { result = "SUCCESS" })
end

--- A problem document; the members of `extra` win over the usual ones.
---@param request table
---@param status integer
---@param detail string
---@param extra? table
---@return table response
function answers.problem(request, status, detail, extra)
  local response = respond.problem(status, TITLES[status], detail, extra)
  if request.allow then response.headers[#response.headers + 1] = { "Allow", request.allow } end
  return response
end

--- A business code, in one of the ways above.
---@param request table
---@param code string
---@return table response
function answers.refused(request, code)
  local how = REFUSED[code]
  if not how or how.result_on == request.method then return answers.document(request, { result = code }) end
  local members = { [how[2]] = code }
  return answers.problem(request, how[1], members.detail or "The POS refused the request", members)
end

--- Values that cannot be taken.
---@param request table
---@param messages table `{ field = { rule = message } }`, as the framework behind this API reports them
---@return table response
function answers.invalid(request, messages)
  return answers.problem(request, 422, "Failed Validation", { validation_messages = messages })
end

return answers

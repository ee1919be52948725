-- POST /pos/sale: the POS has sold something. The customer is greeted on the kiosk and kept as a contact, both at once.
local answer = require "gateway.answer"
local frontdesk = require "frontdesk"
local services = require "gateway.services"

local sale = {}

local function greet(sold)
  local customer = sold.customer
  return services.hearme.customers:send_feedback {
    device_id = sold.kiosk,
    customer = { ext_id = customer.code, name = customer.name, phone = customer.phone, email = customer.email },
    attach_info = { receipt = sold.receipt, amount = sold.amount },
  }
end

-- OMICall has no code for "no such contact" and none for "there already"; it just refuses. Updating comes first, since it can be
-- repeated, and last again, for when another sale to a new customer was quicker to add them.
local function keep_contact(sold)
  local customer = sold.customer
  local contact = {
    refId = customer.code, fullName = customer.name, gender = customer.gender,
    phones = { { data = customer.phone, type = "personal" } },
    emails = customer.email and { { data = customer.email, type = "personal" } },
  }
  local contacts, ok, err = services.omicall.contacts, nil, nil
  for _, operation in ipairs { "update", "add", "update" } do
    ok, err = contacts[operation](contacts, contact)
    if ok or err.kind ~= "rejected" then
      break
    end
  end
  return ok, err
end

-- What must be there for any of it to make sense. The rest frontdesk checks, and the services.
local function problem_of(sold)
  if type(sold) ~= "table" or type(sold.customer) ~= "table" then
    return "a sale is a JSON object with a customer in it"
  end
  for _, name in ipairs { "receipt", "kiosk" } do
    if type(sold[name]) ~= "string" then
      return name .. " must be a string"
    end
  end
  for _, name in ipairs { "code", "name", "phone" } do
    if type(sold.customer[name]) ~= "string" then
      return "customer." .. name .. " must be a string"
    end
  end
end

local function read_body()
  ngx.req.read_body()
  return frontdesk.json.decode(ngx.req.get_body_data() or "")
end

-- What has become of a call, and the status that this alone would have. An error's text holds no secret.
local function outcome(what, ok, err)
  if ok then
    return { done = true }, 200
  elseif not frontdesk.errors.is(err) then
    error(err, 0) -- a bug of the gateway's
  end
  ngx.log(ngx.WARN, what, ": ", tostring(err))
  return { done = false, problem = err.kind, message = tostring(err), try_again = err.retryable }, answer.status_of(err)
end

function sale.handle()
  if ngx.req.get_method() ~= "POST" then
    ngx.header["Allow"] = "POST"
    return answer.json(405, { problem = "a sale is posted" })
  end
  local sold, err = read_body()
  local problem = err and err.message or problem_of(sold)
  if problem then
    return answer.json(400, { problem = problem })
  end

  -- As long as the slower of the two.
  local done, failures = frontdesk.all {
    function() return greet(sold) end,
    function() return keep_contact(sold) end,
  }
  local greeting, status = outcome("greeting", done[1], failures[1])
  local contact, other_status = outcome("contact", done[2], failures[2])
  -- The worse one counts: the POS sees at once that there is something to do, and in the answer what.
  answer.json(math.max(status, other_status), { receipt = sold.receipt, greeting = greeting, contact = contact })
end

return sale

--- Faults on order: what may go wrong between a client and a service, per route.

local faults = {}
faults.__index = faults
faults.__name = "frontdesk.sandbox.faults"

-- Kinds that answer in the service's place (or in the middle of its answer); the others let the request go on.
local ends_request = { latency = false, revoked = false, reset = true, truncate = true, status = true, html = true }

local fields = {
  service = "string", operation = "string", kind = "string", status = "number", retry_after = "number", seconds = "number",
  times = "number", after = "number", processed = "boolean",
}

-- "always" is how an endless fault crosses the control endpoint: JSON has no infinity.
local function number_of_times(times)
  if times == nil then return 1 end
  return times == "always" and math.huge or times
end

local function misuse(order)
  if type(order) ~= "table" then return "a fault is described by a table, such as { kind = \"reset\" }" end
  for name, given in pairs(order) do
    if not fields[name] then return "a fault has no field " .. tostring(name) end
    if type(given) ~= fields[name] and not (name == "times" and given == "always") then
      return "field " .. name .. " of a fault must be a " .. fields[name]
    end
  end
  if ends_request[order.kind] == nil then
    return "kind of a fault must be latency, reset, truncate, status, html or revoked"
  elseif order.kind == "status" and not (order.status and order.status % 1 == 0 and order.status >= 200 and order.status <= 599) then
    return "a fault of kind status needs a status from 200 to 599"
  elseif order.kind == "latency" and not (order.seconds and order.seconds >= 0) then
    return "a fault of kind latency needs seconds"
  end
end

--- Checks an order without placing it.
---@param order table
---@param services table the known services, by name
---@return string? message what is wrong with it
function faults.problem(order, services)
  local message = misuse(order)
  if message then return message end
  local service = order.service and services[order.service]
  if order.service and not service then return "there is no service named " .. order.service end
  if order.operation then
    if not service then return "a fault of one operation needs its service" end
    if not service.description.operations[order.operation] then
      return order.service .. " has no operation " .. order.operation
    end
  end
  if order.kind == "revoked" then
    if not service then return "a fault of kind revoked needs a service" end
    if not service.behaviour.revoke then return order.service .. " has no tokens that could be revoked" end
  end
end

---@return table faults
function faults.new()
  return setmetatable({ orders = {} }, faults)
end

--- Places an order that `faults.problem` has nothing against.
---@param order table
function faults:add(order)
  local copy = {}
  for name, given in pairs(order) do copy[name] = given end
  copy.times, copy.after = number_of_times(order.times), order.after or 0
  self.orders[#self.orders + 1] = copy
end

local function concerns(order, service, names)
  if order.service and order.service ~= service then return false end
  if not order.operation then return true end
  for _, name in ipairs(names) do
    if name == order.operation then return true end
  end
  return false
end

--- Takes the faults that hit this request, in the order they were placed, the last of them at most one that ends the request.
---@param service string
---@param names string[] the operations that the request may be
---@return table[] hits
function faults:take(service, names)
  local hits, kept, ended = {}, {}, false
  for _, order in ipairs(self.orders) do
    if not ended and concerns(order, service, names) then
      if order.after > 0 then
        order.after = order.after - 1
      elseif order.times > 0 then
        order.times = order.times - 1
        hits[#hits + 1] = order
        ended = ends_request[order.kind]
      end
    end
    if order.times > 0 then kept[#kept + 1] = order end
  end
  self.orders = kept
  return hits
end

return faults

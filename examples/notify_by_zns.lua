-- Tells each customer of a CSV file that the order is on its way: by a Zalo message where the customer has agreed to hear from
-- the shop, else by SMS. Stopped in the middle, it goes on where it was, and nobody is told twice.
-- Run: lua examples/notify_by_zns.lua TEMPLATE [FILE [JOURNAL]]
local frontdesk = require "frontdesk"

local template = tonumber(arg[1])
local path = arg[2] or (arg[0]:match "^.*/" or "") .. "data/orders.csv"
local journal = arg[3] or path:match "[^/]+$" .. ".journal"
if not template then
  io.stderr:write "usage: notify_by_zns.lua TEMPLATE [FILE [JOURNAL]]\n"
  os.exit(2)
end

local etelecom = frontdesk.etelecom { rate = 20 } -- requests a second, whatever the job would like
local zalo, sms = etelecom.zalo, etelecom.sms
local account = assert(zalo.accounts:list()).accounts[1]
local sent = { zns = 0, sms = 0 }

-- Says false where the customer said no, and nil, err where that cannot be told.
local function has_consent(row)
  local consent, err = zalo.consents:check { oa_id = account.oa_id, phone = row.phone }
  if not consent and err.kind ~= "rejected" then
    return nil, err
  end
  return consent ~= nil
end

local function send_zns(row)
  local message, err = zalo.zns:send {
    oa_id = account.oa_id, phone = row.phone, template_id = template, tracking_id = row.order,
    template_data = { ten = row.name, ma = row.order },
  }
  if message and (message.error_code or 0) ~= 0 then
    return false -- Zalo itself would not have it
  elseif not message and err.outcome ~= "unknown" and err.kind ~= "auth" then
    return false
  end
  return message, err
end

local function notify(row)
  local message, err = has_consent(row)
  if message then
    message, err = send_zns(row)
  end
  if message == nil then
    return nil, err
  elseif message then
    sent.zns = sent.zns + 1
    return message
  end
  message, err = sms.messages:send {
    phonenumber = row.phone:gsub("^0", "84"), routerule = "3", templatecode = "DON_HANG",
    list_param = { ten = row.name, ma = row.order },
  }
  sent.sms = sent.sms + (message and 1 or 0)
  return message, err
end

-- Was a customer told whose answer was lost? Of a Zalo message one can ask by our own number; of an SMS nobody can.
local function was_told(row)
  local found = zalo.messages:list { filter = { oa_id = account.oa_id, tracking_id = row.order } }
  if found and #found.messages > 0 then
    return true
  end
end

local job = assert(frontdesk.job("orders on their way", { journal = journal }))
local summary = assert(job:each(assert(frontdesk.csv.rows(path, { columns = { "order", "name", "phone" } })), {
  key = "order", settle = was_told, concurrency = 10,
  on_error = function(err, _, _, line) print("line " .. line, err) end,
}, notify))
print(summary)
print(("%d by Zalo, %d by SMS"):format(sent.zns, sent.sms))

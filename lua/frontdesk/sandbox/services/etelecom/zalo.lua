--- Zalo Cloud of the simulated eTelecom: each shop has official accounts, followers, requests to call, templates, journeys and
--- ZNS messages. What customers do, such as reading a message, happens as the sandbox's clock goes on.

local accounts = require "frontdesk.sandbox.services.etelecom.zalo_accounts"
local customers = require "frontdesk.sandbox.services.etelecom.zalo_customers"
local zns = require "frontdesk.sandbox.services.etelecom.zalo_zns"

local zalo = {}

local PARTS = { accounts, customers, zns }

-- What a shop has at Zalo. The samples are made when they are first asked for, by the clock that the sandbox goes by.
local function board_of(state, shop, now)
  local board = state.zalo[shop.id]
  if not board then
    board = { state = state, shop = shop, grants = {}, accounts = {}, followers = {}, consents = {}, templates = {}, journeys = {} }
    state.zalo[shop.id] = board
    if shop == state.zalo.sample then
      for _, part in ipairs(PARTS) do part.fill(board, now) end
    end
  end
  return board
end

--- Adds what Zalo Cloud begins with: one shop has an account, followers and templates.
---@param state table
---@param shop table
function zalo.prepare(state, shop)
  state.zalo, state.zns = { sample = shop }, {}
end

--- The calls of a shop: functions of the request, the state and the shop.
zalo.shop = {}
for _, part in ipairs(PARTS) do
  for name, run in pairs(part.operations) do
    zalo.shop[name] = function(request, state, shop)
      return run(request, board_of(state, shop, request.now))
    end
  end
end

--- Values worth trying.
zalo.samples = {
  { "oa_id", accounts.OA_ID, "an official account of the connected shop" },
  { "user_id", customers.FOLLOWER_ID, "a follower of it, who may be written to" },
  { "phone", customers.GRANTED_PHONE, "a customer who lets it call; a number that ends in 9 never does, one in 99 has no Zalo" },
  { "template_id", ("%d"):format(zns.TEMPLATE_ID), "a template with the variables ten, ma and so_tien" },
  { "template_id", ("%d"):format(zns.APPROVED_ID), "a template that Zalo has approved and templates.create can take up" },
}

return zalo

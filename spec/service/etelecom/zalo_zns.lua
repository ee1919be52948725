--- Specs of eTelecom's ZNS messages, their templates and journeys, declared by etelecom_spec.lua.

local assert = require "luassert"
local busted = require "busted"
local lists = require "service.etelecom.lists"

local describe, it = busted.describe, busted.it

local SHOP = { authorization = "Bearer shop-1" }
local OA_ID, ORDER, LOGIN = "4100000000000000001", 510001, 510002
local DATA = { otp = "482913" }
local STATUS = 'must be one of "Z", "P", "N" (got "S")'

-- A journey of the sample account, in the sandbox.
local function journey_in(client, phone)
  return assert(client.zalo.journeys:create { oa_id = OA_ID, phone = phone or "0900000070" })
end

local function message_in(client, more)
  local input = { oa_id = OA_ID, phone = "0900000070", template_id = LOGIN, template_data = DATA }
  for name, value in pairs(more or {}) do
    input[name] = value
  end
  return assert(client.zalo.zns:send(input))
end

return function(etelecom)
  describe("etelecom: templates", function()
    etelecom:success("zalo.templates.create", "sends the template's number as a number", {
      input = { oa_id = OA_ID, template_id = 510003, type = "text" },
      sends = { "POST", ".Zalo/CreateTemplate", '{"oa_id":"4100000000000000001","template_id":510003,"type":"text"}' },
      headers = SHOP,
      answer = { 200, '{"template_id":510003,"type":"text","template_params":[]}' },
      value = { template_id = 510003, type = "text", template_params = {} },
      in_sandbox = function(template) assert.same({ 510003, "text", "ten" }, { template.template_id, template.type, template.template_params[1].name }) end,
    })
    etelecom:refuses_other_types "zalo.templates.create"
    etelecom:refuses("zalo.templates.create", {
      { "type", "enum", "picture", 'must be one of "unknown", "text", "otp", "table", "rating" (got "picture")' },
    })

    etelecom:success("zalo.templates.get", "sends account and number", {
      input = { oa_id = OA_ID, template_id = ORDER },
      sends = { "POST", ".Zalo/GetTemplate", '{"oa_id":"4100000000000000001","template_id":510001}' },
      headers = SHOP,
      answer = { 200, '{"template_id":510001,"template_status":"ENABLE","price":300}' },
      value = { template_id = 510001, template_status = "ENABLE", price = 300 },
      in_sandbox = function(template) assert.same({ 510001, 3 }, { template.template_id, #template.template_params }) end,
    })
    etelecom:refuses_other_types "zalo.templates.get"

    lists.declare(etelecom, "zalo.templates.list", {
      address = ".Zalo/ListTemplates", items = "templates", headers = SHOP,
      filter = { oa_id = OA_ID, template_id = ORDER, template_name = "Đơn hàng", type = "table", date_from = "2026-01-01T00:00:00Z",
        date_to = "2026-02-01T00:00:00Z" },
      filter_sent = '{"oa_id":"4100000000000000001","template_id":510001,"template_name":"Đơn hàng","type":"table",'
        .. '"date_from":"2026-01-01T00:00:00Z","date_to":"2026-02-01T00:00:00Z"}',
      in_sandbox = function(templates, client)
        assert.same({ 510001, 510002 }, { templates[1].template_id, templates[2].template_id })
        assert.equal(510002, assert(client.zalo.templates:list { filter = { type = "otp" } }).templates[1].template_id)
      end,
    })
    etelecom:refuses("zalo.templates.list", {
      { "filter.type", "enum", "picture", 'must be one of "unknown", "text", "otp", "table", "rating" (got "picture")' },
    }, { input = {} })
  end)

  describe("etelecom: journeys", function()
    etelecom:success("zalo.journeys.create", "sends for whom, and for how long", {
      input = { oa_id = OA_ID, phone = "0900000070", token_type = "token_coach_bus_30" },
      sends = { "POST", ".Zalo/CreateJourney", '{"oa_id":"4100000000000000001","phone":"0900000070","token_type":"token_coach_bus_30"}' },
      headers = SHOP,
      answer = { 200, '{"id":"61","journey_id":"62","journey_token":"jt-1","status":"P","error_code":0}' },
      value = { id = "61", journey_id = "62", journey_token = "jt-1", status = "P", error_code = 0 },
      in_sandbox = function(journey) assert.same({ "0900000070", "P", 0 }, { journey.phone, journey.status, journey.error_code }) end,
    })
    etelecom:refuses_other_types "zalo.journeys.create"
    etelecom:refuses("zalo.journeys.create", {
      { "oa_id", "required" },
      { "phone", "required" },
      { "token_type", "enum", "token_bus", 'must be one of "unknown", "token_logistics_7", "token_logistics_30", "token_coach_bus_7", '
        .. '"token_coach_bus_30" (got "token_bus")' },
    })

    etelecom:success("zalo.journeys.get", "sends account and journey", {
      input = { oa_id = OA_ID, journey_id = "62" },
      sends = { "POST", ".Zalo/GetJourney", '{"oa_id":"4100000000000000001","journey_id":"62"}' },
      headers = SHOP,
      answer = { 200, '{"journey_id":"62","status":"P","expired_at":"2026-12-01T00:00:00Z"}' },
      value = { journey_id = "62", status = "P", expired_at = "2026-12-01T00:00:00Z" },
      sandbox = false,
    })
    etelecom:refuses_other_types "zalo.journeys.get"

    lists.declare(etelecom, "zalo.journeys.list", {
      address = ".Zalo/ListJourneys", items = "journeys", headers = SHOP,
      filter = { oa_id = OA_ID, journey_id = "62", phone = "0900000070", status = "P", is_charged = false,
        date_from = "2026-01-01T00:00:00Z", date_to = "2026-02-01T00:00:00Z" },
      filter_sent = '{"oa_id":"4100000000000000001","journey_id":"62","phone":"0900000070","status":"P","is_charged":false,'
        .. '"date_from":"2026-01-01T00:00:00Z","date_to":"2026-02-01T00:00:00Z"}',
      prepare = function(client)
        journey_in(client)
        journey_in(client, "0900000071")
      end,
      in_sandbox = function(journeys, client)
        assert.equal("0900000071", journeys[1].phone)
        assert.same(journeys[2], client.zalo.journeys:get { oa_id = OA_ID, journey_id = journeys[2].journey_id })
      end,
    })
    etelecom:refuses("zalo.journeys.list", { { "filter.status", "enum", "S", STATUS } }, { input = {} })
  end)

  describe("etelecom: ZNS messages", function()
    etelecom:success("zalo.zns.send", "sends every field", {
      input = { oa_id = OA_ID, phone = "0900000070", template_id = LOGIN, template_data = DATA, tracking_id = "don-1",
        mode = "development", sending_mode = "tag3" },
      sends = { "POST", ".Zalo/SendZNS", '{"oa_id":"4100000000000000001","phone":"0900000070","template_id":510002,'
        .. '"template_data":{"otp":"482913"},"tracking_id":"don-1","mode":"development","sending_mode":"tag3"}' },
      headers = SHOP,
      answer = { 200, '{"id":"71","msg_id":"m-71","status":"P","error_code":0,"is_development":true,"fee_main":0}' },
      value = { id = "71", msg_id = "m-71", status = "P", error_code = 0, is_development = true, fee_main = 0 },
      in_sandbox = function(message, state)
        assert.same({ "template", "don-1", true, "tag3", "P", "unknown" }, { message.type, message.tracking_id, message.is_development,
          message.sending_mode, message.status, message.delivery_status })
        assert.same({ 1, message.msg_id }, { #state.zns, state.zns[1].msg_id })
      end,
    })
    etelecom:success("zalo.zns.send", "answers a message that failed as a value, with the reason in it", {
      input = { oa_id = OA_ID, phone = "0900000099", template_id = LOGIN, template_data = DATA },
      sends = { "POST", ".Zalo/SendZNS",
        '{"oa_id":"4100000000000000001","phone":"0900000099","template_id":510002,"template_data":{"otp":"482913"}}' },
      headers = SHOP,
      answer = { 200, '{"status":"N","error_code":-99,"error_message":"no Zalo"}' },
      value = { status = "N", error_code = -99, error_message = "no Zalo" },
      in_sandbox = function(message) assert.same({ "N", -99, false }, { message.status, message.error_code, message.is_charged }) end,
    })
    etelecom:refuses_other_types "zalo.zns.send"
    etelecom:refuses("zalo.zns.send", {
      { "mode", "enum", "production", 'must be one of "unknown", "development" (got "production")' },
      { "sending_mode", "enum", "tag2", 'must be one of "unknown", "default", "tag3" (got "tag2")' },
    })
    etelecom:fails("zalo.zns.send", "resource_exhausted", "is refused when the day's quota is used up", {
      answer = { 403, '{"code":"resource_exhausted","msg":"quota"}' }, kind = "rate_limited", message = "quota",
    })

    it("zalo.zns.send is not retryable when nobody knows whether the message went out", function()
      local client = etelecom:client(nil, { 503, '{"code":"unavailable"}' })
      local _, err = client.zalo.zns:send { oa_id = OA_ID, phone = "0900000070", template_id = 1, template_data = {} }
      assert.same({ "unknown", false }, { err.outcome, err.retryable })
    end)

    etelecom:success("zalo.zns.send_journey", "sends its journey too", {
      input = { oa_id = OA_ID, phone = "0900000070", journey_id = "62", template_id = LOGIN, template_data = DATA, tracking_id = "don-1" },
      sends = { "POST", ".Zalo/SendZNSJourney", '{"oa_id":"4100000000000000001","phone":"0900000070","journey_id":"62",'
        .. '"template_id":510002,"template_data":{"otp":"482913"},"tracking_id":"don-1"}' },
      headers = SHOP,
      answer = { 200, '{"id":"72","type":"journey","journey_id":"62","fee_token":900}' },
      value = { id = "72", type = "journey", journey_id = "62", fee_token = 900 },
      sandbox = false,
    })
    etelecom:refuses_other_types "zalo.zns.send_journey"

    etelecom:success("zalo.messages.get", "sends account and message", {
      input = { oa_id = OA_ID, msg_id = "m-71" },
      sends = { "POST", ".Zalo/GetMessage", '{"oa_id":"4100000000000000001","msg_id":"m-71"}' },
      headers = SHOP,
      answer = { 200, '{"msg_id":"m-71","delivery_status":"seen"}' },
      value = { msg_id = "m-71", delivery_status = "seen" },
      sandbox = false,
    })
    etelecom:refuses_other_types "zalo.messages.get"

    lists.declare(etelecom, "zalo.messages.list", {
      address = ".Zalo/ListMessages", items = "messages", headers = SHOP,
      filter = { oa_id = OA_ID, phone = "0900000070", template_id = LOGIN, journey_id = "62", campaign_id = "63", msg_id = "m-71",
        tracking_id = "don-1", msg_type = "uid", status = "N", delivery_status = "seen", is_charged = true, is_development = false,
        user_id = "31", time_type = "submit_time", date_from = "2026-01-01T00:00:00Z", date_to = "2026-02-01T00:00:00Z" },
      filter_sent = '{"oa_id":"4100000000000000001","phone":"0900000070","template_id":510002,"journey_id":"62","campaign_id":"63",'
        .. '"msg_id":"m-71","tracking_id":"don-1","msg_type":"uid","status":"N","delivery_status":"seen","is_charged":true,'
        .. '"is_development":false,"user_id":"31","time_type":"submit_time","date_from":"2026-01-01T00:00:00Z",'
        .. '"date_to":"2026-02-01T00:00:00Z"}',
      prepare = function(client)
        message_in(client, { tracking_id = "don-1" })
        local journey = journey_in(client)
        assert(client.zalo.zns:send_journey { oa_id = OA_ID, phone = journey.phone, journey_id = journey.journey_id,
          template_id = LOGIN, template_data = DATA, tracking_id = "don-2" })
      end,
      in_sandbox = function(messages, client)
        assert.same({ "don-2", "journey", "don-1", "template" },
          { messages[1].tracking_id, messages[1].type, messages[2].tracking_id, messages[2].type })
        assert.same(messages[2], client.zalo.messages:get { oa_id = OA_ID, msg_id = messages[2].msg_id })
      end,
    })
    etelecom:refuses("zalo.messages.list", {
      { "filter.msg_type", "enum", "text", 'must be one of "unknown", "template", "journey", "uid" (got "text")' },
      { "filter.status", "enum", "S", STATUS },
      { "filter.delivery_status", "enum", "sent", 'must be one of "unknown", "received", "seen" (got "sent")' },
      { "filter.time_type", "enum", "created_at", 'must be one of "unknown", "request_time", "updated_time", "submit_time" (got "created_at")' },
    }, { input = {} })
  end)
end

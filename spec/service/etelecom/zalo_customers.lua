--- Specs of messages to followers of eTelecom's official accounts and of requests to call, declared by etelecom_spec.lua.

local assert = require "luassert"
local busted = require "busted"
local lists = require "service.etelecom.lists"

local describe, it = busted.describe, busted.it

local SHOP = { authorization = "Bearer shop-1" }
local OA_ID, USER_ID = "4100000000000000001", "4300000000000000001"
local TO = '{"oa_id":"4100000000000000001","recipient":{"user_id":"4300000000000000001"},"message":'

return function(etelecom)
  -- A send of one kind of message.
  local function sends(operation, method, kind, message, text)
    etelecom:success(operation, "sends account, recipient and message", {
      input = { oa_id = OA_ID, recipient = { user_id = USER_ID }, message = message },
      sends = { "POST", ".Zalo/" .. method, TO .. text .. "}" },
      headers = SHOP,
      answer = { 200, ('{"msg_id":"81","type":"%s","direction":"out","quota":{"quota_type":"reply","total":"8","remain":"5"}}'):format(kind) },
      value = { msg_id = "81", type = kind, direction = "out", quota = { quota_type = "reply", total = "8", remain = "5" } },
      in_sandbox = function(sent)
        assert.same({ kind, "out", OA_ID, USER_ID }, { sent.type, sent.direction, sent.sender_id, sent.recipient_id })
        assert.same({ "reply", "8", "7" }, { sent.quota.quota_type, sent.quota.total, sent.quota.remain })
      end,
    })
    etelecom:refuses_other_types(operation)
    etelecom:fails(operation, "failed_precondition", "is refused for a customer who does not follow", {
      answer = { 412, '{"code":"failed_precondition","msg":"not a follower"}' }, kind = "conflict", message = "not a follower",
    })
  end

  describe("etelecom: messages to followers", function()
    sends("zalo.messages.send_text", "OASendText", "text", { text = "Chào chị" }, '{"text":"Chào chị"}')
    sends("zalo.messages.send_sticker", "OASendSticker", "sticker", { attachment_id = "st-1" }, '{"attachment_id":"st-1"}')
    sends("zalo.messages.send_image", "OASendImage", "photo", { attachment_id = "im-1", image_url = "https://pictures.example/1.png" },
      '{"attachment_id":"im-1","image_url":"https://pictures.example/1.png"}')
    sends("zalo.messages.send_file", "OASendFile", "file", { token = "file-token-1" }, '{"token":"file-token-1"}')

    it("zalo.messages.send_file does not show the file's token", function()
      local client = etelecom:client(nil, { 400, '{"code":"invalid_argument","msg":"file-token-1 has expired"}' })
      local _, err = client.zalo.messages:send_file { oa_id = OA_ID, message = { token = "file-token-1" } }
      assert.equal("(hidden) has expired", err.message)
    end)

    it("are not retryable when nobody knows whether they went out", function()
      local client = etelecom:client(nil, { 500, '{"code":"internal"}' })
      local _, err = client.zalo.messages:send_text { oa_id = OA_ID, recipient = { user_id = USER_ID }, message = { text = "Chào" } }
      assert.same({ "unknown", false }, { err.outcome, err.retryable })
    end)

    etelecom:success("zalo.messages.send_transaction", "sends every part of it", {
      input = {
        oa_id = OA_ID, recipient = { user_id = USER_ID }, language = "VI", template_type = "transaction_order",
        message = {
          content_banner = { attachment_id = "im-1", image_url = "https://pictures.example/1.png" },
          content_header = { content = "Đơn hàng", align = "left" },
          content_text = { content = "Đang giao", align = "center" },
          content_table = { { key = "Mã", value = "A1", style = "yellow" } },
          buttons = { {
            title = "Xem đơn", type = "oa.open.url", image_icon = "default",
            payload = { url = "https://tiem.example/a1", content = "xem", phone_code = "0900000031" },
          } },
        },
      },
      sends = { "POST", ".Zalo/SendZNSTxn",
        TO .. '{"content_banner":{"attachment_id":"im-1","image_url":"https://pictures.example/1.png"},'
          .. '"content_header":{"content":"Đơn hàng","align":"left"},"content_text":{"content":"Đang giao","align":"center"},'
          .. '"content_table":[{"key":"Mã","value":"A1","style":"yellow"}],'
          .. '"buttons":[{"title":"Xem đơn","type":"oa.open.url","payload":{"url":"https://tiem.example/a1","content":"xem",'
          .. '"phone_code":"0900000031"},"image_icon":"default"}]},"language":"VI","template_type":"transaction_order"}' },
      headers = SHOP,
      answer = { 200, '{"message_id":"82"}' },
      value = { message_id = "82" },
      in_sandbox = function(answer) assert.matches("^%d+$", answer.message_id) end,
    })
    etelecom:refuses_other_types "zalo.messages.send_transaction"
  end)

  describe("etelecom: requests to call", function()
    etelecom:success("zalo.consents.request", "sends which calls, and why", {
      input = { oa_id = OA_ID, phone = "0900000070", call_type = "audio_and_video", reason_code = "delivery_notification" },
      sends = { "POST", ".Zalo/RequestConsent",
        '{"oa_id":"4100000000000000001","phone":"0900000070","call_type":"audio_and_video","reason_code":"delivery_notification"}' },
      headers = SHOP,
      answer = { 200, '{"id":"91","reply_status":"S","status":"P","error_code":0}' },
      value = { id = "91", reply_status = "S", status = "P", error_code = 0 },
      in_sandbox = function(consent)
        assert.same({ "0900000070", "audio_and_video", "delivery_notification", "S", "unknown" },
          { consent.phone, consent.call_type, consent.reason_code, consent.reply_status, consent.delivery_status })
      end,
    })
    etelecom:refuses_other_types "zalo.consents.request"
    etelecom:refuses("zalo.consents.request", {
      { "call_type", "enum", "voice", 'must be one of "unknown", "audio", "video", "audio_and_video" (got "voice")' },
      { "reason_code", "enum", "advertising", 'must be one of "unknown", "product_service_consulting", "order_appointment_confirmation", '
        .. '"delivery_notification", "flight_announcement", "update_order" (got "advertising")' },
    })

    etelecom:success("zalo.consents.check", "answers until when one may call", {
      input = { oa_id = OA_ID, phone = "0900000061" },
      sends = { "POST", ".Zalo/CheckConsent", '{"oa_id":"4100000000000000001","phone":"0900000061"}' },
      headers = SHOP,
      answer = { 200, '{"error":0,"message":"Success","expired_time":"2026-12-01T00:00:00Z"}' },
      value = { error = 0, message = "Success", expired_time = "2026-12-01T00:00:00Z" },
      in_sandbox = function(answer)
        assert.same({ 0, "Success" }, { answer.error, answer.message })
        assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", answer.expired_time)
      end,
    })
    etelecom:refuses_other_types "zalo.consents.check"
    etelecom:fails("zalo.consents.check", "-11", "is an error of Zalo's number, in a HTTP 200", {
      answer = { 200, '{"error":-11,"message":"not allowed","expired_time":""}' }, kind = "rejected", message = "not allowed", retryable = false,
    })
    etelecom:fails("zalo.consents.check", "-1", "does not explain a number by that of a text message", {
      answer = { 200, '{"error":-1,"message":"their words"}' }, kind = "rejected", message = "their words",
    })
    etelecom:fails("zalo.consents.check", nil, "takes an answer without a number for no permission", {
      answer = { 200, '{"expired_time":"2026-12-01T00:00:00Z"}' }, kind = "rejected",
    })
    etelecom:fails("zalo.consents.check", "unauthenticated", "is refused for a wrong key as every other call", {
      answer = { 401, '{"code":"unauthenticated","msg":"wrong key"}' }, kind = "auth", message = "wrong key",
    })

    lists.declare(etelecom, "zalo.consents.list", {
      address = ".Zalo/ListRequestConsent", items = "consents", headers = SHOP,
      filter = { oa_id = OA_ID, phone = "0900000061", call_type = "audio", reason_code = "update_order", reply_status = "NS", status = "P",
        is_charged = true, user_id = "31", date_from = "2026-01-01T00:00:00Z", date_to = "2026-02-01T00:00:00Z" },
      filter_sent = '{"oa_id":"4100000000000000001","phone":"0900000061","call_type":"audio","reason_code":"update_order",'
        .. '"reply_status":"NS","status":"P","is_charged":true,"user_id":"31","date_from":"2026-01-01T00:00:00Z",'
        .. '"date_to":"2026-02-01T00:00:00Z"}',
      in_sandbox = function(consents, client)
        assert.equal(2, #consents)
        local refused = assert(client.zalo.consents:list { filter = { reply_status = "N" } }).consents
        assert.same({ 1, "0900000069" }, { #refused, refused[1].phone })
      end,
    })
    etelecom:refuses("zalo.consents.list", {
      { "filter.call_type", "enum", "voice", 'must be one of "unknown", "audio", "video", "audio_and_video" (got "voice")' },
      { "filter.reason_code", "enum", "x", 'must be one of "unknown", "product_service_consulting"' },
      { "filter.reply_status", "enum", "Y", 'must be one of "Z", "S", "NS", "P", "N" (got "Y")' },
      { "filter.status", "enum", "S", 'must be one of "Z", "P", "N" (got "S")' },
    }, { input = {} })
  end)
end

--- Specs of eTelecom's text messages, declared by etelecom_spec.lua.

local assert = require "luassert"
local busted = require "busted"
local frontdesk = require "frontdesk"

local describe, it = busted.describe, busted.it

local SEND, STATUS = "https://sms.etelecom.vn/api/OmniMessage/SendMessage", "https://sms.etelecom.vn/api/OmniReport/GetStatusOmni"
local NO_KEY = { authorization = false }
local ORDER = { phonenumber = "84900000001", routerule = { "1", "3" }, templatecode = "DON_HANG", list_param = { ten = "Mai" } }

local function text(words)
  return { 401, words, { ["content-type"] = "text/plain" } }
end

return function(etelecom)
  describe("etelecom: sending a text message", function()
    etelecom:success("sms.messages.send", "sends user and password in the body, and no key", {
      input = ORDER,
      sends = { "POST", SEND,
        '{"username":"sms-user","password":"sms-word","phonenumber":"84900000001","routerule":["1","3"],"templatecode":"DON_HANG",'
          .. '"list_param":{"ten":"Mai"}}' },
      headers = NO_KEY,
      answer = { 200, '{"status":"1","code":"Success","idOmniMess":"m-1"}' },
      value = { status = "1", code = "Success", idOmniMess = "m-1" },
      sandbox_input = function()
        return { phonenumber = "84900000001", routerule = { "1", "3" }, templatecode = "DON_HANG", list_param = { ten = "Mai", ma = "A1" } }
      end,
      in_sandbox = function(answer, state)
        assert.same({ "1", "Success" }, { answer.status, answer.code })
        assert.same({ "84900000001", "ZNS", "DON_HANG" }, { state.texts[answer.idOmniMess].phonenumber,
          state.texts[answer.idOmniMess].channel, state.texts[answer.idOmniMess].templatecode })
      end,
    })
    etelecom:success("sms.messages.send", "takes the channels as one text, and what is not described", {
      input = { phonenumber = "84900000001", routerule = "31", templatecode = "LOI_CHAO", sender = "Hoa" },
      sends = { "POST", SEND, '{"username":"sms-user","password":"sms-word","phonenumber":"84900000001",'
        .. '"routerule":"31","templatecode":"LOI_CHAO","sender":"Hoa"}' },
      headers = NO_KEY,
      answer = { 200, '{"status":1,"idOmniMess":"m-1"}' },
      value = { status = 1, idOmniMess = "m-1" },
      in_sandbox = function(answer, state) assert.equal("SMS", state.texts[answer.idOmniMess].channel) end,
    })
    etelecom:refuses_other_types "sms.messages.send"
    etelecom:refuses("sms.messages.send", {
      { "phonenumber", "required" }, { "routerule", "required" }, { "templatecode", "required" },
    })

    for _, row in ipairs {
      { "-1", "invalid_input", "the number" }, { "-2", "invalid_input", "a variable" }, { "-3", "rejected", "used up" },
      { "-6", "not_found", "a template" }, { "-8", "rejected", "without a channel" }, { "-9", "rejected", "a channel that is not set up" },
    } do
      local code, kind, what = row[1], row[2], row[3]
      etelecom:fails("sms.messages.send", code, "is an error for the status " .. code .. ", in a HTTP 200: " .. what, {
        answer = { 200, ('{"status":"%s","code":"their words"}'):format(code) }, kind = kind, message = "their words", retryable = false,
      })
    end
    etelecom:fails("sms.messages.send", "-6", "is an error for a status that is a number, too", {
      answer = { 200, '{"status":-6,"code":"no template"}' }, kind = "not_found", message = "no template",
    })
    etelecom:fails("sms.messages.send", "-77", "is an error for a status that nobody documented", {
      answer = { 200, '{"status":"-77","code":"something new"}' }, kind = "rejected", message = "something new",
    })
    etelecom:fails("sms.messages.send", "Unauthorized", "is an error for a wrong login, which is told as plain text", {
      answer = text "Unauthorized", kind = "auth", message = "The user name or the password is wrong.",
    })
    etelecom:fails("sms.messages.send", "ip_not_allowed", "is an error for a machine that is not on their list", {
      answer = text "Can't access from this IP", kind = "forbidden",
      message = "This machine's address is not on the account's list; ask eTelecom to add it.",
    })

    it("shows neither user's password nor the account's, whatever the answer repeats", function()
      local client = etelecom:client(nil, { 200, '{"status":"-2","code":"sms-word is wrong"}' })
      local _, err = client.sms.messages:send(ORDER)
      assert.equal("(hidden) is wrong", err.message)
      assert.is_nil(tostring(client):find("sms-word", 1, true))
    end)

    it("goes to the address that the client was given, without the base address of the rest", function()
      local client, transport = etelecom:client({ sms_base_url = "https://sms.example/omni/" }, { 200, '{"status":"1"}' })
      assert(client.sms.messages:send(ORDER))
      assert.equal("https://sms.example/omni/OmniMessage/SendMessage", transport.sent[1].url)
    end)

    it("asks for user and password where there are none, and sends nothing", function()
      local client, transport = etelecom:client { sms_password = false }
      local _, err = client.sms.messages:send(ORDER)
      assert.equal("auth", err.kind)
      assert.matches("sms_username and sms_password", err.message, 1, true)
      assert.equal(0, #transport.sent)
    end)

    it("goes by another login where one is given with the call, and hides it as well", function()
      local client, transport = etelecom:client(nil, { 200, '{"status":"-2","code":"other-word is wrong"}' })
      local _, err = client.sms.messages:send { phonenumber = "84900000001", routerule = "3", templatecode = "LOI_CHAO",
        username = "other-user", password = "other-word" }
      assert.matches('"username":"other-user","password":"other-word"', transport.sent[1].body, 1, true)
      assert.equal("(hidden) is wrong", err.message)
    end)
  end)

  describe("etelecom: what became of a text message", function()
    etelecom:success("sms.messages.status", "asks with the id, and reads the variables that come as text", {
      input = { idOmniMess = "m-1" },
      sends = { "POST", STATUS, '{"username":"sms-user","password":"sms-word","idOmniMess":"m-1"}' },
      headers = NO_KEY,
      answer = { 200, '{"status":"SUCCESS","channel":"SMS","list_param":"{\\"ten\\":\\"Mai\\"}","mtcount":1,"errorCode":""}' },
      value = { status = "SUCCESS", channel = "SMS", list_param = { ten = "Mai" }, mtcount = 1, errorCode = "" },
      prepare = function(state)
        state.texts["m-1"] = { phonenumber = "84900000001", channel = "SMS", templatecode = "LOI_CHAO", list_param = "{}", sent = os.time() }
      end,
      in_sandbox = function(answer)
        assert.same({ "PROCESSING", "84900000001", "SMS" }, { answer.status, answer.phonenumber, answer.channel })
        assert.same({}, answer.list_param)
      end,
    })
    for _, word in ipairs { "PROCESSING", "FAIL" } do
      etelecom:success("sms.messages.status", "answers " .. word .. " as a value, not as an error", {
        input = { idOmniMess = "m-1" },
        sends = { "POST", STATUS, '{"username":"sms-user","password":"sms-word","idOmniMess":"m-1"}' },
        headers = NO_KEY,
        answer = { 200, ('{"status":"%s","errorCode":"X1"}'):format(word) },
        value = { status = word, errorCode = "X1" },
        sandbox = false,
      })
    end
    etelecom:refuses_other_types "sms.messages.status"
    etelecom:refuses("sms.messages.status", { { "idOmniMess", "required" } })
    etelecom:fails("sms.messages.status", "Unauthorized", "is an error for a wrong login", { answer = text "Unauthorized", kind = "auth" })
    etelecom:fails("sms.messages.status", "ip_not_allowed", "is an error for a machine that is not on their list", {
      answer = text "Can't access from this IP", kind = "forbidden",
    })
    etelecom:fails("sms.messages.status", "-10", "is an error for another status", {
      answer = { 200, '{"status":"-10","code":"no such message"}' }, kind = "rejected", message = "no such message",
    })

    it("is told by the sandbox, with its login refused as plain text", function()
      local sandbox = frontdesk.sandbox.transport { services = { "etelecom" } }
      local client = frontdesk.etelecom(sandbox:options("etelecom", { sms_password = "wrong" }))
      local _, err = client.sms.messages:status { idOmniMess = "m-1" }
      assert.same({ "auth", "Unauthorized", 401 }, { err.kind, err.code, err.status })
    end)
  end)
end

local simulated = require "support.simulated"

describe("eTelecom's text messages, simulated", function()
  local etelecom

  -- A text message's call; `false` leaves a field out.
  local function call(method, changes)
    local body = { username = "sms-sandbox", password = "sms-sandbox-password" }
    for name, content in pairs(changes or {}) do body[name] = content or nil end
    return etelecom:send("POST", "/sms/api/" .. method, { body = body })
  end

  local function send(changes)
    local fields = { phonenumber = "84900000001", routerule = "31", templatecode = "DON_HANG", list_param = { ten = "Mai", ma = "A1" } }
    for name, content in pairs(changes or {}) do fields[name] = content end
    return call("OmniMessage/SendMessage", fields)
  end

  local function status(id)
    return call("OmniReport/GetStatusOmni", { idOmniMess = id }).json
  end

  before_each(function()
    etelecom = simulated.new "etelecom"
  end)

  it("goes out by the first channel and arrives after some seconds", function()
    local answer = send()
    assert.same({ 200, "1", "Success" }, { answer.status, answer.json.status, answer.json.code })
    local id = answer.json.idOmniMess
    local before = status(id)
    assert.same({ "PROCESSING", "84900000001", "SMS", "DON_HANG", "" },
      { before.status, before.phonenumber, before.channel, before.templatecode, before.errorCode })
    assert.equal("09/10/2025 08:53:20", before.createdatetime)
    assert.is_string(before.list_param)
    etelecom:advance(4)
    assert.equal("PROCESSING", status(id).status)
    etelecom:advance(1)
    local after = status(id)
    assert.same({ "SUCCESS", "", 1 }, { after.status, after.errorCode, after.mtcount })
  end)

  it("never reaches a number that ends in 99", function()
    local id = send({ phonenumber = "84900000099" }).json.idOmniMess
    assert.equal("PROCESSING", status(id).status)
    etelecom:advance(5)
    assert.same({ "FAIL", "UNREACHABLE" }, { status(id).status, status(id).errorCode })
  end)

  it("takes a number as it is written at home, and channels as a list", function()
    local answer = status(send({ phonenumber = "0900000001", routerule = { "2" } }).json.idOmniMess)
    assert.same({ "84900000001", "AUTOCALL" }, { answer.phonenumber, answer.channel })
    assert.is_nil(answer.mtcount)
  end)

  it("refuses in HTTP 200, each trouble with its number", function()
    for _, case in ipairs {
      { "-1", { phonenumber = "900000001" } }, { "-1", { phonenumber = 84900000001 } },
      { "-2", { list_param = { ten = "Mai" } } }, { "-2", { list_param = "Mai" } }, { "-2", { list_param = { ten = "Mai", ma = 7 } } },
      { "-6", { templatecode = "KHAC" } }, { "-6", { templatecode = 7 } },
      { "-8", { routerule = "" } }, { "-8", { routerule = 3 } }, { "-9", { routerule = "4" } }, { "-9", { routerule = { "1", "x" } } },
    } do
      local answer = send(case[2])
      assert.same({ 200, case[1] }, { answer.status, answer.json.status })
      assert.is_nil(answer.json.idOmniMess)
    end
    assert.equal("-10", status("m-7").status)
    assert.equal("-10", call("OmniReport/GetStatusOmni").json.status)
  end)

  it("ends when the account's messages are used up", function()
    etelecom:state().sms_left = 1
    assert.equal("1", send().json.status)
    assert.equal("-3", send().json.status)
  end)

  it("refuses a wrong login as plain text, whatever key comes with it", function()
    for _, login in ipairs { { password = "wrong" }, { username = "else" }, { username = false }, { password = { "x" } } } do
      local answer = call("OmniMessage/SendMessage", login)
      assert.same({ 401, "Unauthorized", "text/plain; charset=utf-8" }, { answer.status, answer.text, answer.headers["content-type"] })
    end
    local answer = etelecom:send("POST", "/sms/api/OmniMessage/SendMessage", { body = {}, token = "etelecom-sandbox-partner-key" })
    assert.same({ 401, "Unauthorized" }, { answer.status, answer.text })
  end)

  it("is found at its own address only", function()
    local answer = etelecom:send("POST", "/v1/partner.OmniMessage/SendMessage", { body = {} })
    assert.same({ 404, "bad_route" }, { answer.status, answer.json.code })
  end)
end)

-- Every example is run as a user runs it: by its command line, against the sandbox's nginx.

local csv = require "frontdesk.csv"
local frontdesk = require "frontdesk"
local process = require "frontdesk.sandbox.process"
local sandbox = require "frontdesk.sandbox"
local interpreter = require "support.interpreter"

local server, folder, ran

-- Runs a script. Gives what it printed, errors and all, and its exit status.
local function run(script, words, changes)
  ran[script] = true
  local environment = server:environment()
  for name, value in pairs(changes or {}) do
    environment[name] = value
  end
  local command = { "env" }
  for name, value in pairs(environment) do
    command[#command + 1] = name .. "=" .. process.quote(value)
  end
  command[#command + 1] = process.quote(interpreter())
  command[#command + 1] = "examples/" .. script
  for _, word in ipairs(words or {}) do
    command[#command + 1] = process.quote(word)
  end
  local output = folder .. "/output"
  local status = process.run(table.concat(command, " ") .. " >" .. output .. " 2>&1 </dev/null")
  return process.read_file(output), status
end

-- Whether a text holds another, as it stands.
local function assert_has(expected, text)
  assert.is_truthy(text:find(expected, 1, true), ("%q is not in:\n%s"):format(expected, text))
end

-- How often each operation of a service was called. Pages that are no operation, as a login, do not count.
local function calls(service)
  local times = {}
  for _, request in ipairs(assert(server:requests())) do
    if request.service == service and request.operation then
      times[request.operation] = (times[request.operation] or 0) + 1
    end
  end
  return times
end

local function scripts()
  local names = {}
  for path in process.output("ls examples/*.lua"):gmatch "[^\n]+" do
    names[#names + 1] = path:match "[^/]+$"
  end
  return names
end

describe("the examples", function()
  lazy_setup(function()
    ran = {}
    server = assert(sandbox.start())
    folder = assert(process.private_folder())
  end)

  lazy_teardown(function()
    server:stop()
    process.remove_folder(folder)
  end)

  before_each(function()
    assert(server:reset())
  end)

  it("begin with what they do and how to run them", function()
    for _, name in ipairs(scripts()) do
      local head = process.read_file("examples/" .. name):match "^%-%- %u[^\n]+\n[^\n]*\n?[^\n]*"
      assert.is_truthy(head and head:find("Run: ", 1, true), name .. " does not say how to run it")
    end
  end)

  describe("first_call.lua", function()
    it("finds a contact in ten lines", function()
      local text, status = run("first_call.lua", { "0900000012" })
      assert.equal(0, status)
      assert.matches("^1 found\t%x+\n$", text)
      assert.same({ ["auth.token"] = 1, ["contacts.search"] = 1 }, calls "omicall")
      local _, lines = process.read_file("examples/first_call.lua"):gsub("\n", "")
      assert.is_true(lines <= 11) -- and the line that says what it does
    end)

    it("says what is wrong, without the key, and fails", function()
      local text, status = run("first_call.lua", {}, { FRONTDESK_OMICALL_API_KEY = "not-the-right-key" })
      assert.equal(1, status)
      assert.equal("omicall.auth.token: 401 unauthorized: The token is missing, wrong or has expired.\n", text)
    end)
  end)

  describe("new_customers.lua", function()
    local PROBLEMS = {
      "line 20   KH-1018  the customer has no name\n",
      'line 46   KH-1042  the phone number "0900 O1O" is not 10 digits\n',
      'line 74   KH-1068  omicall.contacts.update: invalid input: gender must be one of "male", "female", "other" (got "femal")\n',
      "line 101  KH-1094  omicall.contacts.add: ",
      "line 129  KH-1121  omicall.contacts.update: invalid input: fullName is not valid UTF-8",
      "line 153  KH-1142  hearme.customers.send_feedback: 400 CUS02: ",
      "line 200  -        3 fields where the header has 10 columns\n",
      "line 235  -        field 3 has a quote but does not begin with one\n",
      "line 273  KH-1248  the customer has no phone\n",
    }

    it("works all five services and reports each bad row with its line and reason", function()
      local text, status = run "new_customers.lua"
      assert.equal(0, status)
      for _, problem in ipairs(PROBLEMS) do
        assert_has(problem, text)
      end
      local _, times = text:gsub("\n  line ", "")
      assert.equal(#PROBLEMS, times)
      assert.matches("\ncustomers of sales%.csv: 311 items in %d+%.?%d* s\n  done     302\n  failed     9  invalid_input 8, conflict 1\n", text)
      assert_has("  pos       role Trưởng ca                    created\n", text)
      assert_has("  pos       account bao.chau                  there already\n", text)
      assert.matches("  etelecom  Tiệm Hoa Nắng, cửa hàng 2         connected as shop %d+\n", text)
    end)

    it("leaves in the services what its summary says", function()
      local text = run "new_customers.lua"
      assert.matches("\n  omicall   contacts  +294  +9\n", text)
      assert.matches("\n  imbee     users  +296  +7\n", text)
      assert.matches("\n  imbee     chats  +296  +7\n", text)
      assert.matches("\n  hearme    greetings  +302  +0\n", text)
      local counts = assert(server:counts())
      assert.equal(5 + 294, counts.omicall.contacts) -- five were there
      assert.equal(2 + 1 + 296, counts.imbee.users) -- two were there, and one is the shop
      assert.equal(296, counts.imbee.chats)
      assert.equal(295, counts.hearme.customers) -- seven came twice
      assert.equal(4 + 2, counts.pos.people)
      assert.equal(3 + 1, counts.pos.roles)
      assert.equal(2 + 1, counts.etelecom.shops)
      assert.same({ ["auth.login"] = 1, ["customers.send_feedback"] = 303, ["devices.reset_customer"] = 302 }, calls "hearme")
    end)

    it("can be run again, and makes nothing twice", function()
      run "new_customers.lua"
      local before = assert(server:counts())
      local text, status = run "new_customers.lua"
      assert.equal(0, status)
      assert.matches("\n  pos       roles  +0  +2\n", text)
      assert.matches("\n  omicall   contacts  +0  +303\n", text)
      local after = assert(server:counts())
      before.hearme.tokens, after.hearme.tokens = nil, nil
      assert.same(before, after)
    end)

    it("goes on where it was when it is given a journal", function()
      local words = { "examples/data/sales.csv", folder .. "/sales.journal" }
      run("new_customers.lua", words)
      local text = run("new_customers.lua", words)
      assert_has("\n  skipped  302  done by an earlier run\n", text)
      assert.equal(303 + 1, calls("hearme")["customers.send_feedback"]) -- the one that was refused is tried again
    end)

    it("stops at once when a key is wrong, instead of failing row by row", function()
      local text, status = run("new_customers.lua", {}, { FRONTDESK_HEARME_PASSWORD = "not-the-password" })
      assert.equal(1, status)
      assert_has("hearme.auth.login: 401", text)
      assert.equal(1, calls("hearme")["auth.login"])
      assert.is_nil(text:find("not-the-password", 1, true))
    end)

    it("shows no secret", function()
      local text = run "new_customers.lua"
      for _, service in pairs(server.services) do
        for name, value in pairs(service.behaviour.credentials) do
          local public = name == "username" or name == "device_id"
          assert.is_true(public or not text:find(value, 1, true), "a " .. name .. " is in the output")
        end
      end
      assert.is_nil(text:find("token=", 1, true))
    end)

    it("says that the file is not there before it touches a service", function()
      local text, status = run("new_customers.lua", { "no-such-file.csv" })
      assert.equal(1, status)
      assert_has("no-such-file.csv: cannot be read: No such file or directory", text)
      assert.same({}, assert(server:requests()))
    end)

    it("has data that its script makes again", function()
      local made = process.output(process.quote(interpreter()) .. " examples/data/make_sales.lua")
      assert.is_true(made == process.read_file "examples/data/sales.csv")
    end)
  end)

  describe("staff_onboarding.lua", function()
    it("makes roles and accounts, and names who is not on board", function()
      local text, status = run "staff_onboarding.lua"
      assert.equal(0, status)
      assert_has("Signed in to Tiệm Hoa Nắng\n", text)
      assert_has("role\tTrưởng ca\tcreated\n", text)
      assert_has("account\tmai.tran\tcreated\n", text)
      assert_has("account\tbao.chau\twas there\n", text)
      assert_has("line 5\thuy pham\tpos.people.create: 422 invalid input: ", text)
      assert_has("line 7\tduyen.bui\tthere is no role Giao hàng\n", text)
      assert_has("2 not on board.\n", text)
      local counts = assert(server:counts())
      assert.equal(4 + 3, counts.pos.people)
      assert.equal(3 + 2, counts.pos.roles)
    end)

    it("can be run again", function()
      run "staff_onboarding.lua"
      local text, status = run "staff_onboarding.lua"
      assert.equal(0, status)
      assert_has("role\tTrưởng ca\twas there\n", text)
      assert_has("account\tmai.tran\twas there\n", text)
      assert.equal(4 + 3, assert(server:counts()).pos.people)
    end)
  end)

  describe("import_contacts.lua", function()
    local number = 0

    -- With a journal of its own for each test.
    local function words()
      number = number + 1
      return { "examples/data/contacts.csv", ("%s/import-%d.journal"):format(folder, number) }
    end

    it("gets the good contacts in and gives each bad one its reason", function()
      local text, status = run("import_contacts.lua", words())
      assert.equal(0, status)
      assert.matches("line 5\tomicall.contacts.add: .*phone_or_email_assigned_on_other_contact", text)
      assert_has('line 7\tomicall.contacts.add: invalid input: gender must be one of "male", "female", "other" (got "nữ")\n', text)
      assert_has("import of contacts.csv: 8 items in ", text)
      assert_has("\n  done     6\n  failed   2  conflict 1, invalid_input 1\n", text)
      assert.equal(5 + 6, assert(server:counts()).omicall.contacts)
    end)

    it("skips in its next run what is done", function()
      local same = words()
      run("import_contacts.lua", same)
      local text = run("import_contacts.lua", same)
      assert_has("\n  done     0\n  skipped  6  done by an earlier run\n", text)
      assert.equal(7 + 1, calls("omicall")["contacts.add"]) -- the second run tries the refused one again
    end)

    it("finds out whether a contact got in whose answer was lost", function()
      assert(server:fault { service = "omicall", operation = "contacts.add", kind = "reset", processed = true })
      assert(server:fault { service = "omicall", operation = "contacts.add", kind = "reset" })
      local text = run("import_contacts.lua", words())
      assert_has("\n  done     5\n  settled  1  were done, though the answer was lost\n", text)
      assert.equal(5 + 6, assert(server:counts()).omicall.contacts)
      assert.equal(7 + 1, calls("omicall")["contacts.add"])
    end)
  end)

  describe("export_contacts.lua", function()
    it("writes every contact of every page", function()
      run "new_customers.lua"
      local path = folder .. "/contacts.csv"
      local text, status = run("export_contacts.lua", { path })
      assert.equal(0, status)
      assert.equal("299 contacts in " .. path .. "\n", text)
      assert.equal(3, calls("omicall")["contacts.search"])
      local names, count = {}, 0
      for row, err in csv.rows(path, { columns = { "public_id", "full_name", "phone_number", "tags" } }) do
        assert(row, err)
        count = count + 1
        names[row.phone_number] = row.full_name
      end
      assert.equal(299, count)
      assert.equal("Lê Thị Hồng Nhung", names["0900000011"])
      assert.equal("Đặng Quốc Bảo", names["0900010001"])
    end)

    it("fails rather than leave a part for the whole", function()
      assert(server:fault { service = "omicall", operation = "contacts.search", kind = "status", status = 503, times = "always" })
      local text, status = run("export_contacts.lua", { folder .. "/contacts.csv" })
      assert.equal(1, status)
      assert_has("omicall.contacts.search: 503", text)
      assert(server:reset())
    end)
  end)

  describe("connect_shop.lua", function()
    it("follows the login and keeps the key in a private file", function()
      local path = folder .. "/key"
      local text, status = run("connect_shop.lua", { "quan@tiem.example", "0900000061", "Quán Mây", path })
      assert.equal(0, status)
      assert.matches("^Connected: Quán Mây %(shop %d+%)\nIts key is in ", text)
      local key = process.read_file(path):match "^(shop%d+:%x+)\n$"
      assert.is_truthy(key)
      assert.is_nil(text:find(key, 1, true))
      assert.equal("600\n", process.output("stat -c %a " .. path))
      assert.same({ ["shops.authorize"] = 2, ["shops.current"] = 1 }, calls "etelecom")
    end)

    it("says what it wants to know", function()
      local text, status = run("connect_shop.lua", { "quan@tiem.example" })
      assert.equal(2, status)
      assert.matches("^usage: ", text)
    end)
  end)

  describe("set_up_call_centre.lua", function()
    it("makes switchboard, hotline, users and extensions", function()
      local text, status = run("set_up_call_centre.lua", { "0900000099" })
      assert.equal(0, status)
      assert.matches("^Tiệm Hoa Nắng: shop%d+%.voip%.sandbox%.example, hotline 0900000099\n", text)
      local _, lines = text:gsub("\n  2%d%d  ", "")
      assert.equal(10, lines)
      local pbx = frontdesk.etelecom(server:options "etelecom").pbx
      local users = {}
      for user, err in pbx.users:each { filter = { has_extension = true } } do
        assert(user, err)
        users[user.user_id] = user.full_name
      end
      local extension = assert(pbx.extensions:get { phone = "0900000070" })
      assert.equal("210", extension.extension_number)
      local hotlines, owners = {}, {}
      for entry, err in pbx.extensions:each() do
        assert(entry, err)
        hotlines[entry.hotline_id] = (hotlines[entry.hotline_id] or 0) + 1
        owners[entry.extension_number] = users[entry.user_id]
      end
      assert.equal("Nguyễn Hải Yến", owners["201"])
      local counts = {}
      for _, count in pairs(hotlines) do
        counts[#counts + 1] = count
      end
      table.sort(counts)
      assert.same({ 3, 10 }, counts) -- three were there, on the hotline that was there
      assert.is_nil(text:find("doi-ngay", 1, true))
      assert.is_nil(text:find(extension.extension_password, 1, true))
    end)

    it("can be run again, and makes nothing twice", function()
      local first = run("set_up_call_centre.lua", { "0900000099" })
      local second, status = run("set_up_call_centre.lua", { "0900000099" })
      assert.equal(0, status)
      assert.equal(first, second)
      assert.equal(2, assert(server:counts()).etelecom.hotlines)
      local extensions = assert(frontdesk.etelecom(server:options "etelecom").pbx.extensions:list()).extensions
      assert.equal(3 + 10, #extensions)
    end)

    it("makes the switchboard of a shop that has none", function()
      local key = folder .. "/new-shop-key"
      run("connect_shop.lua", { "quan@tiem.example", "0900000061", "Quán Mây", key })
      local text, status = run("set_up_call_centre.lua", { "0900000098" },
        { FRONTDESK_ETELECOM_SHOP_KEY = process.read_file(key):match "%S+" })
      assert.equal(0, status)
      assert.matches("^Quán Mây: ", text)
      assert.equal(1, calls("etelecom")["pbx.tenants.create"])
      assert.is_nil(calls("etelecom")["pbx.tenants.get"])
      assert.equal(10, calls("etelecom")["pbx.extensions.assign"])
    end)
  end)

  describe("call_report.lua", function()
    it("writes a week's calls, page by page, and sums them up by agent", function()
      local path = folder .. "/calls.csv"
      local text, status = run("call_report.lua", { path })
      assert.equal(0, status)
      local agents, total = {}, 0
      for number, answered, name in text:gmatch "(%d+) calls, +(%d+) %% answered, +%d+%.%d min   ([^\n]+)\n" do
        agents[name] = { calls = tonumber(number), answered = tonumber(answered), seen = 0, taken = 0 }
        total = total + tonumber(number)
      end
      assert.equal(total .. " calls in " .. path .. "\n", text:match "([^\n]+\n)$")
      assert.is_true(total > 200)
      assert.equal(3, calls("etelecom")["pbx.call_logs.list"])
      local last
      for row, err in csv.rows(path, { columns = { "started_at", "agent", "call_state", "duration" } }) do
        assert(row, err)
        assert.is_true(last == nil or row.started_at <= last) -- newest first, as the pages came
        last = row.started_at
        local agent = agents[row.agent]
        agent.seen, agent.taken = agent.seen + 1, agent.taken + (row.call_state == "answered" and 1 or 0)
      end
      local names = 0
      for _, agent in pairs(agents) do
        names = names + 1
        assert.equal(agent.calls, agent.seen)
        assert.equal(agent.answered, tonumber(("%.0f"):format(agent.taken * 100 / agent.seen)))
      end
      assert.equal(3, names)
    end)

    it("fails rather than leave a part for the whole", function()
      assert(server:fault { service = "etelecom", operation = "pbx.call_logs.list", kind = "status", status = 503, times = "always", after = 1 })
      local text, status = run("call_report.lua", { folder .. "/part.csv" })
      assert.equal(1, status)
      assert_has("etelecom.pbx.call_logs.list: 503", text)
    end)
  end)

  describe("notify_by_zns.lua", function()
    local number = 0

    -- With a journal of its own for each test.
    local function words()
      number = number + 1
      return { "510001", "examples/data/orders.csv", ("%s/orders-%d.journal"):format(folder, number) }
    end

    -- Four customers more say yes, before the script runs.
    local function ask_customers()
      local zalo = frontdesk.etelecom(server:options "etelecom").zalo
      local account = assert(zalo.accounts:list()).accounts[1]
      for last = 2, 5 do
        assert(zalo.consents:request {
          oa_id = account.oa_id, phone = "090000006" .. last, call_type = "audio", reason_code = "delivery_notification",
        })
      end
      assert(server:advance(3600))
      return zalo, account
    end

    it("tells by Zalo who has agreed, and all others by SMS", function()
      local zalo, account = ask_customers()
      local text, status = run("notify_by_zns.lua", words())
      assert.equal(0, status)
      assert_has("orders on their way: 12 items in ", text)
      assert_has("\n5 by Zalo, 7 by SMS\n", text)
      local counts = assert(server:counts()).etelecom
      assert.equal(5, counts.zns)
      assert.equal(7, counts.texts)
      local message = assert(zalo.messages:list { filter = { oa_id = account.oa_id, tracking_id = "DH-26003" } }).messages[1]
      assert.equal("Lê Thùy Dương", message.template_data.ten)
    end)

    it("skips in its next run who was told", function()
      local same = words()
      run("notify_by_zns.lua", same)
      local text = run("notify_by_zns.lua", same)
      assert.matches("\n  skipped +12  done by an earlier run\n", text)
      assert_has("\n0 by Zalo, 0 by SMS\n", text)
      assert.equal(12, assert(server:counts()).etelecom.zns + server:counts().etelecom.texts)
    end)

    it("tells nobody twice whose message got through though its answer was lost", function()
      ask_customers()
      assert(server:fault { service = "etelecom", operation = "zalo.zns.send", kind = "reset", processed = true })
      local text, status = run("notify_by_zns.lua", words())
      assert.equal(0, status)
      assert.matches("\n  settled +1  were done, though the answer was lost\n", text)
      local counts = assert(server:counts()).etelecom
      assert.equal(5, counts.zns)
      assert.equal(7, counts.texts)
    end)

    it("does not repeat an SMS of which nobody can tell whether it went out", function()
      assert(server:fault { service = "etelecom", operation = "sms.messages.send", kind = "reset", processed = true })
      local same = words()
      local text = run("notify_by_zns.lua", same)
      assert_has("unknown", text)
      assert.equal(12, assert(server:counts()).etelecom.zns + server:counts().etelecom.texts)
      run("notify_by_zns.lua", same)
      assert.equal(12, assert(server:counts()).etelecom.zns + server:counts().etelecom.texts)
    end)
  end)

  describe("handling_errors.lua", function()
    it("meets each kind of error, without a server", function()
      local text, status = run "handling_errors.lua"
      assert.equal(0, status)
      assert_has("A field is wrong: phones[1].type\n", text)
      assert_has("kind invalid_input, outcome not_sent, final\n", text)
      assert_has("kind conflict, outcome rejected, final\n", text)
      assert_has("kind auth, outcome rejected, final\n", text)
      assert_has("kind rate_limited, outcome rejected, worth another try\n", text)
      assert_has("Then it works: 1 found\n", text)
      assert_has("kind network, outcome unknown, final\n  It was not created.\n", text)
      assert.same({}, assert(server:requests()))
    end)
  end)

  it("are all run here", function()
    for _, name in ipairs(scripts()) do
      assert.is_true(ran[name] == true, name .. " is run by no test")
    end
  end)
end)

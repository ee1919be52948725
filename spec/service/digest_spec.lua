local live_sandbox = require "support.live_sandbox"

-- Basic and Digest are libcurl's work; the simulated POS checks every part of what it is sent.
describe("authenticated HTTP, checked by the server:", function()
  local live

  lazy_setup(function()
    live = live_sandbox.start { services = { "pos" } }
  end)

  lazy_teardown(function()
    live.server:stop()
  end)

  before_each(function()
    assert(live.server:reset())
  end)

  local function staff(scheme, changes)
    local options = { token = false, auth = scheme }
    for name, value in pairs(changes or {}) do
      options[name] = value
    end
    return live:client("pos", options)
  end

  local function expect_refusal(list, err)
    assert.is_nil(list)
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
    assert.equal("rejected", err.outcome)
    assert.is_false(err.retryable)
    assert.is_nil(tostring(err):find("not-the-password", 1, true))
  end

  for _, scheme in ipairs { "basic", "digest" } do
    it(scheme .. " lets the right password in, for reading and for writing", function()
      local pos = staff(scheme)
      assert.equal(3, #assert(pos.roles:list()))
      assert(pos.roles:create("Ca đêm", { "order.view" }))
      assert(pos.people:rename(2, "Châu Mới"))
      assert.equal("Châu Mới", assert(pos.people:get(2)).person_name)
      assert(pos.roles:delete(4))
      assert.equal(3, #assert(pos.roles:list()))
    end)

    it(scheme .. " keeps a wrong password and an unknown name out", function()
      expect_refusal(staff(scheme, { password = "not-the-password" }).roles:list())
      expect_refusal(staff(scheme, { username = "nobody" }).roles:list())
      expect_refusal(staff(scheme, { password = "not-the-password" }).roles:create("Ca đêm", {}))
      assert.equal(3, #assert(staff(scheme).roles:list()))
    end)

    it(scheme .. " takes names and passwords beyond ASCII, and with quotes and colons", function()
      for _, password in ipairs { 'pw "quoted" \\ here', "pw:with:colons", "mật-khẩu-dài" } do
        assert(staff(scheme).people:set_password(1, password))
        assert.equal(3, #assert(staff(scheme, { password = password }).roles:list()))
        assert(live.server:reset())
      end
    end)

    it(scheme .. " works over TLS and HTTP/2", function()
      local pos, transport = staff(scheme, { https = true })
      assert(pos.roles:create("Ca đêm", { "order.view" }))
      assert.equal(4, #assert(pos.roles:list()))
      assert.equal("2", transport.seen[#transport.seen]:http_version())
    end)

    it(scheme .. " follows a password that is changed", function()
      local manager = staff(scheme)
      assert(manager.people:set_password(2, "pw-chau-moi"))
      expect_refusal(staff(scheme, { username = "bao.chau", password = "thu-ngan-2026" }).roles:list())
      assert.equal(3, #assert(staff(scheme, { username = "bao.chau", password = "pw-chau-moi" }).roles:list()))
    end)

    it(scheme .. " tells who may not do what from who is not known", function()
      local cashier = staff(scheme, { username = "bao.chau", password = "thu-ngan-2026" })
      local _, err = cashier.roles:create("Ca đêm", {})
      assert.equal("forbidden", err.kind)
      assert.equal(403, err.status)
    end)
  end

  it("digest answers the server's challenge, and the write is done once", function()
    local pos = staff "digest"
    assert(pos.roles:create("Ca đêm", { "order.view" }))
    assert.same({ "roles.create 401", "roles.create 201" }, live:log())
    assert.equal(4, #assert(pos.roles:list()))
  end)

  it("basic needs no challenge", function()
    assert(staff("basic").roles:create("Ca đêm", { "order.view" }))
    assert.same({ "roles.create 201" }, live:log())
  end)

  it("one account's digest is never used for another's", function()
    local transport = live_sandbox.watching_transport()
    local frontdesk = require "frontdesk"
    local function client(username, password)
      local options = live.server:options("pos", { auth = "digest", username = username, password = password })
      options.token, options.transport, options.retry = nil, transport, 0
      return frontdesk.pos(options)
    end
    for _ = 1, 3 do
      assert.equal("Trịnh Gia Hân", assert(client("gia.han", "hoa-nang-2026").me:info()).name)
      assert.equal("Lý Bảo Châu", assert(client("bao.chau", "thu-ngan-2026").me:info()).name)
      expect_refusal(client("gia.han", "not-the-password").me:info())
    end
  end)

  for _, algorithm in ipairs { "MD5", "SHA-256" } do
    it("digest works where the server knows " .. algorithm .. " only", function()
      local only = live_sandbox.start { services = { "pos" }, https = false, algorithms = { algorithm } }
      local function client(password)
        return only:client("pos", { token = false, auth = "digest", password = password })
      end
      local list, err = client().roles:list()
      local refused, refusal = client("not-the-password").roles:list()
      local written, problem = client().roles:create("Ca đêm", { "order.view" })
      local challenge = only:client("pos", { token = "wrong" })
      local _, challenged = challenge.roles:list()
      only.server:stop()
      assert.equal(3, #assert(list, err))
      expect_refusal(refused, refusal)
      assert(written, problem)
      assert.is_truthy(challenged.response.headers["www-authenticate"]:find("algorithm=" .. algorithm, 1, true))
    end)
  end
end)

-- Where in nginx a call can be made, and what it says where not.
local gateways = require "support.gateway"

describe("a call in nginx", function()
  local gateway

  setup(function()
    gateway = gateways.start({
      http = [[
        init_by_lua_block {
          local app = require "app"
          app.init = app.call "/echo"
          app.init_login = app.call("/guarded", nil, app.new { api_key = "key" })
        }
        init_worker_by_lua_block {
          local app = require "app"
          app.init_worker = app.call "/echo"
          app.engine_before_request = tostring(require("frontdesk.transport").default().engine)
        }
        server {
          listen unix:$folder/tls.sock ssl;
          ssl_certificate $folder/cert.pem; ssl_certificate_key $folder/cert.pem;
          ssl_certificate_by_lua_block { require("app").ssl_cert = require("app").call "/echo" }
          location / { content_by_lua_block { ngx.print(require("app").ssl_cert) } }
        }
        upstream chosen {
          server 127.0.0.1:$port;
          balancer_by_lua_block { require("app").balancer = require("app").call "/echo" ngx.exit(503) }
        }
      ]],
      files = { ["cert.pem"] = gateways.certificate() },
      server = [[
        location /rewrite {
          rewrite_by_lua_block { ngx.ctx.said = require("app").call "/echo" }
          content_by_lua_block { ngx.say(ngx.ctx.said) }
        }
        location /access {
          access_by_lua_block { ngx.ctx.said = require("app").call "/echo" }
          content_by_lua_block { ngx.say(ngx.ctx.said) }
        }
        location /content { content_by_lua_block { require("app").answer "/echo" } }
        location /timer {
          content_by_lua_block {
            local over, said = require("ngx.semaphore").new(), nil
            ngx.timer.at(0, function() said = require("app").call "/echo" over:post() end)
            over:wait(10)
            ngx.say(said)
          }
        }
        location /coroutine {
          content_by_lua_block {
            ngx.say(coroutine.wrap(function()
              coroutine.yield(require("app").call "/echo")
            end)())
          }
        }
        location /tls {
          content_by_lua_block {
            local socket = ngx.socket.tcp()
            assert(socket:connect "unix:$folder/tls.sock")
            assert(socket:sslhandshake(false, "localhost", false))
            socket:send "GET / HTTP/1.0\r\n\r\n"
            ngx.say((socket:receive "*a":match "\r\n\r\n(.*)$"))
          }
        }
        location /set {
          set_by_lua_block $said { return require("app").call "/echo" }
          content_by_lua_block { ngx.say(ngx.var.said) }
        }
        location /header_filter {
          content_by_lua_block { ngx.say(ngx.worker.pid()) }
          header_filter_by_lua_block { require("app").header_filter = require("app").call "/echo" }
        }
        location /body_filter {
          content_by_lua_block { ngx.say(ngx.worker.pid()) }
          body_filter_by_lua_block { require("app").body_filter = require("app").call "/echo" }
        }
        location /log {
          content_by_lua_block { ngx.say(ngx.worker.pid()) }
          log_by_lua_block {
            local app = require "app"
            app.log = app.call "/echo"
            app.log_login = app.call("/guarded", nil, app.new { api_key = "key" })
          }
        }
        location /balancer { proxy_pass http://chosen; }
        location /said { content_by_lua_block { ngx.say(require("app")[ngx.var.arg_of] or "nothing yet") } }
      ]],
    })
  end)

  teardown(function()
    gateway:stop()
  end)

  -- What was noted; by the log phase, only after the answer is out.
  local function said(of)
    return gateway:eventually("a word of " .. of, function()
      local text = gateway:get("/said?of=" .. of)
      return text ~= "nothing yet" and text
    end)
  end

  for _, phase in ipairs({ "rewrite", "access", "content", "timer" }) do
    it("works in the " .. phase .. " phase", function()
      assert.matches("^value HTTP/1.1", (gateway:get("/" .. phase)))
    end)
  end

  it("works in a coroutine of the handler's own", function()
    assert.matches("^value HTTP/1.1", (gateway:get("/coroutine")))
  end)

  it("works while a certificate is chosen", function()
    assert.matches("^value HTTP/1.1", (gateway:get("/tls")))
  end)

  local function refusal(phase, remedy)
    return "unavailable: omicall.request: unavailable: a call cannot wait in nginx's " .. phase .. " phase; " .. remedy
  end
  local USUAL = "call it in the rewrite, access or content phase, or from ngx.timer.at(0, ...)"

  it("says in the set phase that it cannot wait, and what to do", function()
    assert.equal(refusal("set", USUAL), (gateway:get("/set")))
  end)

  for _, phase in ipairs({ "header_filter", "body_filter", "log", "balancer" }) do
    it("says in the " .. phase .. " phase that it cannot wait, and what to do", function()
      gateway:get("/" .. phase)
      assert.equal(refusal(phase, USUAL), said(phase))
    end)
  end

  it("says so when nginx starts, and when a worker does", function()
    assert.equal(refusal("init", "call it in a request, or from ngx.timer.at in init_worker_by_lua*"), said("init"))
    assert.equal(refusal("init_worker", "call it from ngx.timer.at(0, ...)"), said("init_worker"))
  end)

  it("does not try to log in where it cannot wait", function()
    assert.matches("a call cannot wait in nginx's init phase", said("init_login"), 1, true)
    gateway:get("/log")
    assert.matches("a call cannot wait in nginx's log phase", said("log_login"), 1, true)
    assert.equal(0, gateway:upstream_count("logins"))
  end)

  it("makes no engine before the workers are there", function()
    assert.equal("nil", said("engine_before_request"))
  end)

  it("leaves nothing in nginx's error log", function()
    assert.equal("", gateway:complaints())
  end)
end)

--- frontdesk's engine with many requests in flight, each answer decoded by frontdesk.

local core = require "frontdesk.core"

local peer = { version = "frontdesk.core " .. core.version .. " (" .. core.curl_version:match "^%S+ %S+" .. ")" }

function peer.many(context)
  local work = context.work
  local engine = assert(core.engine())
  local headers = assert(core.headers {
    { "User-Agent", "bench" }, { "Accept", "application/json" }, { "Authorization", work.authorization },
  })
  local url = context.base_url .. work.paths.get
  local last

  local function submit()
    local transfer, failure = engine:submit { method = "GET", url = url, headers = headers }
    if not transfer then
      error(failure.message)
    end
  end

  local function read(transfer)
    local failure = transfer:failure()
    if failure then
      error(failure.message)
    end
    local document = assert(transfer:json())
    assert(transfer:status() == 200 and document.status_code == 9999, "refused")
    transfer:release()
    last = document.payload
  end

  function context.check(run, decode)
    run(1)
    work.check("get", last, decode)
  end

  context.many = true
  return function(times)
    local started, done = 0, 0
    while started < times and started < context.flight do
      submit()
      started = started + 1
    end
    while done < times do
      engine:wait(1)
      local transfer = engine:completed()
      while transfer do
        read(transfer)
        done = done + 1
        if started < times then
          submit()
          started = started + 1
        end
        transfer = engine:completed()
      end
    end
  end
end

return peer

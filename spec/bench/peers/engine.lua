--- frontdesk's engine with many requests in flight, each answer decoded by frontdesk.

local core = require "frontdesk.core"

local peer = { version = "frontdesk.core " .. core.version .. " (" .. core.curl_version:match "^%S+ %S+" .. ")" }

local function many(context, version)
  local work = context.work
  local engine = assert(core.engine())
  local headers = assert(core.headers {
    { "User-Agent", work.user_agent }, { "Accept", "application/json" }, { "Authorization", work.authorization },
  })
  local folder, size = context.base_url .. work.paths.folder, #work.files.get
  local last

  local function submit()
    local transfer, failure = engine:submit {
      method = "GET", url = folder .. work.next_id(), headers = headers, ca_file = context.ca_file,
    }
    if not transfer then
      error(failure.message)
    end
  end

  local function read(transfer, every_byte)
    local failure = transfer:failure()
    if failure then
      error(failure.message)
    end
    local document = assert(transfer:json())
    assert(transfer:status() == 200 and transfer:size() == size and document.status_code == 9999, "refused")
    assert(not every_byte or transfer:body() == work.files.get, "another answer than expected")
    assert(not version or transfer:http_version() == version, "another version of HTTP than expected")
    transfer:release()
    last = document.payload
  end

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
        read(transfer, done == 0)
        done = done + 1
        if started < times then
          submit()
          started = started + 1
        end
        transfer = engine:completed()
      end
    end
  end, function() return last end
end

function peer.many(context)
  return many(context)
end

function peer.tls(context)
  return many(context, "2")
end

return peer

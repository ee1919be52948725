local errors = require "frontdesk.errors"

describe("an error", function()
  it("reads as one line: where, what, why", function()
    local err = errors.new {
      kind = "conflict", service = "hearme", operation = "customers.send_feedback",
      status = 400, code = "CUS03", message = "The customer is known.",
    }
    assert.equal("hearme.customers.send_feedback: 400 CUS03: The customer is known.", tostring(err))
  end)

  it("names its kind in words when there is no code", function()
    local err = errors.new { kind = "invalid_input", service = "omicall", operation = "contacts.add", message = "data is wrong" }
    assert.equal("omicall.contacts.add: invalid input: data is wrong", tostring(err))
  end)

  it("shows the status of a refusal only: a 200 would puzzle an operator", function()
    local err = errors.new { kind = "conflict", service = "pos", operation = "roles.create", status = 201, code = "EXIST_NAME", message = "no" }
    assert.equal("pos.roles.create: EXIST_NAME: no", tostring(err))
  end)

  it("can be joined to a text on every Lua", function()
    local err = errors.new { kind = "network", message = "no route" }
    assert.equal("failed: frontdesk: network: no route", "failed: " .. err)
  end)

  it("stays on one line and of bounded length, cut between characters", function()
    local err = errors.new { kind = "rejected", message = "a\r\nb\0c" .. ("é"):rep(400) }
    assert.is_nil(err.message:find "[%z\r\n]")
    assert.is_true(#err.message <= 503)
    assert.truthy(err.message:find "é%.%.%.$")
  end)

  it("was not sent unless somebody knows better", function()
    assert.equal("not_sent", errors.new { kind = "invalid_input", message = "x" }.outcome)
    assert.equal("rejected", errors.new { kind = "rejected", status = 400, message = "x" }.outcome)
  end)

  it("is retryable when another try may help and cannot double a write", function()
    local function retryable(kind, outcome, retry)
      return errors.new { kind = kind, outcome = outcome, retry = retry, message = "x" }.retryable
    end
    assert.is_true(retryable("network", "not_sent", "never"))
    assert.is_true(retryable("rate_limited", "rejected", "never"))
    assert.is_true(retryable("timeout", "unknown", "safe"))
    assert.is_true(retryable("unavailable", "unknown", "idempotent"))
    assert.is_false(retryable("timeout", "unknown", "never"))
    assert.is_false(retryable("conflict", "rejected", "safe"))
    assert.is_false(retryable("tls", "not_sent", "safe"))
  end)

  it("is told from other tables, by kind when one is named", function()
    local err = errors.new { kind = "auth", message = "x" }
    assert.is_true(errors.is(err))
    assert.is_true(errors.is(err, "auth"))
    assert.is_false(errors.is(err, "network"))
    assert.is_false(errors.is({ kind = "auth" }))
    assert.is_false(errors.is(nil))
  end)

  it("must have a kind that exists", function()
    assert.error_matches(function() errors.new { kind = "oops", message = "x" } end, "'oops' is not a kind of error")
  end)

  it("takes its kind from the status where nothing else is known", function()
    local expected = {
      [301] = "protocol", [400] = "rejected", [401] = "auth", [403] = "forbidden", [404] = "not_found", [408] = "timeout",
      [409] = "conflict", [410] = "not_found", [418] = "rejected", [422] = "invalid_input", [429] = "rate_limited",
      [500] = "unavailable", [503] = "unavailable",
    }
    for status, kind in pairs(expected) do
      assert.equal(kind, errors.kind_of_status(status))
    end
  end)
end)

local retry_after = require "frontdesk.retry_after"

describe("Retry-After", function()
  it("is read as seconds", function()
    assert.equal(0, retry_after "0")
    assert.equal(120, retry_after " 120 ")
  end)

  it("is read as a date, relative to now and never negative", function()
    local noon = 1767268800 -- 2026-01-01 12:00:00 UTC
    assert.equal(90, retry_after("Thu, 01 Jan 2026 12:01:30 GMT", noon))
    assert.equal(0, retry_after("Thu, 01 Jan 2026 11:00:00 GMT", noon))
  end)

  it("knows leap years", function()
    assert.equal(86400, retry_after("Wed, 01 Mar 2028 00:00:00 GMT", 1835395200)) -- 2028-02-29
  end)

  it("is bounded to a day", function()
    assert.equal(86400, retry_after "99999999999999999999")
    assert.equal(86400, retry_after("Fri, 31 Dec 9999 23:59:59 GMT", 0))
  end)

  it("is left aside when it makes no sense", function()
    for _, text in ipairs { "-1", "1e99", "nan", "inf", "soon", "", "0x10", "1.5", "Thu, 01 Foo 2026 12:00:00 GMT" } do
      assert.is_nil(retry_after(text))
    end
    assert.is_nil(retry_after(nil))
  end)
end)

local redirect = require "frontdesk.redirect"

describe("a redirect address", function()
  local read = redirect.reader { "token", "shop_id" }

  it("gives what the service appended", function()
    assert.same({ token = "t-1", shop_id = "77" }, read "https://shop.example/back?token=t-1&shop_id=77")
  end)

  it("may hold two question marks and the same name twice: the last value is the service's", function()
    assert.same(
      { token = "new", shop_id = "900719925474099312", mine = "1" },
      read "https://shop.example/back?mine=1&token=old&shop_id=5?token=new&shop_id=900719925474099312"
    )
  end)

  it("decodes percent signs and plus signs, and ignores a fragment", function()
    assert.same({ token = "a b/c", shop_id = "1" }, read "https://x.example/?token=a+b%2Fc&shop_id=1#token=2")
  end)

  it("says what is missing", function()
    local values, message = read "https://shop.example/back?token=t-1"
    assert.is_nil(values)
    assert.truthy(message:find("no shop_id", 1, true))
  end)

  it("raises when it is not given an address", function()
    assert.error_matches(function() read {} end, "as a string")
  end)
end)

local nearest = require "frontdesk.nearest"

describe("a mistyped name", function()
  local known = { full_name = true, email = true, base_url = true }

  it("is met with the nearest known one", function()
    assert.equal(' (did you mean "full_name"?)', nearest("fullname", known))
    assert.equal(' (did you mean "email"?)', nearest("emial", known))
    assert.equal(' (did you mean "base_url"?)', nearest("BASE_URL", known))
  end)

  it("is met with nothing when no name is near", function()
    assert.equal("", nearest("colour", known))
    assert.equal("", nearest(("x"):rep(1000), known))
    assert.equal("", nearest(12, known))
  end)
end)

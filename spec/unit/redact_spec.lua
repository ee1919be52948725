local redact = require "frontdesk.redact"

describe("redaction", function()
  it("takes every occurrence of a secret out", function()
    assert.equal("a (hidden) b (hidden)", redact.text("a s3cret% b s3cret%", { "s3cret%" }))
  end)

  it("finds a secret that was percent-encoded", function()
    assert.equal("key=(hidden)", redact.text("key=a%2Fb%3Dc", { "a/b=c" }))
  end)

  it("leaves words alone that are too short to be a secret", function()
    assert.equal("the cat", redact.text("the cat", { "cat" }))
  end)
end)

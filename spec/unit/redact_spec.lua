local core = require "frontdesk.core"
local leak_hunter = require "support.leak_hunter"
local redact = require "frontdesk.redact"

local AWKWARD = 'pa55 w0rd/+%2"\\&<é=Ω'

describe("redaction", function()
  it("takes every occurrence of a secret out", function()
    assert.equal("a (hidden) b (hidden)", redact.text("a s3cret% b s3cret%", { "s3cret%" }))
  end)

  it("finds a secret that was percent-encoded", function()
    assert.equal("key=(hidden)", redact.text("key=a%2Fb%3Dc", { "a/b=c" }))
  end)

  it("leaves words alone that are too short to be a secret", function()
    assert.equal("the cat", redact.text("the cat", { "cat" }))
    assert.equal("(hidden)", redact.text("cat", { "cat" }))
  end)

  it("finds a secret however it was escaped, encoded or written", function()
    for _, secret in ipairs { AWKWARD, "sesame-4711", "abcd" } do
      local hunter, redactor = leak_hunter.new { secret }, redact.new { secret }
      for _, form in ipairs(hunter:forms()) do
        local shown = redactor:text("it was [" .. form .. "].")
        assert.matches("^it was %[.*%(hidden%).*%]%.$", shown)
        hunter:search(shown, form)
      end
    end
  end)

  it("finds two secrets in base64 that nothing divides, and all of the last character of one", function()
    local secrets = { "sesame-4711x", "lantern-0815", "sesame-4711" }
    assert.equal("(hidden)(hidden).", redact.text("c2VzYW1lLTQ3MTF4bGFudGVybi0wODE1.", secrets))
    assert.equal("(hidden)(hidden).", redact.text("c2VzYW1lLTQ3MTE=bGFudGVybi0wODE1.", secrets))
  end)

  it("finds pairs of \\u escapes, and escapes that were escaped once more", function()
    local secret = "key-\240\159\148\145-\"7\""
    assert.equal("(hidden)", redact.text([[key-\ud83d\udd11-\"7\"]], { secret }))
    assert.equal("(hidden)", redact.text([[key-\\uD83D\\uDD11-\\\"7\\\"]], { secret }))
    assert.equal("(hidden)", redact.text("key-%F0%9f%94%91-%22%37%22", { secret }))
  end)

  it("finds the beginning of a long secret where it was cut", function()
    assert.equal('(got "(hidden)...")', redact.text('(got "eyJhbGciOiJIUzI1...")', { "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" }))
    assert.equal("your password", redact.text("your password", { "password-4711" }))
  end)

  it("leaves whole characters behind", function()
    assert.equal("(hidden)!", redact.text("abcdefghijké!", { "abcdefghijkè-and-more" }))
  end)

  it("leaves a text without a secret as it is", function()
    local text = "50% of \\u00zz &#; &#x110000000; %4 \\ & %% \\\\\\"
    assert.equal(text, redact.text(text, { "sesame-4711" }))
    assert.equal(text, redact.text(text, {}))
    assert.equal("", redact.text("", { "sesame-4711" }))
  end)

  it("reaches values and keys at any depth, and numbers", function()
    local value = { a = { { ["x-sesame-4711"] = { "sesame-4711", 4711, 12 } } }, n = 0.5, b = true, pin = "fresh" }
    assert.same({ a = { { ["x-(hidden)"] = { "(hidden)", "(hidden)", 12 } } }, n = 0.5, b = true, pin = "(hidden)" },
      redact.new({ "sesame-4711", 4711, "12" }):value(value, { pin = true }))
  end)

  it("takes a time that grows with the text alone, whatever a server makes of it", function()
    local began = core.now()
    for _, piece in ipairs { "a", "%61", "%2561", "\\u0061", "\\", "&#97;", "YWFh", "61" } do
      local text = piece:rep(math.floor(500000 / #piece))
      redact.text(text, { ("a"):rep(4000) .. "b", ("a"):rep(11) .. "b" })
    end
    assert.is_true(core.now() - began < 10)
  end)
end)

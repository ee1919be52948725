local core = require "frontdesk.core"

describe("core.url_segment", function()
  it("leaves unreserved characters as they are", function()
    assert.equal("aZ09-._~", core.url_segment("aZ09-._~"))
  end)

  it("percent-encodes everything else, byte by byte", function()
    assert.equal("a%2Fb%3Fc%23d%20%25%3A%40%2B", core.url_segment("a/b?c#d %:@+"))
    assert.equal("Nguy%E1%BB%85n", core.url_segment("Nguyễn"))
    assert.equal("%0D%0A%7F%FF", core.url_segment("\r\n\127\255"))
  end)

  it("writes whole numbers as digits", function()
    assert.equal("42", core.url_segment(42))
    assert.equal("42", core.url_segment(42.0))
    assert.equal("-7", core.url_segment(-7))
  end)

  it("encodes what only looks like a folder", function()
    assert.equal("...", core.url_segment("..."))
    assert.equal("%252E%252E", core.url_segment("%2E%2E"))
    assert.equal("..%2F", core.url_segment("../"))
  end)

  for value, words in pairs({ [""] = "must not be empty", ["."] = "folder", [".."] = "folder", ["a\0b"] = "NUL" }) do
    it(("refuses %q"):format(value), function()
      local text, message = core.url_segment(value)
      assert.is_nil(text)
      assert.matches(words, message)
    end)
  end

  it("refuses what is neither a string nor a whole number", function()
    for _, value in ipairs({ 1.5, true, {} }) do
      local text, message = core.url_segment(value)
      assert.is_nil(text)
      assert.matches("must be a string or an integer", message)
    end
  end)
end)

describe("core.url_query_value", function()
  it("encodes like a segment, and takes empty text and dots", function()
    assert.equal("a%26b%3Dc%20d", core.url_query_value("a&b=c d"))
    assert.equal("", core.url_query_value(""))
    assert.equal("..", core.url_query_value(".."))
  end)

  it("refuses a NUL", function()
    local text, message = core.url_query_value("\0")
    assert.is_nil(text)
    assert.matches("NUL", message)
  end)
end)

describe("core.url_parse", function()
  it("takes a URL apart", function()
    assert.same({
      scheme = "https",
      host = "api.example.test",
      port = 8443,
      path = "/v1/a%20b",
      query = "x=1&y",
      origin = "https://api.example.test:8443",
      loopback = false,
    }, core.url_parse("https://api.example.test:8443/v1/a%20b?x=1&y"))
  end)

  it("fills in the scheme's port and the root path", function()
    local url = core.url_parse("HTTP://Example.test")
    assert.equal("http", url.scheme)
    assert.equal(80, url.port)
    assert.equal("/", url.path)
    assert.is_nil(url.query)
    assert.equal(443, core.url_parse("https://example.test").port)
  end)

  it("gives ports that print as whole numbers", function()
    assert.equal("80", tostring(core.url_parse("http://example.test").port))
  end)

  for _, host in ipairs({ "localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "[::1]", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]" }) do
    it("knows " .. host .. " as loopback", function()
      assert.is_true(core.url_parse("http://" .. host .. ":8080/").loopback)
    end)
  end

  for _, host in ipairs({ "localhost.example.test", "127.0.0.1.example.test", "128.0.0.1", "0.0.0.0", "[::2]", "10.0.0.1" }) do
    it("does not take " .. host .. " for loopback", function()
      assert.is_false(core.url_parse("http://" .. host .. "/").loopback)
    end)
  end

  it("leaves out the zone of an address", function()
    assert.equal("http://[fe80::1]:80", core.url_parse("http://[fe80::1%25eth0]/").origin)
  end)

  local refused = {
    { "", "is empty" },
    { "example.test/x", "must start with" },
    { "ftp://example.test/", "must start with" },
    { "file:///etc/passwd", "must start with" },
    { "javascript:alert(1)", "must start with" },
    { "http://", "host" },
    { "http:///path", "host" },
    { "http://:80/", "host" },
    { "http://a b/", "space" },
    { "http://example.test/a b", "space" },
    { "http://example.test/\r\nX: y", "control character" },
    { "http://example.test/\0", "control character" },
    { "http://example.test/\127", "control character" },
    { "http://example.test\\@evil.test/", "backslash" },
    { "http://user:secret@example.test/", "user name" },
    { "http://user@example.test/", "user name" },
    { "http://example.test/#top", "fragment" },
    { "http://example.test:0/", "port" },
    { "http://example.test:65536/", "port" },
    { "http://example.test:x/", "port" },
    { "http://[::1/", "host" },
    { "http://ex%00ample.test/", "host" },
    { "http://exämple.test/", "ASCII" },
    { "http://%C3%A4.test/", "host" },
    { "http://127.0.0.%31/", "host" },
    { "http://example.test%3A81/", "host" },
  }
  for _, case in ipairs(refused) do
    it(("refuses %q"):format(case[1]), function()
      local url, message = core.url_parse(case[1])
      assert.is_nil(url)
      assert.matches(case[2], message, 1, true)
    end)
  end

  it("never repeats the URL in a message", function()
    local _, message = core.url_parse("http://user:sesame@example.test/")
    assert.is_nil(message:find("sesame", 1, true))
  end)
end)

--- A service that does not exist, described as the real ones are: specs of the
-- generic layers use it, so that they hold whatever the real services say.
return {
  name = "acme",
  title = "Acme",
  doc = "Made up.",
  manual = "none",
  environments = { production = { base_url = "https://acme.example/api" } },
  default_environment = "production",
  headers = { { "Accept", "application/json" }, { "Device-Id", { option = "device_id" } } },
  content_type = { option = "content_type", default = "application/json" },
  options = {
    { "token", "string", secret = true, doc = "A token." },
    { "username", "string", doc = "A name." },
    { "password", "string", secret = true, doc = "A password." },
    { "days", "integer", doc = "Days a token lives." },
    { "shop_key", "string", secret = true, doc = "A shop's key." },
    { "left", "string", secret = true, doc = "First of a pair." },
    { "right", "string", secret = true, doc = "Second of a pair." },
    { "device_id", "string", doc = "A device." },
    { "scheme", "string", enum = { "basic", "digest" }, doc = "How to log in." },
    { "content_type", "string", doc = "Another media type." },
  },
  credentials = {
    default = {
      { kind = "bearer", token = "token", scheme = "Bearer" },
      { kind = "basic", username = "username", password = "password", when = { scheme = "basic" } },
      { kind = "digest", username = "username", password = "password", when = { scheme = "digest" } },
      {
        kind = "exchange", needs = { "username", "password" }, operation = "auth.login",
        input = { username = "username", password = "password" }, token = true, scheme = "Token",
        lifetime = { option = "days", unit = 86400, default = 3600, forever = 0 },
      },
    },
    shop = { { kind = "bearer", token = "shop_key", scheme = "Bearer" } },
    pair = { { kind = "header", headers = { { "Authorization", "left" }, { "X-Key", "right" } } } },
  },
  clients = { shop = { option = "shop_key", doc = "A client for one shop." } },
  redirect = { "token", "shop_id" },
  envelope = {
    ok = { { "status", is = 0 }, { "payload", isnt = false }, { "payload.error", empty = true } },
    value = "payload",
    code = { "code", { "title", known = true }, "status" },
    message = { "message", "title" },
    fields = "problems",
    text = { ["Go away"] = "unwelcome" },
  },
  errors = {
    TAKEN = { kind = "conflict", doc = "It is taken." },
    unwelcome = { kind = "auth", doc = "The token is no good." },
  },
  types = {
    part = {
      { "id", "integer", doc = "Id." },
      { "active", "flag", doc = "Whether it is in use." },
      { "pin", "string", secret = true, doc = "A secret." },
    },
    found = {
      { "id", "integer", doc = "Id." },
      { "active", "flag", doc = "Whether it is in use." },
      { "extra", "json", doc = "JSON inside a string." },
      { "parts", "part[]", doc = "Parts." },
    },
  },
  operations = {
    ["auth.login"] = {
      doc = "Logs in.", method = "POST", path = "/login", credential = "none", retry = "safe", value = "token", output = "string",
      envelope = { ok = {} },
      input = {
        { "username", "string", required = true, doc = "Name." },
        { "password", "string", required = true, secret = true, doc = "Password." },
      },
    },
    ["things.add"] = {
      doc = "Adds.", method = "POST", path = "/things", retry = "never", value = true, output = "boolean",
      input = {
        { "name", "string", required = true, doc = "Name." },
        { "pin", "string", secret = true, doc = "A secret." },
        { "parts", "part[]", doc = "Parts." },
      },
    },
    ["things.get"] = {
      doc = "Reads.", method = "GET", path = "/things/:id", retry = "safe", args = { "id" }, output = "found",
      input = { { "id", "string", ["in"] = "path", required = true, doc = "Id." } },
    },
    ["things.rename"] = {
      doc = "Renames.", method = "PUT", path = "/things/:id", retry = "idempotent", args = { "id", "name" }, value = true,
      input = {
        { "id", "string", ["in"] = "path", required = true, doc = "Id." },
        { "name", "string", required = true, doc = "Name." },
      },
      output = "boolean",
    },
    ["things.list"] = {
      doc = "Lists.", method = "GET", path = "/things", retry = "safe", output = "any",
      input = { { "page", "integer", ["in"] = "query", doc = "Page." } },
      paging = { each = "each", pages = "pages", style = "page", page = "page", items = "items", more = "has_next" },
    },
    ["things.delete"] = {
      doc = "Deletes.", method = "DELETE", path = "/things/:id", retry = "idempotent", args = { "id" }, value = true,
      input = { { "id", "string", ["in"] = "path", required = true, doc = "Id." } },
      output = "boolean",
    },
    ["shops.current"] = { doc = "Reads.", method = "POST", path = "/shop", retry = "safe", credential = "shop", output = "any" },
    ["pairs.current"] = { doc = "Reads.", method = "GET", path = "/pair", retry = "safe", credential = "pair", output = "any" },
    ["devices.check"] = {
      doc = "Checks.", method = "POST", path = "/check", retry = "never", value = true, output = "boolean",
      input = {
        { "device_id", "string", ["in"] = "header", header = "Device-Id", option = "device_id", required = true, doc = "Device." },
      },
    },
  },
}

--- hearme: feedback kiosks. Data only; docs/describing-a-service.md explains the format.
-- Source: the vendor's developer document "User synchronization", version 2.0.1.

local event_errors = { "API04", "SOB02" }

-- What writes answer when they were done.
local acknowledged = { also = { { "status", is = 0 } } }

return {
  name = "hearme",
  title = "hearme feedback kiosks",
  doc = "Greets customers on feedback kiosks and clears kiosks for the next customer.",
  manual = "hearme developer document, \"User synchronization\" 2.0.1",

  environments = {
    production = { base_url = "https://api.hearme.vn", doc = "The live service." },
    sandbox = {
      base_url = "http://sandbox.hearme.vn:7022",
      allow_http = true,
      doc = "The vendor's developer server; it speaks plain http only.",
    },
  },
  default_environment = "production",

  headers = { { "Accept", "application/json" } },
  content_type = "application/json",

  options = {
    { "username", "string", doc = "Name of the account that logs in." },
    { "password", "string", secret = true, doc = "Password of that account." },
    {
      "life_time", "integer", min = 0,
      doc = "Days that the token from the login stays valid: 14 when not given, 0 for ever.",
    },
    { "token", "string", secret = true, doc = "A token at hand, instead of user name and password." },
  },

  credentials = {
    default = {
      { kind = "bearer", token = "token", scheme = "BEARER" },
      {
        kind = "exchange",
        needs = { "username", "password" },
        operation = "auth.login",
        input = { username = "username", password = "password", life_time = "life_time" },
        token = true,
        scheme = "BEARER",
        lifetime = { option = "life_time", unit = 86400, default = 14 * 86400, forever = 0 },
      },
    },
  },

  -- API04 comes with `status: 0`, the value of success: the presence of `code` decides.
  envelope = {
    ok = {
      { "code", absent = true },
      { "status", is = 0, optional = true },
    },
    code = { "code", "status" },
    message = { "message" },
  },

  errors = {
    CUS01 = { kind = "invalid_input", status = 400, doc = "A field that the kiosk needs is empty." },
    CUS02 = { kind = "invalid_input", status = 400, doc = "Something in the customer's data is wrong." },
    CUS03 = { kind = "conflict", status = 400, doc = "The customer is in your list already; send its ext_id." },
    API04 = { kind = "not_found", status = 400, doc = "There is no device with this id." },
    SOB02 = { kind = "unavailable", status = 400, doc = "The device could not be reached with the event." },
  },

  types = {
    customer = {
      { "name", "string", doc = "Full name; needed when there is no ext_id." },
      { "ext_id", "string", doc = "Your id of a customer the service knows: it is looked up by it." },
      { "phone", "string", doc = "First phone number." },
      { "phone2", "string", doc = "Second phone number." },
      { "email", "string", doc = "E-mail address." },
      { "address", "string", doc = "Postal address." },
      { "company", "string", doc = "Company." },
      { "birthday", "string", doc = "Date of birth; the vendor states no format." },
      { "url", "string", doc = "Web address." },
      { "notes", "string", doc = "Remarks." },
      rules = {
        { require = "name", unless = "ext_id", doc = "A new customer needs a name." },
      },
    },
    permission = {
      { "action", "string", doc = "What may be done." },
      { "permission_id", "string", doc = "Name of the permission." },
      { "resource_id", "string", doc = "What it applies to." },
      { "resource_type", "string", doc = "Kind of resource." },
      { "role_id", "string", doc = "The role that grants it." },
    },
  },

  operations = {
    ["auth.login"] = {
      doc = "Trades user name and password for a token.",
      method = "POST",
      path = "/oauth/auth/login",
      credential = "none",
      retry = "safe",
      input = {
        { "username", "string", required = true, doc = "Name of the account." },
        { "password", "string", required = true, secret = true, doc = "Its password." },
        { "life_time", "integer", min = 0, doc = "Days until the token expires; 0 for never." },
      },
      value = "token",
      output = "string",
      secret_output = true,
    },

    ["users.permissions"] = {
      doc = "Lists what the account may do in an organization.",
      method = "GET",
      path = "/oauth/user/permissions/:org_id",
      retry = "safe",
      input = {
        { "org_id", "string", ["in"] = "path", required = true, doc = "Id of the organization." },
      },
      args = { "org_id" },
      output = "permission[]",
    },

    ["customers.send_feedback"] = {
      doc = "Shows a customer on a kiosk: it greets them and fills in their contact data.",
      method = "POST",
      path = "/main/customer/sending_feedback",
      retry = "never",
      input = {
        { "device_id", "string", required = true, doc = "Id of the virtual device that the kiosk is logged in to." },
        { "customer", "customer", required = true, doc = "Who stands at the kiosk." },
        { "attach_info", "any", doc = "Anything to keep with the feedback." },
        { "org_id", "string", doc = "Organization to act in, for accounts with several (from the vendor's console, not in the document)." },
      },
      value = true,
      envelope = acknowledged,
      output = "boolean",
      errors = { "CUS01", "CUS02", "CUS03" },
    },

    ["devices.reset_customer"] = {
      doc = "Clears the customer shown on a kiosk.",
      method = "POST",
      path = "/main/v201/object_emit_event",
      retry = "idempotent",
      input = {
        { "obj_id", "string", required = true, alias = { "device_id" }, doc = "Id of the kiosk's virtual device." },
        { "event", "string", const = "reset_customer", doc = "The event to send." },
      },
      args = { "obj_id" },
      value = true,
      envelope = acknowledged,
      output = "boolean",
      errors = event_errors,
    },

    ["devices.reset_feedback"] = {
      doc = "Clears feedback and customer on a kiosk and shows the first screen of the survey.",
      method = "POST",
      path = "/main/v201/object_emit_event",
      retry = "idempotent",
      input = {
        { "obj_id", "string", required = true, alias = { "device_id" }, doc = "Id of the kiosk's virtual device." },
        { "event", "string", const = "reset_feedback", doc = "The event to send." },
      },
      args = { "obj_id" },
      value = true,
      envelope = acknowledged,
      output = "boolean",
      errors = event_errors,
    },
  },
}

--- eTelecom's branded text messages: a part of services/etelecom.lua; docs/describing-a-service.md explains the format.
-- Source: the vendor's public pages on its SMS API. They are another host with another protocol: user and password travel in
-- the body, and what went wrong comes back as HTTP 200 with a negative status.

return {
  -- The service's numbers for what went wrong; -9 is from a later copy of the page.
  errors = {
    ["-1"] = { kind = "invalid_input", doc = "The phone number is not written as the service wants it, 84 and nine digits." },
    ["-2"] = { kind = "invalid_input", doc = "A variable of the template has a value that does not fit." },
    ["-3"] = { kind = "rejected", doc = "The account has used up its messages." },
    ["-6"] = { kind = "not_found", doc = "There is no template with this code." },
    ["-8"] = { kind = "rejected", doc = "The template has no channel to send through; eTelecom has to set one up." },
    ["-9"] = { kind = "rejected", doc = "A channel of routerule is not set up; eTelecom has to do that." },
    Unauthorized = { kind = "auth", status = 401, doc = "The user name or the password is wrong." },
    ip_not_allowed = { kind = "forbidden", status = 401,
      doc = "This machine's address is not on the account's list; ask eTelecom to add it." },
  },

  operations = {
    ["sms.messages.send"] = {
      doc = "Sends a message made from a template, by the first channel that works; whether it arrived, status tells later.",
      method = "POST", path = "/OmniMessage/SendMessage", base = "sms", retry = "never", credential = "sms",
      envelope = {
        ok = { { "status", is = { "1", 1 } } }, code = { "status" }, message = { "code" },
        text = { Unauthorized = "Unauthorized", ["Can't access from this IP"] = "ip_not_allowed" },
      },
      input = {
        { "phonenumber", "string", required = true, doc = "Number of who gets it, best as 84 and nine digits." },
        { "routerule", "any", required = true,
          doc = 'Channels in order: "1" ZNS, "2" call, "3" SMS; a string, or in a later copy a list, { "3" }.' },
        { "templatecode", "string", required = true, doc = "Code of the template." },
        { "list_param", "object", doc = "Values for the template's variables." },
        open = true,
      },
      output = {
        { "status", "string", doc = '"1".' },
        { "code", "string", doc = "Success." },
        { "idOmniMess", "string", doc = "Id of the message, for status." },
      },
      errors = { "-1", "-2", "-3", "-6", "-8", "-9", "Unauthorized", "ip_not_allowed" },
    },
    ["sms.messages.status"] = {
      doc = "Tells what became of a message.",
      method = "POST", path = "/OmniReport/GetStatusOmni", base = "sms", retry = "safe", credential = "sms",
      envelope = {
        ok = { { "status", is = { "PROCESSING", "SUCCESS", "FAIL" } } }, code = { "status" }, message = { "code" },
        text = { Unauthorized = "Unauthorized", ["Can't access from this IP"] = "ip_not_allowed" },
      },
      input = {
        { "idOmniMess", "string", required = true, doc = "Id of the message, from send." },
        open = true,
      },
      output = {
        { "status", "string", doc = "PROCESSING, SUCCESS or FAIL." },
        { "phonenumber", "string", doc = "Number it went to." },
        { "channel", "string", doc = "Channel it went by." },
        { "templatecode", "string", doc = "Code of the template." },
        { "list_param", "json", doc = "Values of its variables; the service sends them as text." },
        { "createdatetime", "string", doc = "When it was handed over, as DD/MM/YYYY hh:mm:ss." },
        { "errorCode", "string", doc = "Code of a failure, in the words of the channel." },
        { "mtcount", "integer", doc = "Messages to pay for, of an SMS." },
        { "telcoid", "string", doc = "Network, of an SMS." },
        { "duration", "integer", doc = "Seconds, of a call." },
      },
      errors = { "Unauthorized", "ip_not_allowed" },
    },
  },
}

--- Imbee: access links, users and chats. Data only; docs/describing-a-service.md explains the format.
-- Source: the vendor's REST page. Imbee hands each customer a host, so base_url must be given. Both keys travel as raw
-- header values, with no scheme.

return {
  name = "imbee",
  title = "Imbee chat",
  doc = "Web access tokens, external users and chats of an Imbee messenger.",
  manual = "Imbee docs, Rest API",

  headers = { { "Accept", "application/json" } },
  content_type = "application/json",

  options = {
    { "auth", "string", secret = true, doc = "The token that every request is signed with (Authorization)." },
    { "corporate_key", "string", secret = true, doc = "The company's key (X-WOOS-KEY) for tokens and users." },
    { "user_apikey", "string", secret = true, doc = "The key of one user, for the chats that this user opens." },
  },
  credentials = {
    default = { { kind = "header", headers = { { "Authorization", "auth" }, { "X-WOOS-KEY", "corporate_key" } } } },
    -- A chat is opened in a user's name: that user's own key stands where the company's would.
    user = { { kind = "header", headers = { { "Authorization", "auth" } } } },
  },

  clients = { user = { option = "user_apikey", doc = "A client that opens chats in the name of the user with this key." } },

  envelope = { ok = { { "code", is = 0 } }, value = "body", code = { "code" }, message = { "message" } },

  -- No kind: the generic code says nothing, so the HTTP status decides where it says more.
  errors = {
    ["1"] = { doc = "Imbee could not do what was asked; it gives no closer reason." },
  },

  types = {
    contact = { { "idsha", "string", required = true, doc = "Id of the user to talk to." } },
    member = {
      { "idsha", "string", doc = "Id of a user in the chat." },
      { "isadmin", "integer", doc = "1 for the user who opened the chat, else 0." },
    },
  },

  operations = {
    ["tokens.create"] = {
      doc = "Makes a web access link for a user and sends it by mail or text message.",
      method = "POST", path = "/token/new", retry = "never",
      input = {
        { "virtual_user", "string", required = true, alias = { "virutal_user" }, doc = "Id of the user." },
        { "bot_idsha", "string", required = true, doc = "Id of the bot that the user will talk to." },
        { "mail", "string", doc = "E-mail address that the link goes to." },
        { "celullar", "string", doc = "Mobile number that the link goes to as a text message." },
        { "max_retries", "integer", min = 0, doc = "How often the link may be used; Imbee has a default." },
        { "date_limit", "string", pattern = "date", doc = "Last day of the link, as YYYY-MM-DD; Imbee has a default." },
        rules = { { any_of = { "mail", "celullar" }, doc = "The link must go somewhere." } },
      },
      output = {
        { "url", "string", secret = true, doc = "The link; it holds the token." },
        { "user_idsha", "string", doc = "Id of the user." },
        { "date_limit", "string", doc = "Last day of the link." },
        { "max_retries", "integer", doc = "How often the link may be used." },
        { "previously_created", "boolean", doc = "Whether the user had a link before." },
      },
      errors = { "1" },
    },
    ["users.create"] = {
      doc = "Registers somebody from outside as a chat user.",
      method = "POST", path = "/third_parties/user/new", retry = "never",
      input = {
        { "uniqueIdSha", "string", required = true, doc = "An id of the person that never changes." },
        { "platform", "string", doc = "Platform of the person's device." },
        { "deviceName", "string", doc = "Name of the device." },
        { "hardwareId", "string", doc = "Hardware id of the device." },
        { "osVersion", "string", doc = "Version of its operating system." },
      },
      output = {
        { "virtualUser", "string", doc = "Id of the chat user: the idsha of chats." },
        { "pass", "string", secret = true, doc = "The user's password." },
        { "apikey", "string", secret = true, doc = "The user's own key, for chats.create." },
        { "previously_registered", "boolean", doc = "Whether the user was there before." },
      },
      errors = { "1" },
    },
    ["chats.create"] = {
      doc = "Opens a chat between the user whose key is given and other users.",
      method = "POST", path = "/chat/create", retry = "never", credential = "user",
      input = {
        { "apikey", "string", ["in"] = "header", header = "X-WOOS-KEY", option = "user_apikey", required = true,
          secret = true, doc = "Key of the user who opens the chat, from users.create." },
        { "type", "string", default = "chat", doc = "Kind of conversation." },
        { "contacts", "contact[]", required = true, nonempty = true, doc = "The other users." },
      },
      output = {
        { "conversationId", "string", doc = "Id of the chat." },
        { "contacts", "member[]", doc = "Everybody in the chat, with the user who opened it." },
        { "previously_created", "boolean", doc = "Whether the chat was there before." },
      },
      errors = { "1" },
    },
  },
}

--- eTelecom: shops, their switchboards, Zalo and text messages. Data only; docs/describing-a-service.md explains the format.
-- Source of this file: the vendor's partner guide; each part names its own. Every call is a POST of a JSON object to
-- Service/Method, which a dot joins to the base address. The addresses, the codes beyond the guide's four and five optional
-- fields come from public material.

return {
  name = "etelecom",
  title = "eTelecom",
  doc = "Connects shops to eTelecom as a partner; runs their switchboards, their Zalo accounts and their text messages.",
  manual = "eTelecom docs, API integration: Partner, VPBX, Zalo Cloud; SMS brandname",
  parts = { "pbx", "zalo", "sms" },

  environments = {
    production = { base_url = "https://api.etelecom.vn/v1/partner",
      doc = "The address seen in public material; eTelecom hands each partner the one to use." },
    shop = { base_url = "https://api.etelecom.vn/v1/shop",
      doc = "For a shop of its own, without a partner: give the shop's key as shop_key." },
    sandbox = { base_url = "https://api-sandbox.etelecom.vn/v1/partner",
      doc = "eTelecom's own test installation, as public material names it." },
    development = { base_url = "https://api-dev.etelecom.vn/v1/partner",
      doc = "eTelecom's development installation, as public material names it." },
  },
  default_environment = "production",
  join = ".",
  headers = { { "Accept", "application/json" } },
  content_type = "application/json",

  options = {
    { "api_key", "string", secret = true, doc = "The partner's key, handed over by eTelecom." },
    { "shop_key", "string", secret = true, doc = "One shop's key: the auth_token of a shop_key answer." },
    { "service_name", "string", default = "Etelecom", word = true,
      doc = "How the switchboard's service is spelled in addresses; the vendor's pages also have ETelecom." },
    { "sms_username", "string", doc = "User of the text message service." },
    { "sms_password", "string", secret = true, doc = "Password of the text message service." },
    { "sms_base_url", "string", default = "https://sms.etelecom.vn/api",
      doc = "Where the text message service is: the live one, whatever the environment, since no other is known." },
  },
  bases = { sms = { option = "sms_base_url", join = "/" } },
  credentials = {
    default = { { kind = "bearer", token = "api_key", scheme = "Bearer" } },
    shop = { { kind = "bearer", token = "shop_key", scheme = "Bearer" } },
    sms = { { kind = "body", fields = { { "username", "sms_username" }, { "password", "sms_password" } } } },
  },
  clients = { shop = { option = "shop_key", doc = "A client that speaks for the shop with this key." } },
  redirect = { "token", "shop_id" },

  -- Some successes say code "ok", others have no code at all.
  envelope = { ok = { { "code", is = "ok", optional = true } }, code = { "code" }, message = { "msg" } },

  errors = {
    aborted = { kind = "conflict", status = 409, doc = "The request clashed with another one that ran at the time." },
    already_exists = { kind = "conflict", status = 409, doc = "What was to be made is there already." },
    bad_route = { kind = "rejected", status = 404,
      doc = "No such service or method, or no JSON was sent; check the path's letter case and Content-Type." },
    canceled = { kind = "unavailable", status = 408, outcome = "unknown", doc = "eTelecom gave the request up before it was done." },
    data_loss = { kind = "unavailable", status = 500, doc = "eTelecom lost or damaged data it needed." },
    deadline_exceeded = { kind = "timeout", status = 408, doc = "eTelecom took too long for its own limit." },
    failed_precondition = { kind = "conflict", status = 412,
      doc = "The account is not in the state this request needs." },
    internal = { kind = "unavailable", status = 500, doc = "Something broke inside eTelecom." },
    invalid_argument = { kind = "invalid_input", status = 400,
      doc = "A value was not accepted; the message says which." },
    malformed = { kind = "invalid_input", status = 400, doc = "The request's body could not be read." },
    not_found = { kind = "not_found", status = 404, doc = "What the request names does not exist." },
    out_of_range = { kind = "invalid_input", status = 400, doc = "A value lies outside what can be asked for." },
    permission_denied = { kind = "forbidden", status = 403,
      doc = "The shop never signed in through this partner: shop_id is wrong; authorize again without it." },
    resource_exhausted = { kind = "rate_limited", status = 403,
      doc = "A limit was used up; slow down or ask for more." },
    unauthenticated = { kind = "auth", status = 401, doc = "The key is missing or wrong." },
    unavailable = { kind = "unavailable", status = 503, doc = "eTelecom cannot serve right now; try again later." },
    unimplemented = { kind = "rejected", status = 501, doc = "eTelecom knows the method but does not offer it." },
    unknown = { kind = "unavailable", status = 500, doc = "eTelecom failed and does not say why." },
  },

  types = {
    cursor = {
      { "after", "string", doc = "The page behind this place: `next` or `prev` of an answer." },
      { "before", "string", doc = "The page before this place." },
      { "limit", "integer", min = 1, doc = "Entries a page." },
      { "sort", "string", doc = "Order of the entries." },
      open = true,
    },
    cursor_page = {
      { "next", "string", doc = "Where the next page begins; empty on the last one." },
      { "prev", "string", doc = "Where the page before begins." },
      { "after", "string", doc = "As it was asked for." },
      { "before", "string", doc = "As it was asked for." },
      { "limit", "integer", doc = "Entries a page." },
      { "sort", "string", doc = "Order of the entries." },
    },
  },

  -- In the vendor's navigation, and nowhere else that could be found.
  undescribed = {
    pbx = { "Partner Add Hotline To Tenant", "Partner Removed Hotline From Tenant", "Partner Remove Hotline", "Get Driver Config",
      "Get hotline list" },
    zalo = { "Upload file" },
    sms = { "Get sample details" },
  },

  operations = {
    ["misc.current_account"] = {
      doc = "Reads the partner account that the api_key belongs to.",
      method = "POST", path = "Misc/CurrentAccount", retry = "safe",
      output = {
        { "id", "string", doc = "Id of the account." },
        { "name", "string", doc = "Name of the account." },
        { "public_name", "string", doc = "Name shown to others." },
        { "type", "string", doc = "Kind of account, such as partner." },
        { "phone", "string", doc = "Phone number of the account." },
        { "email", "string", doc = "E-mail address of the account." },
        { "website", "string", doc = "The account's web site." },
        { "image_url", "string", doc = "Address of its picture." },
        { "redirect_urls", "string[]", doc = "Addresses that may be given as redirect_url." },
      },
      errors = { "unauthenticated", "bad_route" },
    },
    ["shops.authorize"] = {
      doc = "Connects a shop; either form may answer a login link (type shop_request) or the shop's key (shop_key).",
      method = "POST", path = "Shop/AuthorizeShop", retry = "never",
      input = {
        { "shop_id", "string", doc = "Id of a shop that signed in before, from the redirect; asks for its key." },
        { "email", "string", doc = "E-mail address of the shop's account, for a first connection." },
        { "phone", "string", doc = "Phone number of the shop's account, for a first connection." },
        { "name", "string", doc = "Name of the shop's account, for a first connection." },
        { "redirect_url", "string", required = true, doc = "Where the shop's browser goes after signing in." },
        { "external_shop_id", "string", doc = "The partner's own id of the shop (public material)." },
        { "external_user_id", "string", doc = "The partner's own id of the user (public material)." },
        { "extra_token", "string", secret = true, doc = "A token passed along with the request (public material)." },
        { "shop_name", "string", doc = "Name of the shop itself (public material)." },
        { "config", "string[]", enum = { "shipment" }, doc = "Parts to set up for the shop (public material)." },
        rules = {
          { require = "email", unless = "shop_id", doc = "A first connection needs the account's e-mail address." },
          { require = "phone", unless = "shop_id", doc = "A first connection needs the account's phone number." },
          { require = "name", unless = "shop_id", doc = "A first connection needs the account's name." },
        },
      },
      output = {
        { "code", "string", doc = "ok." },
        { "msg", "string", doc = "Empty on success." },
        { "type", "string", doc = "shop_request: send the shop to auth_url; shop_key: auth_token is the shop's key." },
        { "auth_token", "string", secret = true, doc = "The shop's key, or the token of the login link." },
        { "auth_url", "string", secret = true, doc = "Login link for the shop; it holds the token." },
        { "expires_in", "integer", doc = "Seconds the token lives; -1 for ever." },
        { "meta", "object", doc = "More facts, if any." },
      },
      errors = { "invalid_argument", "unauthenticated", "permission_denied", "bad_route", "already_exists" },
    },
    ["shops.current"] = {
      doc = "Reads the shop that the shop_key belongs to.",
      method = "POST", path = "Shop/CurrentShop", retry = "safe", credential = "shop",
      output = {
        { "id", "string", doc = "Id of the shop's account." },
        { "name", "string", doc = "Name of the shop's account." },
        { "type", "string", doc = "Kind of account." },
        { "image_url", "string", doc = "Address of its picture." },
        { "website", "string", doc = "The shop's web site." },
      },
      errors = { "unauthenticated", "bad_route" },
    },
  },
}

--- OMICall: contacts. Data only; docs/describing-a-service.md explains the format.
-- Source: the vendor's contact API, version 2; what rests on other public pages says so.

local gender = { "male", "female", "other" }

-- Fields of a contact, as `add` and each row of `addMany` take them.
local contact = {
  { "refId", "string", doc = "Your id of the customer." },
  { "tags", "string[]", doc = "Names of tags." },
  { "business", "string[]", doc = "Names of lines of business." },
  { "categories", "string[]", doc = "Names of groups." },
  { "userOwnerEmail", "string", doc = "E-mail of the employee in charge." },
  { "avatarUrl", "string", doc = "Address of a picture." },
  { "fullName", "string", doc = "Full name." },
  { "gender", "string", enum = gender, allow_empty = true, doc = "Gender." },
  { "passport", "string", doc = "Passport or identity card." },
  { "jobTitle", "string", alias = { "jobTitlte" }, doc = "Occupation." },
  { "address", "string", doc = "Postal address." },
  { "refCode", "string", doc = "Your code for the customer." },
  { "refType", "string", doc = "Your type of customer." },
  { "note", "string", doc = "Remarks." },
  { "phones", "reach[]", doc = "Phone numbers." },
  { "emails", "reach[]", doc = "E-mail addresses." },
  { "filterContacts", "funnel_state[]", doc = "Where the customer stands in your funnels." },
}

return {
  name = "omicall",
  title = "OMICall contacts",
  doc = "Keeps the contacts of a call centre: add, update, search and read them.",
  manual = "OMICall API documentation, \"Contacts\", version 2",

  environments = {
    public = {
      base_url = "https://public-v1-stg.omicall.com",
      doc = "The one host that the vendor publishes.",
    },
  },
  default_environment = "public",

  headers = { { "Accept", "application/json" } },
  content_type = "application/json",

  options = {
    { "api_key", "string", secret = true, doc = "Key of the account; frontdesk trades it for a token." },
    { "token", "string", secret = true, doc = "An access token at hand, instead of the key." },
  },

  credentials = {
    default = {
      { kind = "bearer", token = "token", scheme = "Bearer" },
      {
        kind = "exchange",
        needs = { "api_key" },
        operation = "auth.token",
        input = { apiKey = "api_key" },
        token = "access_token",
        scheme = "Bearer",
        lifetime = 86400,
      },
    },
  },

  envelope = {
    ok = {
      { "status_code", is = 9999 },
      { "payload", isnt = false },
      { "payload.error", empty = true },
    },
    value = "payload",
    code = { "payload.error", "payload.error.code", { "message", known = true }, "status_code" },
    message = { "payload.message", "payload.error.message", "message" },
    text = { Unauthorized = "unauthorized" },
  },

  errors = {
    unauthorized = { kind = "auth", doc = "The token is missing, wrong or has expired." },
    phone_or_email_assigned_on_other_contact = {
      kind = "conflict",
      doc = "Another contact has this phone number or e-mail address already.",
    },
    ["-9999"] = { kind = "rejected", doc = "The service could not do what was asked." },
    ["9999"] = { kind = "rejected", doc = "The service answered that it did not do what was asked." },
  },

  types = {
    contact = contact,
    reach = {
      { "data", "string", required = true, doc = "The number or the address." },
      { "type", "string", enum = { "home", "personal", "office" }, allow_empty = true, doc = "Whose it is." },
      {
        "valueType", "string",
        derive = { from = "type", map = { home = "Nhà", personal = "Cá nhân", office = "Công ty" } },
        doc = "The type as the vendor's screens show it; filled in from `type`.",
      },
    },
    funnel_state = {
      { "id", "string", doc = "Id of the funnel." },
      { "index", "integer", doc = "Place of the first-level state." },
      { "secondLevelIndex", "integer", doc = "Place of the second-level state, where there is one." },
    },
    dynamic_value = {
      { "data", "any", doc = "The value." },
      { "type", "string", doc = "Kind of value." },
      { "valueType", "string", doc = "Kind of value as shown." },
    },
    dynamic_update = {
      { "fieldCode", "string", required = true, doc = "Code of the attribute, as `attributes:list` gives it." },
      { "values", "dynamic_value[]", doc = "Its new values." },
    },
    range = {
      { "field", "string", required = true, doc = "What to filter by: created_date." },
      { "from", "integer", doc = "Earliest, in milliseconds since 1970." },
      { "to", "integer", doc = "Latest, in milliseconds since 1970." },
    },
    attribute_value = {
      { "display_value", "any", doc = "The value as shown." },
      { "data_type", "string", doc = "Kind of value." },
      { "value_type", "string", doc = "Kind of value as shown." },
    },
    attribute = {
      { "identify", "boolean", doc = "Whether it identifies the contact." },
      { "field_code", "string", doc = "Code of the attribute: full_name, phone_number, mail, ..." },
      { "field_type", "string", doc = "Kind of attribute." },
      { "value", "attribute_value[]", doc = "Its values." },
    },
    found_contact = {
      { "public_id", "string", doc = "Id of the contact at OMICall." },
      { "created_date", "integer", doc = "When it was created, in milliseconds since 1970." },
      { "last_updated_date", "integer", doc = "When it was last changed, in milliseconds since 1970." },
      { "contact_type", "string", doc = "Type of contact." },
      { "is_deleted", "boolean", doc = "Whether it was deleted." },
      { "tags", "string[]", doc = "Names of its tags." },
      { "attribute_structure", "attribute[]", doc = "All that is known of it, attribute by attribute." },
    },
    page = {
      { "items", "found_contact[]", doc = "The contacts of this page." },
      { "page_number", "integer", doc = "Number of this page, from 1." },
      { "page_size", "integer", doc = "Contacts a page." },
      { "has_next", "boolean", doc = "Whether there is a page behind it." },
      { "total_pages", "integer", doc = "Number of pages." },
      { "total_items", "integer", doc = "Number of contacts found." },
    },
  },

  operations = {
    ["auth.token"] = {
      doc = "Trades the api key for an access token of 24 hours (from the vendor's page on authentication).",
      method = "GET",
      path = "/api/auth",
      credential = "none",
      retry = "safe",
      input = {
        { "apiKey", "string", ["in"] = "query", required = true, secret = true, doc = "Key of the account." },
      },
      output = {
        { "access_token", "string", secret = true, doc = "The token." },
        { "access_type", "string", doc = "Kind of account." },
        { "token_type", "string", doc = "Scheme to send it with." },
      },
    },

    ["contacts.add"] = {
      doc = "Creates a contact.",
      method = "POST",
      path = "/api/v2/contact/add",
      retry = "never",
      input = "contact",
      envelope = { also = { { "payload", is = true } } },
      output = "boolean",
      errors = { "phone_or_email_assigned_on_other_contact", "-9999" },
    },

    ["contacts.add_many"] = {
      doc = "Creates many contacts; the service works through them after it has answered.",
      method = "POST",
      path = "/api/v2/contact/addMany",
      retry = "never",
      input = {
        { "data", "contact[]", required = true, nonempty = true, doc = "The contacts." },
      },
      envelope = { also = { { "payload.success", is = true } } },
      value = true,
      output = "boolean",
      bulk = { method = "add_all", field = "data", chunk = 500 },
      errors = { "phone_or_email_assigned_on_other_contact", "-9999" },
    },

    ["contacts.update"] = {
      doc = "Changes a contact, named by refId or _id; tags, business and categories are added to.",
      method = "POST",
      path = "/api/v2/contact/update",
      retry = "idempotent",
      input = {
        { "refId", "string", doc = "Your id of the customer." },
        { "_id", "string", doc = "Id of the contact at OMICall, when refId is not used." },
        { "tags", "string[]", doc = "Names of tags to add." },
        { "business", "string[]", doc = "Names of lines of business to add." },
        { "categories", "string[]", doc = "Names of groups to add." },
        { "tagRemoves", "string[]", doc = "Names of tags to take away." },
        { "businessRemoves", "string[]", doc = "Names of lines of business to take away." },
        { "categoriesRemoves", "string[]", doc = "Names of groups to take away." },
        { "userOwnerEmail", "string", doc = "E-mail of the employee in charge." },
        { "avatarUrl", "string", doc = "Address of a picture." },
        { "fullName", "string", doc = "Full name." },
        { "gender", "string", enum = gender, allow_empty = true, doc = "Gender." },
        { "passport", "string", doc = "Passport or identity card." },
        { "jobTitle", "string", alias = { "jobTitlte" }, doc = "Occupation." },
        { "address", "string", doc = "Postal address." },
        { "note", "string", doc = "Remarks." },
        { "phones", "reach[]", doc = "Phone numbers." },
        { "emails", "reach[]", doc = "E-mail addresses." },
        { "filterContacts", "funnel_state[]", doc = "Where the customer stands in your funnels." },
        { "otherDynamicUpdates", "dynamic_update[]", doc = "New values of other attributes." },
        { "refCode", "string", doc = "Your code for the customer (the vendor's table leaves it open)." },
        { "refType", "string", doc = "Your type of customer (the vendor's table leaves it open)." },
        rules = {
          { any_of = { "refId", "_id" }, doc = "One of the two says which contact is meant." },
        },
      },
      envelope = { also = { { "payload", is = true } } },
      output = "boolean",
      errors = { "phone_or_email_assigned_on_other_contact", "-9999" },
    },

    ["contacts.search"] = {
      doc = "Finds contacts, a page at a time.",
      method = "POST",
      path = "/api/v2/contact/search",
      retry = "safe",
      input = {
        { "page", "integer", ["in"] = "query", min = 1, doc = "Number of the page, from 1." },
        { "size", "integer", ["in"] = "query", min = 1, doc = "Contacts a page; the service takes 50 when not given." },
        { "keyword", "string", doc = "A phone number, an e-mail address or a name." },
        { "tags", "string[]", doc = "Only contacts with these tags." },
        { "business", "string[]", doc = "Only contacts in these lines of business." },
        { "categories", "string[]", doc = "Only contacts in these groups." },
        { "ranges", "range[]", doc = "Only contacts of these times." },
        { "includeIds", "string[]", doc = "Only contacts with these ids." },
        { "excludeIds", "string[]", doc = "No contacts with these ids." },
      },
      output = "page",
      paging = {
        each = "each", pages = "pages",
        style = "page", page = "page", size = "size",
        items = "items", more = "has_next", number = "page_number",
      },
    },

    ["contacts.get"] = {
      doc = "Reads one contact.",
      method = "GET",
      path = "/api/v2/contact/get/:id",
      retry = "safe",
      input = {
        { "id", "string", ["in"] = "path", required = true, doc = "Id of the contact at OMICall." },
      },
      args = { "id" },
      output = "found_contact",
    },

    ["attributes.list"] = {
      doc = "Lists the attributes that contacts can have.",
      method = "GET",
      path = "/api/v2/contact/layout/list",
      retry = "safe",
      output = "any",
    },

    ["states.list"] = {
      doc = "Lists the funnels and the states in them.",
      method = "GET",
      path = "/api/v2/contact/filterContact/list",
      retry = "safe",
      output = "any",
    },
  },
}

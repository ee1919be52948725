--- POS people: staff, roles and permissions. Data only; docs/describing-a-service.md explains the format.
-- Source: the vendor's people API document, version 1. It gives no address, so base_url must be given, and marks nearly
-- no field as required: what an edit needs depends on its action, and the rules below say so.

local ID = { "id", "string", ["in"] = "path", required = true, doc = "Id of the staff account." }
local ROLE_ID = { "role_id", "string", ["in"] = "path", required = true, doc = "Id of the role." }

-- A role's id travels as the service gave it: some installations answer numbers, some strings.
local ROLE = { "role_id", "id", required = true, doc = "Id of the role the account gets." }
local LOCATION = {
  "location", "json", list = true, required = true,
  doc = "Ids of the warehouses the account manages: a list (sent as JSON inside a string).",
}
local PERMISSIONS = {
  "permissions", "json", list = true, required = true,
  doc = "Names of the permissions the role grants: a list (sent as JSON inside a string).",
}

return {
  name = "pos",
  title = "POS people",
  doc = "Staff accounts, roles and permissions of a point of sale, and its link to a seller's account.",
  manual = "the people API document of the POS: groups Auth, People, Permissions, Person, Roles and Verify",

  headers = {
    { "Accept", { option = "accept",
      default = "application/vnd.people.v1+json, application/hal+json;q=0.9, application/json;q=0.8" } },
    { "Device-Id", { option = "device_id" } },
  },
  content_type = { option = "content_type", default = "application/vnd.people.v1+json" },

  options = {
    { "auth", "string", enum = { "bearer", "basic", "digest" },
      doc = "How the installation signs callers in: bearer with a token, basic with a password, unless said." },
    { "token", "string", secret = true, doc = "Access token of the signed-in staff account (bearer)." },
    { "username", "string", doc = "Login name (basic and digest)." },
    { "password", "string", secret = true, doc = "Password of that login name (basic and digest)." },
    { "device_id", "string", doc = "Id of the till or phone the script speaks for; auth.check needs one." },
    { "accept", "string", doc = "Another Accept header, for an installation that knows fewer media types." },
    { "content_type", "string", doc = "Another media type for request bodies, such as application/json." },
  },

  credentials = {
    default = {
      { kind = "basic", username = "username", password = "password", when = { auth = "basic" } },
      { kind = "digest", username = "username", password = "password", when = { auth = "digest" } },
      { kind = "bearer", token = "token", scheme = "Bearer" },
      { kind = "basic", username = "username", password = "password", when = { auth = false } },
    },
  },

  -- A refusal comes as a 2xx answer whose `result` is a code, or as a problem document, with the code in `result` or in
  -- one of the problem's own members.
  envelope = {
    ok = { { "result", is = "SUCCESS", optional = true } },
    code = { "result", { "detail", known = true }, { "title", known = true } },
    message = { "detail", "title" },
    fields = "validation_messages",
    our_words = true, -- the service sends bare codes, or the titles of HTTP statuses
  },

  errors = {
    ERROR = { kind = "rejected", outcome = "unknown", doc = "The POS failed for a reason it does not name." },
    EXIST_ACCESS_TOKEN = { kind = "conflict", doc = "This access token was registered with the POS before." },
    EXIST_LINK_CUSTOMERVUADUNGCU = { kind = "conflict",
      doc = "The staff account is linked to a customer already; unlink it first." },
    EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE = { kind = "conflict",
      doc = "The customer with this phone number is linked to another staff account." },
    EXIST_NAME = { kind = "conflict", doc = "Another role has this name." },
    EXIST_PERSON_IN_ROLE = { kind = "conflict", doc = "Staff accounts still hold this role; give them another first." },
    EXIST_USERNAME = { kind = "conflict", doc = "Another staff account has this login name." },
    INVALID_SELLER_UUID = { kind = "invalid_input",
      doc = "seller_uuid is not the one this account was registered under; take it from the auth.check answer." },
    NOT_EXIST_LINK_CUSTOMERVUADUNGCU = { kind = "not_found", doc = "The staff account is linked to no customer." },
    NOT_EXIST_ROLE = { kind = "not_found", doc = "There is no role with this role_id." },
    NOT_FOUND_CUSTOMERVUADUNGCU = { kind = "not_found", doc = "No customer has this phone number." },
    NOT_FOUND_PERSON = { kind = "not_found", doc = "There is no staff account with this id." },
    NOT_FOUND_ROLE = { kind = "not_found", doc = "There is no role with this id." },
    NOT_LOGGED_IN = { kind = "auth", doc = "The caller is not signed in; get a new access token." },
    NOT_POS_ACCOUNT = { kind = "forbidden", doc = "The POS account behind this login is missing or not active yet." },
    NOT_REGISTERED_POS = { kind = "forbidden", doc = "This login was never registered to manage a POS." },
    NOT_VERIFIED_POS = { kind = "forbidden",
      doc = "The registration waits for verify.confirm; the answer holds the pos_name and the seller_uuid for it." },
    NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU = { kind = "rejected",
      doc = "The customer has not confirmed this phone number yet." },
    PERSON_LINKING_CUSTOMERVUADUNGCU = { kind = "conflict",
      doc = "The staff account is linked to a customer; unlink it before deleting it." },
    VERIFIED_POS = { kind = "conflict", doc = "The registration was verified before." },
  },

  types = {
    person_summary = {
      { "person_id", "id", doc = "Id of the staff account." },
      { "person_name", "string", doc = "Name of the person." },
      { "visible", "flag", doc = "Whether the account may work." },
      { "role_id", "id", doc = "Id of the account's role." },
      { "role_name", "string", doc = "Name of the account's role." },
    },
    person = {
      { "person_id", "id", doc = "Id of the staff account." },
      { "person_name", "string", doc = "Name of the person." },
      { "username", "string", doc = "Login name." },
      { "visible", "flag", doc = "Whether the account may work." },
      { "role_id", "id", doc = "Id of the account's role." },
      { "role_name", "string", doc = "Name of the account's role." },
      { "linking_customerVuadungcu", "string",
        doc = "State of the link to a customer: Y linked, N not linked, W not explained by the vendor." },
      { "location", "json", doc = "Ids of the warehouses the account manages." },
    },
    permission = {
      { "permission", "string", doc = "Name to grant in a role." },
      { "group", "string", doc = "Heading it is shown under." },
      { "label", "string", doc = "Text it is shown with." },
    },
    role_summary = {
      { "role_id", "id", doc = "Id of the role." },
      { "role_name", "string", doc = "Name of the role." },
    },
    role = {
      { "role_id", "id", doc = "Id of the role." },
      { "role_name", "string", doc = "Name of the role." },
      { "permission", "json", doc = "Names of the permissions it grants." },
      { "people", "array", doc = "Who holds it: a pair of id and name for each staff account." },
    },
  },

  operations = {
    ["auth.check"] = {
      doc = "Registers the access token with the POS and tells who and where the caller is.",
      method = "POST", path = "/people/auth", retry = "never", args = { "device_id" },
      input = {
        { "device_id", "string", ["in"] = "header", header = "Device-Id", option = "device_id", required = true,
          doc = "Id of the till or phone that signs in." },
      },
      output = {
        { "result", "string", doc = "SUCCESS." },
        { "person_name", "string", doc = "Name of the signed-in person." },
        { "pos_name", "string", doc = "Name of the POS." },
        { "location_name", "string", doc = "Name of the shop or warehouse." },
      },
      errors = { "NOT_LOGGED_IN", "NOT_REGISTERED_POS", "NOT_VERIFIED_POS", "NOT_POS_ACCOUNT", "EXIST_ACCESS_TOKEN",
        "ERROR" },
    },

    ["people.create"] = {
      doc = "Creates a staff account; the service does not tell its id: find it with people.list.",
      method = "POST", path = "/people/people", retry = "never", output = "boolean", value = true,
      input = {
        { "name", "string", doc = "Name of the person." },
        { "username", "string", doc = "Login name, unique in the POS." },
        { "password", "string", secret = true, doc = "Password to sign in with." },
        { "role_id", "id", doc = "Id of the role the account gets." },
        { "visible", "flag", doc = "Whether the account may work." },
        { "location", "json", list = true,
          doc = "Ids of the warehouses the account manages: a list (sent as JSON in a string)." },
      },
      errors = { "EXIST_USERNAME", "NOT_EXIST_ROLE", "ERROR" },
    },
    -- The document shows no pages. Other services made with the same tools have them, in HAL's usual members; so the
    -- lists look for those in an answer, and send nothing about pages before they found some.
    ["people.list"] = {
      doc = "Lists the staff accounts.",
      method = "GET", path = "/people/people", retry = "safe",
      input = {
        { "name", "string", ["in"] = "query", doc = "Part of a name to look for." },
        { "visible", "flag", ["in"] = "query", omit_false = true, doc = "true: only accounts that may work." },
      },
      output = "person_summary[]", value = "_embedded.person",
      paging = { each = "each", pages = "pages", style = "hal", items = "_embedded.person" },
    },
    ["people.get"] = {
      doc = "Reads one staff account.",
      method = "GET", path = "/people/people/:id", retry = "safe", args = { "id" },
      input = { ID }, output = "person", value = "person",
      errors = { "NOT_FOUND_PERSON" },
    },
    ["people.update"] = {
      doc = "Edits a staff account in the vendor's own form; the methods named after each edit are easier to use.",
      method = "PUT", path = "/people/people/:id", retry = "never", output = "boolean", value = true,
      input = {
        ID,
        { "action", "string", required = true, doc = "Which edit to make.",
          enum = { "editName", "editUsername", "editPassword", "editRole", "editVisible", "linkCustomerVuadungcu",
            "editLocation" } },
        { "name", "string", doc = "New name, for editName." },
        { "username", "string", doc = "New login name, for editUsername." },
        { "password", "string", secret = true, doc = "New password, for editPassword." },
        { "role_id", "id", doc = "Id of the new role, for editRole." },
        { "visible", "flag", doc = "Whether the account may work, for editVisible." },
        { "phone_customer", "string",
          doc = "Phone number of the customer to link, or the word unlink, for linkCustomerVuadungcu." },
        { "location", "json", list = true,
          doc = "Ids of the warehouses, for editLocation: a list (sent as JSON in a string)." },
        rules = {
          { require = "name", when = "action", is = "editName" },
          { require = "username", when = "action", is = "editUsername" },
          { require = "password", when = "action", is = "editPassword" },
          { require = "role_id", when = "action", is = "editRole" },
          { require = "visible", when = "action", is = "editVisible" },
          { require = "phone_customer", when = "action", is = "linkCustomerVuadungcu" },
          { require = "location", when = "action", is = "editLocation" },
        },
      },
      errors = { "NOT_FOUND_PERSON", "EXIST_USERNAME", "NOT_EXIST_ROLE", "NOT_EXIST_LINK_CUSTOMERVUADUNGCU",
        "EXIST_LINK_CUSTOMERVUADUNGCU", "NOT_FOUND_CUSTOMERVUADUNGCU", "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU",
        "EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE", "ERROR" },
    },
    ["people.rename"] = {
      doc = "Changes the name of a staff account.",
      method = "PUT", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id", "name" },
      input = { ID, { "action", "string", const = "editName", doc = "The edit." },
        { "name", "string", required = true, doc = "New name of the person." } },
      errors = { "NOT_FOUND_PERSON", "ERROR" },
    },
    ["people.set_username"] = {
      doc = "Changes the login name of a staff account.",
      method = "PUT", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id", "username" },
      input = { ID, { "action", "string", const = "editUsername", doc = "The edit." },
        { "username", "string", required = true, doc = "New login name, unique in the POS." } },
      errors = { "NOT_FOUND_PERSON", "EXIST_USERNAME", "ERROR" },
    },
    ["people.set_password"] = {
      doc = "Changes the password of a staff account.",
      method = "PUT", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id", "password" },
      input = { ID, { "action", "string", const = "editPassword", doc = "The edit." },
        { "password", "string", required = true, secret = true, doc = "New password." } },
      errors = { "NOT_FOUND_PERSON", "ERROR" },
    },
    ["people.set_role"] = {
      doc = "Gives a staff account another role.",
      method = "PUT", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id", "role_id" },
      input = { ID, { "action", "string", const = "editRole", doc = "The edit." }, ROLE },
      errors = { "NOT_FOUND_PERSON", "NOT_EXIST_ROLE", "ERROR" },
    },
    ["people.set_visible"] = {
      doc = "Lets a staff account work, or stops it from working.",
      method = "PUT", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id", "visible" },
      input = { ID, { "action", "string", const = "editVisible", doc = "The edit." },
        { "visible", "flag", required = true, doc = "Whether the account may work." } },
      errors = { "NOT_FOUND_PERSON", "ERROR" },
    },
    ["people.link_customer"] = {
      doc = "Links a staff account to the customer who has a phone number.",
      method = "PUT", path = "/people/people/:id", retry = "never", output = "boolean", value = true,
      args = { "id", "phone_customer" },
      input = { ID, { "action", "string", const = "linkCustomerVuadungcu", doc = "The edit." },
        { "phone_customer", "string", required = true, doc = "The customer's confirmed phone number." } },
      errors = { "NOT_FOUND_PERSON", "EXIST_LINK_CUSTOMERVUADUNGCU", "NOT_FOUND_CUSTOMERVUADUNGCU",
        "NOT_YET_CONFIRM_PHONE_CUSTOMERVUADUNGCU", "EXIST_LINK_CUSTOMERVUADUNGCU_BYPHONE", "ERROR" },
    },
    ["people.unlink_customer"] = {
      doc = "Removes the link between a staff account and its customer.",
      method = "PUT", path = "/people/people/:id", retry = "never", output = "boolean", value = true,
      args = { "id" },
      input = { ID, { "action", "string", const = "linkCustomerVuadungcu", doc = "The edit." },
        { "phone_customer", "string", const = "unlink", doc = "The word that removes the link." } },
      errors = { "NOT_FOUND_PERSON", "NOT_EXIST_LINK_CUSTOMERVUADUNGCU", "ERROR" },
    },
    ["people.set_location"] = {
      doc = "Sets the warehouses a staff account manages.",
      method = "PUT", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id", "location" },
      input = { ID, { "action", "string", const = "editLocation", doc = "The edit." }, LOCATION },
      errors = { "NOT_FOUND_PERSON", "ERROR" },
    },
    ["people.delete"] = {
      doc = "Deletes a staff account that is linked to no customer.",
      method = "DELETE", path = "/people/people/:id", retry = "idempotent", output = "boolean", value = true,
      args = { "id" }, input = { ID },
      errors = { "NOT_FOUND_PERSON", "PERSON_LINKING_CUSTOMERVUADUNGCU" },
    },

    ["permissions.list"] = {
      doc = "Lists the permissions that a role can grant, in the order they are shown.",
      method = "GET", path = "/people/permissions", retry = "safe",
      output = "permission[]", value = "_embedded.permissions",
      paging = { each = "each", pages = "pages", style = "hal", items = "_embedded.permissions" },
    },
    ["permissions.get"] = {
      doc = "Lists the permissions under one name; the vendor gives the path but does not explain it.",
      method = "GET", path = "/people/permissions/:permission", retry = "safe", args = { "permission" },
      input = { { "permission", "string", ["in"] = "path", required = true, doc = "Name of a permission." } },
      output = "permission[]", value = "_embedded.permissions",
    },

    ["me.info"] = {
      doc = "Tells who is signed in.",
      method = "GET", path = "/people/person/info", retry = "safe",
      output = { { "name", "string", doc = "Name of the signed-in person." } }, value = "info",
    },
    ["me.permissions"] = {
      doc = "Lists the names of the permissions the signed-in person has.",
      method = "GET", path = "/people/person/permissions", retry = "safe",
      output = "string[]", value = "permissions",
    },

    ["roles.list"] = {
      doc = "Lists the roles.",
      method = "GET", path = "/people/roles", retry = "safe",
      output = "role_summary[]", value = "_embedded.roles",
      paging = { each = "each", pages = "pages", style = "hal", items = "_embedded.roles" },
    },
    ["roles.create"] = {
      doc = "Creates a role; the service does not tell its id: find it with roles.list.",
      method = "POST", path = "/people/roles", retry = "never", output = "boolean", value = true,
      args = { "name", "permissions" },
      input = {
        { "name", "string", doc = "Name of the role, unique in the POS." },
        { "permissions", "json", list = true,
          doc = "Names of the permissions it grants: a list (sent as JSON inside a string)." },
      },
      errors = { "EXIST_NAME", "ERROR" },
    },
    ["roles.get"] = {
      doc = "Reads one role: its permissions and who holds it.",
      method = "GET", path = "/people/roles/:role_id", retry = "safe", args = { "role_id" },
      input = { ROLE_ID }, output = "role", value = "role",
      errors = { "NOT_FOUND_ROLE" },
    },
    ["roles.update"] = {
      doc = "Edits a role in the vendor's own form; roles.rename and roles.set_permissions are easier to use.",
      method = "PUT", path = "/people/roles/:role_id", retry = "idempotent", output = "boolean", value = true,
      input = {
        ROLE_ID,
        { "action", "string", required = true, enum = { "editName", "editPermissions" }, doc = "Which edit to make." },
        { "name", "string", doc = "New name, for editName." },
        { "permissions", "json", list = true,
          doc = "New permissions, for editPermissions: a list (sent as JSON in a string)." },
        rules = {
          { require = "name", when = "action", is = "editName" },
          { require = "permissions", when = "action", is = "editPermissions" },
        },
      },
      errors = { "NOT_FOUND_ROLE", "EXIST_NAME", "ERROR" },
    },
    ["roles.rename"] = {
      doc = "Changes the name of a role.",
      method = "PUT", path = "/people/roles/:role_id", retry = "idempotent", output = "boolean", value = true,
      args = { "role_id", "name" },
      input = { ROLE_ID, { "action", "string", const = "editName", doc = "The edit." },
        { "name", "string", required = true, doc = "New name, unique in the POS." } },
      errors = { "NOT_FOUND_ROLE", "EXIST_NAME", "ERROR" },
    },
    ["roles.set_permissions"] = {
      doc = "Replaces the permissions of a role.",
      method = "PUT", path = "/people/roles/:role_id", retry = "idempotent", output = "boolean", value = true,
      args = { "role_id", "permissions" },
      input = { ROLE_ID, { "action", "string", const = "editPermissions", doc = "The edit." }, PERMISSIONS },
      errors = { "NOT_FOUND_ROLE", "ERROR" },
    },
    ["roles.delete"] = {
      doc = "Deletes a role that nobody holds.",
      method = "DELETE", path = "/people/roles/:role_id", retry = "idempotent", output = "boolean", value = true,
      args = { "role_id" }, input = { ROLE_ID },
      errors = { "NOT_FOUND_ROLE", "EXIST_PERSON_IN_ROLE", "ERROR" },
    },

    ["verify.confirm"] = {
      doc = "Accepts or declines the seller's request that this account manages the POS.",
      method = "POST", path = "/people/verify", retry = "never", output = "boolean", value = true,
      args = { "seller_uuid", "verify" },
      input = {
        { "seller_uuid", "string", required = true, doc = "The seller's id, as a NOT_VERIFIED_POS answer gives it." },
        { "verify", "flag", required = true, doc = "true accepts, false declines." },
      },
      errors = { "NOT_LOGGED_IN", "NOT_REGISTERED_POS", "VERIFIED_POS", "INVALID_SELLER_UUID", "ERROR" },
    },
  },
}

/* l_request.c: a request out of a table, and core.request. */
#include "binding.h"

#define REQUEST_TYPE "frontdesk.request"
static const char type_name[] = REQUEST_TYPE;

typedef enum kind { TEXT, SECONDS, BYTES, FLAG, HEADERS, AUTH, HTTP } kind;

static const struct {
  const char *name;
  kind kind;
  size_t offset;
} fields[] = {
#define FIELD(name, kind)                                                      \
  { #name, kind, offsetof(fdk_request, name) }
    /* those of each call */
    FIELD(url, TEXT),
    FIELD(body, TEXT),
    FIELD(headers, HEADERS),
    FIELD(timeout, SECONDS),
    /* and those that may be prepared */
    FIELD(method, TEXT),
    FIELD(auth, AUTH),
    FIELD(username, TEXT),
    FIELD(password, TEXT),
    FIELD(connect_timeout, SECONDS),
    FIELD(max_body, BYTES),
    FIELD(max_header_bytes, BYTES),
    FIELD(max_header_count, BYTES),
    {"http_version", HTTP, offsetof(fdk_request, http)},
    FIELD(ca_file, TEXT),
    FIELD(crl_file, TEXT),
    FIELD(proxy, TEXT),
    FIELD(repeatable, FLAG),
#undef FIELD
};
enum { PER_CALL = 4, FIELDS = sizeof fields / sizeof fields[0] };

/* What core.request makes; the texts stand behind it. */
typedef struct prepared {
  const char *type;
  fdk_request request;
} prepared;

static int wrong_type(lua_State *L, const char *name, const char *wanted) {
  return luaL_error(L, "the request's %s must be %s, not a %s", name, wanted,
                    luaL_typename(L, -1));
}

/* The position of the string on top of the stack in `choices`. */
static int choice(lua_State *L, const char *name, const char *const *choices) {
  const char *text =
      lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  for (int i = 0; text != NULL && choices[i] != NULL; i++)
    if (strcmp(text, choices[i]) == 0)
      return i;
  return luaL_error(L, "the request's %s is not one that is known", name);
}

/* Reads the value on top of the stack into the field. Texts stay in the table,
 * which lives until submit is done with them. */
static void read_field(lua_State *L, size_t index, fdk_request *request) {
  static const char *const auths[] = {"none", "basic", "digest", NULL};
  static const char *const versions[] = {"auto", "1.1", "2",
                                         "2-prior-knowledge", NULL};
  const char *name = fields[index].name;
  void *into = (char *)request + fields[index].offset;
  switch (fields[index].kind) {
  case TEXT: {
    fdk_text *text = into;
    if (lua_type(L, -1) != LUA_TSTRING)
      wrong_type(L, name, "a string");
    text->data = lua_tolstring(L, -1, &text->size);
    break;
  }
  case SECONDS:
    if (lua_type(L, -1) != LUA_TNUMBER)
      wrong_type(L, name, "a number");
    *(double *)into = (double)lua_tonumber(L, -1);
    break;
  case BYTES: {
    lua_Number number =
        lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
    if (!(number >= 0))
      wrong_type(L, name, "a number of 0 or more");
    *(size_t *)into =
        number < (lua_Number)(SIZE_MAX / 4) ? (size_t)number : SIZE_MAX / 4;
    break;
  }
  case FLAG:
    *(bool *)into = lua_toboolean(L, -1) != 0;
    break;
  case HEADERS:
    *(fdk_header_list **)into = fdk_check_headers(L, lua_gettop(L));
    break;
  case AUTH:
    *(fdk_auth *)into = (fdk_auth)choice(L, name, auths);
    break;
  case HTTP:
    *(fdk_http *)into = (fdk_http)choice(L, name, versions);
    break;
  }
}

/* Reads the fields from `first` to before `end` of the table at `index`, and
 * leaves their values on the stack. The names are the upvalues of the running
 * function: Lua's strings, found without a search for them. */
static void read_fields(lua_State *L, int index, int first, int end,
                        fdk_request *request) {
  for (int i = first; i < end; i++) {
    lua_pushvalue(L, lua_upvalueindex(i + 1));
    lua_rawget(L, index);
    if (!lua_isnil(L, -1))
      read_field(L, (size_t)i, request);
  }
}

void fdk_read_request(lua_State *L, int index, fdk_request *request) {
  int top = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(FIELDS + 1));
  lua_rawget(L, index);
  if (lua_isnil(L, -1)) {
    fdk_request_init(request);
    read_fields(L, index, PER_CALL, FIELDS, request);
  } else {
    const prepared *self =
        fdk_check_userdata(L, top + 1, type_name, sizeof *self);
    *request = self->request;
  }
  lua_settop(L, top);
  read_fields(L, index, 0, PER_CALL, request);
  lua_settop(L, top);
  if (request->url.data == NULL)
    luaL_error(L, "the request has no url");
}

/* The field of that index when it is a text, else NULL. */
static fdk_text *text_of(fdk_request *request, size_t index) {
  return fields[index].kind == TEXT
             ? (fdk_text *)(void *)((char *)request + fields[index].offset)
             : NULL;
}

bool fdk_request_has_nul(fdk_request *request, fdk_failure *failure) {
  for (size_t i = 0; i < FIELDS; i++) {
    const fdk_text *text = text_of(request, i);
    if (text == NULL || text == &request->body || text->data == NULL ||
        strlen(text->data) == text->size)
      continue;
    fdk_fail(failure, FDK_KIND_INVALID_INPUT, "the %s contains a NUL byte",
             fields[i].name);
    failure->field = fields[i].name;
    return true;
  }
  return false;
}

/* core.request(table) -> what many requests share, read once from the fields
 * that may be prepared; what becomes of the table is nothing to it */
static int request_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  fdk_request request;
  fdk_request_init(&request);
  read_fields(L, 1, PER_CALL, FIELDS, &request);
  size_t size = sizeof(prepared);
  for (size_t i = PER_CALL; i < FIELDS; i++) {
    const fdk_text *text = text_of(&request, i);
    if (text != NULL && text->data != NULL)
      size += text->size + 1;
  }
  prepared *self = lua_newuserdata(L, size);
  *self = (prepared){type_name, request};
  char *to = (char *)(self + 1);
  for (size_t i = PER_CALL; i < FIELDS; i++) {
    fdk_text *text = text_of(&self->request, i);
    if (text == NULL || text->data == NULL)
      continue;
    memcpy(to, text->data, text->size + 1);
    text->data = to;
    to += text->size + 1;
  }
  fdk_set_type(L, REQUEST_TYPE);
  return 1;
}

static int request_tostring(lua_State *L) {
  lua_pushliteral(L, REQUEST_TYPE);
  return 1;
}

void fdk_push_reader(lua_State *L, lua_CFunction function) {
  luaL_checkstack(L, FIELDS + 1, "not enough memory for the core");
  for (int i = 0; i < FIELDS; i++)
    lua_pushstring(L, fields[i].name);
  lua_pushliteral(L, "prepared");
  lua_pushcclosure(L, function, FIELDS + 1);
}

void fdk_open_request(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", request_tostring},
                                  {NULL, NULL}};
  fdk_new_type(L, REQUEST_TYPE, meta, NULL);
  fdk_push_reader(L, request_new);
  lua_setfield(L, -2, "request");
}

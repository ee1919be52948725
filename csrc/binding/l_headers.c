/* l_headers.c: core.headers, an immutable compiled list of request headers. */
#include "binding.h"

#include <stdio.h>

#define HEADERS_TYPE "frontdesk.headers"
static const char type_name[] = HEADERS_TYPE;

/* The userdata holds one reference; NULL after __gc. */
typedef struct headers {
  const char *type;
  fdk_header_list *list;
  bool reading; /* the list is being read and must stay */
} headers;

static headers *check_headers(lua_State *L, int index) {
  return fdk_check_userdata(L, index, type_name, sizeof(headers));
}

fdk_header_list *fdk_check_headers(lua_State *L, int index) {
  headers *self = check_headers(L, index);
  luaL_argcheck(L, self->list != NULL, index, "these headers are closed");
  return self->list;
}

static int headers_free(lua_State *L) {
  headers *self = check_headers(L, 1);
  if (self->reading)
    return 0;
  fdk_header_list_drop(self->list);
  self->list = NULL;
  return 0;
}

/* Lets `function` read the list of the headers at 1, which stays meanwhile. */
static int read_list(lua_State *L, lua_CFunction function) {
  headers *self = check_headers(L, 1);
  lua_settop(L, 1);
  lua_pushcfunction(L, function);
  return fdk_call_busy(L, &self->reading);
}

/* Adds the pair at the top of the stack, number `position` of the list; the
 * stack is left with name and value on it. Returns 0, or the number of results
 * of a refusal. */
static int add_pair(lua_State *L, fdk_header_list *list, int position) {
  if (!lua_istable(L, -1))
    return luaL_error(L, "header %d must be a table { name, value }", position);
  lua_rawgeti(L, -1, 1);
  lua_rawgeti(L, -2, 2);
  if (lua_type(L, -2) != LUA_TSTRING)
    return luaL_error(L, "header %d has no name", position);
  size_t name_size = 0;
  const char *name = lua_tolstring(L, -2, &name_size);
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
    lua_pushnil(L);
    lua_pushfstring(L, "header %s must be a string or a number, not a %s", name,
                    luaL_typename(L, -2));
    lua_pushvalue(L, -4);
    return 3;
  }
  int64_t integer = 0;
  if (fdk_to_integer(L, -1, &integer)) { /* "3", where Lua may write "3.0" */
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)integer);
    lua_pop(L, 1);
    lua_pushstring(L, digits);
  }
  size_t value_size = 0;
  const char *value = lua_tolstring(L, -1, &value_size);
  fdk_header_status status =
      fdk_header_list_add(list, name, name_size, value, value_size);
  if (status == FDK_HEADER_OK)
    return 0;
  if (status == FDK_HEADER_NO_MEMORY)
    return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  if (status == FDK_HEADER_NAME) /* which may be unfit to be shown */
    lua_pushfstring(L, "the name of header %d %s", position,
                    fdk_header_words(status));
  else
    lua_pushfstring(L, "header %s %s", name, fdk_header_words(status));
  lua_pushvalue(L, -4);
  return 3;
}

/* core.headers(list [, base]) -> headers | nil, message, name */
static int headers_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  bool based = !lua_isnoneornil(L, 2);
  if (based)
    fdk_check_headers(L, 2);
  lua_settop(L, 2);
  headers *self = fdk_new_userdata(L, sizeof *self);
  *self = (headers){type_name, NULL, false};
  fdk_set_type(L, HEADERS_TYPE);
  self->list = fdk_header_list_new();
  if (self->list == NULL)
    return luaL_error(L, "not enough memory");
  int count = (int)fdk_raw_length(L, 1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    int results = add_pair(L, self->list, i);
    if (results > 0)
      return results;
    lua_settop(L, 3);
  }
  /* asked again: a finalizer may have closed the base meanwhile */
  if (!fdk_header_list_seal(self->list, based ? fdk_check_headers(L, 2) : NULL))
    return luaL_error(L, "not enough memory");
  return 1;
}

static int push_list(lua_State *L) {
  fdk_header_list *list = fdk_check_headers(L, 1);
  size_t count = fdk_header_list_count(list);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    fdk_header header = fdk_header_list_at(list, i);
    const char *text = fdk_header_list_text(list);
    lua_createtable(L, 2, 0);
    lua_pushlstring(L, text + header.name, header.name_size);
    lua_rawseti(L, -2, 1);
    lua_pushlstring(L, text + header.value, header.value_size);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

/* headers:list() -> { { name, value }, ... } */
static int headers_list(lua_State *L) {
  (void)fdk_check_headers(L, 1);
  return read_list(L, push_list);
}

/* Names only: values are often secrets. */
static int push_names(lua_State *L) {
  fdk_header_list *list = fdk_check_headers(L, 1);
  size_t count = fdk_header_list_count(list);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  luaL_addstring(&text, HEADERS_TYPE ":");
  for (size_t i = 0; i < count; i++) {
    fdk_header header = fdk_header_list_at(list, i);
    luaL_addstring(&text, i == 0 ? " " : ", ");
    luaL_addlstring(&text, fdk_header_list_text(list) + header.name,
                    header.name_size);
  }
  luaL_pushresult(&text);
  return 1;
}

static int headers_tostring(lua_State *L) {
  const headers *self = check_headers(L, 1);
  if (self->list != NULL)
    return read_list(L, push_names);
  lua_pushliteral(L, HEADERS_TYPE ": closed");
  return 1;
}

void fdk_open_headers(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", headers_free}, {"__tostring", headers_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"list", headers_list}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"headers", headers_new}, {NULL, NULL}};
  fdk_new_type(L, HEADERS_TYPE, meta, methods);
  fdk_set_functions(L, functions);
}

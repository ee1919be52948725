/* l_url.c: core.url_segment, core.url_query_value, core.url_parse. */
#include "binding.h"

#include "engine/url.h"

#include <stdio.h>

#define BOX_TYPE "frontdesk.url"

/* What a call may hold while Lua can raise; freed by __gc in that case. */
typedef struct box {
  fdk_buffer text;
  fdk_url url;
} box;

static int box_free(lua_State *L) {
  box *self = luaL_checkudata(L, 1, BOX_TYPE);
  fdk_buffer_free(&self->text);
  fdk_url_free(&self->url);
  return 0;
}

static box *push_box(lua_State *L) {
  box *self = fdk_new_userdata(L, sizeof *self);
  self->text = (fdk_buffer)FDK_BUFFER_INIT;
  self->url = (fdk_url)FDK_URL_INIT;
  fdk_set_type(L, BOX_TYPE);
  return self;
}

static int push_problem(lua_State *L, const char *subject,
                        fdk_url_status status) {
  if (status == FDK_URL_NO_MEMORY)
    return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushfstring(L, "%s %s", subject, fdk_url_words(status));
  return 2;
}

typedef fdk_url_status encoder(fdk_buffer *, const char *, size_t);

/* value -> encoded text | nil, message; integers are written as digits */
static int encode(lua_State *L, encoder *append) {
  char digits[24];
  const char *text = digits;
  size_t size = 0;
  int64_t integer = 0;
  if (fdk_to_integer(L, 1, &integer)) {
    size = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)integer);
  } else if (lua_type(L, 1) == LUA_TSTRING) {
    text = lua_tolstring(L, 1, &size);
  } else {
    lua_pushnil(L);
    lua_pushfstring(L, "the value must be a string or an integer, not a %s",
                    lua_type(L, 1) == LUA_TNUMBER ? "fraction"
                                                  : luaL_typename(L, 1));
    return 2;
  }
  box *self = push_box(L);
  fdk_url_status status = append(&self->text, text, size);
  if (status != FDK_URL_OK)
    return push_problem(L, "the value", status);
  lua_pushlstring(L, self->text.size > 0 ? self->text.data : "",
                  self->text.size);
  fdk_buffer_free(&self->text);
  return 1;
}

static int url_segment(lua_State *L) {
  return encode(L, fdk_url_append_segment);
}

static int url_query_value(lua_State *L) {
  return encode(L, fdk_url_append_query);
}

static void set_text(lua_State *L, const char *name, const char *text) {
  if (text == NULL)
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/* url -> { scheme=, host=, port=, path=, query=, origin=, loopback= }
 *     | nil, message (which never repeats the URL) */
static int url_parse(lua_State *L) {
  size_t size = 0;
  const char *text = luaL_checklstring(L, 1, &size);
  box *self = push_box(L);
  fdk_url *url = &self->url;
  fdk_url_status status = fdk_url_parse(url, text, size);
  if (status != FDK_URL_OK)
    return push_problem(L, "the URL", status);
  lua_createtable(L, 0, 7);
  set_text(L, "scheme", url->scheme);
  set_text(L, "host", url->host);
  set_text(L, "path", url->path);
  set_text(L, "query", url->query);
  lua_pushinteger(L, url->port);
  lua_setfield(L, -2, "port");
  lua_pushfstring(L, "%s://%s:%d", url->scheme, url->host, url->port);
  lua_setfield(L, -2, "origin");
  lua_pushboolean(L, url->loopback);
  lua_setfield(L, -2, "loopback");
  fdk_url_free(url);
  return 1;
}

void fdk_open_url(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", box_free}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"url_segment", url_segment},
                                       {"url_query_value", url_query_value},
                                       {"url_parse", url_parse},
                                       {NULL, NULL}};
  fdk_new_type(L, BOX_TYPE, meta, NULL);
  fdk_set_functions(L, functions);
}

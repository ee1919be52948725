/* l_redact.c: core.redactor, which takes secrets out of text. */
#include "binding.h"

#include "engine/redact.h"

#define REDACTOR_TYPE "frontdesk.redactor"

typedef struct redactor_box {
  fdk_redactor redactor;
  fdk_buffer text; /* what a call makes, in the box since Lua can raise */
} redactor_box;

/* redactor:text(text) -> the text without the secrets; itself without any */
static int redactor_text(lua_State *L) {
  enum { KEPT_BYTES = 1 << 16 };
  redactor_box *self = luaL_checkudata(L, 1, REDACTOR_TYPE);
  size_t size = 0;
  const char *text = luaL_checklstring(L, 2, &size);
  bool found = false;
  fdk_buffer_clear(&self->text);
  if (!fdk_redactor_apply(&self->redactor, text, size, &self->text, &found))
    return luaL_error(L, "not enough memory");
  lua_settop(L, 2);
  if (found)
    lua_pushlstring(L, self->text.data, self->text.size);
  fdk_buffer_shrink(&self->text, KEPT_BYTES);
  return 1;
}

static int redactor_free(lua_State *L) {
  redactor_box *self = luaL_checkudata(L, 1, REDACTOR_TYPE);
  fdk_redactor_free(&self->redactor);
  fdk_buffer_free(&self->text);
  return 0;
}

static int redactor_tostring(lua_State *L) {
  luaL_checkudata(L, 1, REDACTOR_TYPE);
  lua_pushliteral(L, REDACTOR_TYPE);
  return 1;
}

/* core.redactor(secrets) -> redactor; `secrets` is a list of strings */
static int redactor_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  redactor_box *self = fdk_new_userdata(L, sizeof *self);
  memset(self, 0, sizeof *self);
  fdk_set_type(L, REDACTOR_TYPE);
  int count = (int)fdk_raw_length(L, 1);
  for (int i = 1; i <= count; i++) {
    size_t size = 0;
    lua_rawgeti(L, 1, i);
    const char *secret =
        lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
    if (!fdk_redactor_add(&self->redactor, secret, size))
      return luaL_error(L, "not enough memory");
    lua_pop(L, 1);
  }
  return 1;
}

void fdk_open_redact(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", redactor_free}, {"__tostring", redactor_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"text", redactor_text}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"redactor", redactor_new},
                                       {NULL, NULL}};
  fdk_new_type(L, REDACTOR_TYPE, meta, methods);
  fdk_set_functions(L, functions);
}

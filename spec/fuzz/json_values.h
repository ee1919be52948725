/* json_values.h: Lua values beside each other, for the targets of the codec. */
#ifndef FUZZ_JSON_VALUES_H
#define FUZZ_JSON_VALUES_H

#include "fuzz_lua.h"

/* Whether two values mean the same JSON: numbers by value, light userdata that
 * is not null and tables without items as an empty array would be. */
static inline bool same_json(lua_State *L, int a, int b) {
  luaL_checkstack(L, 8, "comparing");
  a = lua_absindex(L, a);
  b = lua_absindex(L, b);
  if (lua_type(L, b) != LUA_TTABLE)
    return lua_rawequal(L, a, b);
  bool same = true;
  lua_Integer left = 0;
  for (lua_pushnil(L); lua_next(L, b) != 0; lua_pop(L, 1))
    left++;
  if (lua_type(L, a) == LUA_TLIGHTUSERDATA)
    return left == 0 && lua_touserdata(L, a) != NULL;
  if (lua_type(L, a) != LUA_TTABLE)
    return false;
  for (lua_pushnil(L); lua_next(L, a) != 0; lua_pop(L, 1)) {
    left--;
    lua_pushvalue(L, -2);
    lua_rawget(L, b);
    same = same && same_json(L, -2, -1);
    lua_pop(L, 1);
  }
  return same && left == 0;
}

/* Pushes what decoding gives: the value, or nil and checks the rest. */
static inline bool decode_json(lua_State *L, const char *text, size_t size,
                               bool keep_null) {
  int top = lua_gettop(L);
  fuzz_push_core(L, "json_decode");
  lua_pushlstring(L, text, size);
  lua_pushboolean(L, keep_null);
  lua_call(L, 2, LUA_MULTRET);
  int results = lua_gettop(L) - top;
  if (results == 1)
    return true;
  fuzz_check(results == 3 && lua_isnil(L, top + 1),
             "decoding gives one value, or nil and two more");
  lua_Integer offset = lua_tointeger(L, top + 3);
  fuzz_check(offset >= 1 && offset <= (lua_Integer)size + 1,
             "a problem has a place in the document, or at its end");
  for (const char *at = lua_tostring(L, top + 2); *at != '\0'; at++)
    fuzz_check(*at >= ' ' && *at < 127, "a problem is told in plain ASCII");
  lua_settop(L, top + 1);
  return false;
}

/* Pushes the text of the value at `index`, or nil, and checks the rest. */
static inline bool encode_json(lua_State *L, int index) {
  index = lua_absindex(L, index);
  int top = lua_gettop(L);
  fuzz_push_core(L, "json_encode");
  lua_pushvalue(L, index);
  lua_call(L, 1, LUA_MULTRET);
  int results = lua_gettop(L) - top;
  if (results == 1) {
    fuzz_check(lua_type(L, -1) == LUA_TSTRING, "encoding gives a text");
    return true;
  }
  fuzz_check(results == 3 && lua_isnil(L, top + 1) &&
                 lua_type(L, top + 2) == LUA_TSTRING &&
                 lua_rawlen(L, top + 2) > 0 &&
                 lua_type(L, top + 3) == LUA_TSTRING,
             "encoding gives one text, or nil, a sentence and a path");
  lua_settop(L, top + 1);
  return false;
}

#endif

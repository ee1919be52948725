/* compat.h: one C API over Lua 5.1 (LuaJIT) to 5.4.
 *
 * The only file that asks for the version. What is here has one meaning in
 * all of them; the rest of the binding uses it and the common part of the
 * plain C API.
 */
#ifndef FDK_COMPAT_H
#define FDK_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Everything else in the shared object is hidden. */
#define FDK_EXPORT __attribute__((visibility("default")))

/* Whether this Lua has integers apart from floats, and of which size. */
#if LUA_VERSION_NUM >= 503
#define FDK_LUA_INTEGERS 1
#else
#define FDK_LUA_INTEGERS 0
#endif

/* Raw length of a table, string or userdata. */
static inline size_t fdk_raw_length(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 502
  return (size_t)lua_rawlen(L, index);
#else
  return lua_objlen(L, index);
#endif
}

static inline int fdk_absolute(lua_State *L, int index) {
  return index > 0 || index <= LUA_REGISTRYINDEX ? index
                                                 : lua_gettop(L) + index + 1;
}

/* Whether the number at `index` (and it must be a number) has the integer
 * subtype; never, where Lua has none. */
static inline bool fdk_is_integer(lua_State *L, int index) {
#if FDK_LUA_INTEGERS
  return lua_isinteger(L, index) != 0;
#else
  (void)L, (void)index;
  return false;
#endif
}

/* Whether the value at `index` is a number (not a numeric string) that is an
 * integer, of either subtype, and fits; `value` is set then. Floats count up to
 * 2^53, past which neighbours are no longer told apart. */
static inline bool fdk_to_integer(lua_State *L, int index, int64_t *value) {
  if (lua_type(L, index) != LUA_TNUMBER)
    return false;
#if FDK_LUA_INTEGERS
  if (lua_isinteger(L, index)) {
    *value = (int64_t)lua_tointeger(L, index);
    return true;
  }
#endif
  lua_Number number = lua_tonumber(L, index);
  if (!(fabs(number) <= 9007199254740992.0) || floor(number) != number)
    return false;
  *value = (int64_t)number;
  return true;
}

/* Pushes new userdata that can have an owner. */
static inline void *fdk_new_userdata(lua_State *L, size_t size) {
#if LUA_VERSION_NUM >= 504
  return lua_newuserdatauv(L, size, 1);
#else
  return lua_newuserdata(L, size);
#endif
}

/* Pops a table and makes it the userdata's owner: it lives as long. */
static inline void fdk_set_owner(lua_State *L, int userdata) {
#if LUA_VERSION_NUM >= 504
  lua_setiuservalue(L, userdata, 1);
#elif LUA_VERSION_NUM >= 502
  lua_setuservalue(L, userdata);
#else
  lua_setfenv(L, userdata);
#endif
}

/* Pushes the table given to fdk_set_owner. */
static inline void fdk_push_owner(lua_State *L, int userdata) {
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, userdata, 1);
#elif LUA_VERSION_NUM >= 502
  lua_getuservalue(L, userdata);
#else
  lua_getfenv(L, userdata);
#endif
}

/* The userdata at `index` if it is of the type `name`, with `size` bytes, else
 * NULL. It must begin with a pointer to `name`, which stands in one place only:
 * to look there is a seventh of the work of finding the type's metatable by its
 * name. */
static inline void *fdk_test_userdata(lua_State *L, int index, const char *name,
                                      size_t size) {
  const char *const *first = lua_touserdata(L, index);
  if (first != NULL && fdk_raw_length(L, index) >= size && *first == name)
    return (void *)first;
  return NULL;
}

/* The same, but raises as luaL_checkudata does when it is something else. */
static inline void *fdk_check_userdata(lua_State *L, int index,
                                       const char *name, size_t size) {
  void *userdata = fdk_test_userdata(L, index, name, size);
  return userdata != NULL ? userdata : luaL_checkudata(L, index, name);
}

/* Adds functions, with no upvalues, to the table on top of the stack. */
static inline void fdk_set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

/* Makes the type `name`: its metatable gets `meta`, and `methods` (or NULL) as
 * __index. What is named __gc is its __close too. Leaves the stack as it was. */
static inline void fdk_new_type(lua_State *L, const char *name,
                                const luaL_Reg *meta, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  fdk_set_functions(L, meta);
  lua_getfield(L, -1, "__gc");
  lua_setfield(L, -2, "__close");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  if (methods != NULL) {
    lua_newtable(L);
    fdk_set_functions(L, methods);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
}

/* Gives the userdata on top of the stack its type. */
static inline void fdk_set_type(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
}

#endif

/* fuzz_lua.h: a Lua state with the module in it, for the targets that need one.
 *
 * Lua is linked statically and not instrumented, so a line hook tells libFuzzer
 * which lines of lua/frontdesk were run after which: that is the coverage by
 * which it looks for new inputs. */
#ifndef FUZZ_LUA_H
#define FUZZ_LUA_H

#include "fuzz.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

int luaopen_frontdesk_core(lua_State *L);

enum { FUZZ_LINES = 1 << 13, FUZZ_RUNS_PER_GC = 64 };

/* libFuzzer looks at this section after each run. */
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t
    fuzz_lines[FUZZ_LINES];

static uint32_t fuzz_hash(uint32_t hash, uint32_t value) {
  return (hash ^ value) * 16777619U;
}

static inline void fuzz_on_line(lua_State *L, lua_Debug *at) {
  static uint32_t before;
  static const char module[] = "@lua/frontdesk/";
  lua_getinfo(L, "S", at);
  if (strncmp(at->source, module, sizeof module - 1) != 0)
    return;
  uint32_t place = fuzz_hash(2166136261U, (uint32_t)at->currentline);
  for (const char *name = at->source + sizeof module - 1; *name != '\0'; name++)
    place = fuzz_hash(place, (uint8_t)*name);
  uint8_t *count = &fuzz_lines[(place ^ before >> 1) % FUZZ_LINES];
  if (*count < UINT8_MAX)
    ++*count;
  before = place;
}

/* The state, made at the first call: all libraries, the core, the paths of this
 * checkout (targets run in its root). */
static inline lua_State *fuzz_lua(void) {
  static lua_State *L;
  if (L != NULL)
    return L;
  L = luaL_newstate();
  fuzz_check(L != NULL, "there is memory");
  luaL_openlibs(L);
  luaL_requiref(L, "frontdesk.core", luaopen_frontdesk_core, 0);
  lua_pop(L, 1);
  static const char paths[] =
      "package.path = 'lua/?.lua;lua/?/init.lua;spec/?.lua'; package.cpath = "
      "''";
  fuzz_check(luaL_dostring(L, paths) == LUA_OK, "the paths can be set");
  return L;
}

/* Pushes a function of the core. */
static inline void fuzz_push_core(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "frontdesk.core");
  lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* Now and then, so that what was left over is freed, by its finalizers too. */
static inline void fuzz_collect(lua_State *L) {
  static unsigned runs;
  if (++runs % FUZZ_RUNS_PER_GC == 0)
    lua_gc(L, LUA_GCCOLLECT);
}

static inline int fuzz_traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* A target in Lua: `module` gives a function that takes the bytes as a string
 * and raises when a promise is broken. */
static inline int fuzz_run_lua(const char *module, const uint8_t *data,
                               size_t size) {
  static int target = LUA_NOREF;
  lua_State *L = fuzz_lua();
  lua_settop(L, 0);
  lua_pushcfunction(L, fuzz_traceback);
  if (target == LUA_NOREF) {
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (lua_pcall(L, 1, 1, 1) != LUA_OK) {
      fprintf(stderr, "%s\n", lua_tostring(L, -1));
      abort();
    }
    target = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, target);
  lua_pushlstring(L, (const char *)data, size);
  lua_sethook(L, fuzz_on_line, LUA_MASKLINE, 0);
  int status = lua_pcall(L, 1, 0, 1);
  lua_sethook(L, NULL, 0, 0);
  if (status != LUA_OK) {
    fprintf(stderr, "broken promise: %s\n", lua_tostring(L, -1));
    abort();
  }
  fuzz_collect(L);
  return 0;
}

#endif

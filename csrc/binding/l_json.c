/* l_json.c: core.json_*, the sentinels and the scratch buffers. */
#include "binding.h"
#include "l_json_state.h"

#define STATE_TYPE "frontdesk.json_state"

enum { KEPT = 1024 * 1024 }; /* bytes a scratch buffer keeps between uses */

static const char state_key = 0;       /* its address is the registry key */
static const char own_empty_array = 0; /* its address is the sentinel */

fdk_json_state *fdk_json_state_of(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&state_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  fdk_json_state *state = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return state;
}

fdk_json_state *fdk_json_push_names(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&state_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  fdk_json_state *state = lua_touserdata(L, -1);
  fdk_push_owner(L, -1);
  return state;
}

static int state_gc(lua_State *L) {
  fdk_json_state *state = lua_touserdata(L, 1);
  for (int bank = 0; bank < 2; bank++) {
    for (int which = 0; which < FDK_SCRATCH_COUNT; which++)
      fdk_buffer_free(&state->bank[bank][which]);
  }
  return 0;
}

/* --- scratch --- */

static fdk_buffer *take(fdk_json_state *state, int which) {
  fdk_buffer *buffer = &state->bank[state->active][which];
  fdk_buffer_shrink(buffer, KEPT);
  return buffer;
}

static void push_taken(lua_State *L, fdk_json_state *state, int which) {
  int bank = state->active;
  const fdk_buffer *buffer = &state->bank[bank][which];
  /* LuaJIT collects garbage before it copies the bytes. A finalizer that
   * encodes then works in the other bank; finalizers do not interrupt one
   * another, so two are enough. */
  state->active = !bank;
  lua_pushlstring(L, buffer->size > 0 ? buffer->data : "", buffer->size);
  state->active = bank;
}

fdk_buffer *fdk_scratch(lua_State *L, int which) {
  return take(fdk_json_state_of(L), which);
}

void fdk_scratch_push(lua_State *L, int which) {
  push_taken(L, fdk_json_state_of(L), which);
}

/* --- sentinels --- */

/* Pops a table, anchors it in place of *ref and returns its identity. */
static const void *anchor(lua_State *L, int *ref) {
  const void *identity = lua_topointer(L, -1);
  luaL_unref(L, LUA_REGISTRYINDEX, *ref);
  *ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return identity;
}

/* core.json_sentinels{ empty_array=, array_mt=, empty_array_mt= }
 * Takes over another codec's sentinels; what is absent stays as it is. */
static int json_sentinels(lua_State *L) {
  fdk_json_state *state = fdk_json_state_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "array_mt");
  lua_getfield(L, 1, "empty_array_mt");
  lua_getfield(L, 1, "empty_array");
  luaL_argcheck(L, lua_isnil(L, 2) || lua_istable(L, 2), 1,
                "array_mt must be a table");
  luaL_argcheck(L, lua_isnil(L, 3) || lua_istable(L, 3), 1,
                "empty_array_mt must be a table");
  luaL_argcheck(L, lua_isnil(L, 4) || lua_islightuserdata(L, 4), 1,
                "empty_array must be light userdata");
  if (!lua_isnil(L, 4))
    state->empty_array = lua_touserdata(L, 4);
  lua_settop(L, 3);
  if (!lua_isnil(L, 3))
    state->empty_array_mt = anchor(L, &state->empty_array_mt_ref);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2))
    state->array_mt = anchor(L, &state->array_mt_ref);
  return 0;
}

/* --- functions --- */

/* core.json_decode(text [, keep_null]) -> value | nil, message, offset */
static int json_decode(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  size_t size;
  const char *text = lua_tolstring(L, 1, &size);
  return fdk_json_push(L, text, size, lua_toboolean(L, 2));
}

/* core.json_encode(value) -> text | nil, message, path */
static int json_encode(lua_State *L) {
  luaL_checkany(L, 1);
  fdk_json_problem problem;
  fdk_json_state *state = fdk_json_state_of(L);
  if (fdk_json_append_in(L, state, 1, take(state, FDK_SCRATCH_BODY),
                         &problem)) {
    push_taken(L, state, FDK_SCRATCH_BODY);
    return 1;
  }
  lua_pushnil(L);
  fdk_json_problem_push(L, &problem);
  return 3;
}

/* Adds a fresh metatable under `name` to the module table. */
static const void *open_metatable(lua_State *L, const char *name,
                                  const char *type, int *ref) {
  lua_newtable(L);
  lua_pushstring(L, type);
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, name);
  return anchor(L, ref);
}

void fdk_open_json(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", state_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"json_decode", json_decode},
                                       {"json_encode", json_encode},
                                       {"json_sentinels", json_sentinels},
                                       {NULL, NULL}};
  fdk_new_type(L, STATE_TYPE, meta, NULL);
  lua_pushlightuserdata(L, (void *)&state_key);
  fdk_json_state *state = fdk_new_userdata(L, sizeof *state);
  memset(state, 0, sizeof *state);
  state->array_mt_ref = LUA_NOREF;
  state->empty_array_mt_ref = LUA_NOREF;
  state->empty_array = &own_empty_array;
  fdk_set_type(L, STATE_TYPE);
  lua_createtable(L, FDK_JSON_ROWS * FDK_JSON_MEMBERS + FDK_JSON_NAMES, 0);
  fdk_set_owner(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);

  fdk_set_functions(L, functions);
  lua_pushlightuserdata(L, (void *)&own_empty_array);
  lua_setfield(L, -2, "empty_array");
  state->array_mt =
      open_metatable(L, "array_mt", "frontdesk.array", &state->array_mt_ref);
  state->empty_array_mt = open_metatable(
      L, "empty_array_mt", "frontdesk.empty_array", &state->empty_array_mt_ref);
}

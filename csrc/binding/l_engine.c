/* l_engine.c: core.engine, the Lua side of engine.h. */
#include "binding.h"

#include <limits.h>

#define ENGINE_TYPE "frontdesk.engine"
static const char type_name[] = ENGINE_TYPE;

/* The userdata's owner is a table { engine = userdata }, shared by all its
 * transfers: it keeps the engine for them, and them while in flight. */
typedef struct engine_box {
  const char *type;
  fdk_engine *engine; /* NULL: closed */
} engine_box;

static engine_box *check_box(lua_State *L) {
  return fdk_check_userdata(L, 1, type_name, sizeof(engine_box));
}

fdk_engine *fdk_check_engine(lua_State *L) {
  engine_box *self = check_box(L);
  luaL_argcheck(L, self->engine != NULL, 1, "the engine is closed");
  return self->engine;
}

void fdk_push_failure(lua_State *L, const fdk_failure *failure) {
  lua_createtable(L, 0, 5);
  lua_pushstring(L, fdk_kind_name(failure->kind));
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, failure->message);
  lua_setfield(L, -2, "message");
  lua_pushstring(L, fdk_outcome_name(failure));
  lua_setfield(L, -2, "outcome");
  if (failure->field != NULL) {
    lua_pushstring(L, failure->field);
    lua_setfield(L, -2, "field");
  }
  if (failure->detail[0] != '\0') {
    lua_pushstring(L, failure->detail);
    lua_setfield(L, -2, "detail");
  }
}

static int push_refusal(lua_State *L, const fdk_failure *failure) {
  lua_pushnil(L);
  fdk_push_failure(L, failure);
  return 2;
}

/* ---- sending ---------------------------------------------------------- */

/* engine:submit(request [, stepping]) -> transfer | nil, failure; `stepping`:
 * step or perform follows at once, so that the descriptor need not be told */
static int engine_submit(lua_State *L) {
  engine_box *self = check_box(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  bool stepping = lua_toboolean(L, 3) != 0;
  lua_settop(L, 2);
  fdk_push_owner(L, 1);                            /* 3 */
  fdk_transfer_box *box = fdk_push_transfer(L, 3); /* 4 */
  /* From here to the end no finalizer runs, which might close the engine or
   * take texts out of the request. */
  fdk_failure failure;
  if (self->engine == NULL) {
    fdk_fail(&failure, FDK_KIND_CANCELLED, "the engine is closed");
    return push_refusal(L, &failure);
  }
  if (!fdk_engine_usable(self->engine, &failure))
    return push_refusal(L, &failure);
  fdk_request request;
  fdk_read_request(L, 2, &request);
  if (fdk_request_has_nul(&request, &failure))
    return push_refusal(L, &failure);
  box->transfer = fdk_engine_transfer(self->engine);
  if (box->transfer == NULL)
    return luaL_error(L, "not enough memory");
  /* first: it can raise, what follows cannot */
  fdk_pin_transfer(L, 4, 3, box->transfer);
  if (fdk_engine_submit(self->engine, box->transfer, &request, &failure)) {
    if (!stepping)
      fdk_engine_announce(self->engine);
    return 1;
  }
  fdk_unpin_transfer(L, 3, box->transfer);
  fdk_transfer_free(box->transfer);
  box->transfer = NULL;
  return push_refusal(L, &failure);
}

/* ---- driving ------------------------------------------------------------ */

/* engine:perform(transfer) -> true; false when a signal came in between, or may
 * have */
static int engine_perform(lua_State *L) {
  fdk_engine *engine = fdk_check_engine(L);
  fdk_transfer *transfer = fdk_check_transfer(L, 2)->transfer;
  luaL_argcheck(L, transfer == NULL || transfer->engine == engine, 2,
                "the transfer is another engine's");
  bool done = transfer == NULL || fdk_engine_perform(engine, transfer);
  if (done && transfer != NULL) {
    fdk_push_owner(L, 1);
    fdk_unpin_transfer(L, lua_gettop(L), transfer);
  }
  lua_pushboolean(L, done);
  return 1;
}

/* engine:wait(seconds|nil) -> how many transfers were completed */
static int engine_wait(lua_State *L) {
  fdk_engine *engine = fdk_check_engine(L);
  lua_Number seconds = luaL_optnumber(L, 2, -1);
  lua_pushinteger(L, fdk_engine_wait(engine, (double)seconds));
  return 1;
}

/* engine:step() -> how many transfers were completed */
static int engine_step(lua_State *L) {
  lua_pushinteger(L, fdk_engine_step(fdk_check_engine(L)));
  return 1;
}

/* engine:fd() -> the descriptor to poll for reading */
static int engine_fd(lua_State *L) {
  int descriptor = fdk_engine_descriptor(fdk_check_engine(L));
  if (descriptor < 0)
    return luaL_error(L, "the engine has no descriptor: too many open files, "
                         "or this process was forked from the engine's");
  lua_pushinteger(L, descriptor);
  return 1;
}

/* engine:nudge(): the descriptor is readable until the next step */
static int engine_nudge(lua_State *L) {
  fdk_engine_nudge(fdk_check_engine(L));
  return 0;
}

/* engine:timeout() -> seconds until step is due | nil */
static int engine_timeout(lua_State *L) {
  double seconds = fdk_engine_timeout(fdk_check_engine(L));
  if (seconds < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, seconds);
  return 1;
}

/* engine:completed() -> the transfer that was completed first, or who awaits it
 * | nil */
static int engine_completed(lua_State *L) {
  fdk_transfer *transfer = fdk_engine_completed(fdk_check_engine(L));
  if (transfer == NULL) {
    lua_pushnil(L);
    return 1;
  }
  fdk_push_owner(L, 1);
  int owner = lua_gettop(L);
  fdk_push_pinned(L, owner, transfer);
  fdk_unpin_transfer(L, owner, transfer);
  return 1;
}

static int engine_in_flight(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)fdk_engine_in_flight(fdk_check_engine(L)));
  return 1;
}

/* ---- life --------------------------------------------------------------- */

/* engine:close(), __gc and __close */
static int engine_close(lua_State *L) {
  engine_box *self = check_box(L);
  fdk_engine *engine = self->engine;
  self->engine = NULL;
  fdk_engine_free(engine);
  return 0;
}

static int engine_closed(lua_State *L) {
  lua_pushboolean(L, check_box(L)->engine == NULL);
  return 1;
}

static int engine_tostring(lua_State *L) {
  engine_box *self = check_box(L);
  if (self->engine == NULL)
    lua_pushliteral(L, ENGINE_TYPE ": closed");
  else
    lua_pushfstring(L, ENGINE_TYPE ": %d in flight",
                    (int)fdk_engine_in_flight(self->engine));
  return 1;
}

/* The option of the table at 1, or `fallback`. */
static long option(lua_State *L, const char *name, long fallback) {
  lua_getfield(L, 1, name);
  int64_t value = fallback;
  bool fits = lua_isnil(L, -1) || fdk_to_integer(L, -1, &value);
  lua_pop(L, 1);
  if (!fits || value < 0 || value > INT_MAX)
    luaL_error(L, "%s must be a whole number of 0 or more", name);
  return (long)value;
}

/* core.engine([options]) -> engine | nil, message */
static int engine_new(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  fdk_engine_options options = {option(L, "max_idle_connections", 256),
                                option(L, "max_host_connections", 0)};
  lua_settop(L, 1);
  engine_box *self = fdk_new_userdata(L, sizeof *self);
  *self = (engine_box){type_name, NULL};
  fdk_set_type(L, ENGINE_TYPE);
  fdk_new_owner(L);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "engine");
  fdk_set_owner(L, 2);
  fdk_failure failure;
  self->engine = fdk_engine_new(&options, &failure);
  if (self->engine != NULL)
    return 1;
  lua_pushnil(L);
  lua_pushstring(L, failure.message);
  return 2;
}

void fdk_open_engine(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", engine_close}, {"__tostring", engine_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"perform", engine_perform},     {"wait", engine_wait},
      {"step", engine_step},           {"fd", engine_fd},
      {"nudge", engine_nudge},         {"timeout", engine_timeout},
      {"notifier", fdk_push_notifier}, {"completed", engine_completed},
      {"in_flight", engine_in_flight}, {"close", engine_close},
      {"closed", engine_closed},       {NULL, NULL}};
  static const luaL_Reg functions[] = {{"engine", engine_new}, {NULL, NULL}};
  fdk_new_type(L, ENGINE_TYPE, meta, methods);
  luaL_getmetatable(L, ENGINE_TYPE);
  lua_getfield(L, -1, "__index");
  fdk_push_reader(L, engine_submit);
  lua_setfield(L, -2, "submit");
  lua_pop(L, 2);
  fdk_set_functions(L, functions);
}

/* l_notifier.c: engine:notifier, for hosts that cannot poll a descriptor. */
#include "binding.h"

#include "engine/notifier.h"

#include <limits.h>

#define NOTIFIER_TYPE "frontdesk.notifier"

typedef struct notifier_box {
  fdk_notifier *notifier; /* NULL: closed */
} notifier_box;

static notifier_box *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, NOTIFIER_TYPE);
}

static fdk_notifier *check_notifier(lua_State *L) {
  notifier_box *self = check_box(L);
  luaL_argcheck(L, self->notifier != NULL, 1, "the notifier is closed");
  return self->notifier;
}

/* notifier:path() -> the unix socket to connect to, once */
static int notifier_path(lua_State *L) {
  lua_pushstring(L, fdk_notifier_path(check_notifier(L)));
  return 1;
}

/* notifier:acknowledge(), after the engine:step() that a "!" asked for */
static int notifier_acknowledge(lua_State *L) {
  fdk_notifier_acknowledge(check_notifier(L));
  return 0;
}

/* notifier:close(), __gc and __close */
static int notifier_close(lua_State *L) {
  notifier_box *self = check_box(L);
  fdk_notifier *notifier = self->notifier;
  self->notifier = NULL;
  fdk_notifier_free(notifier);
  return 0;
}

static int notifier_tostring(lua_State *L) {
  lua_pushstring(L, check_box(L)->notifier == NULL ? NOTIFIER_TYPE ": closed"
                                                   : NOTIFIER_TYPE);
  return 1;
}

/* Milliseconds out of the seconds at `index`; -1 when there are none. */
static int milliseconds(lua_State *L, int index) {
  if (lua_isnoneornil(L, index))
    return -1;
  lua_Number seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds > 0 && seconds < INT_MAX / 1000, index,
                "must be a positive number of seconds");
  return (int)ceil(seconds * 1000);
}

/* engine:notifier([folder [, quiet]]) -> notifier | nil, failure */
int fdk_push_notifier(lua_State *L) {
  (void)fdk_check_engine(L);
  const char *parent = luaL_optstring(L, 2, "/tmp");
  int quiet = milliseconds(L, 3);
  lua_settop(L, 2);
  notifier_box *self = fdk_new_userdata(L, sizeof *self);
  self->notifier = NULL;
  fdk_set_type(L, NOTIFIER_TYPE);
  fdk_push_owner(L, 1); /* the engine's table: its descriptor is watched */
  fdk_set_owner(L, 3);
  fdk_failure failure;
  /* asked again: a finalizer may have closed the engine meanwhile */
  int descriptor = fdk_engine_descriptor(fdk_check_engine(L));
  if (descriptor >= 0)
    self->notifier = fdk_notifier_new(descriptor, parent, quiet, &failure);
  else
    fdk_fail(&failure, FDK_KIND_NETWORK, "there are too many open files");
  if (self->notifier != NULL)
    return 1;
  lua_pushnil(L);
  fdk_push_failure(L, &failure);
  return 2;
}

void fdk_open_notifier(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", notifier_close},
                                  {"__tostring", notifier_tostring},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {{"path", notifier_path},
                                     {"acknowledge", notifier_acknowledge},
                                     {"close", notifier_close},
                                     {NULL, NULL}};
  fdk_new_type(L, NOTIFIER_TYPE, meta, methods);
}

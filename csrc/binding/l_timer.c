/* l_timer.c: core.timer, a time to come as a descriptor for an event loop. */
#include "binding.h"

#include <sys/timerfd.h>
#include <unistd.h>

#define TIMER_TYPE "frontdesk.timer"

typedef struct timer_box {
  int descriptor; /* -1: closed */
} timer_box;

static timer_box *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, TIMER_TYPE);
}

/* timer:fd() -> the descriptor, readable once the time has come */
static int timer_fd(lua_State *L) {
  timer_box *self = check_box(L);
  luaL_argcheck(L, self->descriptor >= 0, 1, "the timer is closed");
  lua_pushinteger(L, self->descriptor);
  return 1;
}

/* timer:set(seconds): the time comes in so many seconds; it replaces the last */
static int timer_set(lua_State *L) {
  timer_box *self = check_box(L);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, self->descriptor >= 0, 1, "the timer is closed");
  luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2,
                "a timer takes seconds, from 0 to 1e9");
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)seconds}};
  /* zero would stop it */
  when.it_value.tv_nsec =
      (long)((seconds - (lua_Number)when.it_value.tv_sec) * 1e9) | 1;
  if (timerfd_settime(self->descriptor, 0, &when, NULL) != 0)
    return luaL_error(L, "the timer cannot be set");
  return 0;
}

/* timer:is_due() -> whether the time has come; true once */
static int timer_is_due(lua_State *L) {
  uint64_t count = 0;
  timer_box *self = check_box(L);
  luaL_argcheck(L, self->descriptor >= 0, 1, "the timer is closed");
  lua_pushboolean(L, read(self->descriptor, &count, sizeof count) > 0);
  return 1;
}

/* timer:close(), __gc and __close */
static int timer_close(lua_State *L) {
  timer_box *self = check_box(L);
  if (self->descriptor >= 0)
    close(self->descriptor);
  self->descriptor = -1;
  return 0;
}

/* core.timer() -> timer, which is not set yet | nil, message */
static int timer_new(lua_State *L) {
  timer_box *self = fdk_new_userdata(L, sizeof *self);
  self->descriptor = -1;
  fdk_set_type(L, TIMER_TYPE);
  self->descriptor =
      timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->descriptor >= 0)
    return 1;
  lua_pushnil(L);
  lua_pushliteral(L, "no timer can be made: too many open files, or not enough "
                     "memory");
  return 2;
}

void fdk_open_timer(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", timer_close}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"fd", timer_fd},
                                     {"set", timer_set},
                                     {"is_due", timer_is_due},
                                     {"close", timer_close},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"timer", timer_new}, {NULL, NULL}};
  fdk_new_type(L, TIMER_TYPE, meta, methods);
  fdk_set_functions(L, functions);
}

/* core.c: the Lua module frontdesk.core, as an index. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* dladdr */
#endif

#include "binding.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* core.now() -> seconds of a clock that never jumps */
static int core_now(lua_State *L) {
  lua_pushnumber(L, seconds_of(CLOCK_MONOTONIC));
  return 1;
}

/* core.wall() -> seconds since the epoch */
static int core_wall(lua_State *L) {
  lua_pushnumber(L, seconds_of(CLOCK_REALTIME));
  return 1;
}

/* Keeps the module loaded when its Lua state goes. libcurl and what it brings
 * hold on to memory they would not find again, and OpenSSL's exit handlers would
 * point into nothing. */
static void stay_loaded(void) {
#ifdef RTLD_NODELETE
  static const char mark = 0; /* any address in this object */
  Dl_info object;
  if (dladdr(&mark, &object) == 0 || object.dli_fname == NULL)
    return;
  void *handle =
      dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  if (handle != NULL)
    dlclose(handle); /* our count, not the mark */
#endif
}

FDK_EXPORT int luaopen_frontdesk_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"now", core_now}, {"wall", core_wall}, {NULL, NULL}};
  stay_loaded();
  /* It would have every connection's keys written to a file, which opens what
   * was recorded on the way. GnuTLS looks for it as late as at its first
   * handshake, so it goes for good. */
  /* NOLINTNEXTLINE(concurrency-mt-unsafe): it frees nothing that a reader has */
  unsetenv("SSLKEYLOGFILE");
  /* counted by libcurl; never undone, since other modules may use it too */
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return luaL_error(L, "libcurl could not be initialised");
  lua_newtable(L);
  fdk_set_functions(L, functions);
  lua_pushliteral(L, "0.1.0");
  lua_setfield(L, -2, "version");
  lua_pushstring(L, curl_version());
  lua_setfield(L, -2, "curl_version");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  fdk_open_engine(L);
  fdk_open_request(L);
  fdk_open_transfer(L);
  fdk_open_timer(L);
  fdk_open_notifier(L);
  fdk_open_headers(L);
  fdk_open_url(L);
  fdk_open_file(L);
  fdk_open_journal(L);
  fdk_open_redact(L);
  fdk_open_json(L);
  fdk_open_shape(L);
  return 1;
}

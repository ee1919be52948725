/* retry_after.c: the header Retry-After; what must hold is said in
 * retry_after.lua. */
#include "fuzz_lua.h"

#include <time.h>

/* by_c_library(year, month, day, hour, minute, second) -> seconds since 1970 */
static int by_c_library(lua_State *L) {
  struct tm date = {.tm_year = (int)luaL_checkinteger(L, 1) - 1900,
                    .tm_mon = (int)luaL_checkinteger(L, 2) - 1,
                    .tm_mday = (int)luaL_checkinteger(L, 3),
                    .tm_hour = (int)luaL_checkinteger(L, 4),
                    .tm_min = (int)luaL_checkinteger(L, 5),
                    .tm_sec = (int)luaL_checkinteger(L, 6)};
  lua_pushinteger(L, (lua_Integer)timegm(&date));
  return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_register(fuzz_lua(), "by_c_library", by_c_library);
  return fuzz_run_lua("fuzz.retry_after", data, size);
}

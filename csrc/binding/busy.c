/* busy.c: reading what a finalizer could free; see binding.h. */
#include "binding.h"

int fdk_call_busy(lua_State *L, bool *busy) {
  bool outermost = !*busy;
  lua_insert(L, 1);
  /* protected: the mark must not stay when Lua runs out of memory */
  *busy = true;
  int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  if (outermost)
    *busy = false;
  return status == 0 ? lua_gettop(L) : lua_error(L);
}

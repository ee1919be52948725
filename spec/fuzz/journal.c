/* journal.c: the reader of journals, on files of any bytes; what must hold is
 * said in journal.lua. */
#include "fuzz_lua.h"

#include <unistd.h>

/* crc_by_hand(text) -> eight hexadecimal digits; bit by bit, to have something
 * to hold ours against */
static int crc_by_hand(lua_State *L) {
  size_t size = 0;
  const char *text = luaL_checklstring(L, 1, &size);
  uint32_t sum = UINT32_MAX;
  for (size_t i = 0; i < size; i++) {
    sum ^= (uint8_t)text[i];
    for (int bit = 0; bit < 8; bit++)
      sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xEDB88320U : 0);
  }
  char digits[9];
  snprintf(digits, sizeof digits, "%08x", (unsigned)~sum);
  lua_pushstring(L, digits);
  return 1;
}

/* A file of this process, in memory where there is such a folder. */
static void push_path(lua_State *L) {
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  lua_pushfstring(L, "%s/frontdesk-fuzz-%d.journal", folder, (int)getpid());
  lua_setglobal(L, "path");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_State *L = fuzz_lua();
  push_path(L);
  lua_register(L, "crc_by_hand", crc_by_hand);
  return fuzz_run_lua("fuzz.journal", data, size);
}

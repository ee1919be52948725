/* profile.c: the file of options; what must hold is said in profile.lua. */
#include "fuzz_lua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_run_lua("fuzz.profile", data, size);
}

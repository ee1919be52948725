/* redirect.c: what a service appended to an address; what must hold is said in
 * redirect.lua. */
#include "fuzz_lua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_run_lua("fuzz.redirect", data, size);
}

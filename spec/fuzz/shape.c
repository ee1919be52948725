/* shape.c: operations compiled from any description, and any input encoded; what
 * must hold is said in shape.lua. */
#include "fuzz_lua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_run_lua("fuzz.shape", data, size);
}

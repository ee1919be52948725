/* redact.c: secrets in text that is about to be shown; what must hold is said in
 * redact.lua. */
#include "fuzz_lua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_run_lua("fuzz.redact", data, size);
}

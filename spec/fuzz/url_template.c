/* url_template.c: an operation's path and values; what must hold is said in
 * url_template.lua. */
#include "fuzz_lua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_run_lua("fuzz.url_template", data, size);
}

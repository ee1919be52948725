/* page_links.c: links to further pages, which may lead anywhere, and places to
 * go on from; what must hold is said in page_links.lua. */
#include "fuzz_lua.h"

#include <curl/curl.h>

/* by_libcurl(url [, link]) -> scheme, host, port, path of the URL, or of what the
 * link means there; nothing when that is no URL to libcurl's parser, which is
 * asked without any of our flags */
static int by_libcurl(lua_State *L) {
  static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST,
                                    CURLUPART_PORT, CURLUPART_PATH};
  CURLU *handle = curl_url();
  int results = 0;
  if (handle != NULL &&
      curl_url_set(handle, CURLUPART_URL, luaL_checkstring(L, 1), 0) ==
          CURLUE_OK &&
      (lua_isnoneornil(L, 2) ||
       curl_url_set(handle, CURLUPART_URL, luaL_checkstring(L, 2), 0) ==
           CURLUE_OK)) {
    for (; results < 4; results++) {
      char *text = NULL;
      curl_url_get(handle, parts[results], &text, CURLU_DEFAULT_PORT);
      lua_pushstring(L, text != NULL ? text : "");
      curl_free(text);
    }
  }
  curl_url_cleanup(handle);
  return results;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_register(fuzz_lua(), "by_libcurl", by_libcurl);
  return fuzz_run_lua("fuzz.page_links", data, size);
}

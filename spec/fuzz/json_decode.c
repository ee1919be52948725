/* json_decode.c: the decoder as Lua calls it.
 *
 * Holds: it accepts what the reference grammar accepts; with and without nulls
 * the value is the same but for them; and two documents (0xFF, which no JSON
 * holds, parts them) mean the same inside a long one, where the decoder goes
 * short ways past names and values that it has seen before. */
#include "json_reference.h"
#include "json_values.h"

enum { LONG = 1200, COPIES = 5 };

/* Whether the value at `index` holds a null as a member of an object. */
static bool has_null_member(lua_State *L, int index) {
  luaL_checkstack(L, 4, "looking");
  index = lua_absindex(L, index);
  bool found = false;
  if (lua_type(L, index) != LUA_TTABLE)
    return false;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    bool null = lua_type(L, -1) == LUA_TLIGHTUSERDATA;
    found = found || (null && lua_type(L, -2) == LUA_TSTRING) ||
            has_null_member(L, -1);
  }
  return found;
}

/* [one,two,one,one,two,...] until it is long */
static char *long_document(const char *one, size_t one_size, const char *two,
                           size_t two_size, size_t *size, int *items) {
  size_t pair = one_size + two_size + 2;
  int pairs = (int)(LONG / pair) + COPIES;
  char *text = fuzz_text("", 0);
  char *fresh = realloc(text, pair * (size_t)pairs + one_size + 8);
  fuzz_check(fresh != NULL, "there is memory");
  char *to = fresh;
  *to++ = '[';
  for (*items = 0; *items < 2 * pairs; ++*items) {
    bool second = *items % 2 == 1;
    const char *part = second ? two : one;
    size_t part_size = second ? two_size : one_size;
    if (*items > 0)
      *to++ = ',';
    memcpy(to, part, part_size);
    to += part_size;
  }
  *to++ = ']';
  *size = (size_t)(to - fresh);
  return fresh;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_State *L = fuzz_lua();
  lua_settop(L, 0);
  fuzz_bytes bytes = {data, data + size};
  size_t one_size = 0, two_size = 0;
  const char *one = fuzz_part(&bytes, 0xFF, &one_size);
  const char *two = fuzz_part(&bytes, 0, &two_size);
  bool good = decode_json(L, one, one_size, true);
  fuzz_check(good == reference_accepts(one, one_size),
             "what is JSON is accepted, and nothing else");
  fuzz_check(decode_json(L, one, one_size, false) == good,
             "nulls do not make a document good or bad");
  if (good && !has_null_member(L, 1))
    fuzz_check(same_json(L, 1, 2), "without nulls both values are the same");
  if (good) {
    lua_pop(L, 1);
    if (!reference_accepts(two, two_size)) {
      two = one;
      two_size = one_size;
    }
    fuzz_check(decode_json(L, two, two_size, true), "JSON is accepted");
    size_t long_size = 0;
    int items = 0;
    char *text =
        long_document(one, one_size, two, two_size, &long_size, &items);
    bool whole = decode_json(L, text, long_size, true);
    fuzz_check(whole == reference_accepts(text, long_size),
               "what is JSON is accepted, and nothing else");
    for (int i = 1; whole && i <= items; i++) {
      lua_rawgeti(L, 3, i);
      fuzz_check(same_json(L, i % 2 == 1 ? 1 : 2, -1),
                 "a document inside another means the same");
      lua_pop(L, 1);
    }
    free(text);
  }
  lua_settop(L, 0);
  fuzz_collect(L);
  return 0;
}

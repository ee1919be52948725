/* json_encode.c: the encoder, on what the decoder gives and on values that the
 * bytes are read as an order to build.
 *
 * Holds: decode, encode, decode, encode gives the same value and the same text
 * (but for the order of members); what is encoded at all is JSON and reads back
 * as the same value; a refusal has a sentence and a path; the stack is as it
 * was, whatever happens. */
#include "json_reference.h"
#include "json_values.h"

enum { DEEPEST = 200 };

/* How often each byte comes. */
static void histogram(lua_State *L, int index, size_t count[256]) {
  size_t size = 0;
  const char *text = lua_tolstring(L, index, &size);
  memset(count, 0, 256 * sizeof *count);
  for (size_t i = 0; i < size; i++)
    count[(uint8_t)text[i]]++;
}

static bool same_bytes(lua_State *L, int a, int b) {
  size_t one[256], two[256];
  histogram(L, a, one);
  histogram(L, b, two);
  return memcmp(one, two, sizeof one) == 0;
}

/* The value at `index` was encoded: reads the text on top, and writes it again. */
static void check_text(lua_State *L, int index, int text) {
  size_t size = 0;
  const char *bytes = lua_tolstring(L, text, &size);
  fuzz_check(reference_accepts(bytes, size), "what is written is JSON");
  fuzz_check(decode_json(L, bytes, size, true), "what is written can be read");
  fuzz_check(same_json(L, index, -1), "what is read again is the same");
  fuzz_check(encode_json(L, -1), "what was read can be written");
  fuzz_check(same_bytes(L, text, lua_gettop(L)),
             "what is written twice is the same");
}

static uint64_t bits_of(fuzz_bytes *bytes) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++)
    bits = bits << 8 | fuzz_byte(bytes);
  return bits;
}

static double number_of(fuzz_bytes *bytes) {
  uint64_t bits = bits_of(bytes);
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

static void build(lua_State *L, fuzz_bytes *bytes, int parent, int depth);

static void build_table(lua_State *L, fuzz_bytes *bytes, int depth) {
  int count = fuzz_byte(bytes) % 8;
  lua_newtable(L);
  int table = lua_gettop(L);
  for (int i = 0; i < count && depth < DEEPEST; i++) {
    if (fuzz_byte(bytes) % 2 == 0) {
      build(L, bytes, table, depth + 1);
      lua_rawseti(L, table, (lua_Integer)lua_rawlen(L, table) + 1);
      continue;
    }
    build(L, bytes, table, depth + 1);
    if (lua_isnil(L, -1) ||
        (lua_type(L, -1) == LUA_TNUMBER && !lua_rawequal(L, -1, -1))) {
      lua_pop(L, 1); /* no key */
      continue;
    }
    build(L, bytes, table, depth + 1);
    lua_rawset(L, table);
  }
}

/* Pushes the value that the bytes ask for. */
static void build(lua_State *L, fuzz_bytes *bytes, int parent, int depth) {
  luaL_checkstack(L, 8, "building");
  switch (fuzz_byte(bytes) % 16) {
  case 0:
    lua_pushnil(L);
    return;
  case 1:
    lua_pushboolean(L, fuzz_byte(bytes) % 2);
    return;
  case 2:
    lua_pushlightuserdata(L, NULL);
    return;
  case 3:
    fuzz_push_core(L, "empty_array");
    return;
  case 4:
    lua_pushnumber(L, number_of(bytes));
    return;
  case 5:
    lua_pushinteger(L, (lua_Integer)bits_of(bytes));
    return;
  case 6:
    lua_pushnumber(L, (double)(int8_t)fuzz_byte(bytes) / 4);
    return;
  case 7:
  case 8:
  case 9: {
    size_t size = fuzz_byte(bytes) % 48;
    size_t left = (size_t)(bytes->end - bytes->at);
    size = size < left ? size : left;
    lua_pushlstring(L, (const char *)bytes->at, size);
    bytes->at += size;
    return;
  }
  case 10:
    if (parent > 0) {
      lua_pushvalue(L, parent);
      return;
    }
    lua_pushcfunction(L, nothing);
    return;
  case 11:
    lua_pushlightuserdata(L, L);
    return;
  case 12:
  case 13:
    build_table(L, bytes, depth);
    fuzz_push_core(L, fuzz_byte(bytes) % 2 ? "array_mt" : "empty_array_mt");
    lua_setmetatable(L, -2);
    return;
  default:
    build_table(L, bytes, depth);
  }
}

static void encode_or_refuse(lua_State *L) {
  int top = lua_gettop(L);
  bool written = encode_json(L, top);
  fuzz_check(lua_gettop(L) == top + 1, "the stack is as it was");
  if (written)
    check_text(L, top, top + 1);
  lua_settop(L, top);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lua_State *L = fuzz_lua();
  lua_settop(L, 0);
  if (decode_json(L, (const char *)data, size, true)) {
    bool written = encode_json(L, 1);
    fuzz_check(written, "what was read can be written");
    check_text(L, 1, 2);
  }
  lua_settop(L, 0);
  fuzz_bytes bytes = {data, data + size};
  build(L, &bytes, 0, 0);
  encode_or_refuse(L);
  lua_settop(L, 0);
  fuzz_collect(L);
  return 0;
}

/* l_json_encode.c: walks Lua values by raw access and writes JSON.
 *
 * A table is an array when its keys are exactly 1..n, or when it is empty and a
 * metatable says so; else an object, in the order of lua_next. No Lua object is
 * made on the way, so the collector does not run and no Lua code either. */
#include "compat.h"
#include "l_json_state.h"

#include "json/escape.h"
#include "json/number.h"
#include "json/scanner.h"

enum {
  SLOTS = 8,   /* of the Lua stack, for one level */
  LEVELS = 16, /* so many levels' slots are asked for at a time */

  /* What a kept name is worth: so many others in a row must want its place
   * before one gets it. */
  CREDIT = 2,
};

typedef struct encoder {
  lua_State *L;
  fdk_buffer *out;
  fdk_json_problem *problem;
  fdk_json_state *state;
  int depth;
  int levels;                       /* that there is Lua stack for */
  const void *open[FDK_JSON_DEPTH]; /* the tables around, to see cycles */
} encoder;

static bool append_other(encoder *encode, int index, int type);

/* --- problems; all return false --- */

__attribute__((cold)) static bool no_memory(encoder *encode) {
  fdk_json_problem_set(encode->problem, "does not fit into memory");
  return false;
}

__attribute__((cold)) static bool wrong(encoder *encode, const char *message) {
  fdk_json_problem_set(encode->problem, "%s", message);
  return false;
}

/* A key that no JSON object can have stands at `key`; `array` when the table
 * has items 1, 2, ... besides. */
__attribute__((cold)) static bool wrong_key(encoder *encode, int key,
                                            bool array) {
  lua_State *L = encode->L;
  int type = lua_type(L, key);
  if (type == LUA_TSTRING || (type == LUA_TNUMBER && !array))
    fdk_json_problem_set(encode->problem,
                         "mixes numbered items with named fields");
  else if (type == LUA_TNUMBER)
    fdk_json_problem_set(encode->problem,
                         "has the key %.14g, which is neither a name nor a "
                         "place in an array",
                         (double)lua_tonumber(L, key));
  else
    fdk_json_problem_set(encode->problem,
                         "has a key that is a %s; names must be strings",
                         lua_typename(L, type));
  return false;
}

/* --- strings and numbers --- */

/* Sets the problem for a status that is not OK; `verb` is "is" or what stands
 * before "not UTF-8". */
__attribute__((cold)) static bool bad_string(encoder *encode,
                                             fdk_json_status status,
                                             const char *verb, size_t bad) {
  if (status != FDK_JSON_BAD_UTF8)
    return no_memory(encode);
  fdk_json_problem_set(encode->problem, "%s not UTF-8 (byte %zu of it)", verb,
                       bad + 1);
  return false;
}

static inline bool append_string(encoder *encode, int index) {
  size_t size;
  size_t bad = 0;
  const char *text = lua_tolstring(encode->L, index, &size);
  fdk_json_status status = fdk_json_write_string(encode->out, text, size, &bad);
  return status == FDK_JSON_OK || bad_string(encode, status, "is", bad);
}

/* The first of two places where the name whose string is at that address may be
 * kept; the other has the number next to it. */
static inline unsigned name_place(const void *key) {
  uint64_t mix = (uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15);
  return (unsigned)(mix >> (64 - FDK_JSON_NAME_BITS));
}

/* Keeps the name at `index`, as it was just written, when it came before.
 * Allocates nothing: the table has room. */
static void keep_name(encoder *encode, int index, const char *text,
                      size_t size) {
  lua_State *L = encode->L;
  const void *key = lua_topointer(L, index);
  fdk_json_name *names = encode->state->written;
  unsigned place = name_place(key);
  if (names[place].key != key &&
      (names[place ^ 1].key == key || names[place ^ 1].key == NULL ||
       names[place ^ 1].credit < names[place].credit))
    place ^= 1;
  fdk_json_name *name = &names[place];
  if (name->key != key) {
    if (name->credit > 0)
      name->credit--;
    else
      *name = (fdk_json_name){.key = key, .credit = 1};
  } else if (key != NULL && size <= sizeof name->text) {
    const int members = FDK_JSON_ROWS * FDK_JSON_MEMBERS;
    fdk_json_push_names(L);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, members + (int)place + 1);
    lua_pop(L, 2);
    memcpy(name->text, text, size);
    name->size = (uint8_t)size;
    name->credit = CREDIT;
  }
}

/* The name at `index` is none that is kept. */
static bool append_other_name(encoder *encode, int index, char before) {
  if (lua_type(encode->L, index) != LUA_TSTRING)
    return wrong_key(encode, index, false);
  size_t size;
  size_t bad = 0;
  size_t start = encode->out->size;
  const char *text = lua_tolstring(encode->L, index, &size);
  fdk_json_status status =
      fdk_json_write_name(encode->out, before, text, size, &bad);
  if (status != FDK_JSON_OK)
    return bad_string(encode, status, "has a name that is", bad);
  keep_name(encode, index, encode->out->data + start,
            encode->out->size - start);
  return true;
}

/* Appends `before`, the name of the member whose key is at `index`, and a
 * colon. A kept name is copied as a block, without a look at the key. */
static inline bool append_name(encoder *encode, int index, char before) {
  fdk_buffer *out = encode->out;
  const void *key = lua_topointer(encode->L, index);
  unsigned place = name_place(key);
  fdk_json_name *name = &encode->state->written[place];
  if (name->key != key)
    name = &encode->state->written[place ^ 1];
  if (name->key != key || name->size == 0 ||
      !fdk_buffer_reserve(out, sizeof name->text))
    return append_other_name(encode, index, before);
  name->credit = CREDIT;
  memcpy(out->data + out->size, name->text, sizeof name->text);
  out->data[out->size] = before;
  out->size += name->size;
  return true;
}

static bool append_number(encoder *encode, int index) {
  lua_State *L = encode->L;
  if (fdk_is_integer(L, index))
    return fdk_json_write_integer(encode->out,
                                  (int64_t)lua_tointeger(L, index)) ||
           no_memory(encode);
  lua_Number number = lua_tonumber(L, index);
  switch (fdk_json_write_double(encode->out, number)) {
  case FDK_JSON_OK:
    return true;
  case FDK_JSON_NOT_FINITE:
    return wrong(encode, number != number
                             ? "is not a number (NaN), which JSON cannot hold"
                             : "is infinite, which JSON cannot hold");
  default:
    return no_memory(encode);
  }
}

/* `index` must be absolute. Leaves more on the stack after a problem. */
static inline bool append_value(encoder *encode, int index) {
  int type = lua_type(encode->L, index);
  return type == LUA_TSTRING ? append_string(encode, index)
                             : append_other(encode, index, type);
}

/* --- tables --- */

/* The place in an array that the number at `key` stands for, or 0. */
static lua_Integer place_of(lua_State *L, int key) {
  int64_t place;
  return fdk_to_integer(L, key, &place) && place > 0 ? (lua_Integer)place : 0;
}

/* Checks all keys when they do not come in order: sets *size when they are
 * exactly 1..size. */
static bool check_array(encoder *encode, int index, lua_Integer *size) {
  lua_State *L = encode->L;
  lua_Integer count = 0;
  lua_Integer last = 0;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    lua_Integer place = place_of(L, -1);
    if (place == 0)
      return wrong_key(encode, -1, true);
    if (place > last)
      last = place;
    count++;
  }
  if (count != last) {
    lua_Integer hole = 1;
    for (;; hole++) {
      lua_rawgeti(L, index, (int)hole);
      if (lua_isnil(L, -1))
        break;
      lua_pop(L, 1);
    }
    fdk_json_problem_set(encode->problem,
                         "has a hole: item %lld is missing (to send null "
                         "there, write frontdesk.null)",
                         (long long)hole);
    return false;
  }
  *size = last;
  return true;
}

/* Item number `place` is at `index`. */
static inline bool append_item(encoder *encode, int index, lua_Integer place) {
  if (place > 1 && !fdk_buffer_push(encode->out, ','))
    return no_memory(encode);
  if (append_value(encode, index))
    return true;
  fdk_json_problem_item(encode->problem, (size_t)place);
  return false;
}

/* The first key and value are on the stack; pops them. */
static bool append_array(encoder *encode, int index) {
  lua_State *L = encode->L;
  int value = lua_gettop(L);
  if (!fdk_buffer_push(encode->out, '['))
    return no_memory(encode);
  lua_Integer place = 1;
  if (lua_type(L, value - 1) == LUA_TSTRING) /* only a metatable leads here */
    return wrong(encode, "is marked as an array but has named fields");
  do {
    if (lua_type(L, value - 1) != LUA_TNUMBER ||
        lua_tonumber(L, value - 1) != (lua_Number)place) {
      lua_Integer size; /* the rest lies in the hash part */
      lua_settop(L, value - 2);
      if (!check_array(encode, index, &size))
        return false;
      for (; place <= size; place++) {
        lua_rawgeti(L, index, (int)place);
        if (!append_item(encode, value - 1, place))
          return false;
        lua_settop(L, value - 2);
      }
      break;
    }
    if (!append_item(encode, value, place))
      return false;
    lua_settop(L, value - 1);
    place++;
  } while (lua_next(L, index));
  return fdk_buffer_push(encode->out, ']') || no_memory(encode);
}

/* The first key and value are on the stack; pops them. */
static bool append_object(encoder *encode, int index) {
  lua_State *L = encode->L;
  int value = lua_gettop(L);
  char before = '{';
  do {
    if (!append_name(encode, value - 1, before))
      return false;
    before = ',';
    if (!append_value(encode, value)) {
      size_t size;
      const char *name = lua_tolstring(L, value - 1, &size);
      fdk_json_problem_field(encode->problem, name, size);
      return false;
    }
    lua_settop(L, value - 1);
  } while (lua_next(L, index));
  return fdk_buffer_push(encode->out, '}') || no_memory(encode);
}

/* Whether an array or object may begin here. */
static bool check_depth(encoder *encode) {
  return encode->depth < FDK_JSON_DEPTH ||
         wrong(encode, "lies more than 128 tables deep");
}

static bool append_table(encoder *encode, int index) {
  lua_State *L = encode->L;
  const void *table = lua_topointer(L, index);
  for (int i = 0; i < encode->depth; i++) {
    if (encode->open[i] == table)
      return wrong(encode, "contains itself");
  }
  if (!check_depth(encode))
    return false;
  if (encode->depth >= encode->levels) {
    if (!lua_checkstack(L, LEVELS * SLOTS))
      return no_memory(encode);
    encode->levels = encode->depth + LEVELS;
  }
  bool array = false;
  bool empty_array = false;
  if (lua_getmetatable(L, index)) {
    const void *meta = lua_topointer(L, -1);
    array = meta == encode->state->array_mt;
    empty_array = array || meta == encode->state->empty_array_mt;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  if (!lua_next(L, index))
    return fdk_buffer_append(encode->out, empty_array ? "[]" : "{}", 2) ||
           no_memory(encode);
  encode->open[encode->depth++] = table;
  bool done = array || lua_type(L, -2) == LUA_TNUMBER
                  ? append_array(encode, index)
                  : append_object(encode, index);
  encode->depth--;
  return done;
}

/* append_value for all but strings. */
static bool append_other(encoder *encode, int index, int type) {
  lua_State *L = encode->L;
  fdk_buffer *out = encode->out;
  switch (type) {
  case LUA_TNUMBER:
    return append_number(encode, index);
  case LUA_TBOOLEAN:
    return (lua_toboolean(L, index) ? fdk_buffer_append(out, "true", 4)
                                    : fdk_buffer_append(out, "false", 5)) ||
           no_memory(encode);
  case LUA_TTABLE:
    return append_table(encode, index);
  case LUA_TLIGHTUSERDATA: {
    const void *sentinel = lua_touserdata(L, index);
    if (sentinel == NULL)
      return fdk_buffer_append(out, "null", 4) || no_memory(encode);
    if (sentinel == encode->state->empty_array)
      return check_depth(encode) &&
             (fdk_buffer_append(out, "[]", 2) || no_memory(encode));
    break;
  }
  case LUA_TNIL:
    return wrong(encode, "is nil (to send null, write frontdesk.null)");
  default:
    break;
  }
  fdk_json_problem_set(encode->problem, "is a %s, which JSON cannot hold",
                       type == LUA_TLIGHTUSERDATA ? "light userdata"
                                                  : lua_typename(L, type));
  return false;
}

bool fdk_json_append_in(lua_State *L, fdk_json_state *state, int index,
                        fdk_buffer *out, fdk_json_problem *problem) {
  encoder encode;
  encode.L = L;
  encode.out = out;
  encode.problem = problem;
  encode.state = state;
  encode.depth = 0;
  encode.levels = 0;
  int top = lua_gettop(L);
  size_t size = out->size;
  if (append_value(&encode, fdk_absolute(L, index)))
    return true;
  lua_settop(L, top);
  out->size = size;
  return false;
}

bool fdk_json_append(lua_State *L, int index, fdk_buffer *out,
                     fdk_json_problem *problem) {
  if (!lua_checkstack(L, SLOTS)) {
    fdk_json_problem_set(problem, "does not fit into memory");
    return false;
  }
  return fdk_json_append_in(L, fdk_json_state_of(L), fdk_absolute(L, index),
                            out, problem);
}

/* l_json_decode.c: builds Lua values while scanning a document.
 *
 * Speed comes from three things: a string without escapes is pushed straight
 * from the document, a table is made as large as the last one at the same
 * depth turned out to be (answers are lists of alike records), and nothing is
 * looked up twice. */
#include "compat.h"
#include "l_json_state.h"

#include "json/escape.h"
#include "json/scanner.h"

#include <stdio.h>

enum {
  SLOTS = 6, /* of the Lua stack, for one level */

  /* Escaped strings up to here are unescaped on the C stack. */
  SHORT_TEXT = 512,

  /* Sizes are guessed from what the document held before, so there is a limit
   * to what a document can make us set aside. */
  MOST_FIELDS = 64,
  MOST_ITEMS = 256,

  /* Members are remembered for this many depths, and so many of each; from
   * this size of a document on, for it must pay. */
  ROWS = 8,
  MEMBERS = 24,
  LONG_DOCUMENT = 1024,

  /* A value that was another this often in a row is no longer looked out for,
   * and one of more bytes never. */
  MISSES = 3,
  LONG_VALUE = 32,
};

/* A member as it stood in the document last: its name and, when that was a
 * string, its value. Their Lua strings stand on the Lua stack. */
typedef struct member {
  const char *name;
  const char *value;
  uint32_t name_size;
  uint16_t value_size;
  uint16_t misses;
} member;

/* The members of the last object at some depth, in order. */
typedef struct member_row {
  int slot; /* of the first name; the first value is MEMBERS further on */
  int count;
  member member[MEMBERS];
} member_row;

typedef struct decoder {
  fdk_scanner scan;
  lua_State *L;
  bool keep_null;
  uint16_t fields[FDK_JSON_DEPTH + 1]; /* of the last object at each depth */
  uint16_t items[FDK_JSON_DEPTH + 1];  /* of the last array at each depth */
  uint8_t row_of[FDK_JSON_DEPTH + 1];  /* 0: none yet; else counted from 1 */
  int rows;                            /* in use */
  int slots;                           /* where their strings begin; 0: none */
  member_row row[ROWS];                /* the first `rows` are set up */
} decoder;

static bool push_value(decoder *decode, fdk_token token);

/* Pushes the scanned string. [+1] */
static void push_escaped(decoder *decode) {
  lua_State *L = decode->L;
  const fdk_scanner *scan = &decode->scan;
  if (scan->size <= SHORT_TEXT) {
    char text[SHORT_TEXT];
    size_t size = fdk_json_unescape(scan->text, scan->size, text);
    lua_pushlstring(L, text, size);
  } else { /* Lua's memory, so that nothing leaks when the push raises */
    char *text = lua_newuserdata(L, scan->size);
    size_t size = fdk_json_unescape(scan->text, scan->size, text);
    lua_pushlstring(L, text, size);
    lua_remove(L, -2);
  }
}

static inline void push_string(decoder *decode) {
  if (decode->scan.escaped)
    push_escaped(decode);
  else
    lua_pushlstring(decode->L, decode->scan.text, decode->scan.size);
}

/* Pushes the scanned integer, as a string where this Lua's numbers cannot hold
 * it exactly. [+1] */
static inline void push_integer(decoder *decode) {
  int64_t value = decode->scan.integer;
#if FDK_LUA_INTEGERS
  lua_pushinteger(decode->L, (lua_Integer)value);
#else
  const int64_t exact = INT64_C(1) << 53;
  if (value >= -exact && value <= exact)
    lua_pushnumber(decode->L, (lua_Number)value);
  else
    lua_pushlstring(decode->L, decode->scan.text, decode->scan.size);
#endif
}

/* A member that is null counts as absent, also where an earlier member of the
 * same name had a value: the last one wins. Pops the name. True when there is
 * such an earlier one: it is null from here on, and drop_nulls takes it away.
 * Taking it away at once would let Lua go over a full table for each new name
 * that is taken away again, and that can be as often as there are bytes. */
static bool overwrite_with_null(lua_State *L) {
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  bool absent = lua_isnil(L, -1);
  lua_pop(L, 1);
  if (absent) {
    lua_pop(L, 1);
  } else {
    lua_pushlightuserdata(L, NULL);
    lua_rawset(L, -3);
  }
  return !absent;
}

/* Takes the members that are null out of the object on top of the stack. */
static void drop_nulls(lua_State *L) {
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    bool null = lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL;
    lua_pop(L, 1);
    if (null) {
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, -4);
    }
  }
}

/* The members to expect in an object at this depth; NULL when there is no more
 * room to remember any. */
static inline member_row *row_at(decoder *decode, int depth) {
  int number = decode->row_of[depth];
  if (number > 0)
    return &decode->row[number - 1];
  if (decode->slots == 0 || decode->rows == ROWS)
    return NULL;
  member_row *fresh = &decode->row[decode->rows];
  fresh->slot = decode->slots + decode->rows * 2 * MEMBERS;
  fresh->count = 0;
  decode->row_of[depth] = (uint8_t)++decode->rows;
  return fresh;
}

/* Keeps the name on top of the stack as that of the member at `place`. */
static void remember_name(decoder *decode, member_row *row, int place) {
  member *known = &row->member[place];
  lua_pushvalue(decode->L, -1);
  lua_replace(decode->L, row->slot + place);
  known->name = decode->scan.text;
  known->name_size = (uint32_t)decode->scan.size;
  known->value = NULL;
  known->misses = 0;
  if (place == row->count)
    row->count++;
}

/* Pushes the next member's name and sets *place to where it is remembered, or
 * to -1. Objects in a list have the same names in the same order most of the
 * time, so the one that stood at *next in the last object is tried first, and
 * then the one after it. False at the end of the object and after a problem,
 * with the scanner's token. [+1] */
static inline bool push_name(decoder *decode, member_row *row, int *next,
                             int *place, fdk_token *token) {
  fdk_scanner *scan = &decode->scan;
  bool first = *token == FDK_TOKEN_OBJECT;
  if (row != NULL) {
    for (int i = *next; i < row->count && i < *next + 2; i++) {
      const member *known = &row->member[i];
      if (fdk_scan_same_member(scan, first, known->name, known->name_size)) {
        lua_pushvalue(decode->L, row->slot + i);
        *place = i;
        *next = i + 1;
        return true;
      }
    }
  }
  *token = fdk_scan_member(scan, first);
  if (*token != FDK_TOKEN_STRING)
    return false;
  push_string(decode);
  *place = -1;
  if (row != NULL && *next < MEMBERS && !scan->escaped &&
      scan->size <= UINT32_MAX) {
    *place = (*next)++;
    remember_name(decode, row, *place);
  }
  return true;
}

/* Pushes the member's value when it is the string that it was in the last
 * object; false when it is not, with nothing read or pushed. [+1] */
static inline bool push_same_value(decoder *decode, const member_row *row,
                                   int place) {
  const member *known = &row->member[place];
  if (known->value == NULL ||
      !fdk_scan_same_string(&decode->scan, known->value, known->value_size))
    return false;
  lua_pushvalue(decode->L, row->slot + MEMBERS + place);
  return true;
}

/* Keeps the string on top of the stack as the value of the member at `place`,
 * as long as it is worth it. */
static inline void remember_value(decoder *decode, member_row *row, int place) {
  member *known = &row->member[place];
  const fdk_scanner *scan = &decode->scan;
  known->value = NULL;
  if (known->misses == MISSES || scan->size > LONG_VALUE || scan->escaped)
    return;
  known->misses++;
  lua_pushvalue(decode->L, -1);
  lua_replace(decode->L, row->slot + MEMBERS + place);
  known->value = scan->text;
  known->value_size = (uint16_t)scan->size;
}

static bool push_object(decoder *decode) {
  lua_State *L = decode->L;
  fdk_scanner *scan = &decode->scan;
  uint16_t *guess = &decode->fields[scan->depth];
  member_row *row = row_at(decode, scan->depth);
  luaL_checkstack(L, SLOTS, "not enough memory for a document");
  bool empty = scan->at < scan->end && *scan->at == '}';
  lua_createtable(L, 0, empty ? 0 : *guess);
  fdk_token token = FDK_TOKEN_OBJECT;
  int next = 0;
  int count = 0;
  int place;
  bool has_nulls = false;
  while (push_name(decode, row, &next, &place, &token)) {
    if (place >= 0 && push_same_value(decode, row, place)) {
      row->member[place].misses = 0;
      token = FDK_TOKEN_STRING;
    } else {
      token = fdk_scan_value(scan);
      if (token == FDK_TOKEN_NULL && !decode->keep_null) {
        has_nulls = overwrite_with_null(L) || has_nulls;
        continue;
      }
      if (!push_value(decode, token))
        return false;
      if (token == FDK_TOKEN_STRING && place >= 0)
        remember_value(decode, row, place);
      token = FDK_TOKEN_STRING;
    }
    lua_rawset(L, -3);
    count++;
  }
  if (has_nulls)
    drop_nulls(L);
  if (!empty)
    *guess = (uint16_t)(count < MOST_FIELDS ? count : MOST_FIELDS);
  return token == FDK_TOKEN_CLOSE;
}

static bool push_array(decoder *decode) {
  lua_State *L = decode->L;
  fdk_scanner *scan = &decode->scan;
  uint16_t *guess = &decode->items[scan->depth];
  luaL_checkstack(L, SLOTS, "not enough memory for a document");
  fdk_token token = fdk_scan_item(scan, true);
  if (token == FDK_TOKEN_CLOSE) { /* marked, or it would become {} again */
    lua_createtable(L, 0, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, fdk_json_state_of(L)->array_mt_ref);
    lua_setmetatable(L, -2);
    return true;
  }
  lua_createtable(L, *guess, 0);
  int count = 0;
  for (; token != FDK_TOKEN_CLOSE; token = fdk_scan_item(scan, false)) {
    if (!push_value(decode, token))
      return false;
    lua_rawseti(L, -2, ++count);
  }
  *guess = (uint16_t)(count < MOST_ITEMS ? count : MOST_ITEMS);
  return true;
}

/* Pushes the value that begins with `token`; false after a problem, with the
 * stack as it happens to be. The scanner bounds the recursion. [+1] */
static bool push_value(decoder *decode, fdk_token token) {
  lua_State *L = decode->L;
  switch (token) {
  case FDK_TOKEN_STRING:
    push_string(decode);
    return true;
  case FDK_TOKEN_INTEGER:
    push_integer(decode);
    return true;
  case FDK_TOKEN_DIGITS:
    lua_pushlstring(L, decode->scan.text, decode->scan.size);
    return true;
  case FDK_TOKEN_DOUBLE:
    lua_pushnumber(L, decode->scan.number);
    return true;
  case FDK_TOKEN_TRUE:
  case FDK_TOKEN_FALSE:
    lua_pushboolean(L, token == FDK_TOKEN_TRUE);
    return true;
  case FDK_TOKEN_NULL:
    lua_pushlightuserdata(L, NULL);
    return true;
  case FDK_TOKEN_OBJECT:
    return push_object(decode);
  case FDK_TOKEN_ARRAY:
    return push_array(decode);
  default: /* CLOSE does not come here */
    return false;
  }
}

int fdk_json_push(lua_State *L, const char *text, size_t size, bool keep_null) {
  decoder decode;
  memset(&decode, 0, offsetof(decoder, row));
  decode.L = L;
  decode.keep_null = keep_null;
  int top = lua_gettop(L);
  luaL_checkstack(L, SLOTS + ROWS * 2 * MEMBERS, "not enough memory for a document");
  if (size >= LONG_DOCUMENT) {
    decode.slots = top + 1;
    lua_settop(L, top + ROWS * 2 * MEMBERS);
  }
  fdk_scan_begin(&decode.scan, text, size);
  if (push_value(&decode, fdk_scan_value(&decode.scan)) &&
      fdk_scan_finish(&decode.scan)) {
    if (decode.slots > 0) {
      lua_replace(L, top + 1);
      lua_settop(L, top + 1);
    }
    return 1;
  }
  lua_settop(L, top);
  lua_pushnil(L);
  char message[sizeof decode.scan.problem + 40];
  snprintf(message, sizeof message, "%s, at byte %zu", decode.scan.problem,
           decode.scan.offset);
  lua_pushstring(L, message);
  lua_pushinteger(L, (lua_Integer)decode.scan.offset);
  return 3;
}

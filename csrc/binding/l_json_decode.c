/* l_json_decode.c: builds Lua values while scanning a document.
 *
 * Speed comes from three things: a string is pushed straight from the document,
 * and one that is known not even made again; a table is made as large as the
 * last one at the same place turned out to be; and nothing is looked up twice.
 * Answers are lists of alike records, and one answer is like the one before, so
 * names and sizes are kept from document to document (l_json_state.h). */
#include "compat.h"
#include "l_json_state.h"

#include "json/escape.h"
#include "json/scanner.h"

#include <stdio.h>

enum {
  SLOTS = 6,   /* of the Lua stack, for one level */
  LEVELS = 16, /* so many levels' slots are asked for at a time */

  /* Escaped strings up to here are unescaped on the C stack. */
  SHORT_TEXT = 512,

  /* No table is made larger than these on a guess. A guess is the size of the
   * last table at its place, and good for one: so what a document makes later
   * ones set aside is less than what it held itself, and soon forgotten. */
  MOST_FIELDS = 64,
  MOST_ITEMS = 64,

  LONG_NAME = 64, /* bytes; longer ones are not kept */

  /* So many values that are strings are remembered while a document is read,
   * none of them longer than LONG_WORD; from this size of a document on, for it
   * must pay. */
  WORD_BITS = 7,
  WORDS = 1 << WORD_BITS,
  LONG_WORD = 32,
  LONG_DOCUMENT = 1024,

  /* What a remembered string is worth: so many others in a row must want its
   * place before one gets it. */
  CREDIT = 2,
};

/* A string as it stood in the document last. */
typedef struct word {
  const char *text;
  uint16_t size;
  uint8_t credit;
  bool held; /* it came twice: its Lua string stands on the Lua stack */
} word;

typedef struct decoder {
  fdk_scanner scan;
  lua_State *L;
  fdk_json_state *state;
  bool keep_null;
  int levels;       /* that there is Lua stack for */
  int names;        /* where the table stands that anchors names */
  int words;        /* where the words' strings begin; 0: none */
  word word[WORDS]; /* only when there are some */
} decoder;

static bool push_other(decoder *decode, fdk_token token, uint16_t *table_size);

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

/* Where the scanned string would be remembered. It has two bytes at least, so
 * that with its quotes four can be read from either end. */
static inline unsigned word_place(const char *text, size_t size) {
  uint64_t mix;
  if (size >= 6) {
    uint64_t end;
    memcpy(&mix, text - 1, sizeof mix);
    memcpy(&end, text + size + 1 - sizeof end, sizeof end);
    mix = (mix ^ end << 7) + size;
  } else {
    uint32_t ends[2];
    memcpy(&ends[0], text - 1, sizeof ends[0]);
    memcpy(&ends[1], text + size + 1 - sizeof ends[1], sizeof ends[1]);
    mix = (uint64_t)ends[0] << 32 | ends[1];
  }
  return (unsigned)(mix * UINT64_C(0x9E3779B97F4A7C15) >> (64 - WORD_BITS));
}

/* Pushes the scanned string, which may be one that is remembered: making a Lua
 * string is dear, and in records most values are of a few kinds. [+1] */
static inline void push_word(decoder *decode) {
  lua_State *L = decode->L;
  const char *text = decode->scan.text;
  size_t size = decode->scan.size;
  unsigned place = word_place(text, size);
  int slot = decode->words + (int)place;
  word *known = &decode->word[place];
  if (known->size == size && fdk_same_bytes(known->text, text, size)) {
    known->credit = CREDIT;
    if (known->held) {
      lua_pushvalue(L, slot);
      return;
    }
    lua_pushlstring(L, text, size);
    lua_pushvalue(L, -1);
    lua_replace(L, slot);
    known->held = true;
    return;
  }
  lua_pushlstring(L, text, size);
  if (known->credit > 0)
    known->credit--;
  else
    *known = (word){text, (uint16_t)size, 0, false};
}

static inline void push_string(decoder *decode) {
  size_t size = decode->scan.size;
  if (decode->scan.escaped)
    push_escaped(decode);
  else if (decode->words > 0 && size - 2 <= LONG_WORD - 2)
    push_word(decode);
  else
    lua_pushlstring(decode->L, decode->scan.text, size);
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

/* Where the table of names has this member's. */
static inline int name_slot(const decoder *decode,
                            const fdk_json_member *member) {
  return (int)(member - decode->state->members) + 1;
}

/* Keeps the name on top of the stack as that of a member. Makes no room in the
 * table of names, for it was made with enough. */
static void keep_name(decoder *decode, fdk_json_member *member) {
  lua_State *L = decode->L;
  lua_pushvalue(L, -1);
  lua_rawseti(L, decode->names, name_slot(decode, member));
  member->name = lua_tostring(L, -1);
  member->size = (uint16_t)decode->scan.size;
  member->table_size = 0;
}

/* Pushes the next member's name and returns FDK_TOKEN_STRING; at the end of the
 * object and after a problem pushes nothing and returns the scanner's token.
 * Most objects have the same names in the same order as the last one at their
 * depth, so the name at *next is tried first, and then the one after it. *next
 * goes one past where the name is kept, and stays when it is not. [+1] */
static inline fdk_token push_name(decoder *decode, bool first,
                                  fdk_json_member **next,
                                  const fdk_json_member *end) {
  fdk_scanner *scan = &decode->scan;
  fdk_json_member *expected = *next;
  for (int tries = 0; tries < 2 && expected < end; tries++, expected++) {
    if (expected->name != NULL &&
        fdk_scan_same_member(scan, first, expected->name, expected->size)) {
      lua_rawgeti(decode->L, decode->names, name_slot(decode, expected));
      *next = expected + 1;
      return FDK_TOKEN_STRING;
    }
  }
  fdk_token token = fdk_scan_member(scan, first);
  if (token != FDK_TOKEN_STRING)
    return token;
  push_string(decode);
  if (*next < end && !scan->escaped && scan->size <= LONG_NAME)
    keep_name(decode, (*next)++);
  return token;
}

/* Asks for the Lua stack of this level, for more of them at once. */
static inline void check_stack(decoder *decode) {
  if (decode->scan.depth <= decode->levels)
    return;
  luaL_checkstack(decode->L, (LEVELS + 1) * SLOTS,
                  "not enough memory for a document");
  decode->levels = decode->scan.depth + LEVELS;
}

/* Pushes the value that begins with `token`; false after a problem, with the
 * stack as it happens to be. Strings are the most frequent. `table_size` is
 * what is known of the table that stood at the same place before, or NULL. [+1] */
static inline bool push_value(decoder *decode, fdk_token token,
                              uint16_t *table_size) {
  if (token != FDK_TOKEN_STRING)
    return push_other(decode, token, table_size);
  push_string(decode);
  return true;
}

static bool push_object(decoder *decode, uint16_t *table_size) {
  lua_State *L = decode->L;
  fdk_scanner *scan = &decode->scan;
  uint16_t *guess = &decode->state->fields[scan->depth];
  if (table_size != NULL && *table_size > 0)
    *guess = *table_size;
  check_stack(decode);
  bool empty = scan->at < scan->end && *scan->at == '}';
  lua_createtable(L, 0, empty ? 0 : *guess);
  bool kept = scan->depth <= FDK_JSON_ROWS;
  fdk_json_member *next = decode->state->members +
                          (kept ? (scan->depth - 1) * FDK_JSON_MEMBERS : 0);
  const fdk_json_member *end = kept ? next + FDK_JSON_MEMBERS : next;
  fdk_token token;
  int count = 0;
  bool first = true;
  bool has_nulls = false;
  for (;; first = false) {
    const fdk_json_member *before = next;
    token = push_name(decode, first, &next, end);
    if (token != FDK_TOKEN_STRING)
      break;
    token = fdk_scan_value(scan);
    if (token == FDK_TOKEN_NULL && !decode->keep_null) {
      has_nulls = overwrite_with_null(L) || has_nulls;
      continue;
    }
    if (!push_value(decode, token,
                    next != before ? &next[-1].table_size : NULL))
      return false;
    lua_rawset(L, -3);
    count++;
  }
  if (has_nulls)
    drop_nulls(L);
  if (!empty) {
    *guess = (uint16_t)(count < MOST_FIELDS ? count : MOST_FIELDS);
    if (table_size != NULL)
      *table_size = *guess;
  }
  return token == FDK_TOKEN_CLOSE;
}

static bool push_array(decoder *decode, uint16_t *table_size) {
  lua_State *L = decode->L;
  fdk_scanner *scan = &decode->scan;
  uint16_t *guess = &decode->state->items[scan->depth];
  if (table_size != NULL && *table_size > 0)
    *guess = *table_size;
  check_stack(decode);
  fdk_token token = fdk_scan_item(scan, true);
  if (token == FDK_TOKEN_CLOSE) { /* marked, or it would become {} again */
    lua_createtable(L, 0, 0);
    lua_rawgeti(L, LUA_REGISTRYINDEX, decode->state->array_mt_ref);
    lua_setmetatable(L, -2);
    return true;
  }
  lua_createtable(L, *guess, 0);
  int count = 0;
  for (; token != FDK_TOKEN_CLOSE; token = fdk_scan_item(scan, false)) {
    if (!push_value(decode, token, NULL))
      return false;
    lua_rawseti(L, -2, ++count);
  }
  *guess = (uint16_t)(count < MOST_ITEMS ? count : MOST_ITEMS);
  if (table_size != NULL)
    *table_size = *guess;
  return true;
}

/* push_value for all but strings. The scanner bounds the recursion. [+1] */
static bool push_other(decoder *decode, fdk_token token, uint16_t *table_size) {
  lua_State *L = decode->L;
  switch (token) {
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
    return push_object(decode, table_size);
  case FDK_TOKEN_ARRAY:
    return push_array(decode, table_size);
  default: /* CLOSE does not come here */
    return false;
  }
}

int fdk_json_push(lua_State *L, const char *text, size_t size, bool keep_null) {
  decoder decode;
  decode.L = L;
  decode.keep_null = keep_null;
  int top = lua_gettop(L);
  int words = size >= LONG_DOCUMENT ? WORDS : 0;
  luaL_checkstack(L, 2 + words + (LEVELS + 1) * SLOTS,
                  "not enough memory for a document");
  decode.levels = LEVELS;
  decode.state = fdk_json_push_names(L);
  decode.names = top + 2;
  decode.words = 0;
  if (words > 0) {
    decode.words = decode.names + 1;
    lua_settop(L, decode.names + words);
    memset(decode.word, 0, sizeof decode.word);
  }
  fdk_scan_begin(&decode.scan, text, size);
  if (push_value(&decode, fdk_scan_value(&decode.scan), NULL) &&
      fdk_scan_finish(&decode.scan)) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
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

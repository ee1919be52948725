/* l_json_state.h: what the JSON binding keeps for each Lua state. */
#ifndef FDK_L_JSON_STATE_H
#define FDK_L_JSON_STATE_H

#include "l_json.h"
#include "json/scanner.h"

#include <stdint.h>

/* The decoder keeps the names of members for so many depths, and so many of
 * each, so that it need not make their Lua strings again. */
enum { FDK_JSON_ROWS = 9, FDK_JSON_MEMBERS = 24 };

/* A member of the last object at some depth. */
typedef struct fdk_json_member {
  const char *name; /* the Lua string's; NULL: there was none yet */
  uint16_t size;
  uint16_t table_size; /* of the value, when it was a table; 0: not known */
} fdk_json_member;

/* The encoder keeps so many names (two to the BITS) as it writes them. */
enum { FDK_JSON_NAME_BITS = 7, FDK_JSON_NAMES = 1 << FDK_JSON_NAME_BITS };

/* A name by the address of its Lua string, which is anchored: so no other value
 * has that address. */
typedef struct fdk_json_name {
  const void
      *key;     /* as lua_topointer gives it; NULL: none, or it is not told */
  uint8_t size; /* of the text; 0: it came once, and is not anchored */
  uint8_t credit;
  char text[22]; /* ,"name": */
} fdk_json_name;

/* A userdata in the registry. The tables that the pointers name are anchored
 * by the references beside them. */
typedef struct fdk_json_state {
  fdk_buffer bank[2][FDK_SCRATCH_COUNT];
  int active;                 /* the bank that fdk_scratch hands out */
  const void *array_mt;       /* a table with it is an array, empty or not */
  const void *empty_array_mt; /* a table with it is an array when empty */
  const void *empty_array;    /* light userdata that stands for [] */
  int array_mt_ref;
  int empty_array_mt_ref;
  /* The state's owner is the table that anchors names: first those of members,
   * then those that are written. It has room for all of them from the start. */
  fdk_json_name written[FDK_JSON_NAMES];
  /* what the last objects and arrays at each depth, from 1 on, were like */
  fdk_json_member members[FDK_JSON_ROWS * FDK_JSON_MEMBERS];
  uint16_t fields[FDK_JSON_DEPTH + 1];
  uint16_t items[FDK_JSON_DEPTH + 1];
} fdk_json_state;

/* Never NULL once fdk_open_json has run. Allocates nothing. [0, 0] */
fdk_json_state *fdk_json_state_of(lua_State *L);

/* The same, and pushes the state itself, so that it stays whatever finalizers
 * do, and above it the table that anchors names. [+2] */
fdk_json_state *fdk_json_push_names(lua_State *L);

/* fdk_json_append for those that have the state at hand. [0, 0] */
bool fdk_json_append_in(lua_State *L, fdk_json_state *state, int index,
                        fdk_buffer *out, fdk_json_problem *problem);

#endif

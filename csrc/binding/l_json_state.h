/* l_json_state.h: what the JSON binding keeps for each Lua state. */
#ifndef FDK_L_JSON_STATE_H
#define FDK_L_JSON_STATE_H

#include "l_json.h"

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
} fdk_json_state;

/* Never NULL once fdk_open_json has run. Allocates nothing. [0, 0] */
fdk_json_state *fdk_json_state_of(lua_State *L);

/* fdk_json_append for those that have the state at hand. [0, 0] */
bool fdk_json_append_in(lua_State *L, const fdk_json_state *state, int index,
                        fdk_buffer *out, fdk_json_problem *problem);

#endif

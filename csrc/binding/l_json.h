/* l_json.h: the JSON codec as the other parts of the binding use it.
 *
 * Decoding builds Lua values while it scans; encoding walks Lua values by raw
 * access. Neither calls a metamethod. */
#ifndef FDK_L_JSON_H
#define FDK_L_JSON_H

#include "../engine/buffer.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds the json_* functions and the sentinels to the module table on top of the
 * stack. Must run before the functions below are used. [0, 0] */
void fdk_open_json(lua_State *L);

/* --- decoding (l_json_decode.c) --- */

/* Pushes the value of the document `text` and returns 1, or pushes nil, a
 * sentence and the 1-based byte offset, and returns 3. `text` must stay where it
 * is meanwhile: Lua allocates here, so finalizers may run. Raises only when Lua
 * is out of memory or stack; nothing leaks then. */
int fdk_json_push(lua_State *L, const char *text, size_t size, bool keep_null);

/* --- encoding (l_json_encode.c) --- */

/* Why a value cannot be encoded, and where. `message` continues a sentence that
 * begins with the path ("is a function, which JSON cannot hold"); `path` is
 * outermost first, "" for the value itself: phones[2].type, ["e-mail"][1].
 * Both are cut, never overrun, when they would be longer. */
typedef struct fdk_json_problem {
  char message[160];
  char path[256];
} fdk_json_problem;

/* Appends the value at `index` as JSON. False with *problem filled in when it
 * has no JSON form, or memory is out; `out` then holds what it held before.
 * Allocates nothing in Lua, runs no Lua code, never raises. [0, 0] */
bool fdk_json_append(lua_State *L, int index, fdk_buffer *out,
                     fdk_json_problem *problem);

/* Start a problem: sets the message (printf style) and empties the path. */
void fdk_json_problem_set(fdk_json_problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put one step in front of the path, while the callers unwind. */
void fdk_json_problem_field(fdk_json_problem *problem, const char *name,
                            size_t size);
void fdk_json_problem_item(fdk_json_problem *problem, size_t index);

/* Pushes the sentence (path, then message) and the path. [+2] */
void fdk_json_problem_push(lua_State *L, const fdk_json_problem *problem);

/* True for JSON's null: the light userdata NULL (core.null, cjson.null). */
static inline bool fdk_is_null(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA &&
         lua_touserdata(L, index) == NULL;
}

/* --- scratch memory (l_json.c) --- */

enum {
  FDK_SCRATCH_BODY,
  FDK_SCRATCH_TARGET,
  FDK_SCRATCH_TEXT,
  FDK_SCRATCH_ERROR,
  FDK_SCRATCH_COUNT
};

/* An empty buffer that this Lua state owns (a userdata in the registry), so
 * that a Lua error leaks nothing. It is reused: what it holds is good until
 * the next call for the same `which`, or until Lua allocates (a finalizer may
 * run and encode something). So: fill it without allocating in Lua, then push
 * it with fdk_scratch_push. Memory beyond 1 MiB is given back at the next call.
 * [0, 0] */
fdk_buffer *fdk_scratch(lua_State *L, int which);

/* Pushes the contents of that buffer as a Lua string; safe against finalizers
 * that encode meanwhile, for this buffer and for the others in use. Raises when
 * Lua is out of memory. [+1] */
void fdk_scratch_push(lua_State *L, int which);

#endif

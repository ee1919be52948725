/* l_shape.c: core.shape, an operation's input compiled for checking and
 * encoding; the work is in shape_*.c. */
#include "binding.h"
#include "l_json.h"
#include "shape.h"

#define SHAPE_TYPE "frontdesk.shape"
static const char type_name[] = SHAPE_TYPE;

typedef struct shape_box {
  const char *type;
  fdk_shape shape;
} shape_box;

static shape_box *test_box(lua_State *L) {
  return fdk_test_userdata(L, 1, type_name, sizeof(shape_box));
}

/* The shape at index 1, or NULL when there is none, with the stack cut to three
 * values. */
static const fdk_shape *test_shape(lua_State *L) {
  lua_settop(L, 3);
  const shape_box *self = test_box(L);
  return self != NULL && self->shape.top != NULL ? &self->shape : NULL;
}

static int complain(lua_State *L) {
  if (test_box(L) != NULL)
    return luaL_error(L, "this shape is closed");
  return luaL_error(L, "call this as shape:method(...), on a " SHAPE_TYPE);
}

/* Encodes the input at index 2 into the scratch buffers; a target that varies
 * follows `prefix`. Returns 0, or the number of results of a refusal: nil,
 * message, field. */
static int encode(lua_State *L, const fdk_shape *shape, fdk_shape_text prefix) {
  int type = lua_type(L, 2);
  if (type != LUA_TNIL && type != LUA_TTABLE) {
    lua_pushnil(L);
    lua_pushfstring(L, "the input must be one table of fields (got a %s)",
                    luaL_typename(L, 2));
    return 2;
  }
  fdk_shape_run run = {.L = L, .body = fdk_scratch(L, FDK_SCRATCH_BODY)};
  run.target = run.body; /* not written to, unless it varies */
  if (shape->target_varies) {
    run.target = fdk_scratch(L, FDK_SCRATCH_TARGET);
    (void)fdk_shape_append(&run, run.target, prefix);
  }
  if (!run.no_memory &&
      fdk_shape_encode(&run, shape, type == LUA_TTABLE ? 2 : 0))
    return 0;
  if (run.no_memory)
    return luaL_error(L, "not enough memory to encode the input");
  lua_pushnil(L);
  fdk_scratch_push(L, FDK_SCRATCH_ERROR);
  fdk_scratch_push(L, FDK_SCRATCH_TEXT);
  if (fdk_raw_length(L, -1) > 0)
    return 3;
  lua_pop(L, 1); /* the input as a whole has no path */
  return 2;
}

/* The target just encoded, with the prefix at index 3, if any, before it. What
 * does not vary is kept as a string. */
static void push_target(lua_State *L, const fdk_shape *shape) {
  if (shape->target_varies) {
    fdk_scratch_push(L, FDK_SCRATCH_TARGET);
    return;
  }
  fdk_push_owner(L, 1);
  lua_rawgeti(L, -1, 1);
  lua_replace(L, -2);
  if (lua_isnil(L, 3))
    return;
  lua_pushvalue(L, 3);
  lua_insert(L, -2);
  lua_concat(L, 2);
}

/* shape:encode(input?, prefix?) -> target, body | target, nil | nil, message,
 * field; the target with `prefix` before it */
static int shape_encode(lua_State *L) {
  const fdk_shape *shape = test_shape(L);
  if (shape == NULL)
    return complain(L);
  fdk_shape_text prefix;
  prefix.data = luaL_optlstring(L, 3, "", &prefix.size);
  int refused = encode(L, shape, prefix);
  if (refused > 0)
    return refused;
  /* first, for to make the other may collect garbage, and a finalizer write
   * another body */
  if (shape->body)
    fdk_scratch_push(L, FDK_SCRATCH_BODY);
  else
    lua_pushnil(L);
  push_target(L, shape);
  lua_insert(L, -2);
  return 2;
}

/* shape:check(input?) -> true | nil, message, field */
static int shape_check(lua_State *L) {
  const fdk_shape *shape = test_shape(L);
  if (shape == NULL)
    return complain(L);
  int refused = encode(L, shape, (fdk_shape_text){"", 0});
  if (refused > 0)
    return refused;
  lua_pushboolean(L, 1);
  return 1;
}

static fdk_shape *check_shape(lua_State *L) {
  shape_box *self = fdk_check_userdata(L, 1, type_name, sizeof *self);
  return &self->shape;
}

static int shape_free(lua_State *L) {
  fdk_shape_free(check_shape(L));
  return 0;
}

static int shape_tostring(lua_State *L) {
  const fdk_shape *shape = check_shape(L);
  if (shape->top == NULL)
    lua_pushliteral(L, SHAPE_TYPE " (closed)");
  else
    lua_pushfstring(L, SHAPE_TYPE " (%d fields)", (int)shape->top->count);
  return 1;
}

/* core.shape(description) -> shape; raises when the description is bad */
static int shape_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  shape_box *self = fdk_new_userdata(L, sizeof *self);
  *self = (shape_box){.type = type_name};
  fdk_set_type(L, SHAPE_TYPE);
  lua_createtable(L, 1, 0);
  fdk_shape_compile(L, &self->shape, 1, 3);
  fdk_set_owner(L, 2);
  return 1;
}

void fdk_open_shape(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", shape_free}, {"__tostring", shape_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"encode", shape_encode}, {"check", shape_check}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"shape", shape_new}, {NULL, NULL}};
  fdk_new_type(L, SHAPE_TYPE, meta, methods);
  fdk_set_functions(L, functions);
}

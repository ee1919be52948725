/* shape_describe.c: reading a description, and the memory for what it becomes;
 * see shape_compile.h.
 *
 * A description is our own data, so what is wrong with it is raised. Every
 * allocation goes into the arena of a userdata that exists already. */
#include "compat.h"
#include "shape_compile.h"

#include <stdarg.h>
#include <stdlib.h>

/* --- arena --- */

struct fdk_shape_block {
  fdk_shape_block *next;
  size_t used, size;
  max_align_t bytes[];
};

void *fdk_shape_alloc(const fdk_shape_compiler *c, size_t count, size_t size) {
  enum { BLOCK = 4096 };
  fdk_shape_block *block = c->shape->blocks;
  size_t unit = sizeof(max_align_t);
  size_t need = (count * size + unit - 1) / unit * unit;
  if (block == NULL || block->size - block->used < need) {
    size_t room = need > BLOCK ? need : BLOCK;
    block = calloc(1, sizeof *block + room);
    if (block == NULL) {
      luaL_error(c->L, "not enough memory for a shape");
      abort(); /* an error does not return, but its header does not say so */
    }
    block->size = room;
    block->next = c->shape->blocks;
    c->shape->blocks = block;
  }
  void *at = (char *)block->bytes + block->used;
  block->used += need;
  return at;
}

fdk_shape_text fdk_shape_copy(const fdk_shape_compiler *c, const char *data,
                              size_t size) {
  char *copy = fdk_shape_alloc(c, size + 1, 1);
  if (size > 0)
    memcpy(copy, data, size);
  return (fdk_shape_text){copy, size};
}

void fdk_shape_free(fdk_shape *shape) {
  fdk_shape_block *block = shape->blocks;
  *shape = (fdk_shape){0};
  while (block != NULL) {
    fdk_shape_block *next = block->next;
    free(block);
    block = next;
  }
}

/* --- reading descriptions --- */

void fdk_shape_complain(const fdk_shape_compiler *c, const char *format, ...) {
  lua_State *L = c->L;
  va_list arguments;
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_pushstring(L, "bad shape description: ");
  if (c->field != NULL && c->type != NULL)
    lua_pushfstring(L, "field \"%s\" of type \"%s\": ", c->field, c->type);
  else if (c->field != NULL)
    lua_pushfstring(L, "field \"%s\": ", c->field);
  else if (c->type != NULL)
    lua_pushfstring(L, "type \"%s\": ", c->type);
  else
    lua_pushstring(L, "");
  lua_pushvalue(L, -3);
  lua_concat(L, 3);
  lua_error(L);
  abort(); /* an error does not return */
}

fdk_shape_text fdk_shape_anchor(const fdk_shape_compiler *c, int index) {
  fdk_shape_text text;
  lua_pushvalue(c->L, index);
  lua_pushvalue(c->L, -1);
  lua_rawget(c->L, c->anchors); /* equal strings may be two objects */
  if (lua_type(c->L, -1) == LUA_TNIL) {
    lua_pop(c->L, 1);
    lua_pushvalue(c->L, -1);
    lua_pushvalue(c->L, -1);
    lua_pushvalue(c->L, -1);
    lua_rawset(c->L, c->anchors);
  }
  text.data = lua_tolstring(c->L, -1, &text.size);
  lua_pop(c->L, 2);
  return text;
}

bool fdk_shape_option(const fdk_shape_compiler *c, int table, const char *name,
                      int type) {
  lua_pushstring(c->L, name);
  lua_rawget(c->L, table);
  int found = lua_type(c->L, -1);
  if (found == LUA_TNIL)
    return false;
  if (type != LUA_TNONE && found != type)
    fdk_shape_complain(c, "%s must be a %s, it is a %s", name,
                       lua_typename(c->L, type), lua_typename(c->L, found));
  return true;
}

bool fdk_shape_truth(const fdk_shape_compiler *c, int table, const char *name) {
  fdk_shape_option(c, table, name, LUA_TBOOLEAN);
  bool truth = lua_toboolean(c->L, -1);
  lua_pop(c->L, 1);
  return truth;
}

fdk_shape_text fdk_shape_string(const fdk_shape_compiler *c, int table,
                                const char *name) {
  fdk_shape_text text = {NULL, 0};
  if (fdk_shape_option(c, table, name, LUA_TSTRING)) {
    text = fdk_shape_anchor(c, -1);
    if (text.size == 0)
      fdk_shape_complain(c, "%s is empty", name);
  }
  lua_pop(c->L, 1);
  return text;
}

void fdk_shape_complain_of(const fdk_shape_compiler *c, const char *what,
                           const char *name, const char *const *known) {
  const char *nearest = NULL;
  unsigned least = UINT16_MAX;
  for (; *known != NULL; known++) {
    unsigned slip = fdk_shape_slip((fdk_shape_text){name, strlen(name)},
                                   (fdk_shape_text){*known, strlen(*known)});
    if (slip < least) {
      least = slip;
      nearest = *known;
    }
  }
  if (nearest != NULL)
    fdk_shape_complain(c, "unknown %s \"%s\" (did you mean \"%s\"?)", what,
                       name, nearest);
  fdk_shape_complain(c, "unknown %s \"%s\"", what, name);
}

void fdk_shape_check_keys(const fdk_shape_compiler *c, int table, int items,
                          const char *const *known) {
  lua_State *L = c->L;
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      const char *key = lua_tostring(L, -2);
      const char *const *at = known;
      while (*at != NULL && strcmp(*at, key) != 0)
        at++;
      if (*at == NULL)
        fdk_shape_complain_of(c, "key", key, known);
    } else if (lua_type(L, -2) != LUA_TNUMBER) {
      fdk_shape_complain(c, "a key is a %s", luaL_typename(L, -2));
    } else if (items >= 0 &&
               !(lua_tonumber(L, -2) >= 1 && lua_tonumber(L, -2) <= items)) {
      fdk_shape_complain(c, "too many items: there is one at [%d]",
                         (int)lua_tonumber(L, -2));
    }
  }
}

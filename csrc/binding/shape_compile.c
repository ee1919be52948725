/* shape_compile.c: a description becomes C structs; see shape.h.
 *
 * A description is our own data, so what is wrong with it is raised. Every
 * allocation goes into the arena of a userdata that exists already. */
#include "compat.h"
#include "engine/url.h"
#include "l_json.h"
#include "shape.h"
#include "json/escape.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
    if (block == NULL)
      luaL_error(c->L, "not enough memory for a shape");
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
  abort(); /* lua_error does not return, but its header does not say so */
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

/* An option that is true or false; false when absent. [0, 0] */
static bool truth_option(const fdk_shape_compiler *c, int table,
                         const char *name) {
  fdk_shape_option(c, table, name, LUA_TBOOLEAN);
  bool truth = lua_toboolean(c->L, -1);
  lua_pop(c->L, 1);
  return truth;
}

/* An option that is a string, anchored; data NULL when absent. [0, 0] */
static fdk_shape_text text_option(const fdk_shape_compiler *c, int table,
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

/* Complains about `name`, which is none of `known` (NULL-terminated). */
static void complain_of_name(const fdk_shape_compiler *c, const char *what,
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

/* Checks that the table has no string keys but `known`, and `items` list items
 * at most (-1: any number). [0, 0] */
static void check_keys(const fdk_shape_compiler *c, int table, int items,
                       const char *const *known) {
  lua_State *L = c->L;
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      const char *key = lua_tostring(L, -2);
      const char *const *at = known;
      while (*at != NULL && strcmp(*at, key) != 0)
        at++;
      if (*at == NULL)
        complain_of_name(c, "key", key, known);
    } else if (lua_type(L, -2) != LUA_TNUMBER) {
      fdk_shape_complain(c, "a key is a %s", luaL_typename(L, -2));
    } else if (items >= 0 &&
               !(lua_tonumber(L, -2) >= 1 && lua_tonumber(L, -2) <= items)) {
      fdk_shape_complain(c, "too many items: there is one at [%d]",
                         (int)lua_tonumber(L, -2));
    }
  }
}

/* --- fields --- */

static const char *const FIELD_KEYS[] = {
    "doc",    "required", "in",       "header",      "option", "enum", "min",
    "max",    "const",    "default",  "allow_empty", "alias",  "wire", "derive",
    "secret", "pattern",  "nonempty", "omit_false",  "list",   NULL};

static fdk_shape_object *compile_object(fdk_shape_compiler *c, int index,
                                        const char *type, bool top);

/* The object of the shared type whose name is on top; compiled when first asked
 * for, so that types may contain themselves. [-1] */
static fdk_shape_object *shared_type(fdk_shape_compiler *c) {
  lua_State *L = c->L;
  luaL_checkstack(L, 8, "types nested too deeply");
  const char *name = fdk_shape_anchor(c, -1).data;
  lua_pushvalue(L, -1);
  lua_rawget(L, c->compiled);
  fdk_shape_object *object = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (object == NULL) {
    if (c->types != 0)
      lua_rawget(L, c->types);
    if (c->types == 0 || lua_type(L, -1) != LUA_TTABLE) {
      static const char *const kinds[] = {
#define KIND_NAME(name, text, noun) text,
          FDK_SHAPE_KINDS(KIND_NAME)
#undef KIND_NAME
              NULL};
      complain_of_name(c, "type", name, kinds);
    }
    const char *type = c->type, *field = c->field;
    object = compile_object(c, lua_gettop(L), name, false);
    c->type = type;
    c->field = field;
  }
  lua_pop(L, 1);
  return object;
}

static void compile_type(fdk_shape_compiler *c, fdk_shape_field *field,
                         int index) {
  static const struct {
    const char *name;
    fdk_shape_kind kind;
  } kinds[] = {
#define KIND_ROW(name, text, noun) {text, FDK_SHAPE_##name},
      FDK_SHAPE_KINDS(KIND_ROW)
#undef KIND_ROW
  };
  lua_State *L = c->L;
  lua_rawgeti(L, index, 2);
  if (lua_type(L, -1) != LUA_TSTRING)
    fdk_shape_complain(c, "its type (the second item) must be a string");
  fdk_shape_text type = fdk_shape_anchor(c, -1);
  if (type.size > 2 && memcmp(type.data + type.size - 2, "[]", 2) == 0) {
    field->list = true;
    lua_pushlstring(L, type.data, type.size - 2);
    lua_replace(L, -2);
    if (type.size > 4 && memcmp(type.data + type.size - 4, "[]", 2) == 0)
      fdk_shape_complain(c, "lists of lists (%s) are not supported; use array",
                         type.data);
  }
  const char *name = lua_tostring(L, -1);
  if (strcmp(name, "array") == 0) {
    if (field->list)
      fdk_shape_complain(c, "lists of lists (array[]) are not supported");
    field->kind = FDK_SHAPE_ANY; /* an array is a list of anything */
    field->list = true;
    lua_pop(L, 1);
    return;
  }
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (kinds[i].name != NULL && strcmp(kinds[i].name, name) == 0) {
      field->kind = kinds[i].kind;
      lua_pop(L, 1);
      return;
    }
  }
  fdk_shape_object *object = shared_type(c);
  object->nested = true;
  field->kind = FDK_SHAPE_NESTED;
  field->nested = object;
}

static void compile_place(fdk_shape_compiler *c, fdk_shape_object *object,
                          fdk_shape_field *field, int index) {
  fdk_shape_text place = text_option(c, index, "in");
  if (place.data == NULL)
    field->place = FDK_SHAPE_BODY;
  else if (strcmp(place.data, "path") == 0)
    field->place = FDK_SHAPE_PATH;
  else if (strcmp(place.data, "query") == 0)
    field->place = FDK_SHAPE_QUERY;
  else if (strcmp(place.data, "header") == 0)
    field->place = FDK_SHAPE_HEADER;
  else
    fdk_shape_complain(c,
                       "in = \"%s\" must be \"path\", \"query\" or \"header\""
                       " (leave it out for the body)",
                       place.data);
  if (text_option(c, index, "header").data != NULL &&
      field->place != FDK_SHAPE_HEADER)
    fdk_shape_complain(c, "header needs in = \"header\"");
  if (field->place != FDK_SHAPE_BODY)
    object->placed = true;

  fdk_shape_kind kind = field->kind;
  if (field->place == FDK_SHAPE_PATH &&
      (field->list || (kind != FDK_SHAPE_STRING && kind != FDK_SHAPE_INTEGER)))
    fdk_shape_complain(c, "a field in the path must be a string or an integer");
  if (field->place == FDK_SHAPE_HEADER &&
      (field->list || kind != FDK_SHAPE_STRING))
    fdk_shape_complain(c, "a field in a header must be a string");
  if (field->place == FDK_SHAPE_QUERY && kind >= FDK_SHAPE_ANY)
    fdk_shape_complain(c, "a field in the query must be a scalar or a list of "
                          "scalars");
  field->required =
      truth_option(c, index, "required") || field->place == FDK_SHAPE_PATH;
}

/* What stands before the value: its name, as the place writes it. */
static void compile_lead(fdk_shape_compiler *c, fdk_shape_field *field,
                         int index) {
  fdk_shape_text wire = text_option(c, index, "wire");
  if (wire.data != NULL && field->place != FDK_SHAPE_BODY &&
      field->place != FDK_SHAPE_QUERY)
    fdk_shape_complain(c, "wire is for the body and the query only");
  if (wire.data == NULL)
    wire = field->name;
  fdk_buffer *work = fdk_scratch(c->L, FDK_SCRATCH_TEXT);
  bool written = true;
  if (field->place == FDK_SHAPE_BODY) {
    size_t bad = 0;
    written = fdk_buffer_push(work, ',');
    fdk_json_status status =
        fdk_json_write_string(work, wire.data, wire.size, &bad);
    if (status == FDK_JSON_BAD_UTF8)
      fdk_shape_complain(c, "its name is not UTF-8");
    written = written && status == FDK_JSON_OK && fdk_buffer_push(work, ':');
  } else if (field->place == FDK_SHAPE_QUERY) {
    written = fdk_url_append_query(work, wire.data, wire.size) == FDK_URL_OK &&
              fdk_buffer_push(work, '=');
  }
  if (!written)
    fdk_shape_complain(c, "its name cannot be written");
  /* room behind it, so that a short one can be copied as a block */
  size_t size = work->size;
  static const char padding[FDK_SHAPE_LEAD + 1];
  if (!fdk_buffer_append(work, padding, sizeof padding))
    fdk_shape_complain(c, "its name cannot be written");
  field->lead = fdk_shape_copy(c, work->data, work->size);
  field->lead.size = size;
}

static void compile_enum(fdk_shape_compiler *c, fdk_shape_field *field,
                         int index) {
  lua_State *L = c->L;
  if (fdk_shape_option(c, index, "enum", LUA_TTABLE)) {
    size_t count = fdk_raw_length(L, -1);
    if (field->kind != FDK_SHAPE_STRING)
      fdk_shape_complain(c, "enum is for strings only");
    if (count == 0 || count > UINT16_MAX)
      fdk_shape_complain(c, "enum is empty or too long");
    fdk_shape_choice *choices = fdk_shape_alloc(c, count, sizeof *choices);
    for (size_t i = 0; i < count; i++) {
      lua_rawgeti(L, -1, (int)i + 1);
      if (lua_type(L, -1) != LUA_TSTRING)
        fdk_shape_complain(c, "enum must be a list of strings");
      choices[i].text = fdk_shape_anchor(c, -1);
      choices[i].encoded = fdk_shape_encoded(c, field, "enum");
    }
    field->choices = choices;
    field->choice_count = (unsigned short)count;
  }
  lua_pop(L, 1);
}

static void compile_limits(fdk_shape_compiler *c, fdk_shape_field *field,
                           int index) {
  lua_State *L = c->L;
  fdk_shape_kind kind = field->kind;
  bool text = kind == FDK_SHAPE_STRING;
  field->has_min = fdk_shape_option(c, index, "min", LUA_TNUMBER);
  field->min = lua_tonumber(L, -1);
  field->has_max = fdk_shape_option(c, index, "max", LUA_TNUMBER);
  field->max = lua_tonumber(L, -1);
  lua_pop(L, 2);
  if ((field->has_min || field->has_max) && kind != FDK_SHAPE_INTEGER &&
      kind != FDK_SHAPE_NUMBER)
    fdk_shape_complain(c, "min and max are for numbers only");
  if (field->has_min && field->has_max && field->min > field->max)
    fdk_shape_complain(c, "min is greater than max");
  field->nonempty = truth_option(c, index, "nonempty");
  field->allow_empty = truth_option(c, index, "allow_empty");
  field->omit_false = truth_option(c, index, "omit_false");
  field->json_list = truth_option(c, index, "list");
  if (field->nonempty && !text && !field->list)
    fdk_shape_complain(c, "nonempty is for strings and lists only");
  if (field->allow_empty && !text)
    fdk_shape_complain(c, "allow_empty is for strings only");
  if (field->allow_empty &&
      (field->place == FDK_SHAPE_PATH || (field->nonempty && !field->list)))
    fdk_shape_complain(c,
                       "allow_empty contradicts nonempty, and no part of the "
                       "path can be empty");
  if (field->omit_false &&
      (field->list || (kind != FDK_SHAPE_FLAG && kind != FDK_SHAPE_BOOLEAN)))
    fdk_shape_complain(c, "omit_false is for flags and booleans only");
  if (field->json_list && kind != FDK_SHAPE_JSON)
    fdk_shape_complain(c, "list is for json fields only (use %s for others)",
                       "\"TYPE[]\"");
  fdk_shape_text pattern = text_option(c, index, "pattern");
  field->date = pattern.data != NULL;
  if (field->date && (strcmp(pattern.data, "date") != 0 || !text))
    fdk_shape_complain(c, "pattern must be \"date\", on a string");
}

fdk_shape_text fdk_shape_encoded(const fdk_shape_compiler *c,
                                 const fdk_shape_field *field,
                                 const char *what) {
  lua_State *L = c->L;
  fdk_buffer *body = fdk_scratch(L, FDK_SCRATCH_BODY);
  fdk_buffer *target = fdk_scratch(L, FDK_SCRATCH_TARGET);
  fdk_shape_run run = {.L = L, .body = body, .target = target};
  fdk_shape_frame frame = {.name = field->name};
  /* one value of a choice, the whole value of a default */
  bool whole = strcmp(what, "enum") != 0;
  bool written =
      whole ? fdk_shape_write_whole(&run, &frame, field, lua_gettop(L))
            : fdk_shape_write_value(&run, &frame, field, lua_gettop(L));
  if (!written) {
    if (run.no_memory)
      luaL_error(L, "not enough memory for a shape");
    fdk_scratch_push(L, FDK_SCRATCH_ERROR);
    fdk_shape_complain(c, "%s: %s", what, lua_tostring(L, -1));
  }
  fdk_buffer *out = field->place == FDK_SHAPE_BODY ? body : target;
  fdk_shape_text encoded = fdk_shape_copy(c, out->data, out->size);
  lua_pop(L, 1);
  return encoded;
}

void fdk_shape_read_constant(const fdk_shape_compiler *c, fdk_shape_kind kind,
                             fdk_shape_constant *constant) {
  lua_State *L = c->L;
  int flag = kind == FDK_SHAPE_FLAG ? fdk_shape_flag(L, -1) : -1;
  constant->type = flag >= 0 ? LUA_TBOOLEAN : lua_type(L, -1);
  switch (constant->type) {
  case LUA_TSTRING:
    constant->text = fdk_shape_anchor(c, -1);
    lua_pushfstring(L, "\"%s\"", constant->text.data);
    break;
  case LUA_TNUMBER:
    constant->number = lua_tonumber(L, -1);
    lua_pushvalue(L, -1);
    lua_tostring(L, -1);
    break;
  case LUA_TBOOLEAN:
    constant->truth = flag >= 0 ? flag : lua_toboolean(L, -1);
    lua_pushstring(L, constant->truth ? "true" : "false");
    break;
  default:
    fdk_shape_complain(c,
                       "a value to compare with must be a string, a number "
                       "or a boolean, it is a %s",
                       luaL_typename(L, -1));
  }
  constant->shown = fdk_shape_anchor(c, -1);
  lua_pop(L, 1);
}

/* const and default: what is written when the field is absent. */
static void compile_fixed(fdk_shape_compiler *c, fdk_shape_field *field,
                          int index) {
  lua_State *L = c->L;
  bool is_const = fdk_shape_option(c, index, "const", LUA_TNONE);
  bool has_default = fdk_shape_option(c, index, "default", LUA_TNONE);
  bool derived = fdk_shape_option(c, index, "derive", LUA_TTABLE);
  lua_pop(L, 1);
  if (is_const + has_default + derived > 1)
    fdk_shape_complain(c, "only one of const, default and derive is possible");
  if (field->place == FDK_SHAPE_HEADER && (is_const || has_default || derived))
    fdk_shape_complain(c,
                       "const, default and derive are not for headers, which "
                       "the caller sends");
  if (is_const)
    lua_pop(L, 1); /* the nil of the default */
  if (is_const || has_default) {
    int type = lua_type(L, -1);
    field->is_const = is_const;
    if (is_const || type != LUA_TTABLE)
      fdk_shape_read_constant(c, field->kind, &field->constant);
    field->fixed_empty = fdk_shape_is_empty(L, lua_gettop(L));
    lua_pushvalue(L, -1);
    field->fixed = fdk_shape_encoded(c, field, is_const ? "const" : "default");
  }
  lua_pop(L, is_const ? 1 : 2);
}

static void compile_field(fdk_shape_compiler *c, fdk_shape_object *object,
                          fdk_shape_field *field, int index, bool top) {
  lua_State *L = c->L;
  lua_rawgeti(L, index, 1);
  if (lua_type(L, -1) != LUA_TSTRING || fdk_raw_length(L, -1) == 0)
    fdk_shape_complain(c, "a field's name (its first item) must be a string");
  field->name = fdk_shape_anchor(c, -1);
  c->field = field->name.data;
  lua_pop(L, 1);
  check_keys(c, index, 2, FIELD_KEYS);
  text_option(c, index, "doc");
  text_option(c, index, "option");
  compile_type(c, field, index);
  compile_place(c, object, field, index);
  if (top && field->place == FDK_SHAPE_BODY && !c->shape->body)
    fdk_shape_complain(c, "there is no body; say in = \"path\", \"query\" or "
                          "\"header\"");
  compile_lead(c, field, index);
  compile_limits(c, field, index);
  compile_enum(c, field, index);
  compile_fixed(c, field, index);
  field->secret = truth_option(c, index, "secret");
  field->plain = field->kind == FDK_SHAPE_STRING &&
                 field->place == FDK_SHAPE_BODY && !field->date &&
                 field->choices == NULL && !field->is_const &&
                 (!field->nonempty || field->list);
  if (field->plain && !field->list)
    field->shortcut = FDK_SHAPE_AS_IS;
  else if (field->choices != NULL && field->place == FDK_SHAPE_BODY &&
           !field->list && !field->is_const)
    field->shortcut = FDK_SHAPE_CHOICE; /* dates among them are checked */
  bool derived = fdk_shape_option(c, index, "derive", LUA_TTABLE);
  lua_pop(L, 1);
  field->may_be_absent =
      !field->required && field->fixed.data == NULL && !derived;
}

/* --- objects --- */

/* Adds a spelling; every one but names on the wire must be new. */
static void add_name(const fdk_shape_compiler *c, fdk_shape_object *object,
                     fdk_shape_text text, unsigned short field,
                     bool wire_only) {
  for (unsigned i = 0; i < object->name_count && !wire_only; i++) {
    const fdk_shape_name *other = &object->names[i];
    if (!other->wire_only && other->text.size == text.size &&
        memcmp(other->text.data, text.data, text.size) == 0)
      fdk_shape_complain(c, "the name \"%s\" is used twice", text.data);
  }
  object->names[object->name_count++] =
      (fdk_shape_name){text, field, wire_only};
}

/* Two fields must not be written under one name. */
static void check_lead(const fdk_shape_compiler *c,
                       const fdk_shape_object *object, unsigned short index) {
  const fdk_shape_field *field = &object->fields[index];
  for (unsigned short i = 0; i < index; i++) {
    const fdk_shape_field *other = &object->fields[i];
    if (field->lead.size > 0 && other->place == field->place &&
        other->lead.size == field->lead.size &&
        memcmp(other->lead.data, field->lead.data, field->lead.size) == 0)
      fdk_shape_complain(c, "the field \"%s\" has the same name on the wire",
                         other->name.data);
  }
}

/* Collects names, aliases and wire names of the fields listed at `index`. */
static void compile_names(fdk_shape_compiler *c, fdk_shape_object *object,
                          int index) {
  lua_State *L = c->L;
  size_t most = 0;
  for (int i = 1; i <= object->count; i++) {
    c->field = object->fields[i - 1].name.data;
    lua_rawgeti(L, index, i);
    if (fdk_shape_option(c, lua_gettop(L), "alias", LUA_TTABLE))
      most += fdk_raw_length(L, -1);
    most += 2;
    lua_pop(L, 2);
  }
  if (most > UINT16_MAX)
    fdk_shape_complain(c, "too many aliases");
  object->names = fdk_shape_alloc(c, most, sizeof *object->names);
  for (unsigned short i = 0; i < object->count; i++) {
    c->field = object->fields[i].name.data;
    check_lead(c, object, i);
    add_name(c, object, object->fields[i].name, i, false);
    lua_rawgeti(L, index, i + 1);
    int field = lua_gettop(L);
    fdk_shape_text wire = text_option(c, field, "wire");
    if (wire.data != NULL)
      add_name(c, object, wire, i, true);
    if (fdk_shape_option(c, field, "alias", LUA_TTABLE)) {
      int count = (int)fdk_raw_length(L, -1);
      for (int k = 1; k <= count; k++) {
        lua_rawgeti(L, -1, k);
        if (lua_type(L, -1) != LUA_TSTRING)
          fdk_shape_complain(c, "alias must be a list of names");
        add_name(c, object, fdk_shape_anchor(c, -1), i, false);
        lua_pop(L, 1);
      }
    }
    lua_pop(L, 2);
  }
  c->field = NULL;
}

/* Builds the table that finds a field by the address of its key. */
static void compile_slots(fdk_shape_compiler *c, fdk_shape_object *object) {
  lua_State *L = c->L;
  unsigned bits = 2;
  while ((1U << bits) < 3U * object->name_count)
    bits++;
  object->slot_shift = 64 - bits;
  /* as many more as there are names: a search never has to wrap around */
  size_t count = ((size_t)1 << bits) + object->name_count + 1;
  object->slots = fdk_shape_alloc(c, count, sizeof *object->slots);
  for (unsigned i = 0; i < object->name_count; i++) {
    const fdk_shape_name *name = &object->names[i];
    if (name->wire_only)
      continue;
    lua_pushlstring(L, name->text.data, name->text.size);
    lua_rawget(L, c->anchors); /* the very string that will not go away */
    const void *key = lua_topointer(L, -1);
    lua_pop(L, 1);
    if (key == NULL) /* this Lua does not tell */
      continue;
    size_t at = fdk_shape_hash(key, object->slot_shift);
    while (object->slots[at].key != NULL)
      at++;
    object->slots[at] = (fdk_shape_slot){key, name->field};
  }
}

/* Compiles the list of fields at `index`, named `type` (NULL: none). */
static fdk_shape_object *compile_object(fdk_shape_compiler *c, int index,
                                        const char *type, bool top) {
  static const char *const keys[] = {"rules", "open", "doc", NULL};
  lua_State *L = c->L;
  luaL_checkstack(L, 16, "types nested too deeply");
  fdk_shape_object *object = fdk_shape_alloc(c, 1, sizeof *object);
  object->next = c->shape->objects;
  c->shape->objects = object;
  object->type = type;
  c->type = type;
  c->field = NULL;
  if (type != NULL) {
    lua_pushstring(L, type);
    lua_pushlightuserdata(L, object);
    lua_rawset(L, c->compiled);
  }
  size_t count = fdk_raw_length(L, index);
  if (count > FDK_SHAPE_FIELDS)
    fdk_shape_complain(c, "more than %d fields", (int)FDK_SHAPE_FIELDS);
  check_keys(c, index, (int)count, keys);
  object->fields = fdk_shape_alloc(c, count, sizeof *object->fields);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (int)i + 1);
    if (lua_type(L, -1) != LUA_TTABLE)
      fdk_shape_complain(c, "[%d] must be a field, a table", (int)i + 1);
    compile_field(c, object, &object->fields[i], lua_gettop(L), top);
    c->type = type;
    c->field = NULL;
    lua_pop(L, 1);
  }
  object->count = (unsigned short)count;
  compile_names(c, object, index);
  compile_slots(c, object);
  for (size_t i = 0; i < count; i++) {
    c->field = object->fields[i].name.data;
    lua_rawgeti(L, index, (int)i + 1);
    fdk_shape_compile_derive(c, object, &object->fields[i], lua_gettop(L));
    lua_pop(L, 1);
  }
  c->field = NULL;
  object->open = truth_option(c, index, "open");
  if (fdk_shape_option(c, index, "rules", LUA_TTABLE))
    fdk_shape_compile_rules(c, object, lua_gettop(L));
  lua_pop(L, 1);
  return object;
}

/* The operation's own fields: a list of them, the name of a shared type, or
 * nothing; with rules and openness of the description's own, if any. */
static fdk_shape_object *compile_top(fdk_shape_compiler *c, int description) {
  lua_State *L = c->L;
  fdk_shape_object *top;
  fdk_shape_option(c, description, "fields", LUA_TNONE);
  if (lua_type(L, -1) == LUA_TSTRING) {
    if (c->types != 0)
      lua_rawget(L, c->types);
    if (lua_type(L, -1) != LUA_TTABLE)
      fdk_shape_complain(c, "fields names a type that is not among the types");
  } else if (lua_type(L, -1) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 0);
  } else if (lua_type(L, -1) != LUA_TTABLE) {
    fdk_shape_complain(c, "fields must be a list of fields or a type's name");
  }
  top = compile_object(c, lua_gettop(L), NULL, true);
  lua_pop(L, 1);
  if (truth_option(c, description, "open"))
    top->open = true;
  if (fdk_shape_option(c, description, "rules", LUA_TTABLE)) {
    if (top->rule_count > 0)
      fdk_shape_complain(c, "rules are given twice: in fields and beside them");
    fdk_shape_compile_rules(c, top, lua_gettop(L));
  }
  lua_pop(L, 1);
  if (top->open && !c->shape->body)
    fdk_shape_complain(c, "open needs a body to put unknown fields into");
  return top;
}

void fdk_shape_compile(lua_State *L, fdk_shape *shape, int description,
                       int anchors) {
  static const char *const keys[] = {"path", "body", "fields", "rules",
                                     "open", "doc",  "types",  NULL};
  fdk_shape_compiler c = {.L = L, .shape = shape, .anchors = anchors};
  luaL_checkstack(L, 16, NULL);
  int top = lua_gettop(L);
  check_keys(&c, description, 0, keys);
  fdk_shape_text body = text_option(&c, description, "body");
  shape->body = body.data == NULL || strcmp(body.data, "json") == 0;
  if (!shape->body && strcmp(body.data, "none") != 0)
    fdk_shape_complain(&c, "body must be \"json\" or \"none\"");
  if (fdk_shape_option(&c, description, "types", LUA_TTABLE))
    c.types = top + 1;
  lua_createtable(L, 0, 0);
  c.compiled = top + 2;

  fdk_shape_object *object = compile_top(&c, description);
  for (const fdk_shape_object *at = shape->objects; at != NULL; at = at->next) {
    c.type = at->type;
    if (at->nested && at->placed)
      fdk_shape_complain(&c, "only the operation's own fields can be in the "
                             "path, the query or a header");
  }
  c.type = NULL;
  shape->top = object; /* open for use from here on */
  if (!fdk_shape_option(&c, description, "path", LUA_TSTRING))
    fdk_shape_complain(&c, "path is missing");
  fdk_shape_compile_path(&c);
  lua_settop(L, top);
}

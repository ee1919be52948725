/* shape_field.c: the description of a field becomes C; see shape_compile.h. */
#include "compat.h"
#include "engine/url.h"
#include "l_json.h"
#include "shape_compile.h"
#include "json/escape.h"

static const char *const FIELD_KEYS[] = {
    "doc",    "required", "in",       "header",      "option", "enum", "min",
    "max",    "const",    "default",  "allow_empty", "alias",  "wire", "derive",
    "secret", "pattern",  "nonempty", "omit_false",  "list",   NULL};

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
      fdk_shape_complain_of(c, "type", name, kinds);
    }
    const char *type = c->type, *field = c->field;
    object = fdk_shape_compile_object(c, lua_gettop(L), name);
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
  fdk_shape_text place = fdk_shape_string(c, index, "in");
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
  if (fdk_shape_string(c, index, "header").data != NULL &&
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
      fdk_shape_truth(c, index, "required") || field->place == FDK_SHAPE_PATH;
}

/* What stands before the value: its name, as the place writes it. */
static void compile_lead(fdk_shape_compiler *c, fdk_shape_field *field,
                         int index) {
  fdk_shape_text wire = fdk_shape_string(c, index, "wire");
  if (wire.data != NULL && field->place != FDK_SHAPE_BODY &&
      field->place != FDK_SHAPE_QUERY)
    fdk_shape_complain(c, "wire is for the body and the query only");
  if (wire.data == NULL)
    wire = field->name;
  else if (strlen(wire.data) != wire.size)
    fdk_shape_complain(c, "its name on the wire holds a NUL byte");
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
    luaL_error(c->L, "not enough memory for a shape");
  /* room behind it, so that a short one can be copied as a block */
  size_t size = work->size;
  static const char padding[FDK_SHAPE_LEAD + 1];
  if (!fdk_buffer_append(work, padding, sizeof padding))
    luaL_error(c->L, "not enough memory for a shape");
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
  field->nonempty = fdk_shape_truth(c, index, "nonempty");
  field->allow_empty = fdk_shape_truth(c, index, "allow_empty");
  field->omit_false = fdk_shape_truth(c, index, "omit_false");
  field->json_list = fdk_shape_truth(c, index, "list");
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
  fdk_shape_text pattern = fdk_shape_string(c, index, "pattern");
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
  fdk_buffer *shown = fdk_scratch(L, FDK_SCRATCH_TEXT);
  int flag = kind == FDK_SHAPE_FLAG ? fdk_shape_flag(L, -1) : -1;
  bool fits = false;
  constant->type = flag >= 0 ? LUA_TBOOLEAN : lua_type(L, -1);
  switch (constant->type) {
  case LUA_TSTRING:
    constant->text = fdk_shape_anchor(c, -1);
    fits = fdk_shape_quote(shown, constant->text);
    break;
  case LUA_TNUMBER:
    constant->number = lua_tonumber(L, -1);
    fits = fdk_buffer_printf(shown, "%.14g", constant->number);
    break;
  case LUA_TBOOLEAN:
    constant->truth = flag >= 0 ? flag : lua_toboolean(L, -1);
    fits = fdk_buffer_text(shown, constant->truth ? "true" : "false");
    break;
  default:
    fdk_shape_complain(c,
                       "a value to compare with must be a string, a number "
                       "or a boolean, it is a %s",
                       luaL_typename(L, -1));
  }
  if (!fits)
    luaL_error(L, "not enough memory for a shape");
  constant->shown = fdk_shape_copy(c, shown->data, shown->size);
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

void fdk_shape_compile_field(fdk_shape_compiler *c, fdk_shape_object *object,
                             fdk_shape_field *field, int index, bool top) {
  lua_State *L = c->L;
  lua_rawgeti(L, index, 1);
  if (lua_type(L, -1) != LUA_TSTRING || fdk_raw_length(L, -1) == 0)
    fdk_shape_complain(c, "a field's name (its first item) must be a string");
  field->name = fdk_shape_anchor(c, -1);
  c->field = field->name.data;
  if (strlen(field->name.data) != field->name.size)
    fdk_shape_complain(c, "its name holds a NUL byte");
  lua_pop(L, 1);
  fdk_shape_check_keys(c, index, 2, FIELD_KEYS);
  fdk_shape_string(c, index, "doc");
  fdk_shape_string(c, index, "option");
  compile_type(c, field, index);
  compile_place(c, object, field, index);
  if (top && field->place == FDK_SHAPE_BODY && !c->shape->body)
    fdk_shape_complain(c, "there is no body; say in = \"path\", \"query\" or "
                          "\"header\"");
  compile_lead(c, field, index);
  compile_limits(c, field, index);
  compile_enum(c, field, index);
  compile_fixed(c, field, index);
  field->secret = fdk_shape_truth(c, index, "secret");
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

/* shape_compile.c: a description becomes C structs; see shape_compile.h. */
#include "shape_compile.h"
#include "compat.h"

/* Adds a spelling; every one but names on the wire must be new. */
static void add_name(const fdk_shape_compiler *c, fdk_shape_object *object,
                     fdk_shape_text text, unsigned short field,
                     bool wire_only) {
  for (unsigned i = 0; i < object->name_count && !wire_only; i++) {
    const fdk_shape_name *other = &object->names[i];
    if (!other->wire_only && fdk_shape_same_text(other->text, text))
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
        fdk_shape_same_text(other->lead, field->lead))
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
    fdk_shape_text wire = fdk_shape_string(c, field, "wire");
    if (wire.data != NULL)
      add_name(c, object, wire, i, true);
    if (fdk_shape_option(c, field, "alias", LUA_TTABLE)) {
      if (object->fields[i].place == FDK_SHAPE_HEADER)
        fdk_shape_complain(c, "alias is not for headers, which the caller "
                              "reads by the field's name");
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

fdk_shape_object *fdk_shape_compile_object(fdk_shape_compiler *c, int index,
                                           const char *type) {
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
  fdk_shape_check_keys(c, index, (int)count, keys);
  object->fields = fdk_shape_alloc(c, count, sizeof *object->fields);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (int)i + 1);
    if (lua_type(L, -1) != LUA_TTABLE)
      fdk_shape_complain(c, "[%d] must be a field, a table", (int)i + 1);
    fdk_shape_compile_field(c, object, &object->fields[i], lua_gettop(L),
                            type == NULL);
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
  object->open = fdk_shape_truth(c, index, "open");
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
  top = fdk_shape_compile_object(c, lua_gettop(L), NULL);
  lua_pop(L, 1);
  if (fdk_shape_truth(c, description, "open"))
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
  fdk_shape_check_keys(&c, description, 0, keys);
  fdk_shape_text body = fdk_shape_string(&c, description, "body");
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

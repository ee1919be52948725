/* shape_rules.c: the parts of a description that join fields: rules, derived
 * values and the path; see shape_compile.h. */
#include "compat.h"
#include "shape_compile.h"

#include <stdint.h>
#include <string.h>

/* The number of the field whose name is on top; not popped. `what` names the
 * option it stands in. */
static unsigned short field_number(const fdk_shape_compiler *c,
                                   const fdk_shape_object *object,
                                   const char *what) {
  if (lua_type(c->L, -1) != LUA_TSTRING)
    fdk_shape_complain(c, "%s must name a field", what);
  size_t size = 0;
  const char *name = lua_tolstring(c->L, -1, &size);
  for (unsigned short i = 0; i < object->count; i++) {
    if (fdk_shape_same_text(object->fields[i].name,
                            (fdk_shape_text){name, size}))
      return i;
  }
  fdk_shape_complain(c, "%s names \"%s\", which is no field", what, name);
}

/* --- rules --- */

static void check_rule_keys(const fdk_shape_compiler *c, int index) {
  static const char *const known[] = {"require", "unless", "when",
                                      "is",      "any_of", "doc"};
  lua_State *L = c->L;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    size_t i = 0;
    if (lua_type(L, -2) == LUA_TSTRING)
      while (i < sizeof known / sizeof known[0] &&
             strcmp(known[i], lua_tostring(L, -2)) != 0)
        i++;
    if (lua_type(L, -2) != LUA_TSTRING || i == sizeof known / sizeof known[0])
      fdk_shape_complain(c, "a rule has an unknown key; it may have require, "
                            "any_of, unless, when, is and doc");
  }
}

static void compile_subjects(fdk_shape_compiler *c,
                             const fdk_shape_object *object,
                             fdk_shape_rule *rule, int index) {
  lua_State *L = c->L;
  bool one = fdk_shape_option(c, index, "require", LUA_TSTRING);
  bool any = fdk_shape_option(c, index, "any_of", LUA_TTABLE);
  size_t count = one ? 1 : any ? fdk_raw_length(L, -1) : 0;
  if (one == any || count == 0 || count > FDK_SHAPE_FIELDS)
    fdk_shape_complain(c, "a rule needs either require or any_of");
  unsigned short *fields = fdk_shape_alloc(c, count, sizeof *fields);
  if (one) {
    lua_pop(L, 1);
    fields[0] = field_number(c, object, "require");
  } else {
    for (size_t i = 0; i < count; i++) {
      lua_rawgeti(L, -1, (int)i + 1);
      fields[i] = field_number(c, object, "any_of");
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  rule->fields = fields;
  rule->count = (unsigned short)count;
}

static void compile_condition(fdk_shape_compiler *c,
                              const fdk_shape_object *object,
                              fdk_shape_rule *rule, int index) {
  lua_State *L = c->L;
  bool unless = fdk_shape_option(c, index, "unless", LUA_TSTRING);
  if (unless) {
    rule->condition = FDK_SHAPE_UNLESS;
    rule->subject = field_number(c, object, "unless");
  }
  bool when = fdk_shape_option(c, index, "when", LUA_TSTRING);
  if (when) {
    rule->condition = FDK_SHAPE_WHEN;
    rule->subject = field_number(c, object, "when");
  }
  bool is = fdk_shape_option(c, index, "is", LUA_TNONE);
  if ((unless && when) || (is && !when))
    fdk_shape_complain(c, "a rule may have unless, or when, or when with is");
  if (is) {
    fdk_shape_kind kind = (fdk_shape_kind)object->fields[rule->subject].kind;
    rule->condition = FDK_SHAPE_WHEN_IS;
    fdk_shape_read_constant(c, kind, &rule->is);
  }
  lua_pop(L, 3);
}

void fdk_shape_compile_rules(fdk_shape_compiler *c, fdk_shape_object *object,
                             int rules) {
  lua_State *L = c->L;
  size_t count = fdk_raw_length(L, rules);
  if (count > UINT16_MAX)
    fdk_shape_complain(c, "too many rules");
  object->rules = fdk_shape_alloc(c, count, sizeof *object->rules);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, rules, (int)i + 1);
    if (lua_type(L, -1) != LUA_TTABLE)
      fdk_shape_complain(c, "rules must be a list of tables");
    int index = lua_gettop(L);
    check_rule_keys(c, index);
    compile_subjects(c, object, &object->rules[i], index);
    compile_condition(c, object, &object->rules[i], index);
    lua_pop(L, 1);
  }
  object->rule_count = (unsigned short)count;
}

/* --- derived values --- */

void fdk_shape_compile_derive(fdk_shape_compiler *c, fdk_shape_object *object,
                              fdk_shape_field *field, int index) {
  lua_State *L = c->L;
  if (!fdk_shape_option(c, index, "derive", LUA_TTABLE)) {
    lua_pop(L, 1);
    return;
  }
  int derive = lua_gettop(L);
  fdk_shape_option(c, derive, "from", LUA_TSTRING);
  field->derived_from = field_number(c, object, "derive.from");
  const fdk_shape_field *from = &object->fields[field->derived_from];
  if (from == field || from->kind != FDK_SHAPE_STRING || from->list ||
      field->list || field->kind >= FDK_SHAPE_ANY)
    fdk_shape_complain(c, "derive makes a scalar from another field, a string");
  if (!fdk_shape_option(c, derive, "map", LUA_TTABLE))
    fdk_shape_complain(c, "derive needs a map");
  int map = lua_gettop(L);
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, map) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      fdk_shape_complain(c, "the keys of derive.map must be strings");
    count++;
  }
  if (count == 0 || count > UINT16_MAX)
    fdk_shape_complain(c, "derive.map is empty or too long");
  fdk_shape_choice *derived = fdk_shape_alloc(c, count, sizeof *derived);
  size_t at = 0;
  for (lua_pushnil(L); lua_next(L, map) != 0; at++) {
    derived[at].text = fdk_shape_anchor(c, -2);
    derived[at].encoded = fdk_shape_encoded(c, field, "derive"); /* pops */
  }
  field->derived = derived;
  field->derived_count = (unsigned short)count;
  lua_settop(L, derive - 1);
}

/* --- the path --- */

/* Whether a byte may stand in a path as it is (RFC 3986 pchar, "/" and an
 * escape's "%"). */
static bool is_path_byte(char byte) {
  return byte != '\0' &&
         strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                "-._~!$&'()*+,;=:@/%",
                byte) != NULL;
}

void fdk_shape_compile_path(fdk_shape_compiler *c) {
  lua_State *L = c->L;
  fdk_shape *shape = c->shape;
  const fdk_shape_object *top = shape->top;
  fdk_shape_text path = fdk_shape_anchor(c, -1);
  for (size_t i = 0; i < path.size; i++) {
    if (!is_path_byte(path.data[i]))
      fdk_shape_complain(c,
                         "the path \"%s\" holds a character that a path "
                         "cannot hold",
                         path.data);
  }
  size_t most = 1;
  for (size_t i = 0; i < path.size; i++)
    most += path.data[i] == ':';
  shape->pieces = fdk_shape_alloc(c, most, sizeof *shape->pieces);
  bool *used = fdk_shape_alloc(c, top->count + (size_t)1, sizeof *used);

  size_t from = 0, at = 0;
  while (at < path.size) {
    bool starts = at == 0 || path.data[at - 1] == '/';
    if (!starts || path.data[at] != ':') {
      at++;
      continue;
    }
    size_t end = at + 1;
    while (end < path.size && path.data[end] != '/')
      end++;
    lua_pushlstring(L, path.data + at + 1, end - at - 1);
    unsigned short field = field_number(c, top, "the path");
    lua_pop(L, 1);
    if (top->fields[field].place != FDK_SHAPE_PATH)
      fdk_shape_complain(c,
                         "the path names \"%s\", which is not in the path "
                         "(say in = \"path\")",
                         top->fields[field].name.data);
    used[field] = true;
    shape->pieces[shape->piece_count++] =
        (fdk_shape_piece){{path.data + from, at - from}, field};
    from = at = end;
  }
  if (from < path.size)
    shape->pieces[shape->piece_count++] =
        (fdk_shape_piece){{path.data + from, path.size - from}, -1};

  for (unsigned short i = 0; i < top->count; i++) {
    const fdk_shape_field *field = &top->fields[i];
    if (field->place == FDK_SHAPE_PATH && !used[i])
      fdk_shape_complain(c,
                         "the field \"%s\" is in the path, but the path "
                         "\"%s\" has no :%s",
                         field->name.data, path.data, field->name.data);
    if (field->place == FDK_SHAPE_PATH || field->place == FDK_SHAPE_QUERY)
      shape->target_varies = true;
  }
  if (!shape->target_varies) {
    lua_pushvalue(L, -1);
    lua_rawseti(L, c->anchors, 1);
  }
}

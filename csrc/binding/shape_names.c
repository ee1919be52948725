/* shape_names.c: names of fields, and what mistyped ones were meant to be; see
 * shape.h. */
#include "compat.h"
#include "shape.h"

bool fdk_shape_same_text(fdk_shape_text one, fdk_shape_text other) {
  return one.size == other.size &&
         (one.data == other.data || one.size == 0 ||
          memcmp(one.data, other.data, one.size) == 0);
}

const fdk_shape_name *fdk_shape_find_name(const fdk_shape_object *object,
                                          fdk_shape_text key) {
  const fdk_shape_name *on_wire = NULL;
  for (unsigned i = 0; i < object->name_count; i++) {
    const fdk_shape_name *name = &object->names[i];
    if (!fdk_shape_same_text(name->text, key))
      continue;
    if (!name->wire_only)
      return name;
    on_wire = name;
  }
  return on_wire;
}

static int lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* Optimal string alignment: inserts, deletes, replacements and swaps of
 * neighbours; upper and lower case are alike. */
unsigned fdk_shape_slip(fdk_shape_text name, fdk_shape_text known) {
  enum { LONGEST = 48, FAR = UINT16_MAX };
  unsigned rows[3][LONGEST + 1];
  if (name.size > LONGEST || known.size > LONGEST)
    return FAR;
  unsigned *before = rows[0], *above = rows[1], *row = rows[2];
  for (unsigned k = 0; k <= known.size; k++)
    above[k] = before[k] = k;
  for (unsigned i = 1; i <= name.size; i++) {
    int byte = lower(name.data[i - 1]);
    row[0] = i;
    for (unsigned k = 1; k <= known.size; k++) {
      int other = lower(known.data[k - 1]);
      unsigned best = above[k - 1] + (byte != other);
      if (above[k] + 1 < best)
        best = above[k] + 1;
      if (row[k - 1] + 1 < best)
        best = row[k - 1] + 1;
      if (i > 1 && k > 1 && byte == lower(known.data[k - 2]) &&
          other == lower(name.data[i - 2]) && before[k - 2] + 1 < best)
        best = before[k - 2] + 1;
      row[k] = best;
    }
    unsigned *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  unsigned edits = above[known.size];
  size_t most = name.size > known.size ? name.size : known.size;
  return edits <= (most >= 3 ? (most + 2) / 4 + 1 : 0) && edits < most ? edits
                                                                       : FAR;
}

const fdk_shape_text *fdk_shape_nearest(const fdk_shape_object *object,
                                        fdk_shape_text key) {
  const fdk_shape_text *found = NULL;
  unsigned least = UINT16_MAX;
  for (unsigned i = 0; i < object->name_count; i++) {
    const fdk_shape_name *name = &object->names[i];
    const fdk_shape_field *field = &object->fields[name->field];
    unsigned slip = fdk_shape_slip(key, name->text);
    if (slip < least && !field->is_const) {
      least = slip;
      found = &field->name;
    }
  }
  return found;
}

fdk_shape_text fdk_shape_least_key(lua_State *L, int index,
                                   const fdk_shape_object *object) {
  fdk_shape_text least = {NULL, 0};
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      continue;
    fdk_shape_text key;
    key.data = lua_tolstring(L, -2, &key.size);
    if (object != NULL) {
      const fdk_shape_name *name = fdk_shape_find_name(object, key);
      if (name != NULL && !name->wire_only)
        continue;
      if (object->open && name == NULL)
        continue;
    }
    size_t common = key.size < least.size ? key.size : least.size;
    int order = least.data == NULL ? -1 : memcmp(key.data, least.data, common);
    if (order < 0 || (order == 0 && key.size < least.size))
      least = key;
  }
  return least;
}

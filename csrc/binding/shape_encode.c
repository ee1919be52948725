/* shape_encode.c: an input table becomes URL target and JSON body in one pass,
 * checked on the way; see shape.h.
 *
 * An object is read in two steps: `gather` walks the table once, leaves its
 * values on the Lua stack and notes which slot holds which field's; then the
 * fields are written in the order in which they are declared. Access is raw, no
 * Lua code runs. What costs time is the number of calls into Lua, so the common
 * cases make few of them. */
#include "compat.h"
#include "l_json.h"
#include "shape.h"
#include "json/escape.h"

/* Stack slots needed beside an object's keys and values: an element of a list
 * and its key, room for the functions below. */
enum { SLACK = 12 };

/* Slots of the Lua stack that every Lua has; some end at 8000. */
enum { SHALLOW = 4000 };

/* --- fields --- */

static bool refuse_missing(fdk_shape_run *run, const fdk_shape_frame *frame) {
  return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                          "is required and must not be empty");
}

/* Where the encoder stands, for sentences. */
static inline void enter(fdk_shape_frame *frame, const fdk_shape_field *field) {
  frame->name = field->name;
  frame->secret = field->secret;
  frame->item = 0;
}

/* What stands before a field's value in the body: its name, and a comma unless
 * it is the first. Short names are copied as a block of fixed size. */
static inline bool write_name(fdk_buffer *body, const fdk_shape_field *field) {
  size_t skip = body->data[body->size - 1] == '{';
  size_t size = field->lead.size - skip;
  const char *lead = field->lead.data + skip;
  if (size > FDK_SHAPE_LEAD)
    return fdk_buffer_append(body, lead, size);
  if (!fdk_buffer_reserve(body, FDK_SHAPE_LEAD))
    return false;
  memcpy(body->data + body->size, lead, FDK_SHAPE_LEAD);
  body->size += size;
  return true;
}

/* The same wherever the field goes; a list in the query writes its own. */
static bool write_lead(fdk_shape_run *run, const fdk_shape_field *field) {
  if (field->place == FDK_SHAPE_BODY)
    return write_name(run->body, field) || fdk_shape_no_memory(run);
  if (field->place != FDK_SHAPE_QUERY || field->list)
    return true;
  bool first = !run->in_query;
  run->in_query = true;
  return fdk_shape_push(run, run->target, first ? '?' : '&') &&
         fdk_shape_append(run, run->target, field->lead);
}

static bool write_encoded(fdk_shape_run *run, const fdk_shape_field *field,
                          fdk_shape_text encoded) {
  if (!write_lead(run, field))
    return false;
  return fdk_shape_append(
      run, field->place == FDK_SHAPE_BODY ? run->body : run->target, encoded);
}

/* The most common fields: strings that go into the body, either as they are or
 * from an enum. False when there is more to it, with nothing written. */
static inline bool write_shortcut(fdk_buffer *body,
                                  const fdk_shape_field *field,
                                  fdk_shape_text text) {
  size_t before = body->size;
  if (text.size == 0 && field->required)
    return false;
  if (field->shortcut == FDK_SHAPE_AS_IS) {
    if (write_name(body, field) &&
        fdk_json_write_string(body, text.data, text.size, NULL) == FDK_JSON_OK)
      return true;
  } else {
    const fdk_shape_choice *choice =
        fdk_shape_find_choice(field->choices, field->choice_count, text);
    if (choice != NULL && write_name(body, field) &&
        fdk_buffer_append(body, choice->encoded.data, choice->encoded.size))
      return true;
  }
  body->size = before;
  return false;
}

/* What a field is derived to in this object; NULL when it is not. */
static const fdk_shape_choice *derive(lua_State *L,
                                      const fdk_shape_frame *frame,
                                      const fdk_shape_field *field) {
  int from = field->derived_count > 0 ? frame->slots[field->derived_from] : 0;
  if (from == 0 || lua_type(L, from) != LUA_TSTRING)
    return NULL;
  fdk_shape_text text;
  text.data = lua_tolstring(L, from, &text.size);
  return fdk_shape_find_choice(field->derived, field->derived_count, text);
}

static bool write_absent(fdk_shape_run *run, const fdk_shape_frame *frame,
                         const fdk_shape_field *field) {
  if (field->fixed.data != NULL)
    return write_encoded(run, field, field->fixed);
  const fdk_shape_choice *derived = derive(run->L, frame, field);
  if (derived != NULL)
    return write_encoded(run, field, derived->encoded);
  if (field->required)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                            "is required");
  return true;
}

/* A null where one may be: sent as it is, but a query or a header has none. */
static bool write_null(fdk_shape_run *run, const fdk_shape_frame *frame,
                       const fdk_shape_field *field) {
  if (field->required)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                            "is required (got null)");
  if (field->place != FDK_SHAPE_BODY)
    return true;
  return write_encoded(run, field, (fdk_shape_text){"null", 4});
}

/* A const that is given all the same: it may be, as what it is. */
static bool write_const(fdk_shape_run *run, const fdk_shape_frame *frame,
                        const fdk_shape_field *field, int index) {
  if (fdk_shape_equals(run->L, index, (fdk_shape_kind)field->kind,
                       &field->constant))
    return write_encoded(run, field, field->fixed);
  if (field->secret)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "is fixed; leave it out");
  return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                          "is always %s; leave it out",
                          field->constant.shown.data);
}

static bool write_field(fdk_shape_run *run, fdk_shape_frame *frame,
                        const fdk_shape_field *field, int index) {
  lua_State *L = run->L;
  enter(frame, field);
  if (index == 0)
    return write_absent(run, frame, field);
  int type = lua_type(L, index);
  if (field->is_const)
    return write_const(run, frame, field, index);
  if (type == LUA_TLIGHTUSERDATA && fdk_is_null(L, index))
    return write_null(run, frame, field);
  if (type == LUA_TSTRING && field->required && !field->allow_empty &&
      fdk_raw_length(L, index) == 0)
    return refuse_missing(run, frame);
  if (field->omit_false && fdk_shape_flag(L, index) == 0)
    return true;
  return write_lead(run, field) &&
         fdk_shape_write_whole(run, frame, field, index);
}

/* --- objects --- */

/* The field of the key at `index`, -1 when there is none. The key is found by
 * the string's address, or by its bytes: Lua does not intern long strings, and
 * not every Lua tells a string's address. */
static inline int field_of(lua_State *L, const fdk_shape_object *object,
                           int index) {
  const void *key = lua_topointer(L, index);
  size_t at = fdk_shape_hash(key, object->slot_shift);
  /* the table ends with a free slot, so the search need not wrap */
  for (const fdk_shape_slot *slot = &object->slots[at]; slot->key != NULL;
       slot++) {
    if (slot->key == key)
      return slot->field;
  }
  if (lua_type(L, index) != LUA_TSTRING)
    return -1;
  fdk_shape_text text;
  text.data = lua_tolstring(L, index, &text.size);
  const fdk_shape_name *name = fdk_shape_find_name(object, text);
  return name != NULL && !name->wire_only ? name->field : -1;
}

/* Walks the table at `index`, leaves keys and values on the stack and their
 * places in frame->slots. *extras tells whether it has keys that are no fields. */
static bool gather(fdk_shape_run *run, fdk_shape_frame *frame, int index,
                   bool *extras) {
  lua_State *L = run->L;
  const fdk_shape_object *object = frame->object;
  int key = lua_gettop(L) + 1;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    int field = field_of(L, object, key);
    if (field < 0) {
      if (!object->open || lua_type(L, key) != LUA_TSTRING)
        return fdk_shape_refuse_key(run, frame, index);
      *extras = true;
      lua_settop(L, key);
      continue;
    }
    if (frame->slots[field] != 0)
      return fdk_shape_refuse_twice(run, frame, index, (unsigned short)field);
    frame->slots[field] = key + 1;
    lua_pushvalue(L, key);
    key += 2;
  }
  return true;
}

/* The keys of an open object that are no fields, in the table's order. */
static bool write_extras(fdk_shape_run *run, fdk_shape_frame *frame,
                         int index) {
  lua_State *L = run->L;
  fdk_buffer *body = run->body;
  frame->secret = false;
  frame->item = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    fdk_shape_text key;
    if (field_of(L, frame->object, lua_gettop(L) - 1) >= 0)
      continue;
    key.data = lua_tolstring(L, -2, &key.size);
    frame->name = key;
    if (fdk_shape_find_name(frame->object, key) !=
        NULL) /* a name on the wire */
      return fdk_shape_refuse_key(run, frame, index);
    if (body->data[body->size - 1] != '{' && !fdk_shape_push(run, body, ','))
      return false;
    fdk_json_status status =
        fdk_json_write_string(body, key.data, key.size, NULL);
    if (status == FDK_JSON_BAD_UTF8)
      return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                              "is a name that is not valid UTF-8");
    if (status != FDK_JSON_OK)
      return fdk_shape_no_memory(run);
    if (!fdk_shape_push(run, body, ':') ||
        !fdk_shape_write_any(run, frame, lua_gettop(L)))
      return false;
  }
  return true;
}

/* Whether rules take field number `number` for given. */
static bool is_given(lua_State *L, const fdk_shape_frame *frame,
                     unsigned short number) {
  const fdk_shape_field *field = &frame->object->fields[number];
  if (frame->slots[number] != 0)
    return !fdk_shape_is_empty(L, frame->slots[number]);
  if (field->fixed.data != NULL)
    return !field->fixed_empty;
  return derive(L, frame, field) != NULL;
}

/* Whether the rule asks for something in this object. */
static bool rule_applies(lua_State *L, const fdk_shape_frame *frame,
                         const fdk_shape_rule *rule) {
  const fdk_shape_field *subject = &frame->object->fields[rule->subject];
  int index = frame->slots[rule->subject];
  switch (rule->condition) {
  case FDK_SHAPE_UNLESS:
    return !is_given(L, frame, rule->subject);
  case FDK_SHAPE_WHEN:
    return is_given(L, frame, rule->subject);
  case FDK_SHAPE_WHEN_IS:
    return index != 0 ? fdk_shape_equals(
                            L, index, (fdk_shape_kind)subject->kind, &rule->is)
                      : fdk_shape_same(&subject->constant, &rule->is);
  default:
    return true;
  }
}

static bool check_rules(fdk_shape_run *run, const fdk_shape_frame *frame) {
  const fdk_shape_object *object = frame->object;
  for (unsigned i = 0; i < object->rule_count; i++) {
    const fdk_shape_rule *rule = &object->rules[i];
    if (!rule_applies(run->L, frame, rule))
      continue;
    unsigned k = 0;
    while (k < rule->count && !is_given(run->L, frame, rule->fields[k]))
      k++;
    if (k == rule->count)
      return fdk_shape_refuse_rule(run, frame, rule);
  }
  return true;
}

static bool write_target(fdk_shape_run *run, const fdk_shape *shape,
                         fdk_shape_frame *frame) {
  for (int i = 0; i < shape->piece_count; i++) {
    const fdk_shape_piece *piece = &shape->pieces[i];
    if (!fdk_shape_append(run, run->target, piece->literal))
      return false;
    if (piece->field >= 0 &&
        !write_field(run, frame, &shape->top->fields[piece->field],
                     frame->slots[piece->field]))
      return false;
  }
  return true;
}

/* Writes the object at `index` (0: an empty one); `shape` is given for the
 * operation's own fields only. The stack is left as it was, unless refused. */
static bool write_fields(fdk_shape_run *run, fdk_shape_frame *frame,
                         const fdk_shape *shape, int index) {
  lua_State *L = run->L;
  const fdk_shape_object *object = frame->object;
  int *slots = frame->slots;
  bool extras = false;
  bool body = shape == NULL || shape->body;
  int top = lua_gettop(L);
  bool fits = lua_checkstack(L, 2 * object->count + SLACK) != 0;
  if (!fits &&
      top < SHALLOW) /* far from the limit: there is no memory for it */
    return fdk_shape_no_memory(run);
  if (!fits || frame->depth > FDK_SHAPE_DEPTH)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, index,
                            "is nested too deeply (does it contain itself?)");
  memset(slots, 0, object->count * sizeof slots[0]);
  if (index != 0 && !gather(run, frame, index, &extras))
    return false;
  if (shape != NULL && shape->target_varies && !write_target(run, shape, frame))
    return false;
  if (body && !fdk_shape_push(run, run->body, '{'))
    return false;
  for (int i = 0; i < object->count; i++) {
    const fdk_shape_field *field = &object->fields[i];
    int at = slots[i];
    if (at == 0 && field->may_be_absent)
      continue;
    if (at != 0 && field->shortcut != 0 && lua_type(L, at) == LUA_TSTRING) {
      fdk_shape_text text;
      text.data = lua_tolstring(L, at, &text.size);
      if (write_shortcut(run->body, field, text))
        continue;
    }
    if (field->place != FDK_SHAPE_PATH && !write_field(run, frame, field, at))
      return false;
  }
  if (extras && !write_extras(run, frame, index))
    return false;
  if (object->rule_count > 0 && !check_rules(run, frame))
    return false;
  if (body && !fdk_shape_push(run, run->body, '}'))
    return false;
  lua_settop(L, top);
  return true;
}

bool fdk_shape_write_object(fdk_shape_run *run, const fdk_shape_frame *parent,
                            const fdk_shape_object *object, int index) {
  if (object->slots == NULL) /* only while shapes are made: for defaults */
    return fdk_shape_refuse(run, parent, FDK_SHAPE_GOT_NOTHING, index,
                            "is of a type that contains itself");
  int slots[FDK_SHAPE_FIELDS];
  fdk_shape_frame frame = {.parent = parent,
                           .object = object,
                           .slots = slots,
                           .depth = parent->depth + 1};
  return write_fields(run, &frame, NULL, index);
}

bool fdk_shape_encode(fdk_shape_run *run, const fdk_shape *shape, int index) {
  int slots[FDK_SHAPE_FIELDS];
  fdk_shape_frame frame = {.object = shape->top, .slots = slots};
  int top = lua_gettop(run->L);
  bool written = write_fields(run, &frame, shape, index);
  if (!written)
    lua_settop(run->L, top);
  return written;
}

/* shape_write.c: values and lists, checked and written; see shape.h. */
#include "compat.h"
#include "engine/url.h"
#include "l_json.h"
#include "shape.h"
#include "json/escape.h"

/* --- single values --- */

/* Refuses what fdk_json_append refused; the path goes on inside the value. */
static bool refuse_json(fdk_shape_run *run, const fdk_shape_frame *frame,
                        const fdk_json_problem *problem) {
  fdk_shape_frame at = *frame;
  at.inside = problem->path;
  return fdk_shape_refuse(run, &at, FDK_SHAPE_GOT_NOTHING, 0, "%s",
                          problem->message);
}

bool fdk_shape_write_any(fdk_shape_run *run, const fdk_shape_frame *frame,
                         int index) {
  fdk_json_problem problem;
  return fdk_json_append(run->L, index, run->body, &problem) ||
         refuse_json(run, frame, &problem);
}

/* A table with named fields, whatever their names; an empty table is one. */
static bool write_open_object(fdk_shape_run *run, const fdk_shape_frame *frame,
                              const fdk_shape_field *field, int index) {
  lua_State *L = run->L;
  if (lua_type(L, index) != LUA_TTABLE)
    return fdk_shape_refuse_type(run, frame, field, index);
  lua_pushnil(L);
  if (lua_next(L, index) == 0) /* whatever metatable it has */
    return fdk_shape_append(run, run->body, (fdk_shape_text){"{}", 2});
  bool named = lua_type(L, -2) == LUA_TSTRING;
  lua_pop(L, 2);
  if (!named)
    return fdk_shape_refuse_type(run, frame, field, index);
  return fdk_shape_write_any(run, frame, index);
}

static bool write_scalar(fdk_shape_run *run, const fdk_shape_frame *frame,
                         const fdk_shape_field *field, int index) {
  fdk_shape_scalar scalar;
  if (!fdk_shape_read_scalar(run, frame, field, index, &scalar))
    return false;
  fdk_url_status status = FDK_URL_OK;
  switch ((fdk_shape_place)field->place) {
  case FDK_SHAPE_BODY:
    if (scalar.choice != NULL)
      return fdk_shape_append(run, run->body, scalar.choice->encoded);
    if (!scalar.quoted)
      return fdk_shape_append(run, run->body, scalar.text);
    /* the text is known to be UTF-8 unless the writer says otherwise */
    return fdk_json_write_string(run->body, scalar.text.data, scalar.text.size,
                                 NULL) == FDK_JSON_OK ||
           fdk_shape_no_memory(run);
  case FDK_SHAPE_PATH:
    status =
        fdk_url_append_segment(run->target, scalar.text.data, scalar.text.size);
    break;
  case FDK_SHAPE_QUERY:
    status =
        fdk_url_append_query(run->target, scalar.text.data, scalar.text.size);
    break;
  case FDK_SHAPE_HEADER: /* checked; the caller sends it */
    break;
  }
  switch (status) {
  case FDK_URL_OK:
    return true;
  case FDK_URL_NO_MEMORY:
    return fdk_shape_no_memory(run);
  case FDK_URL_SEGMENT_DOTS: /* shown even of a secret: it is none */
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, index,
                            "must not be \"%s\" (it would change the path)",
                            scalar.text.data);
  default:
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, index, "%s",
                            fdk_url_words(status));
  }
}

/* A string of the body with nothing to check but that it is UTF-8. */
static bool write_plain(fdk_shape_run *run, const fdk_shape_frame *frame,
                        int index) {
  size_t size = 0;
  size_t bad = 0;
  const char *text = lua_tolstring(run->L, index, &size);
  fdk_json_status status = fdk_json_write_string(run->body, text, size, &bad);
  if (status == FDK_JSON_OK)
    return true;
  if (status == FDK_JSON_BAD_UTF8)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                            "is not valid UTF-8 (at byte %zu)", bad + 1);
  return fdk_shape_no_memory(run);
}

bool fdk_shape_write_value(fdk_shape_run *run, fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index) {
  int type = lua_type(run->L, index);
  if (type == LUA_TSTRING && field->plain)
    return write_plain(run, frame, index);
  switch ((fdk_shape_kind)field->kind) {
  case FDK_SHAPE_ANY:
    return fdk_shape_write_any(run, frame, index);
  case FDK_SHAPE_OBJECT:
    return write_open_object(run, frame, field, index);
  case FDK_SHAPE_NESTED:
    if (type != LUA_TTABLE)
      return fdk_shape_refuse_type(run, frame, field, index);
    return fdk_shape_write_object(run, frame, field->nested, index);
  default:
    return write_scalar(run, frame, field, index);
  }
}

/* --- lists --- */

/* The element at `index`, number frame->item. */
static bool write_item(fdk_shape_run *run, fdk_shape_frame *frame,
                       const fdk_shape_field *field, int index) {
  if (field->place == FDK_SHAPE_BODY) {
    if (frame->item > 1 && !fdk_shape_push(run, run->body, ','))
      return false;
  } else if (field->place == FDK_SHAPE_QUERY) { /* name=one&name=two */
    if (!fdk_shape_push(run, run->target, run->in_query ? '&' : '?') ||
        !fdk_shape_append(run, run->target, field->lead))
      return false;
    run->in_query = true;
  }
  return fdk_shape_write_value(run, frame, field, index);
}

/* The elements of a table whose keys do not come in order: exactly 1 to n, or
 * it is no list. The caller has dropped what it wrote. */
static bool write_unordered(fdk_shape_run *run, fdk_shape_frame *frame,
                            const fdk_shape_field *field, int index) {
  lua_State *L = run->L;
  size_t count = fdk_raw_length(L, index);
  size_t keys = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
    keys++;
  frame->item = 0;
  if (keys != count)
    return fdk_shape_refuse_list(run, frame, index);
  for (size_t i = 1; i <= count; i++) {
    lua_rawgeti(L, index, (int)i);
    if (lua_type(L, -1) == LUA_TNIL) {
      frame->item = 0;
      return fdk_shape_refuse_list(run, frame, index);
    }
    frame->item = i;
    if (!write_item(run, frame, field, lua_gettop(L)))
      return false;
    lua_pop(L, 1);
  }
  return true;
}

static bool write_items(fdk_shape_run *run, fdk_shape_frame *frame,
                        const fdk_shape_field *field, int index) {
  lua_State *L = run->L;
  size_t body = run->body->size, target = run->target->size;
  bool in_query = run->in_query;
  int key = lua_gettop(L) + 1;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_settop(L, key)) {
    frame->item++;
    if (lua_type(L, key) != LUA_TNUMBER ||
        lua_tonumber(L, key) != (lua_Number)frame->item) {
      lua_settop(L, key - 1);
      run->body->size = body;
      run->target->size = target;
      run->in_query = in_query;
      return write_unordered(run, frame, field, index);
    }
    if (!write_item(run, frame, field, key + 1))
      return false;
  }
  return true;
}

/* A marker that stands for a list, such as cjson.empty_array. */
static bool write_marker(fdk_shape_run *run, fdk_shape_frame *frame,
                         const fdk_shape_field *field, int index) {
  fdk_json_problem problem;
  fdk_buffer *body = run->body;
  size_t size = body->size;
  if (field->place == FDK_SHAPE_BODY && !field->nonempty &&
      lua_type(run->L, index) == LUA_TLIGHTUSERDATA &&
      fdk_json_append(run->L, index, body, &problem)) {
    if (body->size == size + 2 && body->data[size] == '[')
      return true;
    body->size = size;
  }
  return fdk_shape_refuse_list(run, frame, index);
}

static bool write_list(fdk_shape_run *run, fdk_shape_frame *frame,
                       const fdk_shape_field *field, int index) {
  bool in_body = field->place == FDK_SHAPE_BODY;
  if (lua_type(run->L, index) != LUA_TTABLE)
    return write_marker(run, frame, field, index);
  if ((in_body && !fdk_shape_push(run, run->body, '[')) ||
      !write_items(run, frame, field, index))
    return false;
  if (field->nonempty && frame->item == 0)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, index,
                            "must not be empty");
  frame->item = 0;
  return !in_body || fdk_shape_push(run, run->body, ']');
}

bool fdk_shape_write_whole(fdk_shape_run *run, fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index) {
  return field->list ? write_list(run, frame, field, index)
                     : fdk_shape_write_value(run, frame, field, index);
}

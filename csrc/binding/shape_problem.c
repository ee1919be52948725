/* shape_problem.c: the sentences about refused input; see shape.h.
 *
 * A sentence begins with the path of what it is about, for a person who reads
 * only the message; the path alone goes into another buffer, for programs. */
#include "compat.h"
#include "l_json.h"
#include "shape.h"
#include "json/utf8.h"

#include <stdarg.h>
#include <stdio.h>

/* --- paths and values in words --- */

/* Where the frame stands: phones[2].type. */
static void find_path(const fdk_shape_frame *frame, fdk_json_problem *problem) {
  fdk_json_problem_set(problem, "%s", "");
  if (frame->inside != NULL)
    snprintf(problem->path, sizeof problem->path, "%s", frame->inside);
  for (; frame != NULL; frame = frame->parent) {
    if (frame->item > 0)
      fdk_json_problem_item(problem, frame->item);
    if (frame->name.size > 0)
      fdk_json_problem_field(problem, frame->name.data, frame->name.size);
  }
}

/* Where another field of the same object stands. */
static void find_sibling(const fdk_shape_frame *frame, unsigned short number,
                         fdk_json_problem *problem) {
  fdk_shape_frame at = {.parent = frame->parent,
                        .name = frame->object->fields[number].name};
  find_path(&at, problem);
}

static bool is_secret(const fdk_shape_frame *frame) {
  for (; frame != NULL; frame = frame->parent) {
    if (frame->secret)
      return true;
  }
  return false;
}

bool fdk_shape_quote(fdk_buffer *out, fdk_shape_text text) {
  enum { LONGEST = 40 };
  size_t size = text.size;
  if (size > LONGEST) {
    size = LONGEST;
    while (size > LONGEST - 4 &&
           ((unsigned char)text.data[size] & 0xC0) == 0x80)
      size--; /* not inside a character */
  }
  bool utf8 = fdk_utf8_find_bad(text.data, text.data + size) == NULL;
  bool fits = fdk_buffer_push(out, '"');
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text.data[i];
    /* C1 controls are 0xC2 0x80 to 0xC2 0x9F */
    bool c1 =
        byte == 0xC2 && i + 1 < size && (unsigned char)text.data[i + 1] < 0xA0;
    if (byte == '"' || byte == '\\')
      fits = fits && fdk_buffer_push(out, '\\') &&
             fdk_buffer_push(out, (char)byte);
    else if (c1)
      fits = fits &&
             fdk_buffer_printf(out, "\\x%02X", (unsigned char)text.data[++i]);
    else if (byte < ' ' || byte == 127 || (byte >= 128 && !utf8))
      fits = fits && fdk_buffer_printf(out, "\\x%02X", byte);
    else
      fits = fits && fdk_buffer_push(out, (char)byte);
  }
  return fits && fdk_buffer_text(out, size < text.size ? "...\"" : "\"");
}

/* The kind of the value at `index`, in words. */
static const char *kind_of(lua_State *L, int index) {
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return "nothing";
  case LUA_TBOOLEAN:
    return "a boolean";
  case LUA_TNUMBER:
    return "a number";
  case LUA_TSTRING:
    return "a string";
  case LUA_TTABLE:
    return "a table";
  case LUA_TFUNCTION:
    return "a function";
  case LUA_TTHREAD:
    return "a coroutine";
  default:
    if (fdk_is_null(L, index))
      return "null";
    return lua_type(L, index) == LUA_TUSERDATA ||
                   lua_type(L, index) == LUA_TLIGHTUSERDATA
               ? "a userdata"
               : "a cdata";
  }
}

static bool append_value(fdk_buffer *out, lua_State *L, int index) {
  int64_t integer = 0;
  fdk_shape_text text;
  switch (lua_type(L, index)) {
  case LUA_TBOOLEAN:
    return fdk_buffer_text(out, lua_toboolean(L, index) ? "true" : "false");
  case LUA_TNUMBER:
    if (fdk_to_integer(L, index, &integer))
      return fdk_buffer_printf(out, "%lld", (long long)integer);
    return fdk_buffer_printf(out, "%.14g", lua_tonumber(L, index));
  case LUA_TSTRING:
    text.data = lua_tolstring(L, index, &text.size);
    return fdk_shape_quote(out, text);
  default:
    return fdk_buffer_text(out, kind_of(L, index));
  }
}

/* --- composing --- */

/* Starts a message with the path of the frame. */
static fdk_buffer *begin(const fdk_shape_run *run, const fdk_shape_frame *frame,
                         fdk_json_problem *problem, bool *fits) {
  fdk_buffer *message = fdk_scratch(run->L, FDK_SCRATCH_ERROR);
  find_path(frame, problem);
  const char *place = *problem->path != '\0' ? problem->path : "the input";
  *fits = fdk_buffer_text(message, place) && fdk_buffer_push(message, ' ');
  return message;
}

/* Ends a message, `fits` telling whether memory was enough. Always false. */
static bool end(fdk_shape_run *run, const fdk_json_problem *problem,
                bool fits) {
  fdk_buffer *path = fdk_scratch(run->L, FDK_SCRATCH_TEXT);
  run->no_memory = !fits || !fdk_buffer_text(path, problem->path);
  return false;
}

static bool append_format(fdk_buffer *out, const char *format,
                          va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int size = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (size < 0 || !fdk_buffer_reserve(out, (size_t)size + 1))
    return false;
  vsnprintf(out->data + out->size, (size_t)size + 1, format, arguments);
  out->size += (size_t)size;
  return true;
}

bool fdk_shape_refuse(fdk_shape_run *run, const fdk_shape_frame *frame,
                      fdk_shape_got got, int index, const char *format, ...) {
  fdk_json_problem problem;
  bool fits;
  fdk_buffer *message = begin(run, frame, &problem, &fits);
  va_list arguments;
  va_start(arguments, format);
  fits = fits && append_format(message, format, arguments);
  va_end(arguments);
  if (got == FDK_SHAPE_GOT_KIND)
    fits =
        fits && fdk_buffer_printf(message, " (got %s)", kind_of(run->L, index));
  else if (got == FDK_SHAPE_GOT_VALUE && is_secret(frame))
    fits = fits && fdk_buffer_text(message, " (value hidden)");
  else if (got == FDK_SHAPE_GOT_VALUE)
    fits = fits && fdk_buffer_text(message, " (got ") &&
           append_value(message, run->L, index) &&
           fdk_buffer_push(message, ')');
  return end(run, &problem, fits);
}

bool fdk_shape_refuse_type(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index) {
  static const char *const nouns[] = {
#define KIND_NOUN(name, text, noun) noun,
      FDK_SHAPE_KINDS(KIND_NOUN)
#undef KIND_NOUN
  };
  fdk_shape_kind kind = (fdk_shape_kind)field->kind;
  int type = lua_type(run->L, index);
  const char *noun = nouns[kind];
  if (kind == FDK_SHAPE_STRING && field->place == FDK_SHAPE_PATH)
    noun = "a string or an integer";
  const char *got = kind_of(run->L, index);
  if (type == LUA_TTABLE && kind >= FDK_SHAPE_OBJECT)
    got = "a list";
  const char *hint = "";
  if (kind == FDK_SHAPE_STRING && type == LUA_TNUMBER)
    hint = "; put it in quotes";
  else if ((kind == FDK_SHAPE_INTEGER || kind == FDK_SHAPE_NUMBER) &&
           type == LUA_TSTRING)
    hint = "; write numbers without quotes";
  return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, index,
                          "must be %s (got %s%s)", noun, got, hint);
}

bool fdk_shape_refuse_choice(fdk_shape_run *run, const fdk_shape_frame *frame,
                             const fdk_shape_field *field, int index) {
  fdk_buffer *list = fdk_scratch(run->L, FDK_SCRATCH_TEXT);
  bool fits = true;
  for (unsigned i = 0; i < field->choice_count && fits; i++)
    fits = (i == 0 || fdk_buffer_text(list, ", ")) &&
           fdk_shape_quote(list, field->choices[i].text);
  if (!fits || !fdk_buffer_push(list, '\0'))
    return fdk_shape_no_memory(run);
  return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                          "must be %s%s",
                          field->choice_count > 1 ? "one of " : "", list->data);
}

/* --- tables --- */

/* Pushes the first key of the table that is not a string; false, with nothing
 * pushed, when all are. */
static bool push_other_key(lua_State *L, int index) {
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      lua_pop(L, 1);
      return true;
    }
  }
  return false;
}

bool fdk_shape_refuse_key(fdk_shape_run *run, fdk_shape_frame *frame,
                          int index) {
  lua_State *L = run->L;
  fdk_shape_frame whole = {.parent = frame->parent, .object = frame->object};
  /* a refusal may leave values on the stack; gather's are still there */
  if (!lua_checkstack(L, 4))
    return fdk_shape_no_memory(run);
  if (push_other_key(L, index)) {
    if (fdk_raw_length(L, index) > 0)
      return fdk_shape_refuse(run, &whole, FDK_SHAPE_GOT_NOTHING, 0,
                              "must be a table with named fields (got a list, "
                              "or a table with list items)");
    return fdk_shape_refuse(run, &whole, FDK_SHAPE_GOT_NOTHING, 0,
                            "must be a table with named fields (one of its "
                            "keys is %s)",
                            kind_of(L, -1));
  }
  fdk_json_problem problem;
  bool fits;
  fdk_shape_text key = fdk_shape_least_key(L, index, frame->object);
  fdk_shape_frame at = {.parent = frame->parent, .name = key};
  fdk_buffer *message = begin(run, &at, &problem, &fits);
  if (key.size == 0) /* which the path does not show */
    fits = fits && fdk_buffer_text(message, "has the field \"\", which ");
  fits = fits && fdk_buffer_text(message, "is not a field of ");
  if (frame->parent == NULL) {
    fits = fits && fdk_buffer_text(message, "this operation");
  } else {
    fdk_json_problem object;
    find_path(&whole, &object);
    fits = fits && fdk_buffer_text(message, object.path);
  }
  const fdk_shape_text *meant = fdk_shape_nearest(frame->object, key);
  if (meant != NULL)
    fits = fits && fdk_buffer_text(message, " (did you mean ") &&
           fdk_shape_quote(message, *meant) && fdk_buffer_text(message, "?)");
  return end(run, &problem, fits);
}

bool fdk_shape_refuse_twice(fdk_shape_run *run, fdk_shape_frame *frame,
                            int index, unsigned short field) {
  lua_State *L = run->L;
  const fdk_shape_object *object = frame->object;
  const fdk_shape_name *spellings[2] = {NULL, NULL};
  unsigned found = 0;
  if (!lua_checkstack(L, 4))
    return fdk_shape_no_memory(run);
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      continue;
    fdk_shape_text key;
    key.data = lua_tolstring(L, -2, &key.size);
    const fdk_shape_name *name = fdk_shape_find_name(object, key);
    if (name != NULL && !name->wire_only && name->field == field && found < 2)
      spellings[found++] = name;
  }
  if (found < 2) /* cannot be: gather saw two */
    return fdk_shape_no_memory(run);
  bool ordered = spellings[0] < spellings[1];
  frame->name = object->fields[field].name;
  return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                          "is given twice, as \"%s\" and as \"%s\": these are "
                          "two names of one field",
                          spellings[!ordered]->text.data,
                          spellings[ordered]->text.data);
}

bool fdk_shape_refuse_list(fdk_shape_run *run, const fdk_shape_frame *frame,
                           int index) {
  lua_State *L = run->L;
  fdk_shape_frame at = *frame;
  fdk_json_problem problem;
  if (lua_type(L, index) != LUA_TTABLE)
    return fdk_shape_refuse(run, &at, FDK_SHAPE_GOT_KIND, index,
                            "must be a list");
  fdk_shape_text key = fdk_shape_least_key(L, index, NULL);
  if (key.data != NULL) {
    bool fits;
    fdk_buffer *message = begin(run, &at, &problem, &fits);
    fits =
        fits &&
        fdk_buffer_text(message, "must be a list (got a table with the key ") &&
        fdk_shape_quote(message, key) && fdk_buffer_push(message, ')');
    return end(run, &problem, fits);
  }
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    int64_t place = 0;
    if (!fdk_to_integer(L, -2, &place) || place < 1) {
      bool number = lua_type(L, -2) == LUA_TNUMBER;
      lua_pop(L, 1);
      return fdk_shape_refuse(run, &at, FDK_SHAPE_GOT_NOTHING, 0,
                              "must be a list (one of its keys "
                              "is %s)",
                              number ? "a number other than 1, 2, 3, ..."
                                     : kind_of(L, -1));
    }
  }
  at.item = 1;
  for (;; at.item++) {
    lua_rawgeti(L, index, (int)at.item);
    bool hole = lua_type(L, -1) == LUA_TNIL;
    lua_pop(L, 1);
    if (hole)
      break;
  }
  return fdk_shape_refuse(run, &at, FDK_SHAPE_GOT_NOTHING, 0,
                          "is missing: a list must not have holes");
}

/* --- rules --- */

bool fdk_shape_refuse_rule(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_rule *rule) {
  fdk_json_problem problem, other;
  fdk_buffer *message = fdk_scratch(run->L, FDK_SCRATCH_ERROR);
  bool fits = true;
  if (rule->count > 1)
    fits = fdk_buffer_text(message, "one of ");
  for (unsigned i = 0; i < rule->count && fits; i++) {
    find_sibling(frame, rule->fields[i], &other);
    fits = (i == 0 || fdk_buffer_text(message, ", ")) &&
           fdk_buffer_text(message, other.path);
  }
  fits = fits && fdk_buffer_text(message, " is required");
  if (rule->condition != FDK_SHAPE_ALWAYS) {
    find_sibling(frame, rule->subject, &other);
    fits = fits && fdk_buffer_printf(message, " when %s is ", other.path);
  }
  if (rule->condition == FDK_SHAPE_WHEN)
    fits = fits && fdk_buffer_text(message, "given");
  else if (rule->condition == FDK_SHAPE_UNLESS)
    fits = fits && fdk_buffer_text(message, "not given");
  else if (rule->condition == FDK_SHAPE_WHEN_IS)
    fits = fits && fdk_buffer_text(message, rule->is.shown.data);
  find_sibling(frame, rule->fields[0], &problem);
  return end(run, &problem, fits);
}

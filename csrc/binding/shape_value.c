/* shape_value.c: the checks of single values; see shape.h. */
#include "compat.h"
#include "l_json.h"
#include "shape.h"
#include "json/number.h"
#include "json/scanner.h"
#include "json/utf8.h"

/* --- comparing --- */

int fdk_shape_flag(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TBOOLEAN)
    return lua_toboolean(L, index);
  if (lua_type(L, index) != LUA_TSTRING || fdk_raw_length(L, index) != 1)
    return -1;
  char letter = *lua_tostring(L, index);
  return letter == 'Y' ? 1 : letter == 'N' ? 0 : -1;
}

bool fdk_shape_is_empty(lua_State *L, int index) {
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return true;
  case LUA_TSTRING:
    return fdk_raw_length(L, index) == 0;
  default:
    return fdk_is_null(L, index);
  }
}

const fdk_shape_choice *fdk_shape_find_choice(const fdk_shape_choice *choices,
                                              unsigned count,
                                              fdk_shape_text text) {
  for (unsigned i = 0; i < count; i++) {
    if (choices[i].text.data == text.data) /* short strings are interned */
      return &choices[i];
  }
  for (unsigned i = 0; i < count; i++) {
    if (fdk_shape_same_text(choices[i].text, text))
      return &choices[i];
  }
  return NULL;
}

bool fdk_shape_same(const fdk_shape_constant *one,
                    const fdk_shape_constant *other) {
  if (one->type != other->type)
    return false;
  switch (one->type) {
  case LUA_TSTRING:
    return fdk_shape_same_text(one->text, other->text);
  case LUA_TNUMBER:
    return one->number == other->number;
  case LUA_TBOOLEAN:
    return one->truth == other->truth;
  default:
    return false;
  }
}

bool fdk_shape_equals(lua_State *L, int index, fdk_shape_kind kind,
                      const fdk_shape_constant *constant) {
  fdk_shape_constant value = {.type = lua_type(L, index)};
  int flag = kind == FDK_SHAPE_FLAG ? fdk_shape_flag(L, index) : -1;
  if (flag >= 0) {
    value.type = LUA_TBOOLEAN;
    value.truth = flag;
  } else if (value.type == LUA_TSTRING) {
    value.text.data = lua_tolstring(L, index, &value.text.size);
  } else if (value.type == LUA_TNUMBER) {
    value.number = lua_tonumber(L, index);
  } else if (value.type == LUA_TBOOLEAN) {
    value.truth = lua_toboolean(L, index);
  }
  return fdk_shape_same(&value, constant);
}

/* --- texts --- */

/* Two digits at `at` as a number. */
static int two_digits(const char *at) {
  return (at[0] - '0') * 10 + (at[1] - '0');
}

/* Whether the text is YYYY-MM-DD and such a day exists (Gregorian). */
static bool is_date(fdk_shape_text text) {
  static const char form[] = "dddd-dd-dd";
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (text.size != sizeof form - 1)
    return false;
  for (size_t i = 0; i < text.size; i++) {
    bool digit = text.data[i] >= '0' && text.data[i] <= '9';
    if (form[i] == 'd' ? !digit : text.data[i] != form[i])
      return false;
  }
  int year = two_digits(text.data) * 100 + two_digits(text.data + 2);
  int month = two_digits(text.data + 5);
  int day = two_digits(text.data + 8);
  if (year < 1 || month < 1 || month > 12 || day < 1)
    return false;
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + (month == 2 && leap);
}

/* A header's value must not end its line, or look different from what it is. */
static bool is_header_value(fdk_shape_text text) {
  for (size_t i = 0; i < text.size; i++) {
    unsigned char byte = (unsigned char)text.data[i];
    if ((byte < ' ' && byte != '\t') || byte == 127)
      return false;
  }
  return true;
}

/* Refuses a text that is not UTF-8. */
static bool check_utf8(fdk_shape_run *run, const fdk_shape_frame *frame,
                       fdk_shape_text text) {
  const char *bad = fdk_utf8_find_bad(text.data, text.data + text.size);
  return bad == NULL || fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                                         "is not valid UTF-8 (at byte %zu)",
                                         (size_t)(bad - text.data) + 1);
}

static bool check_text(fdk_shape_run *run, const fdk_shape_frame *frame,
                       const fdk_shape_field *field, int index,
                       fdk_shape_scalar *scalar) {
  fdk_shape_text text = scalar->text;
  if (text.size == 0) {
    if (field->allow_empty)
      return true;
    if (field->nonempty && !field->list)
      return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                              "must not be empty");
  }
  if (field->choices != NULL) {
    scalar->choice =
        fdk_shape_find_choice(field->choices, field->choice_count, text);
    return scalar->choice != NULL ||
           fdk_shape_refuse_choice(run, frame, field, index);
  }
  if (!check_utf8(run, frame, text))
    return false;
  if (field->place == FDK_SHAPE_HEADER && !is_header_value(text))
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                            "must not contain line breaks or other control "
                            "characters: it is sent as a header");
  if (field->date && !is_date(text))
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "must be a date that exists, as YYYY-MM-DD");
  return true;
}

/* --- numbers --- */

static bool check_limits(fdk_shape_run *run, const fdk_shape_frame *frame,
                         const fdk_shape_field *field, int index) {
  lua_Number number = lua_tonumber(run->L, index);
  if (field->has_min && number < field->min)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "must be at least %.14g", field->min);
  if (field->has_max && number > field->max)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "must be at most %.14g", field->max);
  return true;
}

/* The digits of the number at `index`. */
static bool read_number(fdk_shape_run *run, const fdk_shape_frame *frame,
                        const fdk_shape_field *field, int index,
                        fdk_shape_scalar *scalar) {
  lua_State *L = run->L;
  int64_t integer = 0;
  if (lua_type(L, index) != LUA_TNUMBER)
    return fdk_shape_refuse_type(run, frame, field, index);
  lua_Number number = lua_tonumber(L, index);
  if (!isfinite(number))
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "must be a finite number");
  if (!check_limits(run, frame, field, index))
    return false;
  fdk_buffer *text = fdk_scratch(L, FDK_SCRATCH_TEXT);
  if (fdk_to_integer(L, index, &integer)) {
    if (!fdk_json_write_integer(text, integer))
      return fdk_shape_no_memory(run);
  } else if (field->kind == FDK_SHAPE_NUMBER) {
    if (fdk_json_write_double(text, number) != FDK_JSON_OK)
      return fdk_shape_no_memory(run);
  } else if (floor(number) == number) {
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "is too large to be an exact integer here");
  } else if (field->kind == FDK_SHAPE_INTEGER) {
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "must be an integer");
  } else { /* an id, or a string in the path */
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_VALUE, index,
                            "must be a string or an integer");
  }
  scalar->text = (fdk_shape_text){text->data, text->size};
  return true;
}

/* --- JSON inside a string --- */

/* Reads the rest of the value that `token` begins. */
static bool skip_value(fdk_scanner *scanner, fdk_token token) {
  if (token == FDK_TOKEN_ARRAY) {
    fdk_token item = fdk_scan_item(scanner, true);
    while (item != FDK_TOKEN_CLOSE) {
      if (item == FDK_TOKEN_ERROR || !skip_value(scanner, item))
        return false;
      item = fdk_scan_item(scanner, false);
    }
  } else if (token == FDK_TOKEN_OBJECT) {
    fdk_token member = fdk_scan_member(scanner, true);
    while (member != FDK_TOKEN_CLOSE) {
      if (member == FDK_TOKEN_ERROR ||
          !skip_value(scanner, fdk_scan_value(scanner)))
        return false;
      member = fdk_scan_member(scanner, false);
    }
  }
  return token != FDK_TOKEN_ERROR;
}

static bool read_json_text(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index,
                           fdk_shape_scalar *scalar) {
  fdk_scanner scanner;
  fdk_shape_text text;
  text.data = lua_tolstring(run->L, index, &text.size);
  fdk_scan_begin(&scanner, text.data, text.size);
  fdk_token token = fdk_scan_value(&scanner);
  if (!skip_value(&scanner, token) || !fdk_scan_finish(&scanner))
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                            "is a string, but not one that holds JSON (at byte "
                            "%zu); a Lua table can be given instead",
                            scanner.offset);
  if (field->json_list && token != FDK_TOKEN_ARRAY)
    return fdk_shape_refuse(run, frame, FDK_SHAPE_GOT_NOTHING, 0,
                            "must hold a JSON array");
  scalar->text = text;
  return true;
}

static bool read_json(fdk_shape_run *run, const fdk_shape_frame *frame,
                      const fdk_shape_field *field, int index,
                      fdk_shape_scalar *scalar) {
  lua_State *L = run->L;
  if (lua_type(L, index) == LUA_TSTRING)
    return read_json_text(run, frame, field, index, scalar);
  if (lua_type(L, index) != LUA_TTABLE &&
      (lua_type(L, index) != LUA_TLIGHTUSERDATA || fdk_is_null(L, index)))
    return fdk_shape_refuse_type(run, frame, field, index);
  fdk_json_problem problem;
  fdk_buffer *text = fdk_scratch(L, FDK_SCRATCH_TEXT);
  if (!fdk_json_append(L, index, text, &problem)) {
    fdk_shape_frame at = *frame;
    at.inside = problem.path;
    return fdk_shape_refuse(run, &at, FDK_SHAPE_GOT_NOTHING, 0, "%s",
                            problem.message);
  }
  if (field->json_list) {
    if (text->size == 2 && text->data[0] == '{') /* an empty table is a list */
      memcpy(text->data, "[]", 2);
    if (text->data[0] != '[')
      return fdk_shape_refuse_list(run, frame, index);
  }
  scalar->text = (fdk_shape_text){text->data, text->size};
  return true;
}

/* --- all scalars --- */

bool fdk_shape_read_scalar(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index,
                           fdk_shape_scalar *scalar) {
  lua_State *L = run->L;
  int type = lua_type(L, index);
  *scalar = (fdk_shape_scalar){.quoted = true};
  switch ((fdk_shape_kind)field->kind) {
  case FDK_SHAPE_STRING:
    if (type == LUA_TNUMBER && field->place == FDK_SHAPE_PATH) {
      if (!read_number(run, frame, field, index, scalar))
        return false;
    } else if (type == LUA_TSTRING) {
      scalar->text.data = lua_tolstring(L, index, &scalar->text.size);
    } else {
      break;
    }
    return check_text(run, frame, field, index, scalar);
  case FDK_SHAPE_ID:
    if (type == LUA_TNUMBER) {
      scalar->quoted = false;
      return read_number(run, frame, field, index, scalar);
    }
    if (type != LUA_TSTRING)
      break;
    scalar->text.data = lua_tolstring(L, index, &scalar->text.size);
    return check_text(run, frame, field, index, scalar);
  case FDK_SHAPE_INTEGER:
  case FDK_SHAPE_NUMBER:
    scalar->quoted = false;
    return read_number(run, frame, field, index, scalar);
  case FDK_SHAPE_BOOLEAN:
    if (type != LUA_TBOOLEAN)
      break;
    scalar->quoted = false;
    scalar->text = lua_toboolean(L, index) ? (fdk_shape_text){"true", 4}
                                           : (fdk_shape_text){"false", 5};
    return true;
  case FDK_SHAPE_FLAG: {
    int flag = fdk_shape_flag(L, index);
    if (flag < 0)
      break;
    scalar->text = (fdk_shape_text){flag ? "Y" : "N", 1};
    return true;
  }
  case FDK_SHAPE_JSON:
    return read_json(run, frame, field, index, scalar);
  default:
    break;
  }
  return fdk_shape_refuse_type(run, frame, field, index);
}

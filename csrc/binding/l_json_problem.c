/* l_json_problem.c: why a value has no JSON form, and where in it; see
 * l_json.h. */
#include "compat.h"
#include "l_json.h"

#include "json/utf8.h"

#include <stdarg.h>
#include <stdio.h>

void fdk_json_problem_set(fdk_json_problem *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  /* cppcheck-suppress ctuuninitvar ; this is what fills it */
  vsnprintf(problem->message, sizeof problem->message, format, arguments);
  va_end(arguments);
  problem->path[0] = '\0';
}

/* Puts `step` in front of the path; when that gets too long, its end goes. */
static void prepend(fdk_json_problem *problem, const char *step) {
  char path[sizeof problem->path];
  const char *old = problem->path;
  const char *join = *old != '\0' && *old != '[' ? "." : "";
  int size = snprintf(path, sizeof path, "%s%s%s", step, join, old);
  if (size >= (int)sizeof path) {
    size_t cut = sizeof path - sizeof "...";
    while (cut > 0 && ((unsigned char)path[cut] & 0xC0) == 0x80)
      cut--; /* not inside a character */
    memcpy(path + cut, "...", sizeof "...");
  }
  memcpy(problem->path, path, sizeof path);
}

static bool is_identifier(const char *name, size_t size) {
  for (size_t i = 0; i < size; i++) {
    char lower = (char)(name[i] | 0x20);
    bool letter = (lower >= 'a' && lower <= 'z') || name[i] == '_';
    if (!letter && (i == 0 || name[i] < '0' || name[i] > '9'))
      return false;
  }
  return size > 0;
}

void fdk_json_problem_field(fdk_json_problem *problem, const char *name,
                            size_t size) {
  enum { LONGEST = 64 }; /* bytes of the name; each may need a backslash */
  char step[LONGEST + LONGEST + sizeof "[\"...\"]"];
  const char *dots = "";
  if (size > LONGEST) {
    size = LONGEST;
    while (size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80)
      size--;
    dots = "...";
  }
  if (*dots == '\0' && is_identifier(name, size)) {
    memcpy(step, name, size);
    step[size] = '\0';
    prepend(problem, step);
    return;
  }
  bool utf8 = fdk_utf8_find_bad(name, name + size) == NULL;
  char *to = step;
  *to++ = '[';
  *to++ = '"';
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)name[i];
    if (byte == '"' || byte == '\\')
      *to++ = '\\';
    bool shown = byte >= 0x20 && byte != 0x7F && (byte < 0x80 || utf8);
    *to = '?';
    if (shown)
      *to = name[i];
    to++;
  }
  snprintf(to, (size_t)(step + sizeof step - to), "%s\"]", dots);
  prepend(problem, step);
}

void fdk_json_problem_item(fdk_json_problem *problem, size_t index) {
  char step[32];
  snprintf(step, sizeof step, "[%zu]", index);
  prepend(problem, step);
}

void fdk_json_problem_push(lua_State *L, const fdk_json_problem *problem) {
  const char *place = *problem->path != '\0' ? problem->path : "the value";
  lua_pushfstring(L, "%s %s", place, problem->message);
  lua_pushstring(L, problem->path);
}

/* l_journal.c: core.journal, core.crc32, core.isatty: what Lua's own files
 * cannot do for a job that has to survive. */
#include "binding.h"

#include "engine/crc32.h"
#include "engine/journal.h"

#include <stdio.h>
#include <unistd.h>

#define JOURNAL_TYPE "frontdesk.core.journal"

enum { LARGEST_READ = 1 << 20 };

/* The journal at 1, open or closed. */
static fdk_journal *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, JOURNAL_TYPE);
}

static fdk_journal *check_journal(lua_State *L) {
  fdk_journal *self = check_box(L);
  luaL_argcheck(L, self->descriptor >= 0, 1, "the journal is closed");
  return self;
}

/* A size or an offset in bytes. */
static off_t check_bytes(lua_State *L, int index) {
  int64_t bytes = 0;
  luaL_argcheck(L, fdk_to_integer(L, index, &bytes) && bytes >= 0, index,
                "bytes are counted from 0");
  return (off_t)bytes;
}

/* true | nil, message */
static int push_result(lua_State *L, const char *problem) {
  if (problem == NULL) {
    lua_pushboolean(L, true);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

/* journal:append(text) -> true | nil, message; all of it or nothing */
static int journal_append(lua_State *L) {
  fdk_journal *journal = check_journal(L);
  size_t size = 0;
  const char *text = luaL_checklstring(L, 2, &size);
  return push_result(L, fdk_journal_append(journal, text, size));
}

/* journal:sync() -> true | nil, message */
static int journal_sync(lua_State *L) {
  return push_result(L, fdk_journal_sync(check_journal(L)));
}

/* journal:read(offset, size) -> text, "" at the end | nil, message */
static int journal_read(lua_State *L) {
  (void)check_journal(L);
  off_t offset = check_bytes(L, 2);
  off_t size = check_bytes(L, 3);
  luaL_argcheck(L, size <= LARGEST_READ, 3, "at most 1 MiB is read at once");
  /* Lua's memory: a finalizer may read or close this very journal meanwhile */
  char *text = lua_newuserdata(L, (size_t)size + 1);
  size_t got = 0;
  const char *problem =
      fdk_journal_read(check_journal(L), offset, text, (size_t)size, &got);
  if (problem != NULL)
    return push_result(L, problem);
  lua_pushlstring(L, text, got);
  return 1;
}

/* journal:truncate(size) -> true | nil, message */
static int journal_truncate(lua_State *L) {
  fdk_journal *journal = check_journal(L);
  return push_result(L, fdk_journal_truncate(journal, check_bytes(L, 2)));
}

/* journal:size() -> bytes */
static int journal_size(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_journal(L)->size);
  return 1;
}

/* journal:close(), __gc and __close */
static int journal_close(lua_State *L) {
  fdk_journal_close(check_box(L));
  return 0;
}

static int journal_tostring(lua_State *L) {
  lua_pushstring(L, check_box(L)->descriptor < 0 ? JOURNAL_TYPE
                        ": closed"
                                                         : JOURNAL_TYPE);
  return 1;
}

/* core.journal(path) -> journal | nil, message, whether another has it */
static int journal_new(lua_State *L) {
  size_t size = 0;
  const char *path = luaL_checklstring(L, 1, &size);
  luaL_argcheck(L, strlen(path) == size, 1, "a path cannot contain a NUL byte");
  fdk_journal *self = fdk_new_userdata(L, sizeof *self);
  *self = (fdk_journal)FDK_JOURNAL_INIT;
  fdk_set_type(L, JOURNAL_TYPE);
  bool locked = false;
  const char *problem = fdk_journal_open(self, path, &locked);
  if (problem == NULL)
    return 1;
  push_result(L, problem);
  lua_pushboolean(L, locked);
  return 3;
}

/* core.crc32(text) -> eight hexadecimal digits */
static int crc32_of(lua_State *L) {
  char digits[9];
  size_t size = 0;
  const char *text = luaL_checklstring(L, 1, &size);
  snprintf(digits, sizeof digits, "%08lx",
           (unsigned long)fdk_crc32(text, size));
  lua_pushlstring(L, digits, 8);
  return 1;
}

/* core.isatty(descriptor) -> boolean */
static int is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

void fdk_open_journal(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", journal_close}, {"__tostring", journal_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"append", journal_append},
                                     {"sync", journal_sync},
                                     {"read", journal_read},
                                     {"truncate", journal_truncate},
                                     {"size", journal_size},
                                     {"close", journal_close},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"journal", journal_new},
                                       {"crc32", crc32_of},
                                       {"isatty", is_terminal},
                                       {NULL, NULL}};
  fdk_new_type(L, JOURNAL_TYPE, meta, methods);
  fdk_set_functions(L, functions);
}

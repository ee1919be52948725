/* l_file.c: core.read_private, for files that hold secrets. */
#include "binding.h"

#include "engine/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_TYPE "frontdesk.file"

enum { LARGEST = 1 << 20 };

/* What a call holds while Lua can raise; emptied by __gc in that case. */
typedef struct file {
  int descriptor; /* -1: none */
  fdk_buffer text;
} file;

static int file_free(lua_State *L) {
  file *self = luaL_checkudata(L, 1, FILE_TYPE);
  if (self->descriptor >= 0)
    close(self->descriptor);
  self->descriptor = -1;
  if (self->text.data != NULL)
    explicit_bzero(self->text.data, self->text.capacity);
  fdk_buffer_free(&self->text);
  return 0;
}

static const char *words_of(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return "there is no such file";
  case EACCES:
  case EPERM:
    return "you may not read it";
  case EISDIR:
    return "it is a folder";
  case EMFILE:
  case ENFILE:
    return "too many files are open";
  default:
    return "it could not be read";
  }
}

/* Why the open file is not private; NULL when it is. Asked of the descriptor,
 * so that the file asked is the file read. */
static const char *problem_of(int descriptor) {
  struct stat facts;
  if (fstat(descriptor, &facts) != 0)
    return words_of(errno);
  if (!S_ISREG(facts.st_mode))
    return "it is not a regular file";
  if (facts.st_uid != geteuid() && facts.st_uid != 0)
    return "it belongs to another user; make your own copy";
  if ((facts.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) != 0)
    return "other users can read or change it; run chmod 600 on it";
  if (facts.st_size > LARGEST)
    return "it is larger than 1 MiB";
  return NULL;
}

/* Reads to the end, which may be further than fstat said. */
static const char *read_all(file *self) {
  for (;;) {
    if (!fdk_buffer_reserve(&self->text, 4096))
      return "there is not enough memory";
    ssize_t got = read(self->descriptor, self->text.data + self->text.size,
                       self->text.capacity - self->text.size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return words_of(errno);
    if (got == 0)
      return NULL;
    self->text.size += (size_t)got;
    if (self->text.size > LARGEST)
      return "it is larger than 1 MiB";
  }
}

/* core.read_private(path) -> text | nil, message, whether there is no such file */
static int read_private(lua_State *L) {
  size_t size = 0;
  const char *path = luaL_checklstring(L, 1, &size);
  luaL_argcheck(L, strlen(path) == size, 1, "a path cannot contain a NUL byte");
  file *self = fdk_new_userdata(L, sizeof *self);
  *self = (file){-1, FDK_BUFFER_INIT};
  fdk_set_type(L, FILE_TYPE);
  /* not blocking: a path that names a pipe must not hang the caller */
  self->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const char *problem = NULL;
  bool absent = false;
  if (self->descriptor < 0) {
    absent = errno == ENOENT || errno == ENOTDIR;
    problem = words_of(errno);
  }
  if (problem == NULL)
    problem = problem_of(self->descriptor);
  if (problem == NULL)
    problem = read_all(self);
  if (problem != NULL) {
    lua_pushnil(L);
    lua_pushfstring(L, "cannot read %s: %s", path, problem);
    lua_pushboolean(L, absent);
    return 3;
  }
  lua_pushlstring(L, self->text.data, self->text.size);
  lua_pushcfunction(L, file_free); /* now, and not with the garbage */
  lua_pushvalue(L, -3);
  lua_call(L, 1, 0);
  return 1;
}

void fdk_open_file(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", file_free}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"read_private", read_private},
                                       {NULL, NULL}};
  fdk_new_type(L, FILE_TYPE, meta, NULL);
  fdk_set_functions(L, functions);
}

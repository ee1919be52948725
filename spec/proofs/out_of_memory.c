/* out_of_memory.c: a Lua with the core in it, in which each allocation fails in
 * turn. out_of_memory.lua starts it; out_of_memory_tour.lua is what it runs.
 *
 * Memory comes from three sources, each with its own count: Lua's allocator,
 * libcurl's, and the core's own calls of malloc and its like, which the linker
 * turns to __wrap_malloc and so on. For each stage of the tour and each source
 * the stage is run with the n-th allocation failing, for n = 1, 2, 3 and on.
 * A point is good when the stage ends, by success or by an error of which the
 * tour says that it is a clean one; when the module does its work afterwards;
 * and when, once Lua is closed, no block of any source and no descriptor is
 * left. Points run in forked children, many in one, so that a crash has a name.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <curl/curl.h>
#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int luaopen_frontdesk_core(lua_State *L);

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void __real_free(void *data);
CURLcode __real_curl_global_init(long flags);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);
void __wrap_free(void *data);
CURLcode __wrap_curl_global_init(long flags);

/* ---- counted memory ------------------------------------------------------ */

typedef struct block {
  struct block *next, *previous;
  size_t size;
  const void *from;     /* who asked for it */
  unsigned long number; /* which one of its source it was */
  size_t unused;        /* keeps the data aligned */
} block;

typedef struct source {
  const char *name;
  bool armed;
  unsigned long count;       /* allocations since it was armed */
  unsigned long first, last; /* those of them that fail */
  unsigned long failed;
  block blocks; /* all that live, in a ring */
} source;

enum { LUA, CURL_, CORE, SOURCES };

static source sources[SOURCES] = {
    {.name = "lua"}, {.name = "libcurl"}, {.name = "core"}};

static size_t kept[SOURCES]; /* blocks that no closing of Lua gives back */

static bool fails(source *self) {
  if (!self->armed)
    return false;
  self->count++;
  if (self->count < self->first || self->count > self->last)
    return false;
  self->failed++;
  return true;
}

static void link_block(source *self, block *at) {
  at->next = self->blocks.next;
  at->previous = &self->blocks;
  at->next->previous = at;
  self->blocks.next = at;
}

static void unlink_block(const block *at) {
  at->next->previous = at->previous;
  at->previous->next = at->next;
}

static void release(void *data) {
  if (data == NULL)
    return;
  block *at = (block *)data - 1;
  unlink_block(at);
  __real_free(at);
}

/* realloc; NULL when it is this one's turn to fail, or memory is really out. */
static void *resize(source *self, void *data, size_t size, const void *from) {
  if (fails(self))
    return NULL;
  block *at = data != NULL ? (block *)data - 1 : NULL;
  if (at != NULL)
    unlink_block(at);
  block *moved = __real_realloc(at, sizeof *moved + size);
  if (moved == NULL)
    abort();
  moved->size = size;
  moved->from = from;
  moved->number = self->count;
  link_block(self, moved);
  return moved + 1;
}

static void *cleared(source *self, size_t count, size_t size,
                     const void *from) {
  void *data = resize(self, NULL, count * size, from);
  if (data != NULL)
    memset(data, 0, count * size);
  return data;
}

#define CALLER __builtin_return_address(0)

void *__wrap_malloc(size_t size) {
  return resize(&sources[CORE], NULL, size, CALLER);
}

void *__wrap_calloc(size_t count, size_t size) {
  return cleared(&sources[CORE], count, size, CALLER);
}

void *__wrap_realloc(void *data, size_t size) {
  return resize(&sources[CORE], data, size, CALLER);
}

void __wrap_free(void *data) {
  release(data);
}

static void *curl_malloc(size_t size) {
  return resize(&sources[CURL_], NULL, size, CALLER);
}

static void *curl_calloc(size_t count, size_t size) {
  return cleared(&sources[CURL_], count, size, CALLER);
}

static void *curl_realloc(void *data, size_t size) {
  return resize(&sources[CURL_], data, size, CALLER);
}

static char *curl_strdup(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = resize(&sources[CURL_], NULL, size, CALLER);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* What the core asks for when it is loaded: it fails as an allocation does. */
CURLcode __wrap_curl_global_init(long flags) {
  return fails(&sources[CURL_]) ? CURLE_OUT_OF_MEMORY
                                : __real_curl_global_init(flags);
}

/* Lua may rely on it that to make a block smaller never fails. */
static void *lua_allocate(void *self, void *data, size_t old, size_t size) {
  if (size == 0) {
    release(data);
    return NULL;
  }
  if (data == NULL || size > old)
    return resize(self, data, size, CALLER);
  source *lua = self;
  bool armed = lua->armed;
  lua->armed = false;
  data = resize(self, data, size, CALLER);
  lua->armed = armed;
  return data;
}

static size_t count_blocks(const source *self) {
  size_t count = 0;
  for (const block *at = self->blocks.next; at != &self->blocks; at = at->next)
    count++;
  return count;
}

static void count_kept(void) {
  for (int i = 0; i < SOURCES; i++)
    kept[i] = count_blocks(&sources[i]);
}

/* ---- the process --------------------------------------------------------- */

static int count_descriptors(void) {
  char path[300], file[300];
  DIR *folder = opendir("/proc/self/fd");
  const struct dirent *entry;
  int count = 0;
  while (folder != NULL && (entry = readdir(folder)) != NULL) {
    snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
    ssize_t size = readlink(path, file, sizeof file);
    /* LuaJIT's own loss: the file of a chunk for whose name there is no memory */
    if (size < 4 || memcmp(file + size - 4, ".lua", 4) != 0)
      count++;
  }
  if (folder != NULL)
    closedir(folder);
  return count;
}

/* A crash shows where it was. */
static void on_crash(int signal) {
  void *frames[40];
  backtrace_symbols_fd(frames, backtrace(frames, 40), STDOUT_FILENO);
  raise(signal);
}

static void catch_crashes(void) {
  static const int crashes[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                SIGILL,  SIGABRT, SIGALRM};
  struct sigaction action = {.sa_handler = on_crash};
  action.sa_flags = (int)SA_RESETHAND;
  for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
    sigaction(crashes[i], &action, NULL);
}

/* What a child tells its parent, also by dying. */
typedef struct report {
  unsigned long point;  /* the one at hand */
  unsigned long count;  /* allocations of the stage, when nothing failed */
  unsigned long failed; /* points at which something did fail */
  unsigned long clean;  /* of these, those that ended with an error */
  bool good;
} report;

static report *shared;

/* How the n-th allocation fails. */
typedef struct mode {
  const char *name;
  unsigned long more; /* how many fail after it */
  bool closes; /* also while Lua is closed, and nothing is checked before */
} mode;

/* Lua 5.4 collects garbage when an allocation fails, and tries again: once is
 * a full collection there, twice an error. */
static const mode modes[] = {{"once", 0, false},
                             {"twice", 1, false},
                             {"from then on", ~0UL >> 1, false},
                             {"to the end", ~0UL >> 1, true}};

typedef struct plan {
  const char *stage;
  bool apart; /* each point has a Lua of its own */
  bool bare;  /* which has not loaded the module yet */
  int source;
  const mode *how;
} plan;

static const char *tour_path, *lua_name;
static int descriptors;          /* open at the start */
static unsigned long batch = 40; /* points of one child */

static void complain(const plan *plan, unsigned long point, const char *words) {
  printf("%s: %s, allocation %lu of %s failing %s: %s\n", lua_name, plan->stage,
         point, sources[plan->source].name, plan->how->name, words);
  fflush(stdout);
  shared->good = false;
}

/* ---- Lua ----------------------------------------------------------------- */

static int panic(lua_State *L) {
  printf("unprotected error: %s\n", lua_tostring(L, -1));
  fflush(stdout);
  return 0;
}

static lua_State *open_lua(void) {
  lua_State *L = lua_newstate(lua_allocate, &sources[LUA]);
  if (L == NULL)
    abort();
  lua_atpanic(L, panic);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_frontdesk_core);
  lua_setfield(L, -2, "frontdesk.core");
  lua_pop(L, 2);
  if (luaL_loadfile(L, tour_path) != 0 || lua_pcall(L, 0, 1, 0) != 0) {
    printf("%s\n", lua_tostring(L, -1));
    exit(2);
  }
  return L; /* with the tour's table at 1 */
}

/* Calls tour[name](...) with the values above the tour. Leaves the result, or
 * the error, on top. */
static bool call(lua_State *L, const char *name, int arguments) {
  lua_getfield(L, 1, name);
  lua_insert(L, -1 - arguments);
  return lua_pcall(L, arguments, 1, 0) == 0;
}

static void call_or_exit(lua_State *L, const char *name) {
  if (!call(L, name, 0)) {
    printf("%s\n", lua_tostring(L, -1));
    exit(2);
  }
  lua_settop(L, 1);
}

static void disarm(void) {
  for (int i = 0; i < SOURCES; i++)
    sources[i].armed = false;
}

/* Runs the stage with the n-th allocation failing; 0: none. */
static void run_point(lua_State *L, const plan *plan, unsigned long point) {
  source *from = &sources[plan->source];
  lua_settop(L, 1);
  lua_getfield(L, 1, "stages");
  lua_getfield(L, -1, plan->stage);
  lua_remove(L, -2);
  from->count = from->failed = 0;
  from->first = point > 0 ? point : ~0UL;
  from->last = point > 0 ? point + plan->how->more : 0;
  from->armed = true;
  int status = lua_pcall(L, 0, 0, 0);
  shared->count = from->count;
  if (from->failed > 0)
    shared->failed++;
  if (status != 0)
    shared->clean++;
  if (plan->how->closes)
    return;
  disarm();
  if (status != 0) {
    lua_pushstring(L, plan->stage);
    lua_pushstring(L, from->name);
    lua_pushvalue(L, 2);
    if (!call(L, "judge", 3))
      complain(plan, point, lua_tostring(L, -1));
  }
  lua_settop(L, 1);
  if (!call(L, "check", 0))
    complain(plan, point, lua_tostring(L, -1));
  lua_settop(L, 1);
}

/* Once Lua is closed nothing may be left. */
static void check_leaks(const plan *plan, unsigned long point) {
  char words[400];
  for (int i = 0; i < SOURCES; i++) {
    size_t left = count_blocks(&sources[i]);
    if (left == kept[i])
      continue;
    const block *last = sources[i].blocks.next;
    Dl_info place = {0};
    dladdr(last->from, &place);
    snprintf(
        words, sizeof words,
        "%zd blocks of %s are left; the last has %zu bytes, was number %lu "
        "and came from %s+0x%zx (%s)",
        (ssize_t)(left - kept[i]), sources[i].name, last->size, last->number,
        place.dli_fname ? place.dli_fname : "?",
        (size_t)((const char *)last->from - (const char *)place.dli_fbase),
        place.dli_sname ? place.dli_sname : "?");
    complain(plan, point, words);
  }
  int open = count_descriptors();
  if (open != descriptors) {
    snprintf(words, sizeof words, "%d descriptors are left",
             open - descriptors);
    complain(plan, point, words);
  }
}

/* In a child: a batch of points, in a state that is ready for them. */
static void run_batch(lua_State *L, const plan *plan, unsigned long from,
                      unsigned long to, unsigned long step) {
  if (plan->apart) /* beside the Lua of the other stages */
    count_kept();
  for (unsigned long point = from; point <= to; point += step) {
    shared->point = point;
    if (plan->apart)
      L = open_lua();
    if (plan->apart && !plan->bare)
      call_or_exit(L, "warm");
    run_point(L, plan, point);
    if (plan->apart) {
      lua_close(L);
      disarm();
      check_leaks(plan, point);
    }
  }
  if (!plan->apart) {
    lua_close(L);
    check_leaks(plan, shared->point);
  }
}

/* Runs a batch in a child. False when it was not good. */
static bool in_child(lua_State *L, const plan *plan, unsigned long from,
                     unsigned long to, unsigned long step) {
  char words[80];
  shared->good = true;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    catch_crashes();
    alarm(90);
    run_batch(L, plan, from, to, step);
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    snprintf(words, sizeof words, "ended by signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
  else
    snprintf(words, sizeof words, "ended with status %d", WEXITSTATUS(status));
  if (status != 0)
    complain(plan, shared->point, words);
  return shared->good;
}

static unsigned long points, points_tried; /* over all plans */

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* All points of a stage, a source and a mode. False when one was not good. */
static bool run_plan(lua_State *L, const plan *plan, unsigned long step,
                     unsigned long most) {
  double began = seconds();
  bool good =
      in_child(L, plan, 0, 0, 1); /* nothing fails: how many are there? */
  unsigned long total = shared->count;
  unsigned long tried = 0;
  if (!good)
    return false;
  points += total;
  if (step == 0)
    step = total > most ? (total + most - 1) / most : 1;
  shared->failed = shared->clean = 0;
  /* beyond the last one too: a stage that waits may need some more at times */
  for (unsigned long at = 1; at <= total; at += batch * step) {
    unsigned long to = at + (batch - 1) * step;
    to = to > total ? total : to;
    tried += (to - at) / step + 1;
    if (in_child(L, plan, at, to, step))
      continue;
    good = false;
    unsigned long errors = shared->clean;
    printf("again, one by one:\n");
    for (unsigned long one = at; batch > 1 && one <= to; one += step)
      in_child(L, plan, one, one, 1);
    shared->clean = errors;
  }
  points_tried += tried;
  printf("%-7s %-8s %-7s %-12s %6lu of %6lu points, %6lu errors, %5.1f s\n",
         lua_name, plan->stage, sources[plan->source].name, plan->how->name,
         tried, total, shared->clean, seconds() - began);
  fflush(stdout);
  return good;
}

static bool is_wanted(const char *words, const char *name) {
  return words == NULL || *words == '\0' || strstr(words, name) != NULL;
}

/* Whether the plan is one that was asked for, and tells something. */
static bool makes_sense(const plan *plan) {
  const mode *how = plan->how;
  if (plan->source != LUA && how->more == 1)
    return false; /* nobody else tries again */
  if (how->closes && strcmp(plan->stage, "engine") != 0 &&
      strcmp(plan->stage, "client") != 0)
    return false; /* what has to be closed is in these */
  return is_wanted(getenv("STAGES"), plan->stage) &&
         is_wanted(getenv("SOURCES"), sources[plan->source].name) &&
         is_wanted(getenv("MODES"), how->name);
}

static unsigned long number_of(const char *name, unsigned long otherwise) {
  const char *text = getenv(name);
  return text != NULL && *text != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

/* out_of_memory TOUR NAME: runs the tour, and calls this Lua so; see out_of_memory.lua for the environment. */
int main(int count, char **arguments) {
  if (count != 3)
    return 2;
  tour_path = arguments[1];
  lua_name = arguments[2];
  unsigned long step = number_of("STEP", 0);
  unsigned long most = number_of("POINTS", 100);
  batch = number_of("BATCH", batch);
  for (int i = 0; i < SOURCES; i++)
    sources[i].blocks.next = sources[i].blocks.previous = &sources[i].blocks;
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED ||
      curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, release,
                           curl_realloc, curl_strdup, curl_calloc) != CURLE_OK)
    return 2;
  count_kept(); /* libcurl's, for good */
  descriptors = count_descriptors();
  lua_State *L = open_lua();
  call_or_exit(L, "warm");
  bool good = true;
  lua_getfield(L, 1, "names");
  int stages = 0;
  const char *names[32];
  for (; stages < 32; stages++) {
    lua_rawgeti(L, 2, stages + 1);
    names[stages] = lua_tostring(L, -1);
    lua_pop(L, 1); /* the table keeps it */
    if (names[stages] == NULL)
      break;
  }
  lua_settop(L, 1);
  for (int i = 0; i < stages; i++)
    for (int from = 0; from < SOURCES; from++)
      for (size_t how = 0; how < sizeof modes / sizeof modes[0]; how++) {
        bool bare = strcmp(names[i], "loading") == 0;
        bool apart =
            bare || modes[how].closes || strcmp(names[i], "first") == 0;
        plan plan = {names[i], apart, bare, from, &modes[how]};
        if (makes_sense(&plan))
          good = run_plan(L, &plan, step, most) && good;
      }
  lua_close(L);
  printf("%s: %lu of %lu points tried, %s\n", lua_name, points_tried, points,
         good ? "all of them good" : "NOT all of them good");
  return good ? 0 : 1;
}

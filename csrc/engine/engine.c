/* engine.c: see engine.h. */
#include "engine.h"

#include "handle.h"
#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  KEPT_BUFFERS = 64,
  KEPT_BUFFER_BYTES = 1 << 20, /* larger ones are freed */
  KEPT_TRANSFERS = 256,
  KEPT_HEAD_BYTES = 1 << 14
};

struct fdk_engine {
  CURLM *multi; /* NULL: given up, in a forked child */
  fdk_poller poller;
  fdk_handle_pool handles;
  fdk_socket_hooks hooks;
  int64_t due;   /* when libcurl wants to be called; -1: never */
  bool external; /* somebody polls the descriptor */
  size_t in_flight;
  fdk_transfer *transfers;              /* all, whatever their state */
  fdk_transfer *first_done, *last_done; /* the queue of the completed */
  fdk_transfer *blanks;                 /* to be used again */
  fdk_buffer buffers[KEPT_BUFFERS];     /* to be used again */
  size_t buffer_count, blank_count;
  unsigned char *mark; /* a page that a fork wipes; NULL: not to be had */
  pid_t process;
};

static const char forked[] =
    "this process was forked from the one that opened the connections; make a "
    "new client after the fork";

/* ---- fork --------------------------------------------------------------- */

/* A page whose byte is 1 here and 0 in every child: asking costs no system
 * call, and there is no handler to outlive the module. */
static void set_mark(fdk_engine *engine) {
  engine->process = getpid();
#ifdef MADV_WIPEONFORK
  void *page =
      mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return;
  if (madvise(page, 1, MADV_WIPEONFORK) != 0) {
    munmap(page, 1);
    return;
  }
  engine->mark = page;
  *engine->mark = 1;
#endif
}

static bool is_forked(const fdk_engine *engine) {
  if (engine->mark != NULL)
    return *engine->mark == 0;
  return getpid() != engine->process;
}

/* ---- the list of all transfers ------------------------------------------ */

static void attach(fdk_engine *engine, fdk_transfer *transfer) {
  transfer->engine = engine;
  transfer->previous = NULL;
  transfer->next = engine->transfers;
  if (transfer->next != NULL)
    transfer->next->previous = transfer;
  engine->transfers = transfer;
}

static void detach(fdk_transfer *transfer) {
  if (transfer->previous != NULL)
    transfer->previous->next = transfer->next;
  else
    transfer->engine->transfers = transfer->next;
  if (transfer->next != NULL)
    transfer->next->previous = transfer->previous;
  transfer->previous = transfer->next = NULL;
  transfer->engine = NULL;
}

static void push_done(fdk_engine *engine, fdk_transfer *transfer) {
  transfer->next_done = NULL;
  if (engine->last_done != NULL)
    engine->last_done->next_done = transfer;
  else
    engine->first_done = transfer;
  engine->last_done = transfer;
}

static void remove_done(fdk_engine *engine, fdk_transfer *transfer) {
  fdk_transfer *before = NULL;
  for (fdk_transfer *at = engine->first_done; at != NULL; at = at->next_done) {
    if (at == transfer) {
      if (before != NULL)
        before->next_done = at->next_done;
      else
        engine->first_done = at->next_done;
      if (engine->last_done == at)
        engine->last_done = before;
      return;
    }
    before = at;
  }
}

/* ---- buffers ------------------------------------------------------------ */

/* Moves a kept buffer into `buffer`, unless it has memory of its own. */
static void lend(fdk_engine *engine, fdk_buffer *buffer) {
  if (buffer->data == NULL && engine->buffer_count > 0)
    *buffer = engine->buffers[--engine->buffer_count];
}

/* Empties `buffer`, keeping its memory in the engine if there is one. */
static void take_back(fdk_engine *engine, fdk_buffer *buffer) {
  if (buffer->data == NULL)
    return;
  if (engine == NULL || engine->buffer_count == KEPT_BUFFERS ||
      buffer->capacity > KEPT_BUFFER_BYTES) {
    fdk_buffer_free(buffer);
    return;
  }
  fdk_buffer_clear(buffer);
  engine->buffers[engine->buffer_count++] = *buffer;
  *buffer = (fdk_buffer)FDK_BUFFER_INIT;
}

/* What only a transfer in flight needs. */
static void drop_request(fdk_transfer *transfer) {
  take_back(transfer->engine, &transfer->send);
  fdk_header_list_drop(transfer->headers);
  transfer->headers = NULL;
}

/* ---- libcurl's callbacks ------------------------------------------------ */

static int on_socket(CURL *easy, curl_socket_t descriptor, int what,
                     void *engine, void *unused) {
  (void)easy, (void)unused;
  /* without room the transfer ends at its deadline; -1 would end all */
  (void)fdk_poller_want(&((fdk_engine *)engine)->poller, descriptor, what);
  return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *data) {
  (void)multi;
  fdk_engine *engine = data;
  engine->due = -1;
  if (milliseconds == 0)
    engine->due = 0;
  else if (milliseconds > 0)
    engine->due = fdk_poller_now() + (int64_t)milliseconds * 1000000;
  return 0;
}

static curl_socket_t on_open(void *engine, curlsocktype purpose,
                             struct curl_sockaddr *address) {
  (void)purpose;
  return fdk_poller_socket(&((fdk_engine *)engine)->poller, address->family,
                           address->socktype, address->protocol);
}

static int on_close(void *engine, curl_socket_t descriptor) {
  return fdk_poller_close_socket(&((fdk_engine *)engine)->poller, descriptor);
}

/* ---- life --------------------------------------------------------------- */

static bool set_up_multi(fdk_engine *engine,
                         const fdk_engine_options *options) {
  CURLM *multi = engine->multi = curl_multi_init();
  return multi != NULL &&
         curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == 0 &&
         curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, engine) == 0 &&
         curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == 0 &&
         curl_multi_setopt(multi, CURLMOPT_TIMERDATA, engine) == 0 &&
         curl_multi_setopt(multi, CURLMOPT_PIPELINING,
                           (long)CURLPIPE_MULTIPLEX) == 0 &&
         curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                           options->max_idle_connections) == 0 &&
         curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                           options->max_host_connections) == 0;
}

fdk_engine *fdk_engine_new(const fdk_engine_options *options,
                           fdk_failure *failure) {
  fdk_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "there is not enough memory for an engine");
    return NULL;
  }
  engine->due = -1;
  engine->hooks = (fdk_socket_hooks){on_open, on_close, engine};
  set_mark(engine);
  if (fdk_poller_open(&engine->poller) && set_up_multi(engine, options))
    return engine;
  fdk_fail(failure, FDK_KIND_NETWORK,
           "the engine could not be opened: too many open files, or not enough "
           "memory");
  fdk_engine_free(engine);
  return NULL;
}

/* In a forked child: nothing that could reach a peer or the parent is done, so
 * libcurl's memory is left alone, though it is never used again. */
static void give_up(fdk_engine *engine) {
  for (fdk_transfer *at = engine->transfers; at != NULL; at = at->next) {
    if (at->state == FDK_IN_FLIGHT) {
      at->handle = NULL;
      fdk_transfer_cancel_with(at, forked);
      drop_request(at);
      push_done(engine, at);
    }
  }
  fdk_poller_abandon(&engine->poller);
  engine->multi = NULL;
  engine->handles = (fdk_handle_pool){0};
  engine->in_flight = 0;
  engine->due = -1;
}

/* Whether there is anything to drive. */
static bool is_alive(fdk_engine *engine) {
  if (engine->multi != NULL && is_forked(engine))
    give_up(engine);
  return engine->multi != NULL;
}

bool fdk_engine_usable(fdk_engine *engine, fdk_failure *failure) {
  if (is_alive(engine))
    return true;
  fdk_fail(failure, FDK_KIND_CANCELLED, "%s", forked);
  return false;
}

/* Takes a transfer's handle out of libcurl's hands. */
static void retire_handle(fdk_engine *engine, fdk_transfer *transfer) {
  curl_multi_remove_handle(engine->multi, transfer->handle->easy);
  fdk_handle_give(&engine->handles, transfer->handle);
  transfer->handle = NULL;
  engine->in_flight--;
}

void fdk_engine_free(fdk_engine *engine) {
  if (engine == NULL)
    return;
  bool alive = is_alive(engine);
  while (engine->transfers != NULL) {
    fdk_transfer *transfer = engine->transfers;
    if (transfer->state == FDK_IN_FLIGHT) {
      retire_handle(engine, transfer);
      fdk_transfer_cancel_with(transfer, "the engine was closed");
      drop_request(transfer);
    }
    detach(transfer);
  }
  fdk_handle_pool_free(&engine->handles);
  if (alive)
    curl_multi_cleanup(engine->multi);
  fdk_poller_close(&engine->poller);
  for (size_t i = 0; i < engine->buffer_count; i++)
    fdk_buffer_free(&engine->buffers[i]);
  for (fdk_transfer *at = engine->blanks, *next; at != NULL; at = next) {
    next = at->next;
    fdk_transfer_free(at);
  }
  if (engine->mark != NULL)
    munmap(engine->mark, 1);
  free(engine);
}

/* ---- transfers ---------------------------------------------------------- */

fdk_transfer *fdk_engine_transfer(fdk_engine *engine) {
  fdk_transfer *transfer = engine->blanks;
  if (transfer != NULL) {
    engine->blanks = transfer->next;
    engine->blank_count--;
  } else {
    transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
      return NULL;
  }
  transfer->version = "";
  attach(engine, transfer);
  return transfer;
}

void fdk_transfer_free(fdk_transfer *transfer) {
  if (transfer == NULL)
    return;
  fdk_engine *engine = transfer->engine;
  if (engine != NULL) {
    fdk_transfer_cancel(transfer);
    remove_done(engine, transfer);
    drop_request(transfer);
    take_back(engine, &transfer->body);
    detach(transfer);
  }
  if (engine == NULL || engine->blank_count == KEPT_TRANSFERS) {
    drop_request(transfer);
    fdk_buffer_free(&transfer->body);
    fdk_buffer_free(&transfer->head);
    fdk_buffer_free(&transfer->fields);
    free(transfer);
    return;
  }
  fdk_buffer head = transfer->head;
  fdk_buffer fields = transfer->fields;
  fdk_buffer_shrink(&head, KEPT_HEAD_BYTES);
  fdk_buffer_shrink(&fields, KEPT_HEAD_BYTES);
  *transfer = (fdk_transfer){.head = head, .fields = fields};
  transfer->next = engine->blanks;
  engine->blanks = transfer;
  engine->blank_count++;
}

void fdk_transfer_release(fdk_transfer *transfer) {
  take_back(transfer->engine, &transfer->body);
  transfer->released = true;
}

void fdk_transfer_cancel(fdk_transfer *transfer) {
  fdk_engine *engine = transfer->engine;
  if (transfer->state != FDK_IN_FLIGHT)
    return;
  if (!is_alive(engine)) { /* which has made it final */
    remove_done(engine, transfer);
    return;
  }
  retire_handle(engine, transfer);
  fdk_transfer_cancel_with(transfer, "the request was cancelled");
  drop_request(transfer);
}

/* Keeps the timer of those who poll the descriptor right. */
static void set_timer(fdk_engine *engine) {
  if (engine->external)
    (void)fdk_poller_arm(&engine->poller, engine->due);
}

bool fdk_engine_submit(fdk_engine *engine, fdk_transfer *transfer,
                       const fdk_request *request, fdk_failure *failure) {
  if (!fdk_engine_usable(engine, failure) ||
      !fdk_request_check(request, failure))
    return false;
  if (request->body.size > 0)
    lend(engine, &transfer->send);
  lend(engine, &transfer->body);
  if (!fdk_transfer_take(transfer, request)) {
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "there is not enough memory for the request");
    return false;
  }
  fdk_handle *handle = fdk_handle_take(&engine->handles, &engine->hooks,
                                       request, transfer, failure);
  if (handle == NULL)
    return false;
  CURLMcode code = curl_multi_add_handle(engine->multi, handle->easy);
  if (code != CURLM_OK) {
    fdk_handle_free(handle);
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "the request could not be started: "
             "%s",
             curl_multi_strerror(code));
    return false;
  }
  transfer->handle = handle;
  transfer->state = FDK_IN_FLIGHT;
  engine->in_flight++;
  set_timer(engine);
  return true;
}

/* ---- driving ------------------------------------------------------------ */

/* Makes what libcurl is done with final. Returns how many. */
static int collect(fdk_engine *engine) {
  int count = 0;
  int more = 0;
  CURLMsg *message = NULL;
  while ((message = curl_multi_info_read(engine->multi, &more)) != NULL) {
    if (message->msg != CURLMSG_DONE)
      continue;
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    fdk_handle *handle = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&handle);
    fdk_transfer *transfer = handle->transfer;
    fdk_transfer_finish(transfer, easy, code, handle->words);
    retire_handle(engine, transfer);
    drop_request(transfer);
    push_done(engine, transfer);
    count++;
  }
  return count;
}

/* Has libcurl act, and collects when that completed something. */
static int act(fdk_engine *engine, curl_socket_t descriptor, int what) {
  int running = 0;
  if (descriptor == CURL_SOCKET_TIMEOUT)
    engine->due = -1; /* libcurl says it anew */
  curl_multi_socket_action(engine->multi, descriptor, what, &running);
  return (size_t)running < engine->in_flight ? collect(engine) : 0;
}

static bool is_due(const fdk_engine *engine) {
  return engine->due == 0 ||
         (engine->due > 0 && engine->due <= fdk_poller_now());
}

/* Milliseconds until `due`, rounded up, so that it has come when they have
 * passed. */
static int wait_time(int64_t due) {
  if (due <= 0)
    return due < 0 ? -1 : 0;
  int64_t rest = due - fdk_poller_now();
  if (rest <= 0)
    return 0;
  int64_t milliseconds = (rest + 999999) / 1000000;
  return milliseconds > 3600000 ? 3600000 : (int)milliseconds;
}

/* One wake-up: acts on what is due, or else waits, at most until `until`
 * (nanoseconds, -1: without end, 0: not at all), and acts on what has come.
 * False when a signal ended the wait. */
static bool turn(fdk_engine *engine, int64_t until, int *completed) {
  if (is_due(engine)) {
    *completed += act(engine, CURL_SOCKET_TIMEOUT, 0);
    if (*completed > 0)
      return true;
  }
  int64_t due = engine->due;
  if (until >= 0 && (due < 0 || until < due))
    due = until;
  int count = fdk_poller_wait(&engine->poller, wait_time(due));
  for (int i = 0; i < count; i++) {
    int what = 0;
    int descriptor = fdk_poller_event(&engine->poller, i, &what);
    if (what != 0)
      *completed += act(engine, descriptor, what);
  }
  if (is_due(engine))
    *completed += act(engine, CURL_SOCKET_TIMEOUT, 0);
  return count >= 0;
}

bool fdk_engine_perform(fdk_engine *engine, fdk_transfer *transfer) {
  bool interrupted = false;
  while (is_alive(engine) && transfer->state == FDK_IN_FLIGHT && !interrupted) {
    int completed = 0;
    interrupted = !turn(engine, -1, &completed);
  }
  if (engine->multi != NULL)
    set_timer(engine);
  if (transfer->state == FDK_IN_FLIGHT)
    return false;
  remove_done(engine, transfer);
  return true;
}

int fdk_engine_wait(fdk_engine *engine, double seconds) {
  if (!is_alive(engine) || engine->in_flight == 0 || engine->first_done != NULL)
    return engine->multi != NULL ? fdk_engine_step(engine) : 0;
  int64_t until = -1;
  if (seconds >= 0 && seconds < 1e9)
    until = fdk_poller_now() + (int64_t)(seconds * 1e9);
  int completed = 0;
  while (turn(engine, until, &completed) && completed == 0)
    if (until >= 0 && fdk_poller_now() >= until)
      break;
  set_timer(engine);
  return completed;
}

int fdk_engine_step(fdk_engine *engine) {
  int completed = 0;
  if (!is_alive(engine))
    return 0;
  turn(engine, 0, &completed);
  set_timer(engine);
  return completed;
}

int fdk_engine_descriptor(fdk_engine *engine) {
  if (!is_alive(engine))
    return -1;
  engine->external = true;
  return fdk_poller_arm(&engine->poller, engine->due) ? engine->poller.epoll
                                                      : -1;
}

double fdk_engine_timeout(fdk_engine *engine) {
  if (!is_alive(engine) || engine->due < 0)
    return -1;
  int64_t rest = engine->due - fdk_poller_now();
  return engine->due == 0 || rest <= 0 ? 0 : (double)rest / 1e9;
}

fdk_transfer *fdk_engine_completed(fdk_engine *engine) {
  (void)is_alive(engine); /* a child learns of what was cancelled */
  fdk_transfer *transfer = engine->first_done;
  if (transfer != NULL)
    remove_done(engine, transfer);
  return transfer;
}

size_t fdk_engine_in_flight(const fdk_engine *engine) {
  return engine->in_flight;
}

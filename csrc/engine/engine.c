/* engine.c: see engine.h. */
#include "engine_state.h"

#include <errno.h>
#include <stdlib.h>

enum {
  KEPT_BUFFER_BYTES = 1 << 20, /* larger ones are freed */
  KEPT_TRANSFERS = 256,
  KEPT_HEAD_BYTES = 1 << 14
};

static const char forked[] =
    "this process was forked from the one that opened the connections";

/* ---- the list of all transfers ------------------------------------------ */

static void attach(fdk_engine *engine, fdk_transfer *transfer) {
  transfer->engine = engine;
  transfer->previous = NULL;
  transfer->next = engine->transfers;
  if (transfer->next != NULL)
    transfer->next->previous = transfer;
  engine->transfers = transfer;
}

static void detach(fdk_engine *engine, fdk_transfer *transfer) {
  if (transfer == engine->transfers)
    engine->transfers = transfer->next;
  else
    transfer->previous->next = transfer->next;
  if (transfer->next != NULL)
    transfer->next->previous = transfer->previous;
  transfer->previous = transfer->next = NULL;
  transfer->engine = NULL;
}

void fdk_engine_push_done(fdk_engine *engine, fdk_transfer *transfer) {
  transfer->next_done = NULL;
  transfer->queued = true;
  if (engine->last_done != NULL)
    engine->last_done->next_done = transfer;
  else
    engine->first_done = transfer;
  engine->last_done = transfer;
}

void fdk_engine_remove_done(fdk_engine *engine, fdk_transfer *transfer) {
  if (!transfer->queued)
    return;
  transfer->queued = false;
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
  if (engine == NULL || engine->buffer_count == FDK_KEPT_BUFFERS ||
      buffer->capacity > KEPT_BUFFER_BYTES) {
    fdk_buffer_free(buffer);
    return;
  }
  fdk_buffer_clear(buffer);
  engine->buffers[engine->buffer_count++] = *buffer;
  *buffer = (fdk_buffer)FDK_BUFFER_INIT;
}

void fdk_engine_drop_request(fdk_transfer *transfer) {
  take_back(transfer->engine, &transfer->send);
  if (transfer->failed)
    take_back(transfer->engine, &transfer->body);
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
  fdk_engine *self = engine;
  int descriptor = fdk_poller_socket(&self->poller, address->family,
                                     address->socktype, address->protocol);
  if (descriptor < 0) /* libcurl does not ask why */
    self->socket_error = errno;
  return descriptor;
}

static int on_close(void *engine, curl_socket_t descriptor) {
  return fdk_poller_close_socket(&((fdk_engine *)engine)->poller, descriptor);
}

/* ---- life --------------------------------------------------------------- */

/* False when memory is out. */
static bool set_up_multi(fdk_engine *engine) {
  const fdk_engine_options *options = &engine->options;
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

/* libcurl 7.88 keeps a connection on which something has come that nobody asked
 * for, and takes it for the answer to the next request. Others close it. */
static bool takes_any_answer(void) {
  unsigned int version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= 0x075800 && version < 0x080000;
}

fdk_engine *fdk_engine_new(const fdk_engine_options *options,
                           fdk_failure *failure) {
  fdk_engine *engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "there is not enough memory for an engine");
    return NULL;
  }
  engine->options = *options;
  engine->due = -1;
  engine->looks_first = takes_any_answer();
  engine->hooks = (fdk_socket_hooks){on_open, on_close, engine};
  fdk_fork_mark_set(&engine->mark);
  if (fdk_poller_open(&engine->poller) && set_up_multi(engine)) {
    engine->poller.hangs_up = engine->looks_first;
    return engine;
  }
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
      fdk_transfer_end(at, FDK_KIND_CANCELLED, forked);
      fdk_engine_drop_request(at);
      fdk_engine_push_done(engine, at);
    }
  }
  fdk_poller_abandon(&engine->poller);
  engine->multi = NULL;
  engine->handles = (fdk_handle_pool){0};
  engine->in_flight = 0;
  engine->due = -1;
}

bool fdk_engine_is_alive(fdk_engine *engine) {
  if (engine->multi != NULL && fdk_fork_mark_is_past(&engine->mark))
    give_up(engine);
  return engine->multi != NULL;
}

bool fdk_engine_usable(fdk_engine *engine, fdk_failure *failure) {
  if (fdk_engine_is_alive(engine))
    return true;
  if (fdk_fork_mark_is_past(&engine->mark)) {
    fdk_fail(failure, FDK_KIND_CANCELLED, "%s", forked);
    return false;
  }
  if (set_up_multi(engine)) /* there was no memory to start over with */
    return true;
  fdk_fail(failure, FDK_KIND_TOO_LARGE,
           "there is not enough memory for a request");
  return false;
}

int fdk_engine_start_over(fdk_engine *engine) {
  int count = 0;
  for (fdk_transfer *at = engine->transfers; at != NULL; at = at->next) {
    if (at->state != FDK_IN_FLIGHT)
      continue;
    curl_multi_remove_handle(engine->multi, at->handle->easy);
    fdk_handle_free(at->handle);
    at->handle = NULL;
    fdk_transfer_end(at, FDK_KIND_TOO_LARGE,
                     "there is not enough memory to go on with the request");
    fdk_engine_drop_request(at);
    fdk_engine_push_done(engine, at);
    count++;
  }
  engine->in_flight = 0;
  curl_multi_cleanup(engine->multi);
  engine->due = -1;
  (void)set_up_multi(engine); /* or else at the next request */
  return count;
}

void fdk_engine_retire_handle(fdk_engine *engine, fdk_transfer *transfer) {
  curl_multi_remove_handle(engine->multi, transfer->handle->easy);
  fdk_handle_give(&engine->handles, transfer->handle);
  transfer->handle = NULL;
  engine->in_flight--;
}

void fdk_engine_free(fdk_engine *engine) {
  if (engine == NULL)
    return;
  bool alive = fdk_engine_is_alive(engine);
  while (engine->transfers != NULL) {
    fdk_transfer *transfer = engine->transfers;
    if (transfer->state == FDK_IN_FLIGHT) {
      fdk_engine_retire_handle(engine, transfer);
      fdk_transfer_end(transfer, FDK_KIND_CANCELLED, "the engine was closed");
      fdk_engine_drop_request(transfer);
    }
    detach(engine, transfer);
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
  fdk_fork_mark_free(&engine->mark);
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
  transfer->answer.version = "";
  attach(engine, transfer);
  return transfer;
}

void fdk_transfer_free(fdk_transfer *transfer) {
  if (transfer == NULL)
    return;
  fdk_engine *engine = transfer->engine;
  if (engine != NULL) {
    fdk_transfer_cancel(transfer);
    fdk_engine_remove_done(engine, transfer);
    fdk_engine_drop_request(transfer);
    take_back(engine, &transfer->body);
    detach(engine, transfer);
  }
  if (engine == NULL || engine->blank_count == KEPT_TRANSFERS) {
    fdk_engine_drop_request(transfer);
    fdk_buffer_free(&transfer->body);
    fdk_buffer_free(&transfer->answer.head);
    fdk_buffer_free(&transfer->answer.fields);
    free(transfer);
    return;
  }
  fdk_buffer head = transfer->answer.head;
  fdk_buffer fields = transfer->answer.fields;
  fdk_buffer_shrink(&head, KEPT_HEAD_BYTES);
  fdk_buffer_shrink(&fields, KEPT_HEAD_BYTES);
  memset(transfer, 0, offsetof(fdk_transfer, failure));
  transfer->answer.head = head;
  transfer->answer.fields = fields;
  transfer->next = engine->blanks;
  engine->blanks = transfer;
  engine->blank_count++;
}

void fdk_transfer_drop_body(fdk_transfer *transfer) {
  take_back(transfer->engine, &transfer->body);
}

void fdk_transfer_cancel(fdk_transfer *transfer) {
  fdk_engine *engine = transfer->engine;
  if (transfer->state != FDK_IN_FLIGHT)
    return;
  if (!fdk_engine_is_alive(engine)) { /* which has made it final */
    fdk_engine_remove_done(engine, transfer);
    return;
  }
  fdk_engine_retire_handle(engine, transfer);
  fdk_transfer_end(transfer, FDK_KIND_CANCELLED, "the request was cancelled");
  fdk_engine_drop_request(transfer);
}

bool fdk_engine_set_timer(fdk_engine *engine) {
  return !engine->external ||
         fdk_poller_arm(&engine->poller, engine->nudged ? 0 : engine->due);
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
  return true;
}

void fdk_engine_announce(fdk_engine *engine) {
  (void)fdk_engine_set_timer(engine);
}

/* engine_drive.c: the work of an engine; see engine.h. */
#include "engine_state.h"

#include <poll.h>

/* HTTP/2 servers say things without being asked; those of HTTP/1 must not. */
static void note_talker(fdk_engine *engine, CURL *easy) {
  long version = 0;
  if (engine->looks_first &&
      curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
      version == CURL_HTTP_VERSION_2_0) {
    curl_socket_t descriptor = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &descriptor);
    fdk_poller_let_talk(&engine->poller, descriptor);
  }
}

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
    note_talker(engine, easy);
    fdk_transfer_finish(transfer, easy, code, handle->words,
                        engine->socket_error);
    fdk_engine_retire_handle(engine, transfer);
    fdk_engine_drop_request(transfer);
    fdk_engine_push_done(engine, transfer);
    count++;
  }
  return count;
}

/* Has libcurl act, and collects when that completed something. */
static int act(fdk_engine *engine, curl_socket_t descriptor, int what) {
  int running = 0;
  if (engine->multi == NULL) /* since an earlier event of this wake-up */
    return 0;
  if (descriptor == CURL_SOCKET_TIMEOUT)
    engine->due = -1; /* libcurl says it anew */
  engine->socket_error = 0;
  if (curl_multi_socket_action(engine->multi, descriptor, what, &running) !=
      CURLM_OK)
    return collect(engine) + fdk_engine_start_over(engine);
  return (size_t)running < engine->in_flight ? collect(engine) : 0;
}

static bool is_due(const fdk_engine *engine) {
  return engine->due == 0 ||
         (engine->due > 0 && engine->due <= fdk_poller_now());
}

/* The longest sleep, in milliseconds. A signal that comes in the moment before
 * a sleep does not end it, and Lua learns of it only afterwards. */
enum { LONGEST_SLEEP = 1000 };

/* Milliseconds until `due`, rounded up, so that it has come when they have
 * passed. */
static int wait_time(int64_t due) {
  if (due <= 0)
    return due < 0 ? LONGEST_SLEEP : 0;
  int64_t rest = due - fdk_poller_now();
  if (rest <= 0)
    return 0;
  int64_t milliseconds = (rest + 999999) / 1000000;
  return milliseconds > LONGEST_SLEEP ? LONGEST_SLEEP : (int)milliseconds;
}

/* One wake-up: acts on what is due, or else sleeps, at most until `until`
 * (nanoseconds, -1: no matter, 0: not at all), and acts on what has come.
 * Returns how much came or was due; negative when a signal ended the sleep. */
static int turn(fdk_engine *engine, int64_t until, int *completed) {
  if (is_due(engine) && !engine->looks_first) {
    *completed += act(engine, CURL_SOCKET_TIMEOUT, 0);
    if (*completed > 0)
      return 1;
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
  if (is_due(engine)) {
    *completed += act(engine, CURL_SOCKET_TIMEOUT, 0);
    return count < 0 ? count : count + 1;
  }
  return count;
}

bool fdk_engine_perform(fdk_engine *engine, fdk_transfer *transfer) {
  int completed = 0;
  engine->nudged = false;
  while (fdk_engine_is_alive(engine) && transfer->state == FDK_IN_FLIGHT &&
         turn(engine, -1, &completed) > 0)
    completed = 0;
  if (engine->multi != NULL)
    (void)fdk_engine_set_timer(engine);
  if (transfer->state == FDK_IN_FLIGHT)
    return false;
  fdk_engine_remove_done(engine, transfer);
  return true;
}

/* Lets time pass, in a forked child that has nothing to drive; a signal ends
 * it. */
static void rest(int64_t until) {
  while (fdk_poller_now() < until && poll(NULL, 0, wait_time(until)) == 0)
    ;
}

int fdk_engine_wait(fdk_engine *engine, double seconds) {
  engine->nudged = false;
  bool endless = !(seconds >= 0 && seconds <= 1e9); /* NaN too */
  bool alive = fdk_engine_is_alive(engine);
  if (engine->first_done != NULL || (endless && engine->in_flight == 0))
    return alive ? fdk_engine_step(engine) : 0;
  int64_t until = endless ? -1 : fdk_poller_now() + (int64_t)(seconds * 1e9);
  if (!alive) {
    rest(until);
    return 0;
  }
  int completed = 0;
  while (turn(engine, until, &completed) >= 0 && completed == 0)
    if (until >= 0 && fdk_poller_now() >= until)
      break;
  (void)fdk_engine_set_timer(engine);
  return completed;
}

int fdk_engine_step(fdk_engine *engine) {
  int completed = 0;
  engine->nudged = false;
  if (!fdk_engine_is_alive(engine))
    return 0;
  turn(engine, 0, &completed);
  (void)fdk_engine_set_timer(engine);
  return completed;
}

int fdk_engine_descriptor(fdk_engine *engine) {
  if (!fdk_engine_is_alive(engine))
    return -1;
  engine->external = true;
  return fdk_engine_set_timer(engine) ? engine->poller.epoll : -1;
}

void fdk_engine_nudge(fdk_engine *engine) {
  if (!fdk_engine_is_alive(engine))
    return;
  engine->nudged = true;
  (void)fdk_engine_set_timer(engine);
}

double fdk_engine_timeout(fdk_engine *engine) {
  if (!fdk_engine_is_alive(engine) || engine->due < 0)
    return -1;
  int64_t rest = engine->due - fdk_poller_now();
  return engine->due == 0 || rest <= 0 ? 0 : (double)rest / 1e9;
}

fdk_transfer *fdk_engine_completed(fdk_engine *engine) {
  (void)fdk_engine_is_alive(engine); /* a child learns of what was cancelled */
  fdk_transfer *transfer = engine->first_done;
  if (transfer != NULL)
    fdk_engine_remove_done(engine, transfer);
  return transfer;
}

size_t fdk_engine_in_flight(const fdk_engine *engine) {
  return engine->in_flight;
}

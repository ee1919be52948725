/* engine.c: how fast frontdesk's engine does the bench's jobs when C drives it:
 * what libcurl's own loops (limit.c) do, and what Lua adds nothing to. Called as
 * job.h says.
 */
#include "engine/engine.h"

#include "job.h"

#include <curl/curl.h>
#include <string.h>

/* All that is under way. */
typedef struct flight {
  job *work;
  fdk_engine *engine;
  fdk_header_list *headers;
} flight;

static fdk_text text_of(const char *text) {
  return (fdk_text){text, text != NULL ? strlen(text) : 0};
}

static fdk_transfer *launch(const flight *all) {
  job *work = all->work;
  fdk_failure failure;
  fdk_request request;
  next_request(work);
  fdk_request_init(&request);
  request.url = (fdk_text){work->url.data, work->url.size - 1};
  request.headers = all->headers;
  request.ca_file = text_of(work->ca_file);
  if (work->posts) {
    request.method = text_of("POST");
    request.body = (fdk_text){work->body.data, work->body.size};
  }
  fdk_transfer *transfer = fdk_engine_transfer(all->engine);
  if (transfer == NULL) {
    fail("memory", "there is none left");
  }
  if (!fdk_engine_submit(all->engine, transfer, &request, &failure)) {
    fail("submit", failure.message);
  }
  return transfer;
}

static void finish(const flight *all, fdk_transfer *transfer, bool every_byte) {
  const job *work = all->work;
  if (transfer->failed) {
    fail(work->url.data, transfer->failure.message);
  }
  check_answer(work, transfer->answer.status, transfer->body.data,
               transfer->body.size, every_byte);
  if (work->ca_file != NULL && strcmp(transfer->answer.version, "2") != 0) {
    fail(work->url.data, "not answered by HTTP/2");
  }
  fdk_transfer_free(transfer);
}

static void run_easy(void *state, long count) {
  flight *all = state;
  for (long i = 0; i < count; i++) {
    fdk_transfer *transfer = launch(all);
    while (!fdk_engine_perform(all->engine, transfer)) {
    }
    finish(all, transfer, i == 0);
  }
}

static void run_multi(void *state, long count) {
  flight *all = state;
  long started = 0;
  long done = 0;
  while (started < all->work->width && started < count) {
    launch(all);
    started++;
  }
  while (done < count) {
    fdk_transfer *transfer;
    fdk_engine_wait(all->engine, 1);
    while ((transfer = fdk_engine_completed(all->engine)) != NULL) {
      finish(all, transfer, done == 0);
      done++;
      if (started < count) {
        launch(all);
        started++;
      }
    }
  }
}

static fdk_header_list *headers_of(const job *work) {
  fdk_header_list *list = fdk_header_list_new();
  for (const char *at = next_header(work, NULL); list != NULL && at != NULL;
       at = next_header(work, at)) {
    size_t name = strcspn(at, ":");
    if (at[name] == '\0' ||
        fdk_header_list_add(list, at, name, at + name + 1,
                            strlen(at + name + 1)) != FDK_HEADER_OK) {
      fail(at, "is no header");
    }
  }
  if (list == NULL || !fdk_header_list_seal(list, NULL)) {
    fail("memory", "there is none left");
  }
  return list;
}

int main(int argc, char **argv) {
  job work = read_job(argc, argv);
  fdk_failure failure;
  fdk_engine_options options = {256, 0};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  flight all = {&work, fdk_engine_new(&options, &failure), headers_of(&work)};
  if (all.engine == NULL) {
    fail("engine", failure.message);
  }
  time_runs(&work, work.easy ? run_easy : run_multi, &all);
  fdk_engine_free(all.engine);
  fdk_header_list_drop(all.headers);
  free_job(&work);
  curl_global_cleanup();
  return 0;
}

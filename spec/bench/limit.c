/* limit.c: how fast libcurl itself does the bench's jobs. Called as job.h says;
 * parsed-easy and parsed-multi are two more ways, and `limit version` tells
 * libcurl's.
 *
 * Sends the request that frontdesk sends, with the checks of certificates that
 * it makes, with handles that are set once and kept, and reads each answer into
 * a kept buffer. A URL is given as text, which libcurl parses for each request;
 * in the parsed ways each handle keeps its parsed URL, of which only the path is
 * set.
 */
#include "job.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What belongs to a handle. */
typedef struct slot {
  CURL *easy;
  CURLU *url; /* where URLs are kept parsed */
  bytes received;
} slot;

/* All that is under way. */
typedef struct flight {
  job *work;
  bool parsed; /* the URL, in each slot */
  struct curl_slist *headers;
  slot *slots;
  CURLM *multi; /* NULL: one at a time */
} flight;

/* libcurl prescribes the type of `data`. NOLINTNEXTLINE */
static size_t on_body(char *data, size_t one, size_t size, void *into) {
  (void)one;
  append(into, data, size);
  return size;
}

static void set_tls(CURL *easy, const job *work) {
  curl_easy_setopt(easy, CURLOPT_CAINFO, work->ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
}

static void set_parsed(slot *to, const char *url) {
  to->url = curl_url();
  if (curl_url_set(to->url, CURLUPART_URL, url, 0) != CURLUE_OK) {
    fail(url, "not parsed");
  }
  curl_easy_setopt(to->easy, CURLOPT_CURLU, to->url);
}

static void open_slot(slot *to, const flight *all) {
  const job *work = all->work;
  bool brotli =
      (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_BROTLI) != 0;
  CURL *easy = curl_easy_init();
  if (easy == NULL) {
    fail("libcurl", "no handle");
  }
  *to = (slot){.easy = easy};
  if (all->parsed) {
    set_parsed(to, work->url.data);
  } else {
    curl_easy_setopt(easy, CURLOPT_URL, work->url.data);
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, all->headers);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING,
                   brotli ? "gzip, deflate, br" : "gzip, deflate");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &to->received);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, to);
  if (work->posts) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)work->body.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, work->body.data);
  }
  if (work->ca_file != NULL) {
    set_tls(easy, work);
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  }
}

static void close_slot(slot *which) {
  curl_easy_cleanup(which->easy);
  curl_url_cleanup(which->url);
  free(which->received.data);
}

static void prepare(const flight *all, slot *to) {
  job *work = all->work;
  next_request(work);
  to->received.size = 0;
  if (work->posts) {
    return;
  }
  if (all->parsed) {
    curl_url_set(to->url, CURLUPART_PATH, work->path, 0);
  } else {
    curl_easy_setopt(to->easy, CURLOPT_URL, work->url.data);
  }
}

static void check(const flight *all, const slot *of, CURLcode code,
                  bool every_byte) {
  const job *work = all->work;
  long status = 0;
  if (code != CURLE_OK) {
    fail(work->url.data, curl_easy_strerror(code));
  }
  curl_easy_getinfo(of->easy, CURLINFO_RESPONSE_CODE, &status);
  check_answer(work, status, of->received.data, of->received.size, every_byte);
  if (work->ca_file != NULL) {
    long version = 0;
    curl_easy_getinfo(of->easy, CURLINFO_HTTP_VERSION, &version);
    if (version != CURL_HTTP_VERSION_2_0) {
      fail(work->url.data, "not answered by HTTP/2");
    }
  }
}

/* One handle, one request after the other. */
static void run_easy(void *state, long count) {
  flight *all = state;
  slot *only = all->slots;
  for (long i = 0; i < count; i++) {
    prepare(all, only);
    check(all, only, curl_easy_perform(only->easy), i == 0);
  }
}

static void launch(const flight *all, slot *which) {
  prepare(all, which);
  CURLMcode code = curl_multi_add_handle(all->multi, which->easy);
  if (code != CURLM_OK) {
    fail("add", curl_multi_strerror(code));
  }
}

/* `width` handles; each that comes back is sent out again until `count` are done. */
static void run_multi(void *state, long count) {
  flight *all = state;
  long started = 0;
  long done = 0;
  while (started < all->work->width && started < count) {
    launch(all, &all->slots[started++]);
  }
  while (done < count) {
    int running = 0;
    int left = 0;
    CURLMsg *message;
    CURLMcode code = curl_multi_perform(all->multi, &running);
    if (code != CURLM_OK) {
      fail("perform", curl_multi_strerror(code));
    }
    while ((message = curl_multi_info_read(all->multi, &left)) != NULL) {
      CURLcode result = message->data.result;
      slot *which = NULL;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                        (char **)&which);
      check(all, which, result, done == 0);
      done++;
      curl_multi_remove_handle(all->multi, which->easy);
      if (started < count) {
        launch(all, which);
        started++;
      }
    }
    if (done < count) {
      curl_multi_poll(all->multi, NULL, 0, 1000, NULL);
    }
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    printf("%s\n", curl_version());
    return 0;
  }
  job work = read_job(argc, argv);
  flight all = {.work = &work, .parsed = strncmp(work.way, "parsed-", 7) == 0};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  for (const char *at = next_header(&work, NULL); at != NULL;
       at = next_header(&work, at)) {
    all.headers = curl_slist_append(all.headers, at);
  }
  if (!work.easy) {
    all.multi = curl_multi_init();
    curl_multi_setopt(all.multi, CURLMOPT_MAXCONNECTS, work.width * 2);
    curl_multi_setopt(all.multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  }
  all.slots = must_realloc(NULL, (size_t)work.width * sizeof *all.slots);
  for (long i = 0; i < work.width; i++) {
    open_slot(&all.slots[i], &all);
  }
  time_runs(&work, work.easy ? run_easy : run_multi, &all);
  for (long i = 0; i < work.width; i++) {
    close_slot(&all.slots[i]);
  }
  curl_multi_cleanup(all.multi);
  free(all.slots);
  curl_slist_free_all(all.headers);
  free_job(&work);
  curl_global_cleanup();
  return 0;
}

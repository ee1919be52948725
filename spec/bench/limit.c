/* limit.c: how fast libcurl itself does the bench's jobs.
 *
 *   limit version
 *   limit easy COUNT URL AUTHORIZATION ANSWER [BODY]    one request after the other
 *   limit multi COUNT URL AUTHORIZATION ANSWER FLIGHT   FLIGHT requests at a time
 *
 * Sends the request that frontdesk sends, with handles that are set once and
 * kept, and reads each answer into a kept buffer. ANSWER and BODY name files.
 * Every answer's status and size is compared, and all bytes of one in each run.
 * Prints seconds and CPU seconds (user and system) of COUNT requests; the warm-up
 * before them is not counted. Ends with status 1 and a sentence on any failure.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct bytes {
  char *data;
  size_t size;
  size_t room;
} bytes;

typedef struct job {
  const char *url;
  const char *body_name; /* NULL: GET */
  struct curl_slist *headers;
  bytes body;
  bytes answer;
} job;

_Noreturn static void fail(const char *what, const char *why) {
  fprintf(stderr, "limit: %s: %s\n", what, why);
  _Exit(1);
}

static void *must_realloc(void *old, size_t size) {
  void *memory = realloc(old, size);
  if (memory == NULL) {
    fail("memory", "there is none left");
  }
  return memory;
}

static void append(bytes *to, const char *data, size_t size) {
  if (to->room - to->size < size) {
    to->room = (to->size + size) * 2;
    to->data = must_realloc(to->data, to->room);
  }
  memcpy(to->data + to->size, data, size);
  to->size += size;
}

static bytes read_file(const char *name) {
  bytes content = {NULL, 0, 0};
  char part[4096];
  size_t size;
  FILE *file = fopen(name, "rb");
  if (file == NULL) {
    fail(name, "cannot be opened");
  }
  while ((size = fread(part, 1, sizeof part, file)) > 0) {
    append(&content, part, size);
  }
  (void)fclose(file);
  if (content.size == 0) {
    fail(name, "is empty or cannot be read");
  }
  return content;
}

/* libcurl prescribes the type of `data`. NOLINTNEXTLINE */
static size_t on_body(char *data, size_t one, size_t size, void *into) {
  (void)one;
  append(into, data, size);
  return size;
}

static CURL *new_handle(const job *work, bytes *received) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) {
    fail("libcurl", "no handle");
  }
  curl_easy_setopt(easy, CURLOPT_URL, work->url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, work->headers);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, received);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, received);
  if (work->body_name != NULL) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)work->body.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, work->body.data);
  }
  return easy;
}

static void check(CURL *easy, CURLcode code, const job *work,
                  const bytes *received, bool every_byte) {
  long status = 0;
  if (code != CURLE_OK) {
    fail(work->url, curl_easy_strerror(code));
  }
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 || received->size != work->answer.size ||
      (every_byte &&
       memcmp(received->data, work->answer.data, received->size) != 0)) {
    fail(work->url, "another answer than expected");
  }
}

/* One handle, one request after the other. */
static void run_easy(const job *work, CURL *easy, bytes *received, long count) {
  for (long i = 0; i < count; i++) {
    received->size = 0;
    check(easy, curl_easy_perform(easy), work, received, i == 0);
  }
}

typedef struct flight {
  CURLM *multi;
  CURL **handles;
  bytes *received;
  long width;
} flight;

static void launch(const flight *all, CURL *easy) {
  CURLMcode code = curl_multi_add_handle(all->multi, easy);
  if (code != CURLM_OK) {
    fail("add", curl_multi_strerror(code));
  }
}

/* `width` handles; each that comes back is sent out again until `count` are done. */
static void run_multi(const job *work, const flight *all, long count) {
  long started = 0;
  long done = 0;
  while (started < all->width && started < count) {
    launch(all, all->handles[started++]);
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
      CURL *easy = message->easy_handle;
      CURLcode result = message->data.result;
      bytes *received = NULL;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&received);
      check(easy, result, work, received, done == 0);
      done++;
      received->size = 0;
      curl_multi_remove_handle(all->multi, easy);
      if (started < count) {
        launch(all, easy);
        started++;
      }
    }
    if (done < count) {
      curl_multi_poll(all->multi, NULL, 0, 1000, NULL);
    }
  }
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void print_times(double start, double cpu_start) {
  double cpu = cpu_seconds() - cpu_start;
  printf("%.6f %.6f\n", seconds() - start, cpu);
}

static struct curl_slist *new_headers(const char *authorization, bool body) {
  struct curl_slist *headers = NULL;
  char line[512];
  (void)snprintf(line, sizeof line, "Authorization: %s", authorization);
  headers = curl_slist_append(headers, "User-Agent: frontdesk/0.1.0");
  headers = curl_slist_append(headers, "Accept: application/json");
  headers = curl_slist_append(headers, line);
  if (body) {
    headers = curl_slist_append(headers, "Content-Type: application/json");
  }
  return headers;
}

static void time_easy(const job *work, long count) {
  bytes received = {NULL, 0, 0};
  CURL *easy = new_handle(work, &received);
  run_easy(work, easy, &received, count / 10 + 1);
  double start = seconds();
  double cpu_start = cpu_seconds();
  run_easy(work, easy, &received, count);
  print_times(start, cpu_start);
  curl_easy_cleanup(easy);
  free(received.data);
}

static void time_multi(const job *work, long count, long width) {
  flight all = {curl_multi_init(), NULL, NULL, width};
  all.handles = must_realloc(NULL, (size_t)width * sizeof *all.handles);
  all.received = must_realloc(NULL, (size_t)width * sizeof *all.received);
  curl_multi_setopt(all.multi, CURLMOPT_MAXCONNECTS, width * 2);
  for (long i = 0; i < width; i++) {
    all.received[i] = (bytes){NULL, 0, 0};
    all.handles[i] = new_handle(work, &all.received[i]);
  }
  run_multi(work, &all, count / 10 + width);
  double start = seconds();
  double cpu_start = cpu_seconds();
  run_multi(work, &all, count);
  print_times(start, cpu_start);
  for (long i = 0; i < width; i++) {
    curl_easy_cleanup(all.handles[i]);
    free(all.received[i].data);
  }
  curl_multi_cleanup(all.multi);
  free(all.handles);
  free(all.received);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    printf("%s\n", curl_version());
    return 0;
  }
  bool easy = argc > 1 && strcmp(argv[1], "easy") == 0;
  bool multi = argc > 1 && strcmp(argv[1], "multi") == 0;
  long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
  long width = multi && argc == 7 ? strtol(argv[6], NULL, 10) : 0;
  if (count < 1 || !((easy && (argc == 6 || argc == 7)) || width > 0)) {
    fail("usage",
         "limit easy|multi COUNT URL AUTHORIZATION ANSWER [BODY|FLIGHT]");
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  job work = {
      argv[3], easy ? argv[6] : NULL, NULL, {NULL, 0, 0}, read_file(argv[5])};
  if (work.body_name != NULL) {
    work.body = read_file(work.body_name);
  }
  work.headers = new_headers(argv[4], work.body_name != NULL);
  if (multi) {
    time_multi(&work, count, width);
  } else {
    time_easy(&work, count);
  }
  curl_slist_free_all(work.headers);
  free(work.body.data);
  free(work.answer.data);
  curl_global_cleanup();
  return 0;
}

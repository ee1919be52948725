/* limit.c: how fast libcurl itself does the bench's jobs.
 *
 *   limit version
 *   limit easy COUNT URL HEADERS ANSWER [BODY]    one request after the other
 *   limit multi COUNT URL HEADERS ANSWER FLIGHT [CA_FILE]
 *                                                 FLIGHT requests at a time
 *   limit parsed-easy ..., parsed-multi ...       the same, as below
 *
 * Sends the request that frontdesk sends, with the checks of certificates that
 * it makes, with handles that are set once and kept, and reads each answer into
 * a kept buffer. HEADERS, ANSWER and BODY name files. Without BODY the requests
 * are GETs, and URL is what all URLs begin with: a number of four digits ends
 * them, another for each request. With CA_FILE they go by HTTP/2 over TLS.
 * A URL is given as text, which libcurl parses for each request; in the parsed
 * ways each handle keeps its parsed URL, of which only the path is set.
 *
 * Every answer's status and size is compared (and its version of HTTP over
 * TLS), and all bytes of one in each run. Prints seconds and CPU seconds (user
 * and system) of COUNT requests, without those of the warm-up before them, and
 * how many requests there were in all. Ends with status 1 and a sentence on any
 * failure.
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
  bytes url; /* NUL-terminated; a GET's ends in the number of the last one */
  const char *path;      /* in it */
  long made;             /* requests so far */
  const char *body_name; /* NULL: GET */
  const char *ca_file;   /* NULL: plain HTTP/1.1 */
  bool parsed;           /* the URL, in each slot */
  struct curl_slist *headers;
  bytes body;
  bytes answer;
} job;

/* What belongs to a handle. */
typedef struct slot {
  CURL *easy;
  CURLU *url; /* where URLs are kept parsed */
  bytes received;
} slot;

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

/* One header in each line of a file. */
static struct curl_slist *read_headers(const char *name) {
  struct curl_slist *headers = NULL;
  bytes lines = read_file(name);
  append(&lines, "", 1);
  for (char *line = strtok(lines.data, "\n"); line != NULL;
       line = strtok(NULL, "\n")) {
    headers = curl_slist_append(headers, line);
  }
  free(lines.data);
  return headers;
}

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

static void open_slot(slot *to, const job *work) {
  bool brotli =
      (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_BROTLI) != 0;
  CURL *easy = curl_easy_init();
  if (easy == NULL) {
    fail("libcurl", "no handle");
  }
  *to = (slot){.easy = easy};
  if (work->parsed) {
    set_parsed(to, work->url.data);
  } else {
    curl_easy_setopt(easy, CURLOPT_URL, work->url.data);
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, work->headers);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING,
                   brotli ? "gzip, deflate, br" : "gzip, deflate");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &to->received);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, to);
  if (work->body_name != NULL) {
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

/* Before each request: a GET is for another number than the one before. */
static void prepare(job *work, slot *to) {
  long number = 1000 + work->made++ % 1000;
  to->received.size = 0;
  if (work->body_name != NULL) {
    return;
  }
  for (char *digit = work->url.data + work->url.size - 2; number > 0;
       number /= 10) {
    *digit-- = (char)('0' + number % 10);
  }
  if (work->parsed) {
    curl_url_set(to->url, CURLUPART_PATH, work->path, 0);
  } else {
    curl_easy_setopt(to->easy, CURLOPT_URL, work->url.data);
  }
}

static void check(slot *of, CURLcode code, const job *work, bool every_byte) {
  const bytes *received = &of->received;
  long status = 0;
  if (code != CURLE_OK) {
    fail(work->url.data, curl_easy_strerror(code));
  }
  curl_easy_getinfo(of->easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 || received->size != work->answer.size ||
      (every_byte &&
       memcmp(received->data, work->answer.data, received->size) != 0)) {
    fail(work->url.data, "another answer than expected");
  }
  if (work->ca_file != NULL) {
    long version = 0;
    curl_easy_getinfo(of->easy, CURLINFO_HTTP_VERSION, &version);
    if (version != CURL_HTTP_VERSION_2_0) {
      fail(work->url.data, "not answered by HTTP/2");
    }
  }
}

/* One handle, one request after the other. */
static void run_easy(job *work, slot *only, long count) {
  for (long i = 0; i < count; i++) {
    prepare(work, only);
    check(only, curl_easy_perform(only->easy), work, i == 0);
  }
}

typedef struct flight {
  CURLM *multi;
  slot *slots;
  long width;
} flight;

static void launch(const flight *all, job *work, slot *which) {
  prepare(work, which);
  CURLMcode code = curl_multi_add_handle(all->multi, which->easy);
  if (code != CURLM_OK) {
    fail("add", curl_multi_strerror(code));
  }
}

/* `width` handles; each that comes back is sent out again until `count` are done. */
static void run_multi(job *work, const flight *all, long count) {
  long started = 0;
  long done = 0;
  while (started < all->width && started < count) {
    launch(all, work, &all->slots[started++]);
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
      check(which, result, work, done == 0);
      done++;
      curl_multi_remove_handle(all->multi, which->easy);
      if (started < count) {
        launch(all, work, which);
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

static void print_times(const job *work, double start, double cpu_start) {
  double cpu = cpu_seconds() - cpu_start;
  printf("%.6f %.6f %ld\n", seconds() - start, cpu, work->made);
}

static void time_easy(job *work, long count) {
  slot only;
  open_slot(&only, work);
  run_easy(work, &only, count / 10 + 1);
  double start = seconds();
  double cpu_start = cpu_seconds();
  run_easy(work, &only, count);
  print_times(work, start, cpu_start);
  close_slot(&only);
}

static void time_multi(job *work, long count, long width) {
  flight all = {curl_multi_init(), NULL, width};
  all.slots = must_realloc(NULL, (size_t)width * sizeof *all.slots);
  curl_multi_setopt(all.multi, CURLMOPT_MAXCONNECTS, width * 2);
  curl_multi_setopt(all.multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  for (long i = 0; i < width; i++) {
    open_slot(&all.slots[i], work);
  }
  run_multi(work, &all, count / 10 + width);
  double start = seconds();
  double cpu_start = cpu_seconds();
  run_multi(work, &all, count);
  print_times(work, start, cpu_start);
  for (long i = 0; i < width; i++) {
    close_slot(&all.slots[i]);
  }
  curl_multi_cleanup(all.multi);
  free(all.slots);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    printf("%s\n", curl_version());
    return 0;
  }
  const char *way = argc > 1 ? argv[1] : "";
  bool parsed = strncmp(way, "parsed-", 7) == 0;
  way += parsed ? 7 : 0;
  bool easy = strcmp(way, "easy") == 0;
  bool multi = strcmp(way, "multi") == 0;
  long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
  long width = multi && argc >= 7 ? strtol(argv[6], NULL, 10) : 0;
  if (count < 1 || argc > 8 ||
      !((easy && (argc == 6 || argc == 7)) || width > 0)) {
    fail("usage", "limit [parsed-]easy|multi COUNT URL HEADERS ANSWER "
                  "[BODY|FLIGHT [CA_FILE]]");
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  job work = {.body_name = easy ? argv[6] : NULL,
              .ca_file = multi ? argv[7] : NULL,
              .parsed = parsed,
              .headers = read_headers(argv[4]),
              .answer = read_file(argv[5])};
  append(&work.url, argv[3], strlen(argv[3]));
  if (work.body_name != NULL) {
    work.body = read_file(work.body_name);
  } else {
    append(&work.url, "0000", 4); /* prepare() puts the number there */
  }
  append(&work.url, "", 1);
  work.path = strstr(work.url.data, "://");
  work.path = work.path ? strchr(work.path + 3, '/') : NULL;
  if (work.path == NULL) {
    fail(argv[3], "has no path");
  }
  if (multi) {
    time_multi(&work, count, width);
  } else {
    time_easy(&work, count);
  }
  curl_slist_free_all(work.headers);
  free(work.url.data);
  free(work.body.data);
  free(work.answer.data);
  curl_global_cleanup();
  return 0;
}

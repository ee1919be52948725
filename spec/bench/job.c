/* job.c: see job.h. */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  _Exit(1);
}

void *must_realloc(void *old, size_t size) {
  void *memory = realloc(old, size);
  if (memory == NULL) {
    fail("memory", "there is none left");
  }
  return memory;
}

void append(bytes *to, const char *data, size_t size) {
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
static bytes read_headers(const char *name) {
  bytes headers = {NULL, 0, 0};
  bytes lines = read_file(name);
  append(&lines, "", 1);
  for (char *line = strtok(lines.data, "\n"); line != NULL;
       line = strtok(NULL, "\n")) {
    append(&headers, line, strlen(line) + 1);
  }
  free(lines.data);
  return headers;
}

job read_job(int argc, char **argv) {
  job work = {.way = argc > 1 ? argv[1] : "",
              .count = argc > 2 ? strtol(argv[2], NULL, 10) : 0};
  const char *last = strrchr(work.way, '-');
  last = last != NULL ? last + 1 : work.way;
  work.easy = strcmp(last, "easy") == 0;
  bool multi = strcmp(last, "multi") == 0;
  if (work.easy) {
    work.width = 1;
  } else if (multi && argc >= 7) {
    work.width = strtol(argv[6], NULL, 10);
  }
  if (work.count < 1 || work.width < 1 || argc < 6 ||
      argc > (work.easy ? 7 : 8)) {
    fail("usage", "easy|multi COUNT URL HEADERS ANSWER [BODY|FLIGHT "
                  "[CA_FILE]]");
  }
  work.headers = read_headers(argv[4]);
  work.answer = read_file(argv[5]);
  work.posts = work.easy && argc == 7;
  work.ca_file = multi && argc == 8 ? argv[7] : NULL;
  append(&work.url, argv[3], strlen(argv[3]));
  if (work.posts) {
    work.body = read_file(argv[6]);
  } else {
    append(&work.url, "0000", 4); /* next_request puts the number there */
  }
  append(&work.url, "", 1);
  work.path = strstr(work.url.data, "://");
  work.path = work.path ? strchr(work.path + 3, '/') : NULL;
  if (work.path == NULL) {
    fail(argv[3], "has no path");
  }
  return work;
}

void free_job(job *work) {
  free(work->url.data);
  free(work->headers.data);
  free(work->body.data);
  free(work->answer.data);
}

const char *next_header(const job *work, const char *header) {
  const char *next =
      header == NULL ? work->headers.data : header + strlen(header) + 1;
  return next < work->headers.data + work->headers.size ? next : NULL;
}

void next_request(job *work) {
  long number = 1000 + work->made++ % 1000;
  if (work->posts) {
    return;
  }
  for (char *digit = work->url.data + work->url.size - 2; number > 0;
       number /= 10) {
    *digit-- = (char)('0' + number % 10);
  }
}

void check_answer(const job *work, long status, const char *data, size_t size,
                  bool every_byte) {
  if (status != 200 || size != work->answer.size ||
      (every_byte && memcmp(data, work->answer.data, size) != 0)) {
    fail(work->url.data, "another answer than expected");
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

void time_runs(job *work, void (*run)(void *state, long count), void *state) {
  run(state, work->count / 10 + work->width);
  double start = seconds();
  double cpu_start = cpu_seconds();
  run(state, work->count);
  double cpu = cpu_seconds() - cpu_start;
  printf("%.6f %.6f %ld\n", seconds() - start, cpu, work->made);
}

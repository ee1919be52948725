/* job.h: what the bench's C programs share: the requests to make, the answer to
 * expect, and the times to print.
 *
 * Both are called alike:
 *
 *   PROGRAM easy COUNT URL HEADERS ANSWER [BODY]   one request after the other
 *   PROGRAM multi COUNT URL HEADERS ANSWER FLIGHT [CA_FILE]
 *                                                  FLIGHT requests at a time
 *
 * HEADERS, ANSWER and BODY name files. Without BODY the requests are GETs, and
 * URL is what all URLs begin with: a number of four digits ends them, another
 * for each request. With CA_FILE they go by HTTP/2 over TLS.
 *
 * Every answer's status and size is compared (and its version of HTTP over
 * TLS), and all bytes of one in each run. Printed are seconds and CPU seconds
 * (user and system) of COUNT requests, without those of the warm-up before
 * them, and how many requests there were in all. Any failure ends the program
 * with status 1 and a sentence.
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bytes {
  char *data;
  size_t size;
  size_t room;
} bytes;

typedef struct job {
  const char *way;  /* as given, "easy" or "multi" */
  bool easy;        /* one at a time */
  long count;       /* to be timed */
  long width;       /* how many at a time */
  bytes url;        /* NUL-terminated; a GET's ends in the number of the last */
  const char *path; /* in it */
  long made;        /* requests so far */
  bool posts;       /* `body` is to be sent */
  bytes headers;    /* each "Name: value" with its NUL */
  bytes body, answer;
  const char *ca_file; /* NULL: plain HTTP/1.1 */
} job;

_Noreturn void fail(const char *what, const char *why);

/* Never NULL. */
void *must_realloc(void *old, size_t size);

void append(bytes *to, const char *data, size_t size);

/* Reads the arguments, and the files that they name. */
job read_job(int argc, char **argv);

void free_job(job *work);

/* The header after this one, the first after NULL; NULL: there is none. */
const char *next_header(const job *work, const char *header);

/* Before each request: a GET is for another number than the one before. */
void next_request(job *work);

void check_answer(const job *work, long status, const char *data, size_t size,
                  bool every_byte);

/* Has `run` make requests, to warm up and then to be timed, and prints. */
void time_runs(job *work, void (*run)(void *state, long count), void *state);

#endif

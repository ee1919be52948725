/* transfer.h: one request and its answer.
 *
 * A transfer belongs to an engine (engine.h), which makes it, sends it and
 * takes it back. It gathers the answer in its own memory, under its own
 * limits, so that everything can be read after the connection and the easy
 * handle have gone on to other work.
 */
#ifndef FDK_TRANSFER_H
#define FDK_TRANSFER_H

#include "buffer.h"
#include "header_list.h"
#include "status.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fdk_engine fdk_engine;
typedef struct fdk_handle fdk_handle;

typedef enum fdk_auth {
  FDK_AUTH_NONE,
  FDK_AUTH_BASIC,
  FDK_AUTH_DIGEST
} fdk_auth;

typedef enum fdk_http {
  FDK_HTTP_AUTO, /* HTTP/2 over TLS where the server agrees, else 1.1 */
  FDK_HTTP_1_1,
  FDK_HTTP_2,
  FDK_HTTP_2_PRIOR
} fdk_http;

/* Text of a known size, followed by a NUL; `data` NULL: not given. */
typedef struct fdk_text {
  const char *data;
  size_t size;
} fdk_text;

/* What to send. Only read during submit; nothing here is kept but a reference
 * to the headers. */
typedef struct fdk_request {
  fdk_text method; /* not given: GET */
  fdk_text url;
  fdk_text body;
  fdk_header_list *headers; /* sealed, or NULL */
  fdk_auth auth;
  fdk_text username, password; /* for basic and digest */
  double timeout;              /* seconds for all */
  double connect_timeout;      /* seconds for connecting */
  size_t max_body;             /* bytes, after decoding */
  size_t max_header_bytes, max_header_count;
  fdk_http http;
  fdk_text ca_file, crl_file, proxy;
  bool repeatable; /* may be sent again when a kept connection turns out dead;
                      on top of the methods that always may (RFC 9110, 9.2.2) */
} fdk_request;

/* A request with the defaults of the contract: GET, 30 s, 10 s, 16 MiB. */
void fdk_request_init(fdk_request *request);

/* Checks what libcurl would not, or would only after a while. False, with the
 * failure filled in (kind invalid_input, or timeout when no time is left). */
bool fdk_request_check(const fdk_request *request, fdk_failure *failure);

/* One header of the answer: offsets into `head`. */
typedef struct fdk_field {
  uint32_t name, name_size;
  uint32_t value, value_size;
} fdk_field;

/* Seconds from the start of the transfer, but `total`: of the whole. */
typedef struct fdk_timings {
  double name_lookup, connect, tls, first_byte, total;
} fdk_timings;

/* What of an answer is small, and may be asked for long after. */
typedef struct fdk_answer {
  int status;          /* HTTP status; 0: none came */
  bool reused;         /* went over a kept connection */
  const char *version; /* "1.1", "2", ...; "" when nothing came */
  fdk_timings timings;
  fdk_buffer head;   /* text of the final answer's headers */
  fdk_buffer fields; /* fdk_field, one after another */
} fdk_answer;

/* How many bytes a copy takes; and a copy at `room`, which has as many. The
 * copy's buffers are in there too, and only to be read. */
size_t fdk_answer_size(const fdk_answer *answer);
fdk_answer *fdk_answer_copy(const fdk_answer *answer, void *room);

/* The headers, in the order they came. */
size_t fdk_answer_field_count(const fdk_answer *answer);
fdk_field fdk_answer_field(const fdk_answer *answer, size_t index);

/* The name of one, in lower case from now on: most are never asked for. */
const char *fdk_answer_name(fdk_answer *answer, fdk_field field);

/* The last header of that name in any case; false when there is none. */
bool fdk_answer_find(const fdk_answer *answer, const char *name, size_t size,
                     fdk_field *field);

typedef enum fdk_state {
  FDK_NEW,       /* not submitted */
  FDK_IN_FLIGHT, /* libcurl works on it */
  FDK_DONE       /* everything below is final */
} fdk_state;

/* Why the answer was not read to its end: a limit, or headers that leave open
 * where it would end. */
typedef enum fdk_limit {
  FDK_LIMIT_NONE,
  FDK_LIMIT_STATUS_LINE, /* which was none */
  FDK_LIMIT_FRAMING,
  FDK_LIMIT_BODY,
  FDK_LIMIT_HEADER_BYTES,
  FDK_LIMIT_HEADER_COUNT,
  FDK_LIMIT_MEMORY
} fdk_limit;

typedef struct fdk_transfer {
  /* the answer, to be read once `state` is FDK_DONE */
  fdk_state state;
  bool failed; /* `failure` says how */
  fdk_answer answer;
  fdk_buffer body; /* decoded */
  /* for the owner's use */
  bool pinned;
  /* the engine's */
  bool queued;        /* among the completed */
  fdk_engine *engine; /* NULL: closed meanwhile */
  fdk_handle *handle; /* while in flight */
  struct fdk_transfer *previous, *next, *next_done;
  /* while it is received */
  fdk_buffer send; /* the request's body, as sent */
  fdk_header_list *headers;
  double timeout, connect_timeout;
  size_t max_body, max_header_bytes, max_header_count;
  size_t header_bytes, header_count; /* of all answers, interim ones too */
  long long expected;                /* Content-Length, or -1 */
  fdk_limit limit;
  bool misframed; /* Content-Length is no length, or there are two */
  bool coded;     /* has a Transfer-Encoding */
  bool proxied;   /* connects to a proxy */
  bool bodiless;  /* HEAD: Content-Length announces nothing */
  bool repeatable;
  bool in_block;     /* between a status line and its empty line */
  bool answered;     /* an answer has begun since the last sending */
  bool sent;         /* was given a connection to be sent on */
  bool not_repeated; /* failed rather than be sent twice */
  /* last, since it is large, and no blank transfer needs it cleared */
  fdk_failure failure;
} fdk_transfer;

/* Takes a checked request: copies its body and limits, holds its headers.
 * False when memory is out. */
bool fdk_transfer_take(fdk_transfer *transfer, const fdk_request *request);

/* libcurl's callbacks, on a fdk_handle. They fill the transfer's buffers and
 * set its flags, and never do anything else. */
size_t fdk_transfer_on_header(char *data, size_t size, size_t count,
                              void *handle);
size_t fdk_transfer_on_body(char *data, size_t size, size_t count,
                            void *handle);
int fdk_transfer_on_debug(CURL *easy, curl_infotype type, char *data,
                          size_t size, void *unused);
int fdk_transfer_on_progress(void *handle, curl_off_t expected,
                             curl_off_t received, curl_off_t to_send,
                             curl_off_t sent);
int fdk_transfer_on_send(void *handle, char *peer, char *local, int peer_port,
                         int local_port);

/* Makes the transfer final with libcurl's result: copies what is to be known
 * from the easy handle. */
void fdk_transfer_finish(fdk_transfer *transfer, CURL *easy, CURLcode code,
                         const char *words, int socket_error);

/* Makes the transfer final without libcurl. */
void fdk_transfer_end(fdk_transfer *transfer, fdk_kind kind,
                      const char *message);

#endif

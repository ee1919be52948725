/* status.h: every failure the engine can report.
 *
 * A failure is a kind (what a program acts on), an outcome (may the service
 * have acted on the request?) and a sentence (what a person acts on). The
 * sentence holds host and port, never a path, a query, a header or a body.
 */
#ifndef FDK_STATUS_H
#define FDK_STATUS_H

#include <curl/curl.h>
#include <stdbool.h>

/* The kinds, with the names that Lua sees. */
#define FDK_KINDS(X)                                                           \
  X(FDK_KIND_NONE, "none")                                                     \
  X(FDK_KIND_INVALID_INPUT, "invalid_input") /* the request itself is wrong */ \
  X(FDK_KIND_NETWORK, "network")     /* resolving, connecting, a lost line */  \
  X(FDK_KIND_TLS, "tls")             /* certificates and handshakes */         \
  X(FDK_KIND_TIMEOUT, "timeout")     /* a deadline has passed */               \
  X(FDK_KIND_PROTOCOL, "protocol")   /* malformed or cut-off HTTP */           \
  X(FDK_KIND_TOO_LARGE, "too_large") /* a limit of ours, or memory */          \
  X(FDK_KIND_CANCELLED, "cancelled") /* by the caller, or the engine closed */ \
  X(FDK_KIND_DECODE, "decode")       /* a broken content encoding */

typedef enum fdk_kind {
#define FDK_KIND_ENUM(name, text) name,
  FDK_KINDS(FDK_KIND_ENUM)
#undef FDK_KIND_ENUM
} fdk_kind;

/* The kind's name in Lua; static. */
const char *fdk_kind_name(fdk_kind kind);

/* Texts that do not fit are cut; nothing here needs memory. */
typedef struct fdk_failure {
  fdk_kind kind;
  bool sent;         /* a part of the request may have left */
  const char *field; /* the request's field at fault (static), or NULL */
  char message[384]; /* a sentence */
  char detail[CURL_ERROR_SIZE]; /* libcurl's own words, or "" */
} fdk_failure;

/* The outcome's name in Lua: "not_sent" or "unknown"; static. */
const char *fdk_outcome_name(const fdk_failure *failure);

/* Fills in a failure with a printf-style sentence. Nothing sent, no detail. */
void fdk_fail(fdk_failure *failure, fdk_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is known of a transfer that libcurl ended with an error. */
typedef struct fdk_facts {
  CURLcode code;
  const char *peer;       /* "host:port"; for a proxy, "the proxy" */
  const char *words;      /* libcurl's, may be NULL or "" */
  long system_error;      /* errno of the last connect, or 0 */
  bool connected;         /* a connection was there to send the request on */
  bool sent;              /* a part of the request may have left */
  bool answered;          /* an answer has begun */
  long long received;     /* bytes of its body so far, as they came */
  long long expected;     /* bytes it said it has, or -1 */
  double timeout;         /* seconds allowed for all */
  double connect_timeout; /* seconds allowed for connecting */
} fdk_facts;

/* Fills in the failure that the facts amount to. */
void fdk_explain(fdk_failure *failure, const fdk_facts *facts);

#endif

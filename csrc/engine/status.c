/* status.c: see status.h. */
#include "status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* libcurl's errors: the kind, and the sentence with %s for the peer. What is
 * not here cannot come from an HTTP transfer as the engine sets it up, and is
 * reported as FALLBACK. */
#define ERRORS(X)                                                              \
  X(CURLE_UNSUPPORTED_PROTOCOL, PROTOCOL, "%s did not answer with HTTP")       \
  X(CURLE_URL_MALFORMAT, INVALID_INPUT, "the URL is malformed")                \
  X(CURLE_COULDNT_RESOLVE_PROXY, NETWORK,                                      \
    "could not find the address of the proxy")                                 \
  X(CURLE_COULDNT_RESOLVE_HOST, NETWORK, "could not find the address of %s")   \
  X(CURLE_COULDNT_CONNECT, NETWORK, "could not connect to %s")                 \
  X(CURLE_INTERFACE_FAILED, NETWORK, "could not connect to %s")                \
  X(CURLE_PROXY, NETWORK, "the proxy did not connect to the service")          \
  X(CURLE_WEIRD_SERVER_REPLY, PROTOCOL, "%s sent an answer that is not HTTP")  \
  X(CURLE_BAD_FUNCTION_ARGUMENT, PROTOCOL,                                     \
    "%s sent an answer that is not HTTP")                                      \
  X(CURLE_HTTP2, PROTOCOL, "%s broke the rules of HTTP/2")                     \
  X(CURLE_HTTP2_STREAM, PROTOCOL, "%s ended the HTTP/2 stream with an error")  \
  X(CURLE_PARTIAL_FILE, PROTOCOL, "the answer from %s is incomplete")          \
  X(CURLE_OPERATION_TIMEDOUT, TIMEOUT, "%s did not answer in time")            \
  X(CURLE_GOT_NOTHING, NETWORK, "%s closed the connection without an answer")  \
  X(CURLE_SEND_ERROR, NETWORK, "the connection to %s broke while sending")     \
  X(CURLE_SEND_FAIL_REWIND, NETWORK,                                           \
    "the connection to %s broke while sending")                                \
  X(CURLE_RECV_ERROR, NETWORK, "the connection to %s broke")                   \
  X(CURLE_BAD_CONTENT_ENCODING, DECODE,                                        \
    "the compressed answer from %s could not be unpacked")                     \
  X(NEW_TOO_LARGE, TOO_LARGE, "the answer from %s is too large")               \
  X(CURLE_FILESIZE_EXCEEDED, TOO_LARGE, "the answer from %s is too large")     \
  X(CURLE_OUT_OF_MEMORY, TOO_LARGE,                                            \
    "a header of the answer from %s is too long, or memory is out")            \
  X(CURLE_AUTH_ERROR, PROTOCOL, "the authentication with %s failed")           \
  X(CURLE_SSL_CONNECT_ERROR, TLS, "no secure connection to %s")                \
  X(CURLE_PEER_FAILED_VERIFICATION, TLS,                                       \
    "the certificate of %s was not accepted")                                  \
  X(CURLE_SSL_CERTPROBLEM, TLS, "the client certificate could not be used")    \
  X(CURLE_SSL_CIPHER, TLS, "no secure connection to %s")                       \
  X(CURLE_SSL_ENGINE_INITFAILED, TLS, "no secure connection to %s")            \
  X(CURLE_SSL_ISSUER_ERROR, TLS, "the certificate of %s was not accepted")     \
  X(CURLE_SSL_INVALIDCERTSTATUS, TLS,                                          \
    "the certificate of %s was not accepted")                                  \
  X(CURLE_SSL_CACERT_BADFILE, TLS,                                             \
    "the file of trusted certificates (ca_file) could not be read")            \
  X(CURLE_SSL_CRL_BADFILE, TLS,                                                \
    "the revocation list (crl_file) could not be read")                        \
  X(CURLE_USE_SSL_FAILED, TLS, "no secure connection to %s")

/* CURLE_TOO_LARGE, which the oldest libcurl supported does not know. */
#define NEW_TOO_LARGE ((CURLcode)100)

#define FALLBACK_TEXT "the exchange with %s failed"

typedef struct error_row {
  CURLcode code;
  fdk_kind kind;
  const char *text;
} error_row;

static const error_row errors[] = {
#define ROW(code, kind, text) {code, FDK_KIND_##kind, text},
    ERRORS(ROW)
#undef ROW
};

const char *fdk_kind_name(fdk_kind kind) {
  static const char *const names[] = {
#define FDK_KIND_NAME(name, text) [name] = text,
      FDK_KINDS(FDK_KIND_NAME)
#undef FDK_KIND_NAME
  };
  return names[kind];
}

const char *fdk_outcome_name(const fdk_failure *failure) {
  return failure->sent ? "unknown" : "not_sent";
}

void fdk_fail(fdk_failure *failure, fdk_kind kind, const char *format, ...) {
  failure->kind = kind;
  failure->sent = false;
  failure->field = NULL;
  failure->detail[0] = '\0';
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->message, sizeof failure->message, format, arguments);
  va_end(arguments);
}

static error_row find(CURLcode code) {
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    if (errors[i].code == code)
      return errors[i];
  return (error_row){code, FDK_KIND_NETWORK, FALLBACK_TEXT};
}

/* Writes the row's sentence, the peer in its place. */
static void fail_with(fdk_failure *failure, error_row row, const char *peer) {
  const char *place = strstr(row.text, "%s");
  if (place == NULL)
    fdk_fail(failure, row.kind, "%s", row.text);
  else
    fdk_fail(failure, row.kind, "%.*s%s%s", (int)(place - row.text), row.text,
             peer, place + 2);
}

/* What stopped a connection, in words; NULL when that is not known. */
static const char *system_words(long code) {
  switch (code) {
  case ECONNREFUSED:
    return "connection refused (is the service running there?)";
  case EHOSTUNREACH:
    return "the host cannot be reached";
  case ENETUNREACH:
    return "the network cannot be reached";
  case ETIMEDOUT:
    return "the host did not answer";
  case ECONNRESET:
    return "connection reset";
  case EADDRNOTAVAIL:
    return "no local port is free";
  case EMFILE:
  case ENFILE:
    return "too many open files";
  case ENOMEM:
  case ENOBUFS:
    return "not enough memory";
  case EACCES:
  case EPERM:
    return "not permitted on this machine";
  default:
    return NULL;
  }
}

/* Adds ": words" to the sentence. */
static void add(fdk_failure *failure, const char *words) {
  size_t used = strlen(failure->message);
  snprintf(failure->message + used, sizeof failure->message - used, ": %s",
           words);
}

static void explain_timeout(fdk_failure *failure, const fdk_facts *facts) {
  double allowed = facts->timeout;
  if (!facts->connected) {
    if (facts->connect_timeout < allowed)
      allowed = facts->connect_timeout;
    fdk_fail(failure, FDK_KIND_TIMEOUT, "no connection to %s within %.3g s",
             facts->peer, allowed);
  } else if (!facts->answered) {
    fdk_fail(failure, FDK_KIND_TIMEOUT, "%s did not answer within %.3g s",
             facts->peer, allowed);
  } else {
    fdk_fail(failure, FDK_KIND_TIMEOUT,
             "the answer from %s was not complete within %.3g s (%lld bytes "
             "had come)",
             facts->peer, allowed, facts->received);
  }
}

static void explain_cut(fdk_failure *failure, const fdk_facts *facts,
                        fdk_kind kind) {
  if (facts->expected > facts->received)
    fdk_fail(failure, kind,
             "the answer from %s stopped after %lld of %lld bytes", facts->peer,
             facts->received, facts->expected);
  else
    fdk_fail(failure, kind,
             "the answer from %s stopped after %lld bytes, before its end",
             facts->peer, facts->received);
}

/* libcurl's words, unless they could repeat a part of a URL. */
static bool are_fit(const char *words) {
  return words != NULL && words[0] != '\0' && strpbrk(words, "?@") == NULL;
}

/* libcurl has one code for a connection that broke and for one that it cannot
 * make sense of any more. Only its words tell them apart. */
static bool explain_nonsense(fdk_failure *failure, const fdk_facts *facts) {
  if (facts->code != CURLE_RECV_ERROR || facts->words == NULL)
    return false;
  if (facts->answered && strstr(facts->words, "chunked-encoding") != NULL)
    fdk_fail(failure, FDK_KIND_PROTOCOL,
             "the answer from %s is not divided into chunks as it should be",
             facts->peer);
  else if (strstr(facts->words, "nghttp2_session_mem_recv") != NULL)
    fail_with(failure, find(CURLE_HTTP2), facts->peer);
  else
    return false;
  return true;
}

/* What libcurl's code stands for. */
static void explain_code(fdk_failure *failure, const fdk_facts *facts) {
  error_row row = find(facts->code);
  if (facts->answered &&
      (facts->code == CURLE_PARTIAL_FILE || facts->code == CURLE_RECV_ERROR)) {
    explain_cut(failure, facts, row.kind);
    return;
  }
  fail_with(failure, row, facts->peer);
  const char *words = system_words(facts->system_error);
  if (facts->code == CURLE_COULDNT_CONNECT && words != NULL)
    add(failure, words);
  else if (row.kind == FDK_KIND_TLS && are_fit(facts->words))
    add(failure, facts->words);
}

void fdk_explain(fdk_failure *failure, const fdk_facts *facts) {
  if (facts->code == CURLE_OPERATION_TIMEDOUT)
    explain_timeout(failure, facts);
  else if (!explain_nonsense(failure, facts))
    explain_code(failure, facts);
  failure->sent = facts->sent;
  if (are_fit(facts->words))
    snprintf(failure->detail, sizeof failure->detail, "%s", facts->words);
}

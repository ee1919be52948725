/* handle.h: libcurl's easy handles, kept and set up once.
 *
 * To reset an easy handle and set it up again costs more than a third of a
 * small request. So handles are kept, what never changes is set when one is
 * made, and of the rest only what differs from its last use.
 */
#ifndef FDK_HANDLE_H
#define FDK_HANDLE_H

#include "transfer.h"

#include <curl/curl.h>
#include <stdbool.h>

/* How the method and body options stand. */
typedef enum fdk_shape {
  FDK_SHAPE_NEW,
  FDK_SHAPE_GET,        /* GET */
  FDK_SHAPE_HEAD,       /* HEAD */
  FDK_SHAPE_POST,       /* POST, with or without a body */
  FDK_SHAPE_CUSTOM,     /* another method without a body */
  FDK_SHAPE_CUSTOM_POST /* another method with one */
} fdk_shape;

struct fdk_handle {
  CURL *easy;
  fdk_transfer *transfer; /* the one it works for; NULL in the pool */
  struct fdk_handle *next;
  CURLU *url;
  fdk_buffer parsed; /* what `url` was parsed from, with its NUL */
  fdk_shape shape;
  fdk_auth auth;
  int http;                      /* fdk_http, and whether over TLS */
  long timeout, connect_timeout; /* milliseconds */
  struct curl_slist *headers;
  bool has_target, has_ca_file, has_crl_file, has_proxy;
  bool worn; /* has repeated a request: libcurl before 8.17 counts that as long
                as the handle lives, and does it five times */
  bool remembers_freed; /* libcurl 7.83 to 8.0 remembers a header of the last
                           answer that it has freed, and would write to it if
                           the next answer began with a continued line */
  char *digest; /* origin and credentials it has done Digest for; or NULL */
  char words[CURL_ERROR_SIZE];
};

/* What the sockets of a handle are opened and closed by. */
typedef struct fdk_socket_hooks {
  curl_opensocket_callback open;
  curl_closesocket_callback close;
  void *data;
} fdk_socket_hooks;

/* A handle with all that never changes; NULL when memory is out, or libcurl
 * lacks something. The hooks' data must live as long as its connections. */
fdk_handle *fdk_handle_new(const fdk_socket_hooks *hooks);

/* Sets what the request (which has passed fdk_request_check) needs. False, with
 * the failure filled in, when its URL is wrong or libcurl refuses something;
 * the handle can only be freed then. */
bool fdk_handle_prepare(fdk_handle *handle, const fdk_request *request,
                        fdk_transfer *transfer, fdk_failure *failure);

/* NULL is fine. The handle must be in no multi handle. */
void fdk_handle_free(fdk_handle *handle);

/* Handles in waiting. Those that carried Digest credentials keep the server's
 * nonce and are only for the same origin and credentials again. */
typedef struct fdk_handle_pool {
  fdk_handle *plain, *digest;
  size_t plain_count, digest_count;
} fdk_handle_pool;

/* A handle, kept or new, prepared for the transfer and its request. NULL, with
 * the failure filled in, when memory is out or libcurl was built without what
 * the request needs. */
fdk_handle *fdk_handle_take(fdk_handle_pool *pool,
                            const fdk_socket_hooks *hooks,
                            const fdk_request *request, fdk_transfer *transfer,
                            fdk_failure *failure);

/* Takes a handle back that is in no multi handle any more. */
void fdk_handle_give(fdk_handle_pool *pool, fdk_handle *handle);

/* Frees all handles in the pool. */
void fdk_handle_pool_free(fdk_handle_pool *pool);

#endif

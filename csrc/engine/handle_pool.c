/* handle_pool.c: easy handles in waiting; see handle.h. */
#include "handle.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_PLAIN = 256, KEPT_DIGEST = 16 };

/* What a Digest handle is for, in one text; NULL when memory is out. */
static char *digest_key(const fdk_request *request) {
  const char *url = request->url.data;
  const char *slashes = strstr(url, "//");
  const char *authority = slashes != NULL ? slashes + 2 : url;
  size_t origin = (size_t)(authority - url) + strcspn(authority, "/?");
  fdk_buffer key = FDK_BUFFER_INIT;
  /* a line break is in neither part, so no two keys can be read as one */
  if (!fdk_buffer_append(&key, url, origin) || !fdk_buffer_push(&key, '\n') ||
      !fdk_buffer_append(&key, request->username.data,
                         request->username.size) ||
      !fdk_buffer_push(&key, '\n') ||
      !fdk_buffer_append(&key, request->password.data,
                         request->password.size) ||
      !fdk_buffer_push(&key, '\0'))
    fdk_buffer_free(&key);
  return key.data;
}

static fdk_handle *find_digest(fdk_handle_pool *pool, const char *key) {
  for (fdk_handle **at = &pool->digest; *at != NULL; at = &(*at)->next) {
    fdk_handle *handle = *at;
    if (strcmp(handle->digest, key) == 0) {
      *at = handle->next;
      pool->digest_count--;
      return handle;
    }
  }
  return NULL;
}

/* A server could write to our memory through a handle that remembers; a copy of
 * it has seen no answer. */
static bool forget_answer(fdk_handle *handle) {
  CURL *copy = curl_easy_duphandle(handle->easy);
  if (copy == NULL)
    return false;
  curl_easy_cleanup(handle->easy);
  handle->easy = copy;
  return fdk_handle_show_url(handle);
}

/* Makes one used handle fit for the next request, or frees it. False when there
 * is none. */
static bool freshen_one(fdk_handle_pool *pool) {
  fdk_handle *handle = pool->used;
  if (handle == NULL)
    return false;
  pool->used = handle->next;
  if (forget_answer(handle)) {
    handle->next = pool->plain;
    pool->plain = handle;
  } else {
    fdk_handle_free(handle);
    pool->plain_count--;
  }
  return true;
}

void fdk_handle_pool_freshen(fdk_handle_pool *pool) {
  while (freshen_one(pool))
    ;
}

/* A plain handle, or NULL. The only used one stays: with a second, of two that
 * serve one request after the other the idle one is made ready while the other
 * waits for its answer. */
static fdk_handle *take_plain(fdk_handle_pool *pool) {
  if (pool->plain == NULL && pool->used != NULL && pool->used->next != NULL)
    freshen_one(pool);
  fdk_handle *handle = pool->plain;
  if (handle != NULL) {
    pool->plain = handle->next;
    pool->plain_count--;
  }
  return handle;
}

/* A kept handle, or a new one; NULL when memory is out. */
static fdk_handle *obtain(fdk_handle_pool *pool, const fdk_socket_hooks *hooks,
                          const fdk_request *request) {
  char *key = NULL;
  fdk_handle *handle = NULL;
  if (request->auth == FDK_AUTH_DIGEST) {
    key = digest_key(request);
    if (key == NULL)
      return NULL;
    handle = find_digest(pool, key);
  } else {
    handle = take_plain(pool);
  }
  if (handle == NULL)
    handle = fdk_handle_new(hooks);
  if (handle != NULL && handle->digest == NULL) {
    handle->digest = key;
    return handle;
  }
  if (key != NULL)
    explicit_bzero(key, strlen(key));
  free(key);
  return handle;
}

fdk_handle *fdk_handle_take(fdk_handle_pool *pool,
                            const fdk_socket_hooks *hooks,
                            const fdk_request *request, fdk_transfer *transfer,
                            fdk_failure *failure) {
  fdk_handle *handle = obtain(pool, hooks, request);
  if (handle == NULL) {
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "there is not enough memory for a request, or libcurl lacks what "
             "is needed");
    return NULL;
  }
  if (fdk_handle_prepare(handle, request, transfer, failure))
    return handle;
  fdk_handle_free(handle); /* half set up */
  return NULL;
}

void fdk_handle_give(fdk_handle_pool *pool, fdk_handle *handle) {
  bool digest = handle->digest != NULL;
  bool used = handle->remembers_freed;
  fdk_handle **list = digest ? &pool->digest
                      : used ? &pool->used
                             : &pool->plain;
  size_t *count = digest ? &pool->digest_count : &pool->plain_count;
  size_t most = digest ? (size_t)KEPT_DIGEST : (size_t)KEPT_PLAIN;
  handle->transfer = NULL;
  handle->words[0] = '\0';
  if (handle->worn || *count >= most ||
      (digest && used && !forget_answer(handle))) {
    fdk_handle_free(handle);
    return;
  }
  handle->next = *list;
  *list = handle;
  (*count)++;
}

void fdk_handle_pool_free(fdk_handle_pool *pool) {
  fdk_handle *const lists[] = {pool->plain, pool->used, pool->digest};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    for (fdk_handle *handle = lists[i], *next; handle != NULL; handle = next) {
      next = handle->next;
      fdk_handle_free(handle);
    }
  *pool = (fdk_handle_pool){0};
}

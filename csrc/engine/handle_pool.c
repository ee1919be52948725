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
  } else if (pool->plain != NULL) {
    handle = pool->plain;
    pool->plain = handle->next;
    pool->plain_count--;
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
  fdk_handle **list = digest ? &pool->digest : &pool->plain;
  size_t *count = digest ? &pool->digest_count : &pool->plain_count;
  size_t most = digest ? (size_t)KEPT_DIGEST : (size_t)KEPT_PLAIN;
  handle->transfer = NULL;
  handle->words[0] = '\0';
  if (handle->worn || *count >= most) {
    fdk_handle_free(handle);
    return;
  }
  handle->next = *list;
  *list = handle;
  (*count)++;
}

void fdk_handle_pool_free(fdk_handle_pool *pool) {
  fdk_handle *const lists[] = {pool->plain, pool->digest};
  for (size_t i = 0; i < 2; i++)
    for (fdk_handle *handle = lists[i], *next; handle != NULL; handle = next) {
      next = handle->next;
      fdk_handle_free(handle);
    }
  *pool = (fdk_handle_pool){0};
}

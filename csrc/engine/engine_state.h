/* engine_state.h: what engine.c (life) and engine_drive.c (work) share. */
#ifndef FDK_ENGINE_STATE_H
#define FDK_ENGINE_STATE_H

#include "engine.h"
#include "fork_mark.h"
#include "handle.h"
#include "poller.h"

enum { FDK_KEPT_BUFFERS = 64 };

struct fdk_engine {
  fdk_engine_options options;
  CURLM *multi; /* NULL: given up in a forked child, or memory was out */
  fdk_poller poller;
  fdk_handle_pool handles;
  fdk_socket_hooks hooks;
  int socket_error; /* why there was none to be had lately, an errno; or 0 */
  int64_t due;      /* when libcurl wants to be called; -1: never */
  bool external;    /* somebody polls the descriptor */
  bool nudged;      /* which is to be readable although nothing happens */
  bool looks_first; /* at idle sockets, before libcurl takes one of them */
  size_t in_flight;
  fdk_transfer *transfers;              /* all, whatever their state */
  fdk_transfer *first_done, *last_done; /* the queue of the completed */
  fdk_transfer *blanks;                 /* to be used again */
  fdk_buffer buffers[FDK_KEPT_BUFFERS]; /* to be used again */
  size_t buffer_count, blank_count;
  fdk_fork_mark mark;
};

/* Whether there is anything to drive. In a forked child the engine is given up
 * here, at its first use. */
bool fdk_engine_is_alive(fdk_engine *engine);

/* Fails all that is in flight, and takes libcurl's part anew; returns how many
 * they were. For when libcurl has run out of memory in the midst of its work:
 * it may have left pieces behind that it would trip over. */
int fdk_engine_start_over(fdk_engine *engine);

/* The queue of the completed; to remove what is not in it is fine. */
void fdk_engine_push_done(fdk_engine *engine, fdk_transfer *transfer);
void fdk_engine_remove_done(fdk_engine *engine, fdk_transfer *transfer);

/* Takes a transfer's handle out of libcurl's hands and keeps it. */
void fdk_engine_retire_handle(fdk_engine *engine, fdk_transfer *transfer);

/* Gives back what only a transfer in flight needs, and of one that has failed
 * the body too: how large it is Lua's collector would not know. */
void fdk_engine_drop_request(fdk_transfer *transfer);

/* Keeps the timer right for those who poll the descriptor. False, with errno
 * set, when there can be none. */
bool fdk_engine_set_timer(fdk_engine *engine);

#endif

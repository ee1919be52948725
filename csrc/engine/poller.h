/* poller.h: libcurl's sockets and the engine's timer behind one descriptor.
 *
 * A socket between two requests stays registered, so that a kept connection
 * costs no system call when it is used again. That is safe because the poller
 * sees each socket of libcurl being opened and closed: a registration never
 * outlives its socket. Should an idle socket have something to say (mostly
 * that the server has closed it), its registration goes, so that it cannot keep
 * a loop busy; where libcurl would take that for an answer, the socket's
 * connection goes too. Descriptors that libcurl did not open by the poller (those of
 * its resolver) are registered only while they are wanted.
 */
#ifndef FDK_POLLER_H
#define FDK_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

enum { FDK_POLLER_EVENTS = 64 }; /* taken at one wake-up */

/* What is known of a descriptor number. Bits as libcurl's CURL_POLL_IN/OUT. */
typedef struct fdk_slot {
  uint8_t ours;       /* opened by fdk_poller_socket */
  uint8_t wanted;     /* what libcurl waits for */
  uint8_t registered; /* what the kernel was told; 0: not registered */
  uint8_t talks;      /* has things to say between requests: HTTP/2 */
} fdk_slot;

typedef struct fdk_poller {
  int epoll; /* -1: not open */
  int timer; /* -1: nobody has asked for it */
  fdk_slot *slots;
  size_t slot_count;
  int64_t armed; /* what the timer was set to; -1: not set */
  bool hangs_up; /* on a socket that speaks without being asked */
  struct epoll_event events[FDK_POLLER_EVENTS];
} fdk_poller;

/* Opens the descriptor. False, with errno set, when there are too many. */
bool fdk_poller_open(fdk_poller *poller);

/* Closes the descriptors of the poller itself; sockets are libcurl's to close.
 * Fine to call twice. */
void fdk_poller_close(fdk_poller *poller);

/* Closes what a forked child has inherited: sockets too, without a word to
 * their peers, and no registration is changed, since the parent shares them. */
void fdk_poller_abandon(fdk_poller *poller);

/* Opens a socket for libcurl; -1, as socket() does. */
int fdk_poller_socket(fdk_poller *poller, int family, int type, int protocol);

/* Closes a socket, registered or not; as close() does. */
int fdk_poller_close_socket(fdk_poller *poller, int descriptor);

/* Takes libcurl's wish (CURL_POLL_*) for a descriptor. False when memory or
 * the kernel's room for registrations is out. */
bool fdk_poller_want(fdk_poller *poller, int descriptor, int what);

/* Lets a socket have things to say between requests. */
void fdk_poller_let_talk(fdk_poller *poller, int descriptor);

/* Waits at most `milliseconds` (-1: without end). Returns the number of events,
 * or -1 when a signal came. */
int fdk_poller_wait(fdk_poller *poller, int milliseconds);

/* The event at `index` of the last wait: its descriptor, and in `what` the
 * CURL_CSELECT_* bits to act on; 0 when there is nothing to do. */
int fdk_poller_event(fdk_poller *poller, int index, int *what);

/* Makes the descriptor readable at `due` (nanoseconds of fdk_poller_now, -1:
 * never), or earlier: a timer that is set is not set to later, which would
 * happen for each request and costs much; it goes off for nothing now and then.
 * From the first call on there is a timer. False, with errno set, when it could
 * not be made. */
bool fdk_poller_arm(fdk_poller *poller, int64_t due);

/* The monotonic clock in nanoseconds. */
int64_t fdk_poller_now(void);

#endif

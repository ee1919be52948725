/* poller.c: see poller.h. */
#include "poller.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

bool fdk_poller_open(fdk_poller *poller) {
  *poller = (fdk_poller){.epoll = -1, .timer = -1, .armed = -1};
  poller->epoll = epoll_create1(EPOLL_CLOEXEC);
  return poller->epoll >= 0;
}

void fdk_poller_close(fdk_poller *poller) {
  if (poller->timer >= 0)
    close(poller->timer);
  if (poller->epoll >= 0)
    close(poller->epoll);
  poller->epoll = poller->timer = -1;
  free(poller->slots);
  poller->slots = NULL;
  poller->slot_count = 0;
}

void fdk_poller_abandon(fdk_poller *poller) {
  for (size_t i = 0; i < poller->slot_count; i++)
    if (poller->slots[i].ours)
      close((int)i);
  fdk_poller_close(poller);
}

/* The slot of a descriptor number; NULL when memory is out. */
static fdk_slot *slot_of(fdk_poller *poller, int descriptor) {
  size_t index = (size_t)descriptor;
  if (index >= poller->slot_count) {
    size_t count = poller->slot_count < 64 ? 64 : poller->slot_count;
    while (count <= index)
      count *= 2;
    fdk_slot *slots = realloc(poller->slots, count * sizeof *slots);
    if (slots == NULL)
      return NULL;
    memset(slots + poller->slot_count, 0,
           (count - poller->slot_count) * sizeof *slots);
    poller->slots = slots;
    poller->slot_count = count;
  }
  return &poller->slots[index];
}

int fdk_poller_socket(fdk_poller *poller, int family, int type, int protocol) {
  int descriptor = socket(family, type | SOCK_CLOEXEC, protocol);
  if (descriptor < 0)
    return -1;
  fdk_slot *slot = slot_of(poller, descriptor);
  if (slot == NULL) {
    close(descriptor);
    errno = ENOMEM;
    return -1;
  }
  *slot = (fdk_slot){.ours = 1};
  return descriptor;
}

static void unregister(fdk_poller *poller, int descriptor, fdk_slot *slot) {
  if (slot->registered != 0)
    epoll_ctl(poller->epoll, EPOLL_CTL_DEL, descriptor, NULL);
  slot->registered = 0;
}

int fdk_poller_close_socket(fdk_poller *poller, int descriptor) {
  if ((size_t)descriptor < poller->slot_count) {
    fdk_slot *slot = &poller->slots[descriptor];
    /* closing would do, were it not for a child that inherited the socket */
    unregister(poller, descriptor, slot);
    *slot = (fdk_slot){0};
  }
  return close(descriptor);
}

/* Tells the kernel. False when it has no room. */
static bool set_interest(fdk_poller *poller, int descriptor, fdk_slot *slot,
                         uint8_t bits) {
  struct epoll_event event = {.data.fd = descriptor};
  if (bits & CURL_POLL_IN)
    event.events |= EPOLLIN;
  if (bits & CURL_POLL_OUT)
    event.events |= EPOLLOUT;
  int first = slot->registered != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  int second = slot->registered != 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  int result = epoll_ctl(poller->epoll, first, descriptor, &event);
  /* the number may be another file's by now, where it is not our socket */
  if (result != 0 && (errno == ENOENT || errno == EEXIST))
    result = epoll_ctl(poller->epoll, second, descriptor, &event);
  slot->registered = result == 0 ? bits : 0;
  return result == 0;
}

bool fdk_poller_want(fdk_poller *poller, int descriptor, int what) {
  fdk_slot *slot = slot_of(poller, descriptor);
  if (slot == NULL)
    return false;
  slot->wanted = (uint8_t)(what & CURL_POLL_INOUT);
  if (what == CURL_POLL_REMOVE)
    slot->wanted = 0;
  if (slot->wanted == 0) {
    if (!slot->ours)
      unregister(poller, descriptor, slot);
    return true;
  }
  return slot->registered == slot->wanted ||
         set_interest(poller, descriptor, slot, slot->wanted);
}

int fdk_poller_wait(fdk_poller *poller, int milliseconds) {
  return epoll_wait(poller->epoll, poller->events, FDK_POLLER_EVENTS,
                    milliseconds);
}

void fdk_poller_let_talk(fdk_poller *poller, int descriptor) {
  if (descriptor >= 0 && (size_t)descriptor < poller->slot_count)
    poller->slots[descriptor].talks = 1;
}

/* Puts a connection that is over in the place of a socket, which libcurl then
 * finds closed: to shut the socket down would leave what it has to say in it. */
static void hang_up(int descriptor) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                 pair) != 0) {
    shutdown(descriptor, SHUT_RDWR); /* the next request on it fails */
    return;
  }
  close(pair[1]);
  dup3(pair[0], descriptor, O_CLOEXEC);
  close(pair[0]);
}

/* Something happened on a socket that no request uses. */
static void settle_idle(fdk_poller *poller, int descriptor, fdk_slot *slot,
                        uint32_t events) {
  if (events == EPOLLOUT) /* left from sending; reading alone is quiet */
    set_interest(poller, descriptor, slot, CURL_POLL_IN);
  else
    unregister(poller, descriptor, slot);
  if (poller->hangs_up && slot->ours && !slot->talks && (events & EPOLLIN) != 0)
    hang_up(descriptor);
}

int fdk_poller_event(fdk_poller *poller, int index, int *what) {
  uint32_t events = poller->events[index].events;
  int descriptor = poller->events[index].data.fd;
  *what = 0;
  if (descriptor == poller->timer) {
    uint64_t count = 0;
    if (read(poller->timer, &count, sizeof count) > 0)
      poller->armed = -1;
    return descriptor;
  }
  fdk_slot *slot = &poller->slots[descriptor];
  if (slot->registered == 0) /* went with an earlier event of this wake-up */
    return descriptor;
  if (slot->wanted == 0) {
    settle_idle(poller, descriptor, slot, events);
    return descriptor;
  }
  /* after an error libcurl is to read or write, and so to learn which it is */
  if (events & (EPOLLERR | EPOLLHUP))
    events |= EPOLLIN | EPOLLOUT;
  if ((events & EPOLLIN) && (slot->wanted & CURL_POLL_IN))
    *what |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) && (slot->wanted & CURL_POLL_OUT))
    *what |= CURL_CSELECT_OUT;
  return descriptor;
}

bool fdk_poller_arm(fdk_poller *poller, int64_t due) {
  if (poller->timer < 0) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0)
      return false;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = timer};
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, timer, &event) != 0) {
      close(timer);
      return false;
    }
    poller->timer = timer;
  }
  if (due < 0 || (poller->armed >= 0 && poller->armed <= due))
    return true;
  struct itimerspec when = {0}; /* zero would disarm */
  when.it_value.tv_sec = (time_t)(due / 1000000000);
  when.it_value.tv_nsec = (long)(due % 1000000000) | 1;
  if (timerfd_settime(poller->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
    return false;
  poller->armed = due;
  return true;
}

int64_t fdk_poller_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

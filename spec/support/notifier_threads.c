/* notifier_threads.c: a loop and its notifier at work, for ThreadSanitizer.
 *
 * `make sanitize-thread` runs it. Prints nothing and ends with 0 when each
 * event was told once, and in every state in which a notifier can be ended.
 */
#include "engine/notifier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS = 5000, ROUNDS = 50 };

static void check(bool good, const char *what) {
  if (good)
    return;
  fprintf(stderr, "notifier_threads: %s\n", what);
  exit(1);
}

static int connect_to(const fdk_notifier *notifier) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s",
           fdk_notifier_path(notifier));
  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(connect(connection, (struct sockaddr *)&address, sizeof address) == 0,
        "cannot connect");
  return connection;
}

static char next_byte(int connection) {
  char byte = 0;
  return read(connection, &byte, 1) == 1 ? byte : '\0';
}

static void raise_event(int event) {
  const uint64_t one = 1;
  check(write(event, &one, sizeof one) == sizeof one, "cannot write an event");
}

static void take_event(int event) {
  uint64_t count = 0;
  check(read(event, &count, sizeof count) == sizeof count && count == 1,
        "there was nothing to do");
}

static fdk_notifier *notifier_of(int event, int quiet) {
  fdk_failure failure;
  fdk_notifier *notifier = fdk_notifier_new(event, "/tmp", quiet, &failure);
  check(notifier != NULL, "no notifier");
  return notifier;
}

static void tell_each_event(int event) {
  fdk_notifier *notifier = notifier_of(event, -1);
  int connection = connect_to(notifier);
  for (int i = 0; i < EVENTS; i++) {
    raise_event(event);
    check(next_byte(connection) == '!', "an event was not told");
    take_event(event);
    fdk_notifier_acknowledge(notifier);
  }
  fdk_notifier_free(notifier);
  check(next_byte(connection) == '\0', "more was told than there was");
  close(connection);
}

/* A loop that wakes for nothing, or acknowledges what it was not told, is told
 * no less for that; and one event is told once, however often it was raised. */
static void storm(int event) {
  fdk_notifier *notifier = notifier_of(event, -1);
  int connection = connect_to(notifier);
  for (int i = 0; i < ROUNDS; i++) {
    for (int j = 0; j < 100; j++)
      raise_event(event);
    check(next_byte(connection) == '!', "a storm was not told");
    uint64_t count = 0;
    check(read(event, &count, sizeof count) == sizeof count && count == 100,
          "part of a storm was lost");
    for (int j = 0; j < 100; j++)
      fdk_notifier_acknowledge(notifier);
    raise_event(event); /* told although the loop owes it nothing any more */
    check(next_byte(connection) == '!', "an event after a storm was not told");
    take_event(event);
    fdk_notifier_acknowledge(notifier);
  }
  fdk_notifier_free(notifier);
  close(connection);
}

typedef struct raiser {
  int event;
  atomic_bool over;
} raiser;

static void *raise_on(void *argument) {
  raiser *self = argument;
  while (!atomic_load(&self->over))
    raise_event(self->event);
  return NULL;
}

/* Ended while another thread raises events, at a moment that nobody chose:
 * before or after the byte, the connection, or the acknowledgement. */
static void end_while_signalled(void) {
  raiser other = {.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  pthread_t thread;
  check(other.event >= 0, "no event");
  check(pthread_create(&thread, NULL, raise_on, &other) == 0, "no thread");
  for (int i = 0; i < 10 * ROUNDS; i++) {
    fdk_notifier *notifier = notifier_of(other.event, i % 2 == 0 ? 1 : -1);
    int connection = i % 5 == 0 ? -1 : connect_to(notifier);
    if (i % 3 == 0)
      fdk_notifier_acknowledge(notifier);
    if (connection >= 0 && i % 7 == 0)
      while (next_byte(connection) != '!')
        ;
    if (connection >= 0 && i % 4 == 0) { /* the loop's end goes first */
      close(connection);
      connection = -1;
    }
    fdk_notifier_free(notifier);
    while (connection >= 0 && next_byte(connection) != '\0')
      ;
    if (connection >= 0)
      close(connection);
  }
  atomic_store(&other.over, true);
  pthread_join(thread, NULL);
  close(other.event);
}

/* Some notifiers of one descriptor, as workers with some engines have them:
 * each is told, and each ends by itself. */
static void side_by_side(int event) {
  enum { COUNT = 8 };
  fdk_notifier *notifiers[COUNT];
  int connections[COUNT];
  for (int i = 0; i < COUNT; i++) {
    notifiers[i] = notifier_of(event, -1);
    connections[i] = connect_to(notifiers[i]);
  }
  raise_event(event);
  for (int i = 0; i < COUNT; i++)
    check(next_byte(connections[i]) == '!', "one of many was not told");
  take_event(event);
  for (int i = 0; i < COUNT; i++) {
    fdk_notifier_acknowledge(notifiers[i]);
    fdk_notifier_free(notifiers[i]);
    check(next_byte(connections[i]) == '\0', "one of many told too much");
    close(connections[i]);
  }
}

/* `state`: how far it has come when it is ended. */
static void end_in_state(int event, int state) {
  fdk_notifier *notifier = notifier_of(event, 1);
  int connection = state > 0 ? connect_to(notifier) : -1;
  if (state > 1)
    check(next_byte(connection) == '.', "that it is quiet was not told");
  if (state > 2) {
    raise_event(event);
    while (next_byte(connection) == '.')
      ;
    take_event(event);
  }
  if (state > 3)
    fdk_notifier_acknowledge(notifier);
  if (state > 4) {
    close(connection);
    connection = -1;
  }
  fdk_notifier_free(notifier);
  if (connection >= 0)
    close(connection);
}

int main(void) {
  int event = eventfd(0, EFD_CLOEXEC);
  check(event >= 0, "no event");
  tell_each_event(event);
  for (int i = 0; i < ROUNDS; i++)
    for (int state = 0; state < 6; state++)
      end_in_state(event, state);
  storm(event);
  for (int i = 0; i < ROUNDS; i++)
    side_by_side(event);
  end_while_signalled();
  close(event);
  return 0;
}

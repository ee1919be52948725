/* notifier_threads.c: a loop and its notifier at work, for ThreadSanitizer.
 *
 * `make sanitize-thread` runs it. Prints nothing and ends with 0 when each
 * event was told once, and in every state in which a notifier can be ended.
 */
#include "engine/notifier.h"

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
  close(event);
  return 0;
}

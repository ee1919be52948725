/* notifier.c: see notifier.h. */
#include "notifier.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct fdk_notifier {
  pthread_t thread;
  pid_t process; /* that made it */
  bool running;
  int quiet;                /* milliseconds */
  int watched;              /* not ours */
  int listener, connection; /* -1: closed; the thread's once it runs */
  int acknowledged, stop;   /* eventfds */
  char folder[sizeof((struct sockaddr_un *)0)->sun_path - sizeof "/socket"];
  char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* folder/socket */
};

/* ---- the thread --------------------------------------------------------- */

typedef enum news { STOP, QUIET, READABLE } news;

/* Waits until the descriptor is readable, at most so many milliseconds (-1:
 * without end), or until it is time to stop. */
static news wait_for(const fdk_notifier *self, int descriptor, int longest) {
  struct pollfd polled[] = {
      {.fd = descriptor, .events = POLLIN},
      {.fd = self->stop, .events = POLLIN},
      /* a negative descriptor is passed over */
      {.fd = self->connection, .events = POLLRDHUP},
  };
  int count = 0;
  do
    count = poll(polled, 3, longest);
  while (count < 0 && errno == EINTR);
  if (count == 0)
    return QUIET;
  if (count < 0 || polled[1].revents != 0 || polled[2].revents != 0)
    return STOP;
  return (polled[0].revents & POLLIN) != 0 ? READABLE : STOP;
}

/* Whether the other end is this very process. */
static bool is_own(int connection) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.pid == getpid() && peer.uid == geteuid();
}

static void remove_socket(fdk_notifier *self) {
  if (self->listener < 0)
    return;
  close(self->listener);
  self->listener = -1;
  unlink(self->path);
  rmdir(self->folder);
}

/* Takes the one connection; any other process's is closed at once. */
static bool take_connection(fdk_notifier *self) {
  while (wait_for(self, self->listener, -1) == READABLE) {
    int connection = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        continue;
      return false; /* too many files: it would be asked for without a pause */
    }
    if (is_own(connection)) {
      self->connection = connection;
      return true;
    }
    close(connection);
  }
  return false;
}

static bool tell(const fdk_notifier *self, const char *byte) {
  return send(self->connection, byte, 1, MSG_NOSIGNAL) == 1;
}

static bool take_acknowledgement(const fdk_notifier *self) {
  uint64_t count = 0;
  return wait_for(self, self->acknowledged, -1) == READABLE &&
         read(self->acknowledged, &count, sizeof count) == sizeof count;
}

/* Tells what there is to tell once. False when it is time to stop. */
static bool notify(const fdk_notifier *self) {
  switch (wait_for(self, self->watched, self->quiet)) {
  case READABLE:
    return tell(self, "!") && take_acknowledgement(self);
  case QUIET:
    return tell(self, ".");
  case STOP:
    break;
  }
  return false;
}

/* A loop that is connected, or about to be, learns by the socket's end that
 * nothing more will come. */
static void *run(void *argument) {
  fdk_notifier *self = argument;
  bool connected = take_connection(self);
  remove_socket(self);
  if (connected) {
    while (notify(self))
      ;
    shutdown(self->connection, SHUT_RDWR);
  }
  return NULL;
}

/* ---- its owner ---------------------------------------------------------- */

/* Makes the folder and the socket in it. False with errno set. */
static bool listen_in(fdk_notifier *self, const char *parent) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char template[] = "/frontdesk-XXXXXX";
  size_t size = strlen(parent);
  if (size + sizeof template > sizeof self->folder) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(self->folder, parent, size);
  memcpy(self->folder + size, template, sizeof template);
  if (mkdtemp(self->folder) == NULL) /* mode 0700 */
    return false;
  size = strlen(self->folder);
  memcpy(self->path, self->folder, size);
  memcpy(self->path + size, "/socket", sizeof "/socket");
  memcpy(address.sun_path, self->path, sizeof address.sun_path);
  self->listener =
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->listener >= 0 &&
      bind(self->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
      listen(self->listener, 1) == 0)
    return true;
  int error = errno;
  if (self->listener < 0)
    rmdir(self->folder);
  errno = error;
  return false;
}

/* Starts the thread with every signal blocked: the process's handlers run
 * where they did before. Returns an errno value. */
static int start(fdk_notifier *self) {
  sigset_t all, before;
  sigfillset(&all);
  int error = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (error != 0)
    return error;
  error = pthread_create(&self->thread, NULL, run, self);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  self->running = error == 0;
  if (self->running)
    pthread_setname_np(self->thread, "frontdesk"); /* for those who look */
  return error;
}

fdk_notifier *fdk_notifier_new(int watched, const char *parent, int quiet,
                               fdk_failure *failure) {
  fdk_notifier *self = calloc(1, sizeof *self);
  if (self == NULL) {
    fdk_fail(failure, FDK_KIND_TOO_LARGE, "there is no memory for a notifier");
    return NULL;
  }
  self->process = getpid();
  self->watched = watched;
  self->quiet = quiet;
  self->listener = self->connection = -1;
  self->acknowledged = eventfd(0, EFD_CLOEXEC);
  self->stop = eventfd(0, EFD_CLOEXEC);
  int error = 0;
  if (self->acknowledged < 0 || self->stop < 0 || !listen_in(self, parent))
    error = errno;
  if (error == 0)
    error = start(self);
  if (error == 0)
    return self;
  /* glibc (from 2.32 on) and musl have no text that threads share */
  const char *why = strerror(error); /* NOLINT(concurrency-mt-unsafe) */
  fdk_fail(failure, FDK_KIND_NETWORK,
           "the notifier could not be started (a private socket in %s): %s",
           parent, why);
  fdk_notifier_free(self);
  return NULL;
}

const char *fdk_notifier_path(const fdk_notifier *notifier) {
  return notifier->path;
}

/* An eventfd takes more than anybody adds: the write cannot fall short. */
static void signal_event(int descriptor) {
  const uint64_t one = 1;
  while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

void fdk_notifier_acknowledge(fdk_notifier *notifier) {
  signal_event(notifier->acknowledged);
}

static void close_if_open(int descriptor) {
  if (descriptor >= 0)
    close(descriptor);
}

void fdk_notifier_free(fdk_notifier *notifier) {
  if (notifier == NULL)
    return;
  bool forked = notifier->process != getpid();
  if (notifier->running && !forked) {
    signal_event(notifier->stop);
    pthread_join(notifier->thread, NULL);
  }
  if (forked)
    close_if_open(notifier->listener);
  else
    remove_socket(notifier);
  close_if_open(notifier->connection);
  close_if_open(notifier->acknowledged);
  close_if_open(notifier->stop);
  free(notifier);
}

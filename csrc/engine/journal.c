/* journal.c: see journal.h. */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *words_of(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return "there is no such folder";
  case EACCES:
  case EPERM:
    return "you may not write there";
  case EISDIR:
    return "it is a folder";
  case EROFS:
    return "the file system is read-only";
  case ENOSPC:
  case EDQUOT:
    return "the disk is full";
  case EFBIG:
    return "it would be larger than a file may be";
  case EMFILE:
  case ENFILE:
    return "too many files are open";
  case ENOLCK:
  case ENOTSUP:
    return "the file system cannot lock files; put it on a local disk";
  case EIO:
    return "the disk reports an error";
  default:
    return "the system could not do it";
  }
}

/* Takes the lock. NULL when it is ours. */
static const char *lock(int descriptor, bool *locked) {
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR)
      continue;
    *locked = errno == EWOULDBLOCK;
    return *locked ? "another process has it open" : words_of(errno);
  }
  return NULL;
}

/* The folder holds the file's name: a new file is not there after a power cut
 * until the folder is on the disk. Folders that cannot be synced are left to
 * their file system. */
static void sync_folder(const char *path) {
  char folder[PATH_MAX] = ".";
  const char *slash = strrchr(path, '/');
  if (slash != NULL) {
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof folder)
      return;
    memcpy(folder, path, size);
    folder[size] = '\0';
  }
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return;
  fsync(descriptor);
  close(descriptor);
}

const char *fdk_journal_open(fdk_journal *journal, const char *path,
                             bool *locked) {
  *journal = (fdk_journal)FDK_JOURNAL_INIT;
  *locked = false;
  /* not blocking: a path that names a pipe must not hang the caller */
  int descriptor = open(
      path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
      S_IRUSR | S_IWUSR);
  if (descriptor < 0)
    return words_of(errno);
  struct stat facts;
  const char *problem = NULL;
  if (fstat(descriptor, &facts) != 0)
    problem = words_of(errno);
  else if (!S_ISREG(facts.st_mode))
    problem = "it is not a regular file";
  if (problem == NULL)
    problem = lock(descriptor, locked);
  /* asked again: who had the lock may have added to it, or removed it */
  if (problem == NULL && fstat(descriptor, &facts) != 0)
    problem = words_of(errno);
  if (problem == NULL && facts.st_nlink == 0)
    problem = "it was removed in this moment; try again";
  if (problem != NULL) {
    close(descriptor);
    return problem;
  }
  sync_folder(path);
  journal->descriptor = descriptor;
  journal->size = facts.st_size;
  return NULL;
}

const char *fdk_journal_append(fdk_journal *journal, const char *data,
                               size_t size) {
  if (journal->broken)
    return "an earlier write failed";
  size_t done = 0;
  while (done < size) {
    ssize_t written = write(journal->descriptor, data + done, size - done);
    if (written >= 0) {
      done += (size_t)written;
    } else if (errno != EINTR) {
      int error = errno;
      /* no half of it may stand before what is added later */
      if (done > 0 && ftruncate(journal->descriptor, journal->size) != 0)
        journal->broken = true;
      return words_of(error);
    }
  }
  journal->size += (off_t)size;
  return NULL;
}

const char *fdk_journal_sync(fdk_journal *journal) {
  if (journal->broken)
    return "an earlier write failed";
  while (fdatasync(journal->descriptor) != 0) {
    if (errno == EINTR)
      continue;
    journal->broken = true;
    return words_of(errno);
  }
  return NULL;
}

const char *fdk_journal_read(const fdk_journal *journal, off_t offset,
                             char *data, size_t size, size_t *got) {
  for (;;) {
    ssize_t count = pread(journal->descriptor, data, size, offset);
    if (count >= 0) {
      *got = (size_t)count;
      return NULL;
    }
    if (errno != EINTR)
      return words_of(errno);
  }
}

const char *fdk_journal_truncate(fdk_journal *journal, off_t size) {
  if (ftruncate(journal->descriptor, size) != 0)
    return words_of(errno);
  journal->size = size;
  return fdk_journal_sync(journal);
}

void fdk_journal_close(fdk_journal *journal) {
  if (journal->descriptor >= 0)
    close(journal->descriptor);
  journal->descriptor = -1;
}

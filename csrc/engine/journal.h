/* journal.h: a file that is only added to, by one process at a time.
 *
 * What it is for is to be there after a crash: appended text is the kernel's
 * before a call returns, so that the end of the process loses nothing, and on
 * the disk once fdk_journal_sync has returned. An exclusive lock (flock) keeps
 * a second process out and goes with the process, however it ends.
 *
 * Functions that can fail return NULL, or why they failed: static words that
 * follow "cannot ... the journal: ".
 */
#ifndef FDK_JOURNAL_H
#define FDK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct fdk_journal {
  int descriptor; /* -1: closed */
  off_t size;     /* bytes, all of them whole appends */
  bool broken;    /* what the disk holds is no longer known: nothing is added */
} fdk_journal;

#define FDK_JOURNAL_INIT                                                       \
  { -1, 0, false }

/* Opens the file, made with mode 0600 where there is none, and locks it.
 * `locked` tells, after a failure, whether another process holds the lock.
 * On failure the journal is closed. */
const char *fdk_journal_open(fdk_journal *journal, const char *path,
                             bool *locked);

/* Adds all of `size` bytes, or none of them. */
const char *fdk_journal_append(fdk_journal *journal, const char *data,
                               size_t size);

/* Returns when the disk has what was added. After a failure the journal takes
 * nothing more: the kernel may have dropped what it could not write. */
const char *fdk_journal_sync(fdk_journal *journal);

/* Reads at most `size` bytes from `offset` on; `got` is 0 at the end. */
const char *fdk_journal_read(const fdk_journal *journal, off_t offset,
                             char *data, size_t size, size_t *got);

/* Cuts the file to `size` bytes, on the disk as well. */
const char *fdk_journal_truncate(fdk_journal *journal, off_t size);

/* Closes the file, which frees the lock. Fine to do twice. */
void fdk_journal_close(fdk_journal *journal);

#endif

/* fork_mark.h: whether this is still the process that made something.
 *
 * A mark is a page that a fork wipes in the child: asking costs no system call,
 * and there is no handler that could outlive the module.
 */
#ifndef FDK_FORK_MARK_H
#define FDK_FORK_MARK_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct fdk_fork_mark {
  unsigned char *page; /* NULL: not to be had, the process id has to do */
  pid_t process;
} fdk_fork_mark;

/* Sets the mark for this process. Cannot fail. */
void fdk_fork_mark_set(fdk_fork_mark *mark);

/* Gives its memory back. */
void fdk_fork_mark_free(fdk_fork_mark *mark);

/* Whether this process is a child of the one that set the mark. */
bool fdk_fork_mark_is_past(const fdk_fork_mark *mark);

#endif

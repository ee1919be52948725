/* notifier.h: wakes an event loop that cannot poll a foreign descriptor.
 *
 * nginx lets Lua wait for sockets that Lua opened, and for nothing else. So a
 * small thread polls the engine's descriptor and says so over a unix socket:
 * '!' when there is something to do, then no more until the loop has
 * acknowledged that it did it; '.' when there was nothing for a while, so that
 * the loop can look after itself without a timeout of its own. The thread
 * touches nothing of libcurl or Lua.
 *
 * The socket lies in a folder that only this process's user can enter; the
 * thread takes one connection, from its own process, and both are gone from
 * the disk from then on. All signals stay with the process's other threads.
 */
#ifndef FDK_NOTIFIER_H
#define FDK_NOTIFIER_H

#include "status.h"

typedef struct fdk_notifier fdk_notifier;

/* Starts a notifier for `watched`, a descriptor to poll for reading that must
 * outlive it. The socket's folder is made in `parent`; `quiet` is how many
 * milliseconds without an event are worth a '.' (-1: none are). NULL, with the
 * failure filled in, when descriptors, memory or threads are out, or the folder
 * cannot be made. */
fdk_notifier *fdk_notifier_new(int watched, const char *parent, int quiet,
                               fdk_failure *failure);

/* Where to connect; the notifier's. */
const char *fdk_notifier_path(const fdk_notifier *notifier);

/* Tells the thread that the loop has acted on the last '!'. */
void fdk_notifier_acknowledge(fdk_notifier *notifier);

/* Ends the thread and closes what is open. NULL is fine. In a forked child,
 * which has no such thread, only the descriptors are closed. */
void fdk_notifier_free(fdk_notifier *notifier);

#endif

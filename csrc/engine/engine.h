/* engine.h: many transfers over kept connections, behind one descriptor.
 *
 * One curl_multi handle, driven by curl_multi_socket_action. The caller either
 * lets the engine wait (fdk_engine_perform, fdk_engine_wait) or puts its one
 * descriptor into a loop of its own and calls fdk_engine_step. Nothing calls
 * back: what is complete is asked for.
 *
 * An engine belongs to one thread, and to the process that made it. In a forked
 * child it is given up at its first use: transfers in flight fail as
 * cancelled, and the connections stay the parent's, who is not disturbed.
 */
#ifndef FDK_ENGINE_H
#define FDK_ENGINE_H

#include "transfer.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct fdk_engine_options {
  long max_idle_connections; /* kept at most, over all hosts */
  long max_host_connections; /* open at most to one host; 0: no limit */
} fdk_engine_options;

/* A new engine; NULL, with the failure filled in, when descriptors or memory
 * are out. */
fdk_engine *fdk_engine_new(const fdk_engine_options *options,
                           fdk_failure *failure);

/* Closes connections and descriptors. Transfers in flight become final as
 * cancelled; all others stay readable, and are still to be given to
 * fdk_transfer_free. NULL is fine. */
void fdk_engine_free(fdk_engine *engine);

/* Whether the engine can be used; false, with the failure filled in, in a
 * forked child. */
bool fdk_engine_usable(fdk_engine *engine, fdk_failure *failure);

/* A blank transfer, to be submitted once; NULL when memory is out. */
fdk_transfer *fdk_engine_transfer(fdk_engine *engine);

/* Starts a blank transfer, at the next step; who polls the descriptor and does
 * not step at once calls fdk_engine_announce. False, with the failure filled in
 * and nothing sent, when the request is wrong or cannot be started. */
bool fdk_engine_submit(fdk_engine *engine, fdk_transfer *transfer,
                       const fdk_request *request, fdk_failure *failure);

/* Makes the descriptor readable for what was submitted. */
void fdk_engine_announce(fdk_engine *engine);

/* Works on all transfers, and waits, until this one is final: true. False when
 * a signal came in between, or may have; call again to go on. The transfer is
 * not in the queue of the completed afterwards. */
bool fdk_engine_perform(fdk_engine *engine, fdk_transfer *transfer);

/* Waits for something to do, at most `seconds` (negative: without end), and
 * does it. Returns how many transfers were completed; early, with what there
 * is, when a signal came, and at once when the queue is not empty, or when it
 * would wait without end for nothing in flight. In a forked child it only lets
 * the time pass. */
int fdk_engine_wait(fdk_engine *engine, double seconds);

/* Does what there is to do, without waiting. Returns how many transfers were
 * completed. */
int fdk_engine_step(fdk_engine *engine);

/* The descriptor to poll for reading; it is the engine's to close. From the
 * first call on it also becomes readable when time has passed that matters.
 * -1, with errno set, when there are too many. */
int fdk_engine_descriptor(fdk_engine *engine);

/* Makes that descriptor readable until the next step, so that whoever polls it
 * looks again: for what no event tells, as that nothing is in flight any
 * more. */
void fdk_engine_nudge(fdk_engine *engine);

/* Seconds until fdk_engine_step is due even without an event; 0: now;
 * negative: no time matters. */
double fdk_engine_timeout(fdk_engine *engine);

/* Takes the transfer that was completed first from the queue; NULL: none. */
fdk_transfer *fdk_engine_completed(fdk_engine *engine);

size_t fdk_engine_in_flight(const fdk_engine *engine);

/* Makes a transfer in flight final as cancelled; its connection is closed
 * unless HTTP/2 can end the stream alone. It does not enter the queue. Nothing
 * happens when it is not in flight. */
void fdk_transfer_cancel(fdk_transfer *transfer);

/* Gives the body of a final transfer back to the engine; it is empty then. */
void fdk_transfer_drop_body(fdk_transfer *transfer);

/* Cancels if need be and gives the memory back. NULL is fine. */
void fdk_transfer_free(fdk_transfer *transfer);

#endif

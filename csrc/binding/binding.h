/* binding.h: a map of the Lua side of the core.
 *
 * Each fdk_open_X adds its functions and types to the module table on top of
 * the stack and leaves it there. It raises only when memory is out.
 */
#ifndef FDK_BINDING_H
#define FDK_BINDING_H

#include "compat.h"

#include "engine/engine.h"

void fdk_open_engine(lua_State *L);   /* l_engine.c: core.engine */
void fdk_open_request(lua_State *L);  /* l_request.c: core.request */
void fdk_open_transfer(lua_State *L); /* l_transfer.c: what submit returns */
void fdk_open_headers(lua_State *L);  /* l_headers.c: core.headers */
void fdk_open_url(lua_State *L);      /* l_url.c: core.url_* */
void fdk_open_timer(lua_State *L);    /* l_timer.c: core.timer */
void fdk_open_notifier(lua_State *L); /* l_notifier.c: engine:notifier */
void fdk_open_file(lua_State *L);     /* l_file.c: core.read_private */
void fdk_open_journal(lua_State *L);  /* l_journal.c: core.journal */
void fdk_open_redact(lua_State *L);   /* l_redact.c: core.redactor */
void fdk_open_json(lua_State *L);     /* l_json.c: core.json_* */
void fdk_open_shape(lua_State *L);    /* l_shape.c: core.shape */

/* From l_headers.c: the list inside the headers object at `index`, still owned
 * by it; raises when it is something else. */
fdk_header_list *fdk_check_headers(lua_State *L, int index);

/* From l_transfer.c: pushes a closed transfer object, owned by the table at
 * `owner`, in which it is pinned while in flight. What is given to the box is
 * the box's to free. */
typedef struct fdk_transfer_box {
  const char *type;
  fdk_transfer *transfer; /* NULL: closed, or only the answer is left */
  fdk_answer *answer;     /* which is kept when the transfer is released */
  bool released;          /* the body was given back */
  bool reading;           /* the answer is being read and must stay */
  fdk_answer room[];      /* for an answer that is not too large */
} fdk_transfer_box;

fdk_transfer_box *fdk_push_transfer(lua_State *L, int owner);

/* Pushes a table that can own transfer objects: it has their metatables,
 * where they are found sooner than in the registry. */
void fdk_new_owner(lua_State *L);

/* The open transfer object at `index`; raises when it is something else. */
fdk_transfer_box *fdk_check_transfer(lua_State *L, int index);

/* From busy.c: calls the function on top of the stack with all that is below,
 * and returns how many values it left; raises what it raises. Meanwhile *busy is
 * true: what it reads must not be freed, though what it allocates lets
 * finalizers run, and they may close anything. */
int fdk_call_busy(lua_State *L, bool *busy);

/* Keeps the object of a transfer, at `index`, alive in the table at `owner`;
 * pushes it from there; and lets it go, which is fine to do twice. */
void fdk_pin_transfer(lua_State *L, int index, int owner,
                      fdk_transfer *transfer);
void fdk_push_pinned(lua_State *L, int owner, fdk_transfer *transfer);
void fdk_unpin_transfer(lua_State *L, int owner, fdk_transfer *transfer);

/* From l_request.c: pushes a function that can call fdk_read_request. */
void fdk_push_reader(lua_State *L, lua_CFunction function);

/* Reads the table at `index`, and what was prepared for it with core.request;
 * raises on what is of a wrong type. What it does not know there is for others.
 * Texts stay where they are, and must be used before they can go. */
void fdk_read_request(lua_State *L, int index, fdk_request *request);

/* Whether a text has a NUL, which would cut it short on its way through
 * libcurl; the failure is filled in then. */
bool fdk_request_has_nul(fdk_request *request, fdk_failure *failure);

/* From l_engine.c: the open engine at 1; raises when it is closed, or something
 * else. */
fdk_engine *fdk_check_engine(lua_State *L);

/* From l_notifier.c, the method engine:notifier([folder [, quiet]]): pushes a
 * notifier, or nil and the failure; returns how many values. */
int fdk_push_notifier(lua_State *L);

/* Pushes { kind=, message=, outcome=, field=?, detail=? }. */
void fdk_push_failure(lua_State *L, const fdk_failure *failure);

#endif

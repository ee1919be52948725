/* l_transfer.c: what engine:submit returns. */
#include "binding.h"

#include "l_json.h"

#include <stdlib.h>

#define TRANSFER_TYPE "frontdesk.transfer"
static const char type_name[] = TRANSFER_TYPE;

/* Of a transfer object that holds nothing it would have to give back: the same,
 * but without a finalizer, which is much of what it costs a collector. */
#define SETTLED_TYPE TRANSFER_TYPE ".settled"

/* For an answer with nine headers or so. More would only make the collector
 * work more often. */
enum { ANSWER_ROOM = 480 };

static fdk_transfer_box *check_box(lua_State *L, int index) {
  return fdk_check_userdata(L, index, type_name, sizeof(fdk_transfer_box));
}

/* Where they are in the owner. */
enum { METATABLE = 1, SETTLED_METATABLE };

void fdk_new_owner(lua_State *L) {
  lua_createtable(L, 2, 1);
  luaL_getmetatable(L, TRANSFER_TYPE);
  lua_rawseti(L, -2, METATABLE);
  luaL_getmetatable(L, SETTLED_TYPE);
  lua_rawseti(L, -2, SETTLED_METATABLE);
}

fdk_transfer_box *fdk_push_transfer(lua_State *L, int owner) {
  owner = fdk_absolute(L, owner);
  fdk_transfer_box *box = fdk_new_userdata(L, sizeof *box + ANSWER_ROOM);
  *box = (fdk_transfer_box){.type = type_name};
  lua_rawgeti(L, owner, METATABLE);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, owner);
  fdk_set_owner(L, -2);
  return box;
}

fdk_transfer_box *fdk_check_transfer(lua_State *L, int index) {
  fdk_transfer_box *box = check_box(L, index);
  luaL_argcheck(L, box->transfer != NULL || box->answer != NULL, index,
                "the transfer is closed");
  return box;
}

/* The key is the transfer's address, which is another's only when it is free
 * again, and so pinned no more. */
void fdk_pin_transfer(lua_State *L, int index, int owner,
                      fdk_transfer *transfer) {
  lua_pushlightuserdata(L, transfer);
  lua_pushvalue(L, index);
  lua_rawset(L, owner);
  transfer->pinned = true;
}

void fdk_push_pinned(lua_State *L, int owner, fdk_transfer *transfer) {
  lua_pushlightuserdata(L, transfer);
  lua_rawget(L, owner);
}

void fdk_unpin_transfer(lua_State *L, int owner, fdk_transfer *transfer) {
  if (!transfer->pinned)
    return;
  lua_pushlightuserdata(L, transfer);
  lua_pushnil(L);
  lua_rawset(L, owner);
  transfer->pinned = false;
}

/* Whether the transfer of an open object is final. */
static bool is_done(const fdk_transfer_box *box) {
  return box->transfer == NULL || box->transfer->state == FDK_DONE;
}

/* The object of a final transfer at 1; raises while there is nothing to read. */
static fdk_transfer_box *check_done(lua_State *L) {
  fdk_transfer_box *box = fdk_check_transfer(L, 1);
  luaL_argcheck(L, is_done(box), 1, "the transfer is still in flight");
  return box;
}

static fdk_answer *check_answer(lua_State *L) {
  fdk_transfer_box *box = check_done(L);
  return box->answer != NULL ? box->answer : &box->transfer->answer;
}

/* The same, as long as it has its body. */
static fdk_transfer_box *check_whole(lua_State *L) {
  fdk_transfer_box *box = check_done(L);
  luaL_argcheck(L, !box->released, 1, "the body of the transfer was released");
  return box;
}

static const fdk_buffer *check_body(lua_State *L) {
  return &check_whole(L)->transfer->body;
}

/* Lets a transfer go that nobody waits for any more. */
static void unpin(lua_State *L, fdk_transfer *transfer) {
  fdk_push_owner(L, 1);
  fdk_unpin_transfer(L, lua_gettop(L), transfer);
  lua_pop(L, 1);
}

/* ---- reading ------------------------------------------------------------ */

/* Lets `function` read the answer of the transfer at 1, which stays meanwhile. */
static int read_answer(lua_State *L, lua_CFunction function) {
  lua_pushcfunction(L, function);
  return fdk_call_busy(L, &fdk_check_transfer(L, 1)->reading);
}

static int transfer_done(lua_State *L) {
  lua_pushboolean(L, is_done(fdk_check_transfer(L, 1)));
  return 1;
}

/* transfer:failure() -> { kind=, message=, outcome=, detail=? } | nil */
static int transfer_failure(lua_State *L) {
  const fdk_transfer *transfer = check_done(L)->transfer;
  if (transfer == NULL || !transfer->failed) {
    lua_pushnil(L);
    return 1;
  }
  fdk_failure failure = transfer->failure; /* which may go meanwhile */
  fdk_push_failure(L, &failure);
  return 1;
}

/* transfer:status() -> HTTP status; 0 when no answer came */
static int transfer_status(lua_State *L) {
  lua_pushinteger(L, check_answer(L)->status);
  return 1;
}

static int push_header(lua_State *L) {
  const fdk_answer *answer = check_answer(L);
  size_t size = 0;
  const char *name = lua_tolstring(L, 2, &size);
  fdk_field field;
  if (fdk_answer_find(answer, name, size, &field))
    lua_pushlstring(L, answer->head.data + field.value, field.value_size);
  else
    lua_pushnil(L);
  return 1;
}

/* transfer:header(name) -> value of the last one of that name | nil */
static int transfer_header(lua_State *L) {
  (void)check_done(L);
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  return read_answer(L, push_header);
}

static int push_headers(lua_State *L) {
  fdk_answer *answer = check_answer(L);
  size_t count = fdk_answer_field_count(answer);
  lua_createtable(L, 0, (int)count);
  int table = lua_gettop(L);
  for (size_t i = 0; i < count; i++) {
    fdk_field field = fdk_answer_field(answer, i);
    lua_pushlstring(L, fdk_answer_name(answer, field), field.name_size);
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    bool first = lua_isnil(L, -1);
    if (first)
      lua_pop(L, 1);
    else
      lua_pushliteral(L, ", ");
    lua_pushlstring(L, answer->head.data + field.value, field.value_size);
    if (!first)
      lua_concat(L, 3);
    lua_rawset(L, table);
  }
  return 1;
}

/* transfer:headers() -> { [lower-case name] = values joined by ", " } */
static int transfer_headers(lua_State *L) {
  (void)check_done(L);
  lua_settop(L, 1);
  return read_answer(L, push_headers);
}

static int push_body(lua_State *L) {
  const fdk_buffer *body = check_body(L);
  lua_pushlstring(L, body->size > 0 ? body->data : "", body->size);
  return 1;
}

/* transfer:body() -> text */
static int transfer_body(lua_State *L) {
  (void)check_body(L);
  lua_settop(L, 1);
  return read_answer(L, push_body);
}

/* transfer:size() -> bytes of the body, decoded */
static int transfer_size(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_body(L)->size);
  return 1;
}

/* transfer, keep_null -> what fdk_json_push pushes */
static int decode_body(lua_State *L) {
  const fdk_buffer *body = check_body(L);
  bool keep_null = lua_toboolean(L, 2) != 0;
  return fdk_json_push(L, body->size > 0 ? body->data : "", body->size,
                       keep_null);
}

/* transfer:json([keep_null]) -> value | nil, message, offset. The upvalue is
 * decode_body, which would be a new function for each call in LuaJIT. */
static int transfer_json(lua_State *L) {
  fdk_transfer_box *box = check_whole(L);
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(1));
  return fdk_call_busy(L, &box->reading);
}

/* transfer:timings() -> { name_lookup=, connect=, tls=, first_byte=, total= },
 * in seconds from the start */
static int transfer_timings(lua_State *L) {
  const fdk_timings *timings = &check_answer(L)->timings;
  const struct {
    const char *name;
    double value;
  } rows[] = {{"name_lookup", timings->name_lookup},
              {"connect", timings->connect},
              {"tls", timings->tls},
              {"first_byte", timings->first_byte},
              {"total", timings->total}};
  lua_createtable(L, 0, 5);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    lua_pushnumber(L, rows[i].value);
    lua_setfield(L, -2, rows[i].name);
  }
  return 1;
}

/* transfer:http_version() -> "1.1", "2", ...; "" when no answer came */
static int transfer_http_version(lua_State *L) {
  lua_pushstring(L, check_answer(L)->version);
  return 1;
}

/* transfer:reused() -> whether it went over a kept connection */
static int transfer_reused(lua_State *L) {
  lua_pushboolean(L, check_answer(L)->reused);
  return 1;
}

/* ---- life --------------------------------------------------------------- */

/* transfer:cancel(): final at once, as cancelled; nothing happens to one that
 * is done */
static int transfer_cancel(lua_State *L) {
  fdk_transfer *transfer = fdk_check_transfer(L, 1)->transfer;
  if (transfer != NULL && transfer->state == FDK_IN_FLIGHT) {
    fdk_transfer_cancel(transfer);
    unpin(L, transfer);
  }
  return 0;
}

/* transfer:awaited_by(waiter): engine:completed gives the waiter then, a table
 * that keeps the transfer; raises when the engine has no transfer to give */
static int transfer_awaited_by(lua_State *L) {
  fdk_transfer *transfer = fdk_check_transfer(L, 1)->transfer;
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_argcheck(L, transfer != NULL && transfer->pinned, 1,
                "the transfer is not in flight");
  fdk_push_owner(L, 1);
  fdk_pin_transfer(L, 2, lua_gettop(L), transfer); /* in place of itself */
  return 0;
}

/* transfer:release(): the body is not needed any more. Of an answer little is
 * kept beside, so that what it was received with is at hand, and still in the
 * processor's caches, for the next request. */
static int transfer_release(lua_State *L) {
  fdk_transfer_box *box = check_done(L);
  fdk_transfer *transfer = box->transfer;
  if (box->reading || box->released)
    return 0;
  box->released = true;
  fdk_transfer_drop_body(transfer);
  if (transfer->failed || transfer->pinned) /* to be told of by the engine */
    return 0;
  size_t size = fdk_answer_size(&transfer->answer);
  bool fits = size <= ANSWER_ROOM;
  void *room = fits ? box->room : malloc(size);
  if (room == NULL) /* so all of it stays */
    return 0;
  box->answer = fdk_answer_copy(&transfer->answer, room);
  box->transfer = NULL;
  fdk_transfer_free(transfer);
  if (fits) {
    fdk_push_owner(L, 1);
    lua_rawgeti(L, -1, SETTLED_METATABLE);
    lua_setmetatable(L, 1);
  }
  return 0;
}

/* __gc and __close */
static int transfer_free(lua_State *L) {
  fdk_transfer_box *box = check_box(L, 1);
  fdk_transfer *transfer = box->transfer;
  if (box->reading)
    return 0;
  if (box->answer != box->room)
    free(box->answer);
  box->answer = NULL;
  if (transfer != NULL) {
    unpin(L, transfer);
    box->transfer = NULL;
    fdk_transfer_free(transfer);
  }
  return 0;
}

static int transfer_tostring(lua_State *L) {
  const fdk_transfer_box *box = check_box(L, 1);
  const fdk_transfer *transfer = box->transfer;
  if (transfer == NULL && box->answer == NULL)
    lua_pushliteral(L, TRANSFER_TYPE ": closed");
  else if (!is_done(box))
    lua_pushliteral(L, TRANSFER_TYPE ": in flight");
  else if (transfer != NULL && transfer->failed)
    lua_pushfstring(L, TRANSFER_TYPE ": failed (%s)",
                    fdk_kind_name(transfer->failure.kind));
  else
    lua_pushfstring(L, TRANSFER_TYPE ": status %d", check_answer(L)->status);
  return 1;
}

void fdk_open_transfer(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__gc", transfer_free}, {"__tostring", transfer_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"done", transfer_done},       {"failure", transfer_failure},
      {"status", transfer_status},   {"header", transfer_header},
      {"headers", transfer_headers}, {"body", transfer_body},
      {"size", transfer_size},       {"timings", transfer_timings},
      {"reused", transfer_reused},   {"http_version", transfer_http_version},
      {"cancel", transfer_cancel},   {"awaited_by", transfer_awaited_by},
      {"release", transfer_release}, {NULL, NULL}};
  fdk_new_type(L, TRANSFER_TYPE, meta, methods);
  luaL_newmetatable(L, SETTLED_TYPE);
  luaL_getmetatable(L, TRANSFER_TYPE);
  lua_getfield(L, -1, "__index");
  lua_pushcfunction(L, decode_body);
  lua_pushcclosure(L, transfer_json, 1);
  lua_setfield(L, -2, "json");
  lua_pop(L, 1);
  for (lua_pushnil(L); lua_next(L, -2) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pushnil(L);
  lua_setfield(L, -3, "__gc");
  lua_pop(L, 2);
}

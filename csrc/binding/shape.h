/* shape.h: an operation's input, compiled: what the files shape_*.c share.
 *
 *   shape_compile.c   a description (a Lua table) -> the structs below, with
 *   shape_describe.c  reading and complaining, shape_field.c its fields,
 *   shape_rules.c     and what joins them: rules, derived values, the path
 *   shape_encode.c    an input table -> URL target and JSON body, checked, with
 *   shape_write.c     its values and lists, shape_value.c checks of scalars
 *   shape_names.c     names that are meant by other names
 *   shape_problem.c   the sentences about what is wrong
 *   l_shape.c         the Lua type
 *
 * All structs live in the shape's arena and die with it. Texts that were Lua
 * strings are not copied: the shape's anchor table (its uservalue) keeps the
 * strings alive, so that a key of an input table, being the same interned
 * string, is found by its address. */
#ifndef FDK_SHAPE_H
#define FDK_SHAPE_H

#include "engine/buffer.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  FDK_SHAPE_FIELDS = 200, /* most fields an object can have */
  FDK_SHAPE_DEPTH = 48,   /* most objects within objects */
  FDK_SHAPE_LEAD = 24,    /* bytes that can be read from any field's lead on */
  FDK_SHAPE_AS_IS = 1,    /* shortcuts: any UTF-8 will do */
  FDK_SHAPE_CHOICE = 2,   /* one of the choices will */
};

/* Bytes owned by somebody else; no NUL at the end unless said. */
typedef struct fdk_shape_text {
  const char *data;
  size_t size;
} fdk_shape_text;

/* --- compiled descriptions --- */

/* Kinds of values: name in descriptions, and what a value "must be". */
#define FDK_SHAPE_KINDS(X)                                                     \
  X(STRING, "string", "a string")                                              \
  X(ID, "id", "a string or an integer")                                        \
  X(INTEGER, "integer", "an integer")                                          \
  X(NUMBER, "number", "a number")                                              \
  X(BOOLEAN, "boolean", "true or false")                                       \
  X(FLAG, "flag", "true, false, \"Y\" or \"N\"")                               \
  X(JSON, "json", "a table or a string that holds JSON")                       \
  X(ANY, "any", "a value that JSON can hold")                                  \
  X(OBJECT, "object", "an object")                                             \
  X(NESTED, NULL, "an object") /* of a shared type */

typedef enum fdk_shape_kind {
#define FDK_SHAPE_ENUM(name, text, noun) FDK_SHAPE_##name,
  FDK_SHAPE_KINDS(FDK_SHAPE_ENUM)
#undef FDK_SHAPE_ENUM
} fdk_shape_kind;

typedef enum fdk_shape_place {
  FDK_SHAPE_BODY,
  FDK_SHAPE_PATH,
  FDK_SHAPE_QUERY,
  FDK_SHAPE_HEADER, /* checked here, sent by the caller */
} fdk_shape_place;

/* An enum's text, or the key of a derived value, with what is written for it:
 * JSON in the body, percent-encoded elsewhere. */
typedef struct fdk_shape_choice {
  fdk_shape_text text;
  fdk_shape_text encoded;
} fdk_shape_choice;

/* A scalar of the description that input values are compared with. */
typedef struct fdk_shape_constant {
  int type; /* LUA_TSTRING, LUA_TNUMBER, LUA_TBOOLEAN; LUA_TNIL: none */
  fdk_shape_text text;
  double number;
  bool truth;
  fdk_shape_text shown; /* for sentences */
} fdk_shape_constant;

typedef struct fdk_shape_object fdk_shape_object;

typedef struct fdk_shape_field {
  fdk_shape_text name;
  fdk_shape_text lead;            /* BODY: ,"wire":  QUERY: wire=  */
  const fdk_shape_object *nested; /* kind NESTED */
  const fdk_shape_choice *choices;
  const fdk_shape_choice
      *derived;                /* by the value of the field `derived_from` */
  fdk_shape_text fixed;        /* encoded const or default; data NULL: none */
  fdk_shape_constant constant; /* the const, or the default if a scalar */
  double min, max;
  unsigned short choice_count, derived_count, derived_from;
  unsigned char kind, place; /* fdk_shape_kind, fdk_shape_place */
  bool list;                 /* the type ends in [] */
  bool required, nonempty, allow_empty, secret, omit_false;
  bool is_const, fixed_empty, has_min, has_max, date, json_list;
  /* so that the encoder need not look at all of the above */
  bool plain;             /* STRINGs in the body, only their UTF-8 to check */
  bool may_be_absent;     /* and nothing is written then */
  unsigned char shortcut; /* for strings; 0: none */
} fdk_shape_field;

/* A spelling of a field: its name, an alias, or its name on the wire (which is
 * no spelling for input, but worth a hint). */
typedef struct fdk_shape_name {
  fdk_shape_text text;
  unsigned short field;
  bool wire_only;
} fdk_shape_name;

typedef enum fdk_shape_condition {
  FDK_SHAPE_ALWAYS,
  FDK_SHAPE_UNLESS, /* `subject` is given */
  FDK_SHAPE_WHEN,   /* `subject` is given */
  FDK_SHAPE_WHEN_IS /* `subject` equals `is` */
} fdk_shape_condition;

/* One of the `fields` must be given (require: there is one), if the condition
 * holds. */
typedef struct fdk_shape_rule {
  const unsigned short *fields;
  unsigned short count;
  unsigned short subject;
  fdk_shape_condition condition;
  fdk_shape_constant is;
} fdk_shape_rule;

/* An entry of the table of keys: open addressing by the string's address. */
typedef struct fdk_shape_slot {
  const void *key; /* as lua_topointer gives it; NULL: free */
  unsigned short field;
} fdk_shape_slot;

/* Where the search for the string at that address starts. */
static inline size_t fdk_shape_hash(const void *key, unsigned shift) {
  return (size_t)((uint64_t)(uintptr_t)key * 0x9E3779B97F4A7C15U >> shift);
}

struct fdk_shape_object {
  fdk_shape_object *next; /* all objects of the shape */
  const char *type;       /* its name; NULL for the operation's own fields */
  fdk_shape_field *fields;
  fdk_shape_name *names;
  fdk_shape_rule *rules;
  fdk_shape_slot *slots;
  unsigned slot_shift; /* 64 minus log2 of the number of slots */
  unsigned short count, name_count, rule_count;
  bool open;
  bool placed; /* some field is not in the body */
  bool nested; /* some field has it as its type */
};

/* A stretch of the path: literal text, then the field's value if any. */
typedef struct fdk_shape_piece {
  fdk_shape_text literal;
  int field; /* -1: none */
} fdk_shape_piece;

typedef struct fdk_shape_block fdk_shape_block; /* of the arena */

/* The userdata. All zero is a valid, closed shape. */
typedef struct fdk_shape {
  fdk_shape_block *blocks;
  fdk_shape_object *objects;
  fdk_shape_object *top; /* NULL: closed */
  fdk_shape_piece *pieces;
  int piece_count;
  bool body;          /* there is one */
  bool target_varies; /* with the input; else anchors[1] is the target */
} fdk_shape;

/* Compiles the description at `description` into `shape`, all zero so far; the
 * anchor table is at `anchors`. Raises a sentence when the description is bad
 * or memory is out; the shape then owns what was allocated. [0, 0] */
void fdk_shape_compile(lua_State *L, fdk_shape *shape, int description,
                       int anchors);

/* Gives all memory back; the shape is closed then. Fine when closed. */
void fdk_shape_free(fdk_shape *shape);

/* --- encoding --- */

/* Where an encoder stands: one frame for each object it is inside of. */
typedef struct fdk_shape_frame {
  const struct fdk_shape_frame *parent; /* NULL: the operation's own fields */
  const fdk_shape_object *object;
  int *slots;          /* stack index of each field's value; 0: absent */
  fdk_shape_text name; /* of the field at hand; size 0: the object as a whole */
  size_t item;         /* of that field's list, from 1; 0: the whole field */
  const char *inside;  /* path within that value, or NULL */
  unsigned depth;
  bool secret; /* the field at hand is */
} fdk_shape_frame;

/* One encoding: the buffers are the Lua state's (fdk_scratch). */
typedef struct fdk_shape_run {
  lua_State *L;
  fdk_buffer *body;
  fdk_buffer *target;
  fdk_buffer *text; /* for a moment: digits, JSON in strings, then the path */
  fdk_buffer *message; /* what is wrong */
  bool in_query;       /* the target has its "?" */
  bool no_memory;      /* failed for want of memory, with no message */
} fdk_shape_run;

/* All functions below that return bool return false when the input is refused:
 * the scratch buffer ERROR holds the sentence and TEXT the path then, or
 * run->no_memory is set. None allocates in Lua or raises, so the buffers stay as they are. */

/* Checks the table at the absolute `index` (0: no table, all absent) and writes
 * run->target and run->body. */
bool fdk_shape_encode(fdk_shape_run *run, const fdk_shape *shape, int index);

static inline bool fdk_shape_no_memory(fdk_shape_run *run) {
  run->no_memory = true;
  return false;
}

static inline bool fdk_shape_append(fdk_shape_run *run, fdk_buffer *out,
                                    fdk_shape_text text) {
  return fdk_buffer_append(out, text.data, text.size) ||
         fdk_shape_no_memory(run);
}

static inline bool fdk_shape_push(fdk_shape_run *run, fdk_buffer *out,
                                  char byte) {
  return fdk_buffer_push(out, byte) || fdk_shape_no_memory(run);
}

/* Writes the table at `index` as an object within the frame's. */
bool fdk_shape_write_object(fdk_shape_run *run, const fdk_shape_frame *parent,
                            const fdk_shape_object *object, int index);

/* Appends any value as JSON. */
bool fdk_shape_write_any(fdk_shape_run *run, const fdk_shape_frame *frame,
                         int index);

/* Appends one value (not a list), in the form its place wants, without lead. */
bool fdk_shape_write_value(fdk_shape_run *run, fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index);
/* The same for the whole value of a field, which may be a list. */
bool fdk_shape_write_whole(fdk_shape_run *run, fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index);

/* A scalar, checked: its text and how it is written in JSON. */
typedef struct fdk_shape_scalar {
  fdk_shape_text text;            /* a Lua string's, scratch TEXT or static */
  const fdk_shape_choice *choice; /* the enum's, or NULL */
  bool quoted;
} fdk_shape_scalar;

/* Checks the scalar at `index` against all that `field` says of one value. */
bool fdk_shape_read_scalar(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index,
                           fdk_shape_scalar *scalar);

/* Whether the value at `index` equals the constant, for a field of that kind
 * (a flag's "Y" equals true). */
bool fdk_shape_equals(lua_State *L, int index, fdk_shape_kind kind,
                      const fdk_shape_constant *constant);
/* The choice for a text, or NULL. */
const fdk_shape_choice *fdk_shape_find_choice(const fdk_shape_choice *choices,
                                              unsigned count,
                                              fdk_shape_text text);
/* Whether two constants are equal; one that holds nothing equals none. */
bool fdk_shape_same(const fdk_shape_constant *one,
                    const fdk_shape_constant *other);
/* Whether rules take the value for not given: nil, null or "". */
bool fdk_shape_is_empty(lua_State *L, int index);
/* 1 or 0 for a boolean, or for "Y" or "N"; -1 for anything else. */
int fdk_shape_flag(lua_State *L, int index);

/* --- sentences --- */

/* What to say of the refused value behind the sentence. */
typedef enum fdk_shape_got {
  FDK_SHAPE_GOT_NOTHING,
  FDK_SHAPE_GOT_KIND, /* (got a table) */
  FDK_SHAPE_GOT_VALUE /* (got "mobile"); a secret's stays hidden */
} fdk_shape_got;

/* Appends a text in quotes: 40 bytes at most, control characters and what is
 * not UTF-8 escaped. False when memory is out. */
bool fdk_shape_quote(fdk_buffer *out, fdk_shape_text text);

/* Refuses the value at `index`, which the frame stands at: the sentence is the
 * path, the text (printf style) and what was got. Always false. */
bool fdk_shape_refuse(fdk_shape_run *run, const fdk_shape_frame *frame,
                      fdk_shape_got got, int index, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Refuses a value of the wrong type: "must be a string (got a table)". */
bool fdk_shape_refuse_type(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_field *field, int index);

/* Refuses a value that is not in the enum. */
bool fdk_shape_refuse_choice(fdk_shape_run *run, const fdk_shape_frame *frame,
                             const fdk_shape_field *field, int index);

/* Refuses the table at `index` for a key that is no field's (the least one, so
 * that the answer does not hang on the table's order). */
bool fdk_shape_refuse_key(fdk_shape_run *run, fdk_shape_frame *frame,
                          int index);

/* Refuses the table at `index` for naming a field twice. */
bool fdk_shape_refuse_twice(fdk_shape_run *run, fdk_shape_frame *frame,
                            int index, unsigned short field);

/* Refuses the table at `index`, which is no exact list. */
bool fdk_shape_refuse_list(fdk_shape_run *run, const fdk_shape_frame *frame,
                           int index);

/* Refuses the object for a rule that does not hold. */
bool fdk_shape_refuse_rule(fdk_shape_run *run, const fdk_shape_frame *frame,
                           const fdk_shape_rule *rule);

/* --- names --- */

/* Whether two texts have the same bytes. */
bool fdk_shape_same_text(fdk_shape_text one, fdk_shape_text other);

/* The spelling that equals `key`, else the name on the wire that does, or NULL. */
const fdk_shape_name *fdk_shape_find_name(const fdk_shape_object *object,
                                          fdk_shape_text key);

/* Whether `name` may be a slip for `known`: the number of edits between them,
 * or UINT16_MAX when that is too many to suggest it. */
unsigned fdk_shape_slip(fdk_shape_text name, fdk_shape_text known);

/* The name of the field that `key` most likely meant; NULL when none is near. */
const fdk_shape_text *fdk_shape_nearest(const fdk_shape_object *object,
                                        fdk_shape_text key);

/* The least string key of the table at `index` that is no spelling of a field
 * of `object` (NULL: the least of all); data NULL when there is none. [0, 0] */
fdk_shape_text fdk_shape_least_key(lua_State *L, int index,
                                   const fdk_shape_object *object);

#endif

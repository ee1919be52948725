/* shape_compile.h: what the files that compile a description share; see
 * shape.h. All raise a sentence when the description is bad or memory is out;
 * what was allocated belongs to the shape by then. */
#ifndef FDK_SHAPE_COMPILE_H
#define FDK_SHAPE_COMPILE_H

#include "shape.h"

typedef struct fdk_shape_compiler {
  lua_State *L;
  fdk_shape *shape;
  int anchors;      /* stack index of the anchor table */
  int types;        /* of the description's types; 0: none */
  int compiled;     /* of a table: type name -> its object */
  const char *type; /* what is being compiled, for sentences; may be NULL */
  const char *field;
} fdk_shape_compiler;

/* --- memory and reading (shape_describe.c) --- */

/* Raises: where we are, then the text (%s %d %f as for lua_pushfstring). */
_Noreturn void fdk_shape_complain(const fdk_shape_compiler *c,
                                  const char *format, ...);

/* Zeroed memory of the shape's arena. Raises when memory is out. */
void *fdk_shape_alloc(const fdk_shape_compiler *c, size_t count, size_t size);
/* A copy of bytes there. */
fdk_shape_text fdk_shape_copy(const fdk_shape_compiler *c, const char *data,
                              size_t size);

/* The text of the Lua string at `index`, kept alive by the shape. */
fdk_shape_text fdk_shape_anchor(const fdk_shape_compiler *c, int index);

/* Pushes table[name], read raw; raises unless it is nil or of `type`
 * (LUA_TNONE: any). Returns whether it is there. [+1] */
bool fdk_shape_option(const fdk_shape_compiler *c, int table, const char *name,
                      int type);

/* The same for an option that is true or false; false when absent. [0, 0] */
bool fdk_shape_truth(const fdk_shape_compiler *c, int table, const char *name);

/* The same for a string that is not empty, anchored; data NULL when absent.
 * [0, 0] */
fdk_shape_text fdk_shape_string(const fdk_shape_compiler *c, int table,
                                const char *name);

/* Checks that the table has no string keys but `known` (NULL-terminated), and
 * no list items beyond number `items`. [0, 0] */
void fdk_shape_check_keys(const fdk_shape_compiler *c, int table, int items,
                          const char *const *known);

/* Complains about `name`, which is none of the `known` (NULL-terminated). */
_Noreturn void fdk_shape_complain_of(const fdk_shape_compiler *c,
                                     const char *what, const char *name,
                                     const char *const *known);

/* --- fields (shape_field.c) --- */

/* Compiles the field described at `index` into `field` of the object; `top`
 * when it is the operation's own. [0, 0] */
void fdk_shape_compile_field(fdk_shape_compiler *c, fdk_shape_object *object,
                             fdk_shape_field *field, int index, bool top);

/* Pops the value on top: what `field` writes for it, checked as input is. */
fdk_shape_text fdk_shape_encoded(const fdk_shape_compiler *c,
                                 const fdk_shape_field *field,
                                 const char *what);

/* Reads the scalar on top (not popped) as a constant for a field of `kind`. */
void fdk_shape_read_constant(const fdk_shape_compiler *c, fdk_shape_kind kind,
                             fdk_shape_constant *constant);

/* --- objects (shape_compile.c) --- */

/* Compiles the list of fields at `index`; `type` is its name, NULL for the
 * operation's own. [0, 0] */
fdk_shape_object *fdk_shape_compile_object(fdk_shape_compiler *c, int index,
                                           const char *type);

/* --- rules, derived values, path (shape_rules.c) --- */

/* Fills in the object's rules from the list at `rules`. [0, 0] */
void fdk_shape_compile_rules(fdk_shape_compiler *c, fdk_shape_object *object,
                             int rules);
/* Reads `derive` of the field whose description is at `index`. [0, 0] */
void fdk_shape_compile_derive(fdk_shape_compiler *c, fdk_shape_object *object,
                              fdk_shape_field *field, int index);
/* Takes the path on top (not popped) apart into the shape's pieces. */
void fdk_shape_compile_path(fdk_shape_compiler *c);

#endif

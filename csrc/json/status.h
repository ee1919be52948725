/* status.h: what writing a piece of JSON can end with. */
#ifndef FDK_JSON_STATUS_H
#define FDK_JSON_STATUS_H

typedef enum fdk_json_status {
  FDK_JSON_OK = 0,
  FDK_JSON_NO_MEMORY,  /* the buffer could not grow */
  FDK_JSON_BAD_UTF8,   /* the string is not UTF-8 */
  FDK_JSON_NOT_FINITE, /* NaN or an infinity, which JSON cannot hold */
} fdk_json_status;

#endif

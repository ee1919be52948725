/* crc32.h: the checksum of ISO 3309, as gzip and PNG have it. */
#ifndef FDK_CRC32_H
#define FDK_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `size` bytes. Cannot fail. */
uint32_t fdk_crc32(const char *data, size_t size);

#endif

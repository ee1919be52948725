/* crc32.c: see crc32.h. */
#include "crc32.h"

uint32_t fdk_crc32(const char *data, size_t size) {
  /* what each half of a byte adds, for the polynomial 0xEDB88320 */
  static const uint32_t halves[16] = {
      0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
      0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
      0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
  };
  uint32_t sum = 0xFFFFFFFF;
  for (size_t i = 0; i < size; i++) {
    sum ^= (unsigned char)data[i];
    sum = (sum >> 4) ^ halves[sum & 15];
    sum = (sum >> 4) ^ halves[sum & 15];
  }
  return ~sum;
}

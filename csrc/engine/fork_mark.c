/* fork_mark.c: see fork_mark.h. */
#include "fork_mark.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

void fdk_fork_mark_set(fdk_fork_mark *mark) {
  *mark = (fdk_fork_mark){NULL, getpid()};
#ifdef MADV_WIPEONFORK
  void *page =
      mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return;
  if (madvise(page, 1, MADV_WIPEONFORK) != 0) {
    munmap(page, 1);
    return;
  }
  mark->page = page;
  *mark->page = 1;
#endif
}

void fdk_fork_mark_free(fdk_fork_mark *mark) {
  if (mark->page != NULL)
    munmap(mark->page, 1);
  mark->page = NULL;
}

bool fdk_fork_mark_is_past(const fdk_fork_mark *mark) {
  if (mark->page != NULL)
    return *mark->page == 0;
  return getpid() != mark->process;
}

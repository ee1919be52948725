/* spawn.c: what whole processes cost, from their start to their end.
 *
 *   spawn ROUNDS -- COMMAND... -- COMMAND...
 *
 * Runs all commands in turn, ROUNDS times. Prints a line for each round: of each
 * command the microseconds that passed and those of CPU (user and system). Ends
 * with status 1 and a sentence when one cannot be run or fails.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double microseconds(struct timeval time) {
  return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

/* Runs one command, given up to a NULL, and prints what it cost. */
static void run(char **words) {
  struct rusage used;
  pid_t child;
  int status = 0;
  double start = now();
  if (posix_spawnp(&child, words[0], NULL, NULL, words, environ) != 0 ||
      wait4(child, &status, 0, &used) != child || status != 0) {
    fprintf(stderr, "spawn: %s: cannot be run, or has failed\n", words[0]);
    exit(1);
  }
  double wall = now() - start;
  printf("%.0f %.0f ", wall,
         microseconds(used.ru_utime) + microseconds(used.ru_stime));
}

int main(int argc, char **argv) {
  long rounds = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
  if (rounds < 1 || strcmp(argv[2], "--") != 0) {
    fprintf(stderr, "spawn: usage: spawn ROUNDS -- COMMAND... -- COMMAND...\n");
    return 1;
  }
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "--") == 0) {
      argv[i] = NULL; /* the end of the command before */
    }
  }
  for (long round = 0; round < rounds; round++) {
    for (int i = 2; i < argc; i++) {
      if (argv[i] == NULL && argv[i + 1] != NULL) {
        run(argv + i + 1);
      }
    }
    printf("\n");
  }
  return 0;
}

#!/bin/sh
# run.sh SECONDS TARGET...: runs each target for so many seconds, two at a time,
# and prints a line for each. Status 1 when one found something; what it found
# lies in $OUT/crashes then, and the command that shows it again is printed.
#
# The corpus of the repository is only read. What is new goes to $OUT/corpus,
# which is emptied first, unless KEEP=yes.
set -u

seconds=$1
shift
bin=${BIN:-build/fuzz}
out=${OUT:-build/fuzz}
jobs=${JOBS:-2}
mkdir -p "$out/crashes" "$out/logs"

# What the person at the keyboard has configured must not reach the targets.
for name in $(env | sed -n 's/^\(FRONTDESK_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done

number() { # NAME LOG: of the statistics at the end
  sed -n "s/^stat::$1: *//p" "$2" | tail -n 1
}

coverage() { # LOG PATTERN...: "cov/ft" of the last line with it
  sed -n "/$2/s/.* cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/\1\/\2 \3/p" "$1" | tail -n 1
}

one() { # TARGET
  log=$out/logs/$1.log
  [ "${KEEP:-no}" = yes ] || rm -rf "$out/corpus/$1"
  mkdir -p "$out/corpus/$1"
  rm -f "$out/crashes/$1-"*
  dict=
  [ -f "spec/fuzz/$1.dict" ] && dict=-dict=spec/fuzz/$1.dict
  # A Lua state grows and shrinks from run to run, so that each would be searched
  # for leaks; there they are looked for at the end.
  leaks=1
  grep -q fuzz_lua "spec/fuzz/$1.c" && leaks=0
  # shellcheck disable=SC2086
  TZ=UTC LC_ALL=C ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1 \
    UBSAN_OPTIONS=print_stacktrace=1 \
    timeout --foreground -k 10 $((seconds + 120)) \
    "$bin/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=64 -detect_leaks=$leaks \
    -print_final_stats=1 -artifact_prefix="$out/crashes/$1-" $dict \
    "$out/corpus/$1" "spec/fuzz/corpus/$1" >"$log" 2>&1
  status=$?
  start=$(coverage "$log" INITED)
  end=$(coverage "$log" 'DONE\|BINGO\|NEW\|REDUCE\|pulse')
  printf '%-14s %10s runs %8s/s   cov/ft %-12s -> %-12s corpus %5s   %4s s\n' "$1" \
    "$(number number_of_executed_units "$log")" "$(number average_exec_per_sec "$log")" \
    "${start% *}" "${end% *}" "${end#* }" "$seconds"
  [ "$status" -eq 0 ] && return 0
  found=$(ls "$out/crashes/$1-"* 2>/dev/null | head -n 1)
  echo "$1: ended with status $status:"
  grep -E 'broken promise|ERROR:|runtime error|SUMMARY' "$log" | head -n 5 | sed 's/^/  /'
  if [ -n "$found" ]; then
    echo "  input: $found"
    echo "  again: $bin/$1 $found"
  fi
  echo "  log:   $log"
  return 1
}

# One of these is a worker: it takes every $jobs-th target.
worker() { # FIRST TARGET...
  turn=$1
  shift
  failures=0
  for target in "$@"; do
    if [ "$turn" -eq 0 ]; then
      one "$target" || failures=$((failures + 1))
    fi
    turn=$(((turn + 1) % jobs))
  done
  [ "$failures" -eq 0 ]
}

workers=
first=0
while [ "$first" -lt "$jobs" ]; do
  worker "$first" "$@" &
  workers="$workers $!"
  first=$((first + 1))
done
failed=0
for pid in $workers; do wait "$pid" || failed=1; done

total=0
for target in "$@"; do
  runs=$(number number_of_executed_units "$out/logs/$target.log")
  total=$((total + ${runs:-0}))
done
echo "fuzz: $# targets, $total runs, $([ $failed -eq 0 ] && echo 'nothing found' || echo 'something was found (see above)')"
exit $failed

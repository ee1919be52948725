#!/bin/sh
# run_specs.sh VARIANT LUAS SPEC...: runs the specs on each Lua and ends with
# one line, `N passed, N failed`, over all of them. VARIANT is "" or "asan-".
#
# A run that crashes, hangs or finds no test counts as one failure more, so the
# last line cannot read well by accident.
set -u

variant=$1
luas=$2
shift 2
root=$(pwd)

# What the person at the keyboard has configured must not reach the specs.
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4
for name in $(env | sed -n 's/^\(FRONTDESK_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done

show=files
[ $# -eq 1 ] && [ -f "$1" ] && show=tests

passed=0
failed=0
for lua in $luas; do
  counts=build/$variant$lua/counts
  rm -f "$counts"
  printf '\n== %s ==\n' "$variant$lua"
  # LuaJIT's own heap is invisible to the leak detector, so that all a script
  # still holds when it calls os.exit looks lost there. Lua 5.4 finds the leaks.
  case $lua in luajit*) leaks=0 ;; *) leaks=1 ;; esac
  LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/spec/?.lua;;" \
  LUA_CPATH="$root/build/$variant$lua/?.so;;" \
  FRONTDESK_LUA=$lua LD_PRELOAD=${PRELOAD:-} \
  ASAN_OPTIONS=detect_leaks=$leaks LSAN_OPTIONS="suppressions='$root/spec/support/leaks.supp':print_suppressions=0" \
  UBSAN_OPTIONS=print_stacktrace=1 \
    timeout --foreground -k 10 "${SPEC_TIMEOUT:-900}" \
    "$lua" spec/support/run.lua --output=spec/support/report.lua \
    -Xoutput "$counts,$show" "$@" </dev/null
  status=$?

  p=0 f=0 state=
  [ -f "$counts" ] && read -r p f state <"$counts"
  if [ "$state" != complete ]; then
    echo "$lua: the run broke off with status $status before its end"
    f=$((f + 1))
  elif [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
    echo "$lua: every test passed, but the run ended with status $status"
    f=1
  elif [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then
    echo "$lua: no test ran"
    f=1
  fi
  passed=$((passed + p))
  failed=$((failed + f))
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]

#!/bin/sh
# run_specs.sh VARIANT LUAS SPEC...: runs the specs on each Lua and ends with
# one line, `N passed, N failed`, over all of them. VARIANT is "" or "asan-".
#
# A run that crashes, hangs or finds no test counts as one failure more, so the
# last line cannot read well by accident.
#
# CHECK=sanitize or valgrind: every process that has a core in it is looked at,
# the specs' children too, and by the sanitizers nginx's workers (watch.sh). What
# is found in any, however that process ended, is printed and one failure more.
#
# CHECK=coverage: Lua 5.4 notes which lines run, into the folder build/coverage;
# without the specs that are about C alone, or count what the collector does.
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

check=${CHECK:-}
findings=
if [ -n "$check" ] && [ "$check" != coverage ]; then
  findings=$(mktemp -d /tmp/frontdesk.XXXXXX) || exit 2
  trap 'rm -rf "$findings"' EXIT
  chmod 1777 "$findings" # workers that run as another user write here as well
fi

report() { # LUA: prints what was found; false when that is nothing
  [ -n "$findings" ] || return 1
  files=$(find "$findings" -type f -size +0)
  [ -n "$files" ] || return 1
  echo "$1: found by $check:"
  cat $files
  rm -f $files
}

run() { # LUA SPEC...
  lua=$1
  shift
  FRONTDESK_PLAIN_LUA=$(command -v "$lua")
  export FRONTDESK_PLAIN_LUA
  if [ "$check" = coverage ]; then
    export FRONTDESK_COVERAGE="$root/build/coverage" LUA_INIT_5_4="@$root/spec/support/coverage.lua"
    case $lua in lua5.4) set -- --exclude-pattern=json_ --exclude-pattern=lifetime_ "$@" ;; esac
  elif [ -n "$check" ]; then
    tools=$root/build/watch-$check-$lua
    sh spec/support/watch.sh "$check" "$tools" "$findings" "$lua" || exit
    export PATH="$tools:$PATH" FRONTDESK_NGINX="$tools/gateway/nginx"
    [ "$check" != valgrind ] || export FRONTDESK_PACE=8 # support/pace.lua
  fi
  export LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/spec/?.lua;;"
  export LUA_CPATH="$root/build/$variant$lua/?.so;;"
  export FRONTDESK_LUA="$lua"
  exec timeout --foreground -k 10 "${SPEC_TIMEOUT:-900}" \
    "$lua" spec/support/run.lua --output=spec/support/report.lua \
    -Xoutput "$counts,$show" "$@" </dev/null
}

passed=0
failed=0
for lua in $luas; do
  counts=build/$variant$lua/counts
  rm -f "$counts"
  printf '\n== %s ==\n' "$variant$lua${check:+, $check}"
  (run "$lua" "$@")
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
  if report "$lua"; then f=$((f + 1)); fi
  passed=$((passed + p))
  failed=$((failed + f))
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]

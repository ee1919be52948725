#!/bin/sh
# watch.sh CHECK FOLDER FINDINGS LUA: makes two commands that run the Lua and an
# nginx with CHECK (sanitize or valgrind) looking on: FOLDER/lua5.4 or the like,
# to stand before the real one on PATH, and FOLDER/gateway/nginx, for an nginx
# that has a core in it. What is found in a process of theirs goes to a file in
# FINDINGS. The shell and whatever else the specs start is left alone.
set -eu

check=$1
folder=$2
findings=$3
lua=$4
root=$(pwd)
mkdir -p "$folder/gateway"

command_for() { # NAME COMMAND...
  path=$folder/$1
  shift
  printf '#!/bin/sh\nexec %s "$@"\n' "$(echo $*)" >"$path"
  chmod 755 "$path"
}

real_lua=$(command -v "$lua")
real_nginx=$(command -v nginx)

case $check in
  sanitize)
    # LuaJIT's own heap is invisible to the leak detector, so that all a script
    # still holds when it calls os.exit looks lost there. Lua 5.4 finds the leaks.
    case $lua in luajit*) leaks=0 ;; *) leaks=1 ;; esac
    runtime=$(${CC:-cc} -print-file-name=libasan.so)
    loader=$(ldd "$real_lua" | awk '$1 ~ /^\/.*\/ld/ { print $1 }')
    # Undefined behaviour is a trap there: UBSan's own report has no way out of nginx.
    options="LSAN_OPTIONS=suppressions='$root/spec/support/leaks.supp':print_suppressions=0
      ASAN_OPTIONS=log_path=$findings/asan:handle_sigill=1"
    # By the loader, so that the specs' other children do not inherit it.
    command_for "$lua" env "$options:detect_leaks=$leaks" "$loader" --argv0 "$folder/$lua" --preload "$runtime" "$real_lua"
    # What nginx keeps to its end is no leak of ours.
    command_for gateway/nginx env "$options:detect_leaks=0" LD_PRELOAD="$runtime" "$real_nginx"
    ;;
  valgrind)
    memcheck="$(command -v valgrind) -q --log-file=$findings/memcheck.%p --leak-check=full
      --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --keep-debuginfo=yes
      --num-callers=20 --suppressions=$root/spec/support/memcheck.supp"
    # What it has to say stands in the log, and exit statuses stay the scripts' own.
    # A fork of a script's own leaves its parent's connections alone, on purpose,
    # and all that hangs on them.
    command_for "$lua" $memcheck --child-silent-after-fork=yes "$real_lua"
    # Nginx is as it was: so slow it is not the server that the specs are about,
    # and it goes by another name. The sanitizers look at it.
    command_for gateway/nginx "$real_nginx"
    ;;
  *) echo "watch.sh: there is no check named '$check'" >&2; exit 2 ;;
esac

#!/bin/sh
# differential.sh VARIANT LUAS COUNT [SEED]: differential.lua on each Lua, all
# at once; each has documents of its own. Status 1 when one fails.
set -u

variant=$1
luas=$2
count=$3
seed=${4:-20240117}
root=$(pwd)

workers=
for lua in $luas; do
  LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/spec/?.lua;;" \
  LUA_CPATH="$root/build/$variant$lua/?.so;;" \
    "$lua" spec/proofs/differential.lua "$count" "$seed" &
  workers="$workers $!"
  seed=$((seed + 1))
done
failed=0
for worker in $workers; do wait "$worker" || failed=1; done
[ $failed -eq 0 ] && echo "differential: no difference that is not documented"
exit $failed

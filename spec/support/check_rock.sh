#!/bin/sh
# check_rock.sh ABI...: installs the rock for each Lua into a fresh tree of its
# own and works with it from there, as a user of LuaRocks would: from another
# folder, with nothing of the checkout on the path. Then tries `luarocks test`.
set -eu

name=frontdesk-scm-1.rockspec
root=$(pwd)

# LuaRocks compiles beside the sources; a copy keeps the checkout clean.
rm -rf build/rock
mkdir -p build/rock/source
cp -R csrc lua rockspec build/rock/source/

for abi in "$@"; do
  case $abi in luajit) version=5.1 ;; *) version=${abi#lua} ;; esac
  include=$(pkg-config --cflags-only-I "$abi" | sed 's/^-I//; s/ .*//')
  tree=$root/build/rock/$abi
  log=$tree.log
  echo "luarocks make ($abi)"
  find build/rock/source -name '*.o' -exec rm -f {} +
  (
    cd build/rock/source
    luarocks --lua-version "$version" --tree "$tree" make --deps-mode none \
      "rockspec/$name" LUA_INCDIR="$include" \
      CFLAGS='-O2 -fPIC -Wall -Werror=implicit-function-declaration'
  ) >"$log" 2>&1 || { cat "$log"; echo "luarocks could not make the rock for $abi"; exit 1; }

  # lua-cjson is Debian's; it is all that is there beside the tree.
  cjson=$("$abi" -e 'for template in package.cpath:gmatch "[^;]+" do
      local file = io.open((template:gsub("%?", "cjson")))
      if file then print(template) break end
    end')
  (
    cd /
    unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4
    LUA_PATH="$tree/share/lua/$version/?.lua;$tree/share/lua/$version/?/init.lua" \
    LUA_CPATH="$tree/lib/lua/$version/?.so;$cjson" \
      "$abi" "$root/spec/support/smoke.lua" from="$tree"
  )
done

# What the rock says of its tests is what `luarocks test` runs; one file stands for all.
log=$root/build/rock/test.log
SPEC=spec/unit/rockspec_spec.lua luarocks --lua-version 5.4 test "rockspec/$name" >"$log" 2>&1 ||
  { cat "$log"; echo 'luarocks test failed'; exit 1; }
grep 'passed, 0 failed' "$log" | sed 's/^/luarocks test: /'

#!/bin/sh
# check_rock.sh ABI...: installs the rock for each Lua into a fresh tree of its
# own and loads it from there, as a user of LuaRocks would: from another folder,
# with nothing of the checkout on the path.
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

  (
    cd /
    unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4
    LUA_PATH="$tree/share/lua/$version/?.lua;$tree/share/lua/$version/?/init.lua;;" \
    LUA_CPATH="$tree/lib/lua/$version/?.so;;" \
      "$abi" - "$tree" <<'END'
        local frontdesk, core = require "frontdesk", require "frontdesk.core"
        assert(package.searchpath("frontdesk", package.path):find(arg[1], 1, true) == 1)
        for _, name in ipairs(require "frontdesk.catalogue") do assert(frontdesk[name]) end
        assert(require "frontdesk.sandbox")
        print("frontdesk " .. core.version, _VERSION, core.curl_version)
END
  )
done

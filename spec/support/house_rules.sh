#!/bin/sh
# house_rules.sh OBJECT...: what no compiler checks, from the sources and from
# the objects made of them. Names each breach; status 1 when there is one.
set -u

pure=$(printf '%s\n' "$@" | grep /pure/)
breaches=0
breach() { # TITLE LINES
  [ -n "$2" ] || return 0
  printf 'rule broken: %s\n%s\n' "$1" "$2" | sed '2,$s/^/  /'
  breaches=$((breaches + 1))
}

breach 'csrc/engine and csrc/json know no Lua: only csrc/binding may include its headers' \
  "$(grep -nE '#[[:space:]]*include[[:space:]]*[<"]([^>"]*/)?(lua|lauxlib|lualib|luaconf|luajit|compat)\.h' \
    csrc/engine/* csrc/json/* 2>/dev/null)"

breach 'csrc/engine and csrc/json lie below csrc/binding and include nothing of it' \
  "$(grep -nE '#[[:space:]]*include[[:space:]]*"([^"]*/)?(binding/|l_[a-z_]*\.h|shape_[a-z_]*\.h)' \
    csrc/engine/* csrc/json/* 2>/dev/null)"

# The same by what the compiler really read, whatever way it was included.
breach 'an object of csrc/engine or csrc/json was compiled with a header of Lua or of the binding' \
  "$(grep -nE '(/lua[0-9.-]*/|/luajit[0-9.-]*/|lauxlib\.h|csrc/binding/)' $(echo "$pure" | sed 's/\.o$/.d/'))"

breach 'only csrc/binding/compat.h asks for the version of Lua' \
  "$(grep -nE 'LUA_VERSION_NUM|LUAJIT_VERSION' $(find csrc -name '*.[ch]' ! -path csrc/binding/compat.h) /dev/null)"

breach 'every symbol shared between C files begins with fdk_ (luaopen_ for the entry)' \
  "$(nm -A -g --defined-only "$@" | awk '$NF !~ /^(fdk_|luaopen_)/')"

breach 'a core shows the world its luaopen_ function and nothing else' \
  "$(for core in build/lua5.4/frontdesk/core.so build/luajit/frontdesk/core.so; do
      names=$(nm -D --defined-only "$core" | awk '{print $NF}' | tr '\n' ' ')
      [ "$names" = 'luaopen_frontdesk_core ' ] || echo "$core: $names"
    done)"

breach 'a core refers to a function of ours that no C file has' \
  "$(nm -A -D --undefined-only build/lua5.4/frontdesk/core.so build/luajit/frontdesk/core.so | grep fdk_)"

# State belongs to a lua_State or an engine: what is in .data or .bss would be
# shared by all of them. Constant tables with relocations are no state.
# The names exempt are header entries in the shape of libcurl's list, whose type
# has no const; nothing writes to them.
breach 'the C has no variable with static storage' \
  "$(nm -A -f sysv --defined-only "$@" |
    awk -F'|' '$4 ~ /OBJECT|TLS/ && $7 ~ /^ *(\.data|\.bss|\.tdata|\.tbss|\*COM\*)(\.|$)/ && $7 !~ /\.rel\.ro/ {
      gsub(/ /, "", $1); sub(/.*:/, "", $1)
      if ($1 !~ /^(no_expect|no_type|accept_all|accept_old|bare)(\.[0-9]+)?$/) print $0 }')"

breach 'no test is left pending and nothing is left to do' \
  "$(grep -rnE '\<(TODO|FIXME|XXX)\>' csrc lua spec examples docs 2>/dev/null | grep -v 'house_rules.sh'
    grep -rnE '(^|[^a-z_.])pending[[:space:]]*[("]' spec 2>/dev/null | grep -vE 'spec/support/(house_rules.sh|report.lua)')"

breach 'lua/ is Lua 5.1 in syntax, so that every Lua loads it' \
  "$(find lua -name '*.lua' -exec sh -c 'for file; do luac5.1 -p "$file" 2>&1; done' sh {} +)"

[ "$breaches" -eq 0 ]

#!/bin/sh
# packages.sh GROUP...: makes sure that what the named targets need is there.
#
# Debian and its kin: packages that dpkg does not list as installed come from
# apt-get, as root or through sudo. When nothing is missing this is one look at
# dpkg and needs no rights. Elsewhere the commands and headers are looked for;
# when some are missing they are named and the status is 2.
#
# "a|b" means: any of these will do, and the first is what gets installed.
set -eu

build='gcc libc6-dev pkg-config liblua5.4-dev libluajit2-5.1-dev
  libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev'
demo='lua5.4 lua-cjson openssl nginx-light|nginx|nginx-core|nginx-full|nginx-extras
  libnginx-mod-http-lua'
test="$demo luajit2 lua-busted lua-socket lua-cqueues lua-luv lua-copas locales ca-certificates"
lint='gcc clang clang-tidy cppcheck lua-check lua5.1 binutils'
bench="$test lua-http lua-curl wrk valgrind"
older='lua5.1 liblua5.1-0-dev lua5.2 liblua5.2-dev lua5.3 liblua5.3-dev'
smoke="$demo luajit2 $older"
rock="$demo luajit2 luarocks"
fuzz='clang libclang-rt-dev|libclang-rt-14-dev'
valgrind="$test valgrind"
gnutls='libcurl3-gnutls'

wanted=
for group in "$@"; do
  case $group in
    build) wanted="$wanted $build" ;;
    demo)  wanted="$wanted $build $demo" ;;
    test)  wanted="$wanted $build $test" ;;
    lint)  wanted="$wanted $build $lint" ;;
    bench) wanted="$wanted $build $bench" ;;
    smoke) wanted="$wanted $build $smoke" ;;
    rock)  wanted="$wanted $build $rock" ;;
    fuzz)  wanted="$wanted $build $fuzz" ;;
    valgrind) wanted="$wanted $build $valgrind" ;;
    gnutls) wanted="$wanted $gnutls" ;;
    *) echo "packages.sh: no group named '$group'" >&2; exit 2 ;;
  esac
done

# Elsewhere: what has to be there, by what it provides.
elsewhere() {
  absent=
  for need in "$@"; do
    case $need in
      *.h) # a header: found when the compiler finds it with its pkg-config flags
        set -- $(case $need in
          lua.h) echo lua5.4 lua-5.4 lua54 lua ;; luajit.h) echo luajit ;; *) echo libcurl ;;
        esac)
        flags=$(for name in "$@"; do pkg-config --cflags "$name" 2>/dev/null && break; done || true)
        # shellcheck disable=SC2086
        echo "#include <$need>" | ${CC:-cc} $flags -E -o /dev/null - 2>/dev/null ||
          absent="$absent
  the header $need (development files)" ;;
      *) command -v "$need" >/dev/null 2>&1 || absent="$absent
  the command $need" ;;
    esac
  done
  [ -n "$absent" ] || exit 0
  cat >&2 <<END
frontdesk: this machine has no apt-get; please install, with its own package manager, what provides:$absent
and, for what uses them: lua-cjson for Lua 5.4 and LuaJIT, nginx with its Lua module, busted.
END
  exit 2
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  needs='cc pkg-config lua.h luajit.h curl/curl.h'
  for group in "$@"; do
    case $group in
      demo)  needs="$needs lua5.4 nginx openssl" ;;
      test)  needs="$needs lua5.4 luajit nginx openssl busted" ;;
      lint)  needs="$needs gcc clang clang-tidy cppcheck luacheck luac5.1 nm" ;;
      bench) needs="$needs lua5.4 luajit nginx openssl wrk" ;;
      smoke) needs="$needs lua5.1 lua5.2 lua5.3 lua5.4 luajit nginx openssl" ;;
      rock)  needs="$needs lua5.4 luajit nginx luarocks" ;;
      fuzz)  needs="$needs clang" ;;
      valgrind) needs="$needs lua5.4 luajit nginx openssl busted valgrind" ;;
    esac
  done
  # shellcheck disable=SC2086
  elsewhere $needs
fi

# shellcheck disable=SC2046,SC2086
installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' \
  $(echo $wanted | tr '|' ' ') 2>/dev/null || true) "
missing=
for choice in $wanted; do
  found=
  for name in $(echo "$choice" | tr '|' ' '); do
    case $installed in *" installed=$name "*) found=yes; break ;; esac
  done
  [ -n "$found" ] && continue
  case "$missing " in *" ${choice%%|*} "*) ;; *) missing="$missing ${choice%%|*}" ;; esac
done
[ -n "$missing" ] || exit 0

echo "frontdesk: installing$missing"
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "frontdesk: these packages are missing; as root, run: apt-get install$missing" >&2
    exit 2
  fi
  if [ -t 0 ]; then as_root=sudo; else as_root='sudo -n'; fi
fi

apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null >/dev/null
}

# The sandbox starts its own nginx. Where installing the package would also
# start a web server on port 80, the service is masked for the time of the
# installation and left disabled; an nginx that was there before is not touched.
hold_nginx=
case $missing in
  *nginx*)
    if [ -d /run/systemd/system ] && ! systemctl cat nginx.service >/dev/null 2>&1; then
      hold_nginx=yes
      $as_root systemctl mask --runtime --quiet nginx.service
    fi ;;
esac
release_nginx() {
  [ -n "$hold_nginx" ] || return 0
  $as_root systemctl unmask --runtime --quiet nginx.service || true
  $as_root systemctl disable --quiet nginx.service || true
  echo 'frontdesk: nginx is installed, its system service is left disabled (the sandbox starts its own)'
}
trap release_nginx EXIT

if ! ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1; then
  apt update || true
fi
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing || {
  apt update && apt install -y --no-install-recommends $missing
} || {
  echo "frontdesk: apt-get could not install:$missing" >&2
  exit 2
}

#!/bin/sh
# deps: the Debian packages that Lunette needs, listed here and nowhere else.
# Installs what is missing; as a plain user it says what is missing and fails.
set -eu

build="gcc make pkg-config libc6-dev libluajit-5.1-dev libssl-dev libev-dev
libc-ares-dev libcrypt-dev libidn2-dev"
spec="luajit lua-busted lua-check lua-socket lua-sec lua-posix lua-cjson clang
libclang-rt-14-dev valgrind
python3 postfix swaks msmtp curl openssl dnsmasq-base procps"

missing=
for p in $build $spec; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "deps: missing:$missing" >&2
	echo "deps: install them as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
apt-get install -q -y --no-install-recommends $missing

#!/bin/sh
# deps: the Debian packages that Lunette needs, listed here and nowhere else.
# Installs what is missing; as a plain user it says what is missing and fails.
set -eu

build="gcc make pkg-config libc6-dev libluajit-5.1-dev libssl-dev libev-dev
libc-ares-dev libcrypt-dev libidn2-dev"
spec="luajit lua-busted lua-check lua-socket lua-sec lua-posix lua-cjson clang
libclang-rt-14-dev valgrind
python3 postfix libsasl2-modules swaks libnet-ssleay-perl msmtp curl openssl
haproxy dnsmasq-base procps"

# Mail servers that cannot be installed beside Postfix, and the libraries that
# they ask for.  Unpacked into a directory that can be the root of a process,
# where the specs that run as root use them.
peers="exim4-daemon-light opensmtpd"
libraries="libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0 libdb5.3 libpam0g
libevent-2.1-7"
root=$(dirname "$0")/../var/peers

unpack() {
	rm -rf "$root" "$root.new"
	mkdir -p "$root.new"
	cd "$root.new"
	# shellcheck disable=SC2086
	apt-get -q -o APT::Sandbox::User=root download $peers
	for deb in *.deb; do
		dpkg -x "$deb" .
	done
	rm -r ./*.deb usr/share
	ldd usr/sbin/exim4 usr/sbin/smtpd usr/libexec/opensmtpd/mail.maildir \
		/bin/sh >needed
	if grep 'not found' needed >&2; then
		exit 1
	fi
	# shellcheck disable=SC2046
	cp -L --parents /bin/sh $(sed 's/ (.*//; s/.* => //' needed |
		tr -d '\t' | grep '^/lib' | sort -u) .
	rm needed
	cd "$OLDPWD"
	mv "$root.new" "$root"
}

missing=
for p in $build $spec $libraries; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
		missing="$missing $p"
done
if [ -z "$missing" ] && { [ -d "$root" ] || [ "$(id -u)" != 0 ]; }; then
	exit 0
fi

if [ "$(id -u)" != 0 ]; then
	echo "deps: missing:$missing" >&2
	echo "deps: install them as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086
[ -z "$missing" ] || apt-get install -q -y --no-install-recommends $missing
[ -d "$root" ] || unpack

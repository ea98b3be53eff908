#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the guest's root: initramfs.sh PIECES PROGRAM OUTPUT. The programs come with the libraries they have here.
set -euo pipefail

pieces=$1 program=$2 output=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

mkdir -p "$root"/{bin,dev,etc,lib64,lib/modules,proc,run,sys,tmp,usr/bin,var/lib} "$root/lib/x86_64-linux-gnu"
cp "$here/init" "$root/init"
cp "$here/agent" "$here/watch-lines" "$root/bin/"
chmod 755 "$root/init" "$root"/bin/*
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
  [ -e "$root/bin/$applet" ] || [ "$applet" = setpriv ] || ln -sf busybox "$root/bin/$applet"
done
cp "$pieces"/kernel/modules/* "$root/lib/modules/"

programs=("$program" "$pieces/bluez/btattach" "$pieces/bluez/hciconfig")
for tool in nice setpriv sqlite3; do programs+=("$(command -v "$tool")"); done
cp -L "${programs[@]}" "$root/usr/bin/"
mv "$root/usr/bin/$(basename "$program")" "$root/usr/bin/kiosk.new"
mv "$root/usr/bin/kiosk.new" "$root/usr/bin/kiosk"
# Wherever a library lies here: there it lies where the loader looks without being told.
for one in "${programs[@]}"; do
  ldd "$one" | awk '/not found/ { print "lacking: " $1 > "/dev/stderr"; exit 1 } $2 == "=>" && $3 ~ /^\// { print $3 }'
done | sort -u | while read -r library; do cp -L "$library" "$root/lib/x86_64-linux-gnu/"; done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"

# What pages are set with: the two fonts they use, and how these are found. All others would be read at each start.
mkdir -p "$root/etc/fonts" "$root/usr/share/fonts"
cp -rL /etc/fonts/. "$root/etc/fonts/"
cp -L "$(fc-match -f '%{file}' Inter)" "$(fc-match -f '%{file}' Inter:bold)" "$root/usr/share/fonts/"

printf 'root:x:0:0::/:/bin/sh\nkiosk:x:1000:1000::/tmp:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nkiosk:x:1000:\ngpio:x:997:kiosk\nvideo:x:44:kiosk\ninput:x:996:kiosk\n' >"$root/etc/group"

(cd "$root" && find . -print0 | cpio --null --create --quiet --format=newc --owner=0:0) >"$output"

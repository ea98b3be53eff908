#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetches and builds what a run takes from Debian: pieces.sh FOLDER. Does nothing where FOLDER has it already.
#
# Of the release this machine runs: vmlinux, the modules needed and their order, gpio-sim.ko, bluez' btattach and hciconfig.
# Packages are downloaded and unpacked, not installed: /boot, /lib/modules and running services stay as they are.
set -euo pipefail

recipe=3 # to be counted up with every change of what follows
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
. /etc/os-release
stamp="recipe $recipe, $ID ${VERSION_ID:-}, $(dpkg --print-architecture)"
if [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "vm-test is written for amd64" >&2; exit 1; }

mkdir -p "$folder"
work=$(mktemp -d "$folder/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
say() { printf '%s (%d s)\n' "$1" "$SECONDS"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
as_root apt-get update -qq

# depends PACKAGE PATTERN: the first dependency of that form, with its exact version where it is given.
depends() { apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',' '\n' | sed -n "s/^ *\($2\)\( (= \([^)]*\))\)\{0,1\} *$/\1=\3/p" | sed 's/=$//' | head -n 1; }
image=$(depends linux-image-amd64 'linux-image-[^ ]*')
[ -n "$image" ] || { echo "no package linux-image-amd64 on this system" >&2; exit 1; }
version=${image#*=}
release=${image%%=*}
release=${release#linux-image-}
series=$(echo "$release" | cut -d. -f1,2)

say "downloading Debian's kernel $release"
# download PACKAGE …: into $work, whatever user may write there.
download() { (cd "$work" && apt-get download -qq "$@" 2>&1 | { grep -v 'unsandboxed as root' || true; } >&2); }
unpack() { for deb in "$work"/$1_*.deb; do dpkg-deb -x "$deb" "$work/root"; rm "$deb"; done; }
download "$image" bluez
unpack 'linux-image-*'
unpack bluez
python3 "$here/vmlinux.py" "$work"/root/boot/vmlinuz-* "$work/vmlinux"

modules=$work/root/lib/modules/$release
[ -d "$modules" ] || { mkdir -p "$work/root/lib/modules"; modules=$work/root/usr/lib/modules/$release; mv "$modules" "$work/root/lib/modules/"; modules=$work/root/lib/modules/$release; }
# Newer releases compress modules; the guest's busybox loads them plain.
find "$modules" -name '*.ko.xz' -exec xz -d {} +
find "$modules" -name '*.ko.zst' -exec zstd -q --rm -d {} +

# Debian 12 has no gpio-sim; where the kernel has it, that one is taken.
if [ -z "$(find "$modules" -name 'gpio-sim.ko')" ]; then
  say "building gpio-sim"
  download "linux-headers-$release=$version" "linux-source-$series=$version"
  common=$(dpkg-deb -f "$work"/linux-headers-"$release"_*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(linux-headers-[^ ]*-common\).*/\1/p')
  kbuild=$(dpkg-deb -f "$work"/linux-headers-"$release"_*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(linux-kbuild-[^ ]*\).*/\1/p')
  download "$common=$version" "$kbuild=$version"
  unpack 'linux-headers-*'
  unpack 'linux-kbuild-*'
  sources=(drivers/gpio/gpio-sim.c drivers/gpio/gpiolib.h kernel/irq/irq_sim.c)
  dpkg-deb --fsys-tarfile "$work/linux-source-${series}"_*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
    tar -xJ -C "$work" --strip-components 1 "${sources[@]/#/linux-source-$series/}"
  rm "$work"/*.deb
  mkdir "$work/gpio-sim"
  # Its own file may not be called as the module that is made of two.
  cp "$work/drivers/gpio/gpio-sim.c" "$work/gpio-sim/gpio_sim_main.c"
  cp "$work/drivers/gpio/gpiolib.h" "$work/kernel/irq/irq_sim.c" "$work/gpio-sim"
  # irq_to_desc is not exported to modules; this does the same.
  sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' "$work/gpio-sim/irq_sim.c"
  printf 'obj-m := gpio-sim.o\ngpio-sim-y := gpio_sim_main.o irq_sim.o\n' >"$work/gpio-sim/Kbuild"
  # The headers name each other by where they would be installed.
  headers=$work/root/usr/src/linux-headers-$release
  sed -i "s#/usr/src/#$(cd "$work" && pwd)/root/usr/src/#" "$headers/Makefile"
  make -s -C "$headers" "M=$(cd "$work" && pwd)/gpio-sim" modules >"$work/make.txt" 2>&1 ||
    { cat "$work/make.txt" >&2; echo "gpio-sim does not build for $release" >&2; exit 1; }
  mkdir -p "$modules/extra"
  cp "$work/gpio-sim/gpio-sim.ko" "$modules/extra/"
fi

say "choosing modules"
# Crypto is what the Bluetooth subsystem and ext4 ask for by name: the guest has no modprobe to answer that.
wanted=(virtio_pci virtio_console configfs gpio-sim rfkill hmac sha512_generic ctr drbg ecdh_generic cmac bluetooth hci_uart
  virtio_gpu cirrus virtio_input evdev virtio_blk crc32c_generic ext4)
depmod -b "$work/root" "$release"
mkdir "$work/modules"
for module in "${wanted[@]}"; do modprobe -d "$work/root" -S "$release" --show-depends "$module"; done |
  awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/order"
while read -r path; do
  cp "$path" "$work/modules/"
  basename "$path"
done <"$work/order" >"$work/modules/order"
strip --strip-debug "$work"/modules/*.ko

rm -rf "$folder/kernel" "$folder/bluez"
mkdir "$folder/kernel" "$folder/bluez"
mv "$work/vmlinux" "$work/modules" "$folder/kernel/"
for tool in btattach hciconfig; do
  path=$(find "$work/root" -type f -name "$tool" | head -n 1)
  [ -n "$path" ] || { echo "Debian's package bluez has no $tool" >&2; exit 1; }
  cp "$path" "$folder/bluez/"
done
echo "$release $version" >"$folder/kernel/release"
echo "$stamp" >"$folder/stamp"
say "kept in $folder: $(du -sh "$folder/kernel" | cut -f1)"

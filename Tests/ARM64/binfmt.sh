#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Has the kernel run programs for 64-bit ARM by QEMU, to be called in a mount namespace: binfmt.sh add NAME QEMU, which
# does nothing where the kernel has such an entry, and binfmt.sh remove NAME.
# An entry holds for the machine. Kernels from 6.7 on drop it with the last mount of binfmt_misc, older ones keep it.
set -euo pipefail

kernel=/proc/sys/fs/binfmt_misc
[ -e "$kernel/register" ] || mount -t binfmt_misc binfmt_misc "$kernel" ||
  { echo "this kernel has no binfmt_misc, so that QEMU cannot run programs for arm64: try modprobe binfmt_misc" >&2; exit 1; }
# Source: elf(5): 64 bits, little endian, ET_EXEC or ET_DYN, EM_AARCH64.
magic=7f454c460201010000000000000000000200b700
mask=ffffffffffffff00fffffffffffffffffeffffff
escaped() { sed 's/../\\x&/g' <<<"$1"; }
case $1 in
  add)
    # F: the emulator is opened now, and serves in roots that do not have it.
    for entry in "$kernel"/*; do
      if grep -qsx enabled "$entry" && grep -qsx "magic $magic" "$entry" && grep -qs '^flags:.*F' "$entry"; then exit 0; fi
    done
    echo ":$2:M:0:$(escaped $magic):$(escaped $mask):$3:F" >"$kernel/register"
    ;;
  remove) [ ! -e "$kernel/$2" ] || echo -1 >"$kernel/$2" ;;
esac

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

// A socket on which the kernel tells of devices that come, go or change, without udev. It does not block. A descriptor
// or a negative errno: -EAFNOSUPPORT where a service may not open it. Source: netlink(7), NETLINK_KOBJECT_UEVENT.
int kiosk_uevents_open(void);

// Takes one message of the kernel's; what others send is left out. Its bytes, cut off at `size`; 0 when none waits;
// or a negative errno: -ENOBUFS when messages were lost.
int kiosk_uevents_take(int fd, uint8_t *bytes, size_t size);

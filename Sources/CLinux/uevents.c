// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "uevents.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int kiosk_uevents_open(void) {
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  if (fd < 0) return -errno;
  struct sockaddr_nl address;
  memset(&address, 0, sizeof address);
  address.nl_family = AF_NETLINK;
  // The kernel's own group; udev's is the second. Source: lib/kobject_uevent.c.
  address.nl_groups = 1;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int kiosk_uevents_take(int fd, uint8_t *bytes, size_t size) {
  for (;;) {
    struct sockaddr_nl sender;
    socklen_t length = sizeof sender;
    memset(&sender, 0, sizeof sender);
    ssize_t count = recvfrom(fd, bytes, size, 0, (struct sockaddr *)&sender, &length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? 0 : -errno;
    // A process has a number there, the kernel has none.
    if (length == sizeof sender && sender.nl_pid == 0 && count > 0) return (int)count;
  }
}

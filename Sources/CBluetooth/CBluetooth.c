// SPDX-License-Identifier: GPL-3.0-or-later
#include "CBluetooth.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bluetooth/bluetooth.h>
#include <bluetooth/hci.h>

int kiosk_hci_open_user_channel(unsigned short device) {
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, BTPROTO_HCI);
  if (fd < 0) return -errno;
  struct sockaddr_hci address;
  memset(&address, 0, sizeof address);
  address.hci_family = AF_BLUETOOTH;
  address.hci_dev = device;
  address.hci_channel = HCI_CHANNEL_USER;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int kiosk_hci_is_up(unsigned short device) {
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI);
  if (fd < 0) return -errno;
  struct hci_dev_info info;
  memset(&info, 0, sizeof info);
  info.dev_id = device;
  int result;
  if (ioctl(fd, HCIGETDEVINFO, (void *)&info) < 0)
    result = -errno;
  else
    result = (info.flags & (1u << HCI_UP)) && !(info.flags & (1u << HCI_INIT));
  close(fd);
  return result;
}

int kiosk_hci_take_down(unsigned short device) {
  int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI);
  if (fd < 0) return -errno;
  int result = ioctl(fd, HCIDEVDOWN, (unsigned long)device) < 0 ? -errno : 0;
  close(fd);
  return result;
}

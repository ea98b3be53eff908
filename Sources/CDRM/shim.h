// SPDX-License-Identifier: GPL-3.0-or-later
//
// libdrm's modesetting calls, and what of them is macros: dumb buffers and the events of page flips.
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

// Declared whatever the feature macros are: offsets of dumb buffers are beyond 4 GiB also for 32-bit programs.
extern void *mmap64(void *, size_t, int, int, int, __off64_t);

// 1 when the card has dumb buffers, else 0. Source: drm.h, DRM_CAP_DUMB_BUFFER.
static inline int cdrm_has_dumb_buffers(int fd) {
  uint64_t value = 0;
  return drmGetCap(fd, DRM_CAP_DUMB_BUFFER, &value) == 0 && value != 0;
}

// A buffer that the processor writes and the card shows.
struct cdrm_buffer {
  uint32_t handle;
  uint32_t framebuffer;
  // Bytes from one row to the next, and of all rows.
  uint32_t pitch;
  uint64_t size;
  void *memory;
};

static inline void cdrm_buffer_destroy(int fd, struct cdrm_buffer *buffer) {
  if (buffer->framebuffer) drmModeRmFB(fd, buffer->framebuffer);
  if (buffer->memory) munmap(buffer->memory, buffer->size);
  if (buffer->handle) {
    struct drm_mode_destroy_dumb destroy = {.handle = buffer->handle};
    drmIoctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
  }
  memset(buffer, 0, sizeof *buffer);
}

// A buffer of 32 bits a pixel (XRGB8888), mapped, with its framebuffer. Returns 0, or a negative errno and an
// empty buffer. Source: drm_mode.h, drm_mode_create_dumb, drm_mode_map_dumb.
static inline int cdrm_buffer_create(int fd, uint32_t width, uint32_t height, struct cdrm_buffer *buffer) {
  memset(buffer, 0, sizeof *buffer);
  struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
  if (drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0) return -errno;
  buffer->handle = create.handle;
  buffer->pitch = create.pitch;
  buffer->size = create.size;
  int error = drmModeAddFB(fd, width, height, 24, 32, create.pitch, create.handle, &buffer->framebuffer);
  if (error == 0) {
    struct drm_mode_map_dumb map = {.handle = create.handle};
    if (drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0) {
      error = -errno;
    } else {
      void *memory = mmap64(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (__off64_t)map.offset);
      if (memory == MAP_FAILED) error = -errno; else buffer->memory = memory;
    }
  }
  if (error) cdrm_buffer_destroy(fd, buffer);
  return error;
}

// Asks for a flip at the next vertical blank, and for an event when it has happened. 0 or a negative errno.
static inline int cdrm_flip(int fd, uint32_t crtc, uint32_t framebuffer) {
  return drmModePageFlip(fd, crtc, framebuffer, DRM_MODE_PAGE_FLIP_EVENT, NULL);
}

// Takes the events that wait on a descriptor that does not block: how many flips were completed, or a negative
// errno. Source: drm.h, drm_event.
static inline int cdrm_take_flips(int fd) {
  uint8_t bytes[1024];
  int flips = 0;
  for (;;) {
    ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? flips : -errno;
    if (count == 0) return flips;
    struct drm_event event;
    for (ssize_t at = 0; at + (ssize_t)sizeof event <= count; at += event.length) {
      memcpy(&event, bytes + at, sizeof event);
      if (event.length < sizeof event) break;
      if (event.type == DRM_EVENT_FLIP_COMPLETE) flips++;
    }
  }
}

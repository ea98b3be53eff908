// SPDX-License-Identifier: GPL-3.0-or-later
/// The part of libgpiod 2.x that CGpiod uses, on the fake chips. Source: gpiod.h of libgpiod 2.2.1.
#include <errno.h>
#include <gpiod.h>

#include "fake.h"

struct gpiod_chip {
  struct fake_chip *fake;
};

struct gpiod_chip_info {
  struct fake_chip *fake;
};

struct gpiod_line_info {
  struct fake_line *fake;
};

struct gpiod_line_settings {
  enum gpiod_line_direction direction;
  enum gpiod_line_value value;
  bool active_low;
  enum gpiod_line_edge edge;
  enum gpiod_line_bias bias;
  unsigned long debounce_us;
};

struct gpiod_edge_event {
  struct fake_edge edge;
};

struct gpiod_edge_event_buffer {
  size_t capacity;
  struct gpiod_edge_event events[16];
};

struct gpiod_line_config {
  bool filled;
  unsigned int offset;
  struct gpiod_line_settings settings;
};

struct gpiod_request_config {
  const char *consumer;
};

struct gpiod_line_request {
  struct fake_chip *fake;
  unsigned int offset;
};

const char *gpiod_api_version(void) { return "2.stub"; }

struct gpiod_chip *gpiod_chip_open(const char *path) {
  struct fake_chip *fake = fake_chip_at(path);
  if (!fake) return NULL;
  struct gpiod_chip *chip = fake_new(sizeof *chip);
  if (chip) chip->fake = fake;
  return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip) { fake_free(chip); }

struct gpiod_chip_info *gpiod_chip_get_info(struct gpiod_chip *chip) {
  struct gpiod_chip_info *info = fake_new(sizeof *info);
  if (info) info->fake = chip->fake;
  return info;
}

void gpiod_chip_info_free(struct gpiod_chip_info *info) { fake_free(info); }

const char *gpiod_chip_info_get_label(struct gpiod_chip_info *info) { return info->fake->label; }

size_t gpiod_chip_info_get_num_lines(struct gpiod_chip_info *info) { return info->fake->num_lines; }

struct gpiod_line_info *gpiod_chip_get_line_info(struct gpiod_chip *chip, unsigned int offset) {
  if (offset >= chip->fake->num_lines) {
    errno = EINVAL;
    return NULL;
  }
  if (chip->fake->read_errno != 0) {
    errno = chip->fake->read_errno;
    return NULL;
  }
  struct gpiod_line_info *info = fake_new(sizeof *info);
  if (info) info->fake = &chip->fake->lines[offset];
  return info;
}

void gpiod_line_info_free(struct gpiod_line_info *info) { fake_free(info); }

const char *gpiod_line_info_get_name(struct gpiod_line_info *info) { return info->fake->name; }

const char *gpiod_line_info_get_consumer(struct gpiod_line_info *info) { return info->fake->consumer; }

bool gpiod_line_info_is_used(struct gpiod_line_info *info) { return info->fake->used; }

struct gpiod_line_settings *gpiod_line_settings_new(void) {
  struct gpiod_line_settings *settings = fake_new(sizeof *settings);
  if (settings) {
    settings->direction = GPIOD_LINE_DIRECTION_AS_IS;
    settings->edge = GPIOD_LINE_EDGE_NONE;
    settings->bias = GPIOD_LINE_BIAS_AS_IS;
  }
  return settings;
}

void gpiod_line_settings_free(struct gpiod_line_settings *settings) { fake_free(settings); }

int gpiod_line_settings_set_direction(struct gpiod_line_settings *settings,
                                      enum gpiod_line_direction direction) {
  settings->direction = direction;
  return 0;
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *settings, enum gpiod_line_value value) {
  settings->value = value;
  return 0;
}

void gpiod_line_settings_set_active_low(struct gpiod_line_settings *settings, bool active_low) {
  settings->active_low = active_low;
}

int gpiod_line_settings_set_edge_detection(struct gpiod_line_settings *settings, enum gpiod_line_edge edge) {
  settings->edge = edge;
  return 0;
}

int gpiod_line_settings_set_bias(struct gpiod_line_settings *settings, enum gpiod_line_bias bias) {
  settings->bias = bias;
  return 0;
}

void gpiod_line_settings_set_debounce_period_us(struct gpiod_line_settings *settings, unsigned long period) {
  settings->debounce_us = period;
}

struct gpiod_edge_event_buffer *gpiod_edge_event_buffer_new(size_t capacity) {
  struct gpiod_edge_event_buffer *buffer = fake_new(sizeof *buffer);
  if (buffer) buffer->capacity = capacity < 16 ? capacity : 16;
  return buffer;
}

void gpiod_edge_event_buffer_free(struct gpiod_edge_event_buffer *buffer) { fake_free(buffer); }

struct gpiod_edge_event *gpiod_edge_event_buffer_get_event(struct gpiod_edge_event_buffer *buffer,
                                                           unsigned long index) {
  return &buffer->events[index];
}

enum gpiod_edge_event_type gpiod_edge_event_get_event_type(struct gpiod_edge_event *event) {
  return event->edge.active ? GPIOD_EDGE_EVENT_RISING_EDGE : GPIOD_EDGE_EVENT_FALLING_EDGE;
}

uint64_t gpiod_edge_event_get_timestamp_ns(struct gpiod_edge_event *event) {
  return (uint64_t)event->edge.timestamp_ns;
}

struct gpiod_line_config *gpiod_line_config_new(void) { return fake_new(sizeof(struct gpiod_line_config)); }

void gpiod_line_config_free(struct gpiod_line_config *config) { fake_free(config); }

int gpiod_line_config_add_line_settings(struct gpiod_line_config *config, const unsigned int *offsets,
                                        size_t num_offsets, struct gpiod_line_settings *settings) {
  if (num_offsets != 1) {
    errno = EINVAL;
    return -1;
  }
  config->filled = true;
  config->offset = offsets[0];
  config->settings = *settings;
  return 0;
}

struct gpiod_request_config *gpiod_request_config_new(void) {
  return fake_new(sizeof(struct gpiod_request_config));
}

void gpiod_request_config_free(struct gpiod_request_config *config) { fake_free(config); }

void gpiod_request_config_set_consumer(struct gpiod_request_config *config, const char *consumer) {
  config->consumer = consumer;
}

struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip,
                                                    struct gpiod_request_config *config,
                                                    struct gpiod_line_config *lines) {
  bool is_output = lines->settings.direction == GPIOD_LINE_DIRECTION_OUTPUT;
  bool is_watched =
      lines->settings.direction == GPIOD_LINE_DIRECTION_INPUT && lines->settings.edge == GPIOD_LINE_EDGE_BOTH;
  if (!lines->filled || !(is_output || is_watched)) {
    errno = EINVAL;
    return NULL;
  }
  struct gpiod_line_request *request = fake_new(sizeof *request);
  if (!request) return NULL;
  request->fake = chip->fake;
  request->offset = lines->offset;
  bool active = lines->settings.value == GPIOD_LINE_VALUE_ACTIVE;
  int bias = lines->settings.bias == GPIOD_LINE_BIAS_PULL_UP     ? FAKE_BIAS_PULL_UP
             : lines->settings.bias == GPIOD_LINE_BIAS_PULL_DOWN ? FAKE_BIAS_PULL_DOWN
                                                                 : FAKE_BIAS_AS_IS;
  int code = is_output ? fake_request(chip->fake, lines->offset, config->consumer, lines->settings.active_low, active)
                       : fake_request_input(chip->fake, lines->offset, config->consumer, lines->settings.active_low,
                                            bias, (unsigned int)lines->settings.debounce_us);
  if (code == 0) return request;
  fake_free(request);
  return NULL;
}

int gpiod_line_request_set_value(struct gpiod_line_request *request, unsigned int offset,
                                 enum gpiod_line_value value) {
  if (offset != request->offset) {
    errno = EINVAL;
    return -1;
  }
  return fake_set(request->fake, offset, value == GPIOD_LINE_VALUE_ACTIVE);
}

int gpiod_line_request_get_fd(struct gpiod_line_request *request) {
  return fake_input_fd(request->fake, request->offset);
}

int gpiod_line_request_read_edge_events(struct gpiod_line_request *request, struct gpiod_edge_event_buffer *buffer,
                                        size_t max_events) {
  struct fake_edge edges[16];
  size_t room = max_events < buffer->capacity ? max_events : buffer->capacity;
  int count = fake_take(request->fake, request->offset, edges, (unsigned int)room);
  for (int i = 0; i < count; i++) buffer->events[i].edge = edges[i];
  return count;
}

enum gpiod_line_value gpiod_line_request_get_value(struct gpiod_line_request *request, unsigned int offset) {
  if (offset != request->offset) {
    errno = EINVAL;
    return GPIOD_LINE_VALUE_ERROR;
  }
  int value = fake_get(request->fake, offset);
  return value < 0 ? GPIOD_LINE_VALUE_ERROR : value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
}

void gpiod_line_request_release(struct gpiod_line_request *request) {
  fake_release(request->fake, request->offset);
  fake_free(request);
}

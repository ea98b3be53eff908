// SPDX-License-Identifier: GPL-3.0-or-later
/// The part of libgpiod 1.6 that CGpiod uses, on the fake chips. Source: gpiod.h of libgpiod 1.6.3.
#include <errno.h>
#include <gpiod.h>

#include "fake.h"

struct gpiod_line {
  struct gpiod_chip *chip;
  unsigned int offset;
  bool requested;
};

struct gpiod_chip {
  struct fake_chip *fake;
  struct gpiod_line *lines[FAKE_MAX_LINES];
};

static struct fake_line *fake_line(struct gpiod_line *line) { return &line->chip->fake->lines[line->offset]; }

const char *gpiod_version_string(void) { return "1.stub"; }

struct gpiod_chip *gpiod_chip_open(const char *path) {
  struct fake_chip *fake = fake_chip_at(path);
  if (!fake) return NULL;
  struct gpiod_chip *chip = fake_new(sizeof *chip);
  if (chip) chip->fake = fake;
  return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip) {
  for (unsigned int i = 0; i < FAKE_MAX_LINES; i++) {
    if (!chip->lines[i]) continue;
    gpiod_line_release(chip->lines[i]);
    fake_free(chip->lines[i]);
  }
  fake_free(chip);
}

const char *gpiod_chip_label(struct gpiod_chip *chip) { return chip->fake->label; }

unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip) { return chip->fake->num_lines; }

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset) {
  if (offset >= chip->fake->num_lines) {
    errno = EINVAL;
    return NULL;
  }
  if (chip->fake->read_errno != 0) {
    errno = chip->fake->read_errno;
    return NULL;
  }
  if (!chip->lines[offset]) {
    struct gpiod_line *line = fake_new(sizeof *line);
    if (!line) return NULL;
    line->chip = chip;
    line->offset = offset;
    chip->lines[offset] = line;
  }
  return chip->lines[offset];
}

const char *gpiod_line_name(struct gpiod_line *line) { return fake_line(line)->name; }

const char *gpiod_line_consumer(struct gpiod_line *line) { return fake_line(line)->consumer; }

bool gpiod_line_is_used(struct gpiod_line *line) { return fake_line(line)->used; }

int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags,
                                    int default_val) {
  if (flags & ~GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW) {
    errno = EINVAL;
    return -1;
  }
  bool active_low = flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
  if (fake_request(line->chip->fake, line->offset, consumer, active_low, default_val != 0) != 0) return -1;
  line->requested = true;
  return 0;
}

int gpiod_line_request_both_edges_events_flags(struct gpiod_line *line, const char *consumer, int flags) {
  int known = GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW | GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP |
              GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
  if (flags & ~known) {
    errno = EINVAL;
    return -1;
  }
  int bias = flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP     ? FAKE_BIAS_PULL_UP
             : flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN ? FAKE_BIAS_PULL_DOWN
                                                              : FAKE_BIAS_AS_IS;
  bool active_low = flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
  if (fake_request_input(line->chip->fake, line->offset, consumer, active_low, bias, 0) != 0) return -1;
  line->requested = true;
  return 0;
}

int gpiod_line_event_get_fd(struct gpiod_line *line) { return fake_input_fd(line->chip->fake, line->offset); }

int gpiod_line_event_read_multiple(struct gpiod_line *line, struct gpiod_line_event *events,
                                   unsigned int num_events) {
  struct fake_edge edges[16];
  int count = fake_take(line->chip->fake, line->offset, edges, num_events < 16 ? num_events : 16);
  for (int i = 0; i < count; i++) {
    events[i].ts.tv_sec = edges[i].timestamp_ns / 1000000000;
    events[i].ts.tv_nsec = edges[i].timestamp_ns % 1000000000;
    events[i].event_type = edges[i].active ? GPIOD_LINE_EVENT_RISING_EDGE : GPIOD_LINE_EVENT_FALLING_EDGE;
  }
  return count;
}

int gpiod_line_get_value(struct gpiod_line *line) { return fake_get(line->chip->fake, line->offset); }

int gpiod_line_set_value(struct gpiod_line *line, int value) {
  return fake_set(line->chip->fake, line->offset, value != 0);
}

void gpiod_line_release(struct gpiod_line *line) {
  if (line->requested) fake_release(line->chip->fake, line->offset);
  line->requested = false;
}

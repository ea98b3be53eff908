// SPDX-License-Identifier: GPL-3.0-or-later
//
// libcurl's easy interface. Its setters and getters are variadic, which Swift cannot call: one function a kind of value.
#pragma once
#include <curl/curl.h>

static inline CURLcode kiosk_curl_set_long(CURL *curl, CURLoption option, long value) {
  return curl_easy_setopt(curl, option, value);
}

static inline CURLcode kiosk_curl_set_offset(CURL *curl, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(curl, option, value);
}

// libcurl copies the text.
static inline CURLcode kiosk_curl_set_text(CURL *curl, CURLoption option, const char *value) {
  return curl_easy_setopt(curl, option, value);
}

// libcurl keeps the pointer: it must outlive the transfer.
static inline CURLcode kiosk_curl_set_headers(CURL *curl, struct curl_slist *value) {
  return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, value);
}

typedef size_t (*kiosk_curl_write)(char *bytes, size_t size, size_t count, void *context);
typedef int (*kiosk_curl_progress)(void *context, curl_off_t total, curl_off_t now, curl_off_t upTotal, curl_off_t up);

// What a transfer calls, with one context: the body's bytes, each header line, and about once a second.
static inline CURLcode kiosk_curl_set_callbacks(
    CURL *curl, kiosk_curl_write body, kiosk_curl_write header, kiosk_curl_progress progress, void *context) {
  CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  return code;
}

static inline long kiosk_curl_long(CURL *curl, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(curl, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t kiosk_curl_offset(CURL *curl, CURLINFO info) {
  curl_off_t value = 0;
  return curl_easy_getinfo(curl, info, &value) == CURLE_OK ? value : 0;
}

// Belongs to the handle; NULL when there is none.
static inline const char *kiosk_curl_text(CURL *curl, CURLINFO info) {
  char *value = NULL;
  return curl_easy_getinfo(curl, info, &value) == CURLE_OK ? value : NULL;
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// SQLite's file access, which fails when a test says so. It becomes the default of the process, and touches only files
// whose path holds "/fault-vfs/": other tests of the same process go on as before.
#pragma once

#include <stdint.h>

// What can fail. Source: sqlite3.h, sqlite3_vfs and sqlite3_io_methods.
enum fault_call {
  fault_open,
  fault_delete,
  fault_access,
  fault_read,
  fault_write,
  fault_truncate,
  fault_sync,
  fault_file_size,
  fault_shm_map,
  fault_shm_lock,
  fault_fetch,
  fault_calls
};

// How the chosen calls fail: as a broken disk does, or, of writes, as a full one, and of reads, as a file that ends early.
enum fault_kind { fault_broken, fault_short };

// Makes it the default. Further calls do nothing. Returns SQLite's code.
int fault_vfs_install(void);

// From now on the call number `nth` (from 1, of those in the mask of `1 << fault_call`) fails, and if `stays` is 1 all that
// follow it. 0 for none.
void fault_vfs_plan(uint32_t calls, int64_t nth, int stays, enum fault_kind kind);

// Since the plan: calls of a kind, and how many calls failed.
int64_t fault_vfs_count(enum fault_call call);
int64_t fault_vfs_failed(void);

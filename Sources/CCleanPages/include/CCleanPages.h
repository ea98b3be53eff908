// SPDX-License-Identifier: GPL-3.0-or-later
//
// SQLite's own files, without the dead bytes that it leaves in pages of a tree.
#pragma once

// Makes databases that this process opens from now on free of them: a layer over SQLite's default file system becomes the
// default. Call it before the first is opened; further calls do nothing. Returns SQLITE_OK, or why not.
//
// PRAGMA secure_delete overwrites what is deleted, but where SQLite moves rows from one page of a tree to another, copies
// of them stay behind in the gap between a page's pointers and its rows, and outlive the rows. SQLite never reads the gap,
// so that the layer writes zeros in its place whenever a whole page goes to the database file. The log ahead (WAL) gets
// them still, until it is truncated. It costs no further writing.
// Source: sqlite.org/fileformat2.html, 1.6 B-tree pages; sqlite.org/vfs.html.
int kiosk_clean_pages(void);

// The same for one page in memory, for tests and for who reads pages: overwrites the gap if `page` is one of a tree.
// `is_first`: whether it is the database's first page, which begins with its header. Returns 1 if it changed anything.
int kiosk_clean_page(unsigned char *page, int size, int is_first);

/** @file
 *  A disk that loses what was not synced: a SQLite VFS over the system's own, which keeps for each
 *  file what would be on the disk after a power cut.
 *
 *      write, truncate -> the real file (what programs see now) + a list of what is not synced
 *      sync            -> the list goes into the durable image
 *      N-th operation  -> the power is cut: every operation from then on fails
 *      losing_vfs_boot -> real files become the durable image + any part of the list: whole writes
 *                         or sectors of 512 bytes, kept or lost each for itself
 *
 *  Names last from a sync of their folder: until then what was made may be gone, and what was
 *  deleted may come back. SQLite syncs it with the first sync of a log or journal that it made. The
 *  database itself is made by the store, which syncs the folder at once. The index of the log
 * (-shm) is memory: it is gone. One thread, one process, one folder.
 */
#ifndef SOUK_TESTS_LOSING_VFS_H
#define SOUK_TESTS_LOSING_VFS_H

#include <stdbool.h>
#include <stdint.h>

/** Make it the default of all files that are opened from now on. */
void losing_vfs_install(void);

/** Cut the power at the operation with this number from now, 1 the next one; 0: never. */
void losing_vfs_cut_after(int64_t operations);

/** Whether the power is off. */
bool losing_vfs_is_off(void);

/** Put into every file what is left of it, and switch the power on. All must be closed.
 *  @param seed of what is kept */
void losing_vfs_boot(uint64_t seed);

/** The process was killed, the power stayed on: files are as programs saw them, and what was not
 *  synced still is not. All must be closed. */
void losing_vfs_restart(void);

/** Forget the files, which the caller has removed. */
void losing_vfs_forget(void);

/** Operations so far: writes, truncations, syncs, deletions. */
int64_t losing_vfs_operations(void);

#endif

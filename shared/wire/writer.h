/** @file
 *  Writing a message: one MessagePack map in a buffer that is used again and again.
 *
 *  The number of fields is stated first, so that a missing one is a bug that the tests see.
 */
#ifndef SOUK_WIRE_WRITER_H
#define SOUK_WIRE_WRITER_H

#include "shared/wire/wirestatus.h"

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct souk_writer {
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    bool failed; /**< memory ran out: the message is not whole */
    int status;  /**< of the reply that it holds (reply.h), enum souk_wire_status */
};

void souk_writer_init(struct souk_writer *w);
void souk_writer_fini(struct souk_writer *w);

/** Empty the buffer, keep its memory. */
void souk_writer_clear(struct souk_writer *w);

void souk_writer_map(struct souk_writer *w, size_t fields);
void souk_writer_array(struct souk_writer *w, size_t elements);
void souk_writer_text(struct souk_writer *w, const char *text, size_t len);
void souk_writer_float(struct souk_writer *w, float value);
void souk_writer_real(struct souk_writer *w, double value);
void souk_writer_int(struct souk_writer *w, int64_t value);
void souk_writer_bool(struct souk_writer *w, bool value);
void souk_writer_nil(struct souk_writer *w);

/** One value that is MessagePack already. */
void souk_writer_raw(struct souk_writer *w, const void *bytes, size_t len);
/** What another message held. */
void souk_writer_object(struct souk_writer *w, const msgpack_object *o);

/** Fields of a map. */
void souk_writer_key(struct souk_writer *w, const char *key);
void souk_writer_put_int(struct souk_writer *w, const char *key, int64_t value);
void souk_writer_put_real(struct souk_writer *w, const char *key, double value);
void souk_writer_put_bool(struct souk_writer *w, const char *key, bool value);
void souk_writer_put_text(struct souk_writer *w, const char *key, const char *text, size_t len);
void souk_writer_put_string(struct souk_writer *w, const char *key, const char *text);
void souk_writer_put_binary(struct souk_writer *w, const char *key, const void *data, size_t len);

/** A binary in pieces, which must be `len` bytes together. */
void souk_writer_begin_binary(struct souk_writer *w, const char *key, size_t len);
void souk_writer_append_binary(struct souk_writer *w, const void *data, size_t len);

#endif

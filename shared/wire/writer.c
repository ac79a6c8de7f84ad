#include "shared/wire/writer.h"

#include <string.h>

/* Every pack function returns 0, or -1 when memory is out. */
static void note(struct souk_writer *w, int result)
{
    if (result != 0)
        w->failed = true;
}

void souk_writer_init(struct souk_writer *w)
{
    msgpack_sbuffer_init(&w->buffer);
    msgpack_packer_init(&w->packer, &w->buffer, msgpack_sbuffer_write);
    w->failed = false;
    w->status = SOUK_WIRE_OK;
}

void souk_writer_fini(struct souk_writer *w)
{
    msgpack_sbuffer_destroy(&w->buffer);
}

void souk_writer_clear(struct souk_writer *w)
{
    msgpack_sbuffer_clear(&w->buffer);
    w->failed = false;
    w->status = SOUK_WIRE_OK;
}

void souk_writer_map(struct souk_writer *w, size_t fields)
{
    note(w, msgpack_pack_map(&w->packer, fields));
}

void souk_writer_array(struct souk_writer *w, size_t elements)
{
    note(w, msgpack_pack_array(&w->packer, elements));
}

void souk_writer_text(struct souk_writer *w, const char *text, size_t len)
{
    note(w, msgpack_pack_str(&w->packer, len));
    note(w, msgpack_pack_str_body(&w->packer, text, len));
}

void souk_writer_float(struct souk_writer *w, float value)
{
    note(w, msgpack_pack_float(&w->packer, value));
}

void souk_writer_real(struct souk_writer *w, double value)
{
    note(w, msgpack_pack_double(&w->packer, value));
}

void souk_writer_int(struct souk_writer *w, int64_t value)
{
    note(w, msgpack_pack_int64(&w->packer, value));
}

void souk_writer_bool(struct souk_writer *w, bool value)
{
    note(w, value ? msgpack_pack_true(&w->packer) : msgpack_pack_false(&w->packer));
}

void souk_writer_nil(struct souk_writer *w)
{
    note(w, msgpack_pack_nil(&w->packer));
}

void souk_writer_raw(struct souk_writer *w, const void *bytes, size_t len)
{
    note(w, msgpack_sbuffer_write(&w->buffer, bytes, len));
}

void souk_writer_object(struct souk_writer *w, const msgpack_object *o)
{
    note(w, msgpack_pack_object(&w->packer, *o));
}

void souk_writer_key(struct souk_writer *w, const char *key)
{
    souk_writer_text(w, key, strlen(key));
}

void souk_writer_put_int(struct souk_writer *w, const char *key, int64_t value)
{
    souk_writer_key(w, key);
    souk_writer_int(w, value);
}

void souk_writer_put_real(struct souk_writer *w, const char *key, double value)
{
    souk_writer_key(w, key);
    note(w, msgpack_pack_double(&w->packer, value));
}

void souk_writer_put_bool(struct souk_writer *w, const char *key, bool value)
{
    souk_writer_key(w, key);
    souk_writer_bool(w, value);
}

void souk_writer_put_text(struct souk_writer *w, const char *key, const char *text, size_t len)
{
    souk_writer_key(w, key);
    souk_writer_text(w, text, len);
}

void souk_writer_put_string(struct souk_writer *w, const char *key, const char *text)
{
    souk_writer_put_text(w, key, text, strlen(text));
}

void souk_writer_put_binary(struct souk_writer *w, const char *key, const void *data, size_t len)
{
    souk_writer_begin_binary(w, key, len);
    souk_writer_append_binary(w, data, len);
}

void souk_writer_begin_binary(struct souk_writer *w, const char *key, size_t len)
{
    souk_writer_key(w, key);
    note(w, msgpack_pack_bin(&w->packer, len));
}

void souk_writer_append_binary(struct souk_writer *w, const void *data, size_t len)
{
    if (len > 0)
        note(w, msgpack_pack_bin_body(&w->packer, data, len));
}

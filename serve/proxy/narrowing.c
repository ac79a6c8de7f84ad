#include "serve/proxy/narrowing.h"

#include <string.h>

static bool refuse(struct souk_job *j, const char *field, const char *reason)
{
    souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD, "'%s' %s", field, reason);
    return false;
}

/* A filter that cannot be applied must not be passed over. */
static bool can_apply(struct souk_job *j)
{
    if (j->filters.has_price && !j->view.data.prices)
        return refuse(j, "filters", "by price: this model has no prices");
    if (j->filters.available && !j->view.data.availability)
        return refuse(j, "filters", "by availability: this model does not know what is available");
    return true;
}

bool souk_job_take_narrowing(struct souk_job *j, bool preferred)
{
    const struct souk_message *m = &j->request->message;
    const char *reason = souk_filter_fields_read(m, "filters", &j->filters);
    if (reason)
        return refuse(j, "filters", reason);
    j->preferences = (struct souk_filter_fields){.map = NULL};
    reason = preferred ? souk_filter_fields_read(m, "preferences", &j->preferences) : NULL;
    if (reason)
        return refuse(j, "preferences", reason);
    if (!souk_message_text(m, "category", SOUK_ID_MAX_BYTES, &j->category, &j->category_len))
        return refuse(j, "category", "must be a text of up to 128 bytes");
    if (j->min_confidence > 0) /* which is known of what is popular, and not of what is liked */
        j->preferences.map = NULL;
    return can_apply(j);
}

size_t souk_job_narrowing_fields(const struct souk_job *j, bool preferred)
{
    return (j->category != NULL) + (j->filters.map != NULL) +
           (preferred && j->preferences.map != NULL);
}

void souk_job_put_narrowing(struct souk_job *j, bool preferred)
{
    struct souk_writer *w = &j->space->question;
    if (j->category)
        souk_writer_put_text(w, "category", j->category, j->category_len);
    if (j->filters.map)
        souk_filter_fields_put(w, "filters", &j->filters);
    if (preferred && j->preferences.map)
        souk_filter_fields_put(w, "preferences", &j->preferences);
}

/* ---- bytes ---- */

struct bytes {
    unsigned char *at;
    size_t left;
};

/* A msgpack_packer_write. */
static int write_bytes(void *context, const char *data, size_t len)
{
    struct bytes *b = context;
    if (len > b->left)
        return -1;
    memcpy(b->at, data, len);
    b->at += len;
    b->left -= len;
    return 0;
}

static bool pack(struct bytes *b, const struct souk_filter_fields *f)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, b, write_bytes);
    return (f->map ? msgpack_pack_object(&packer, *f->map) : msgpack_pack_nil(&packer)) == 0;
}

int64_t souk_job_narrowing_bytes(const struct souk_job *j, unsigned char *bytes, size_t size)
{
    struct bytes b = {bytes, size};
    if (!j->filters.map && !j->preferences.map)
        return 0;
    return pack(&b, &j->filters) && pack(&b, &j->preferences) ? (int64_t)(size - b.left) : -1;
}

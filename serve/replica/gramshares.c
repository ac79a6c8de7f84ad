#include "serve/replica/gramshares.h"

#include "shared/base/memory.h"
#include "shared/score/foldin.h"

#include <stdlib.h>

int64_t souk_gram_share_size(const struct souk_model *model)
{
    struct souk_foldin f;
    int64_t size = 0;
    if (!souk_foldin_is_served(model->factors, model->parts) ||
        souk_foldin_init(model, &f, NULL) != SOUK_OK)
        return 0; /* parameters that say too little: the model answers, but folds nobody in */
    if (souk_foldin_needs_gram(&f))
        size = souk_foldin_share_size(model->factors);
    souk_foldin_fini(&f);
    return size;
}

souk_status souk_gram_shares_init(struct souk_gram_shares *out, const struct souk_shard *shard,
                                  struct souk_error *err)
{
    const int64_t size = souk_gram_share_size(shard->model);
    *out = (struct souk_gram_shares){.size = size};
    if (size == 0)
        return SOUK_OK;
    out->shares = souk_alloc_array((size_t)shard->part_count * (size_t)size, sizeof *out->shares);
    if (!out->shares) {
        *out = (struct souk_gram_shares){0};
        return souk_fail(err, SOUK_ENOMEM, "no memory for the Gram matrices of %d parts",
                         shard->part_count);
    }
    for (int p = 0; p < shard->part_count; p++)
        souk_foldin_share_of(&shard->parts[p], out->shares + p * size);
    return SOUK_OK;
}

void souk_gram_shares_fini(struct souk_gram_shares *g)
{
    free(g->shares);
    *g = (struct souk_gram_shares){0};
}

#include "train/als/alsmodel.h"

#include "shared/base/memory.h"
#include "shared/model/modelfile.h"

#include <stdlib.h>

struct souk_als_parameters souk_als_parameters_resolve(struct souk_als_parameters p,
                                                       const struct souk_ratings *ratings)
{
    if (p.objective.alpha0 == 0)
        p.objective.alpha0 =
            souk_objective_default_alpha0(ratings->pairs, ratings->user_first[ratings->parts],
                                          ratings->item_first[ratings->parts]);
    return p;
}

static souk_status collect_all(const struct souk_als *als, const struct souk_ratings *ratings,
                               struct souk_als_model *m, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < 2 && !status; k++) {
        m->rows[k] = souk_zalloc_array((size_t)ratings->parts, sizeof *m->rows[k]);
        if (!m->rows[k])
            status = souk_fail(err, SOUK_ENOMEM, "no memory for the factors");
        status = souk_status_agree_all(als->comm, status, err);
        if (!status)
            status = souk_als_collect_all(als, (enum souk_side_kind)k, m->rows[k], err);
    }
    return status;
}

souk_status souk_als_model_all(const struct souk_als *als, const struct souk_ratings *ratings,
                               int64_t popularity_half_life_ms, struct souk_als_model *out,
                               struct souk_error *err)
{
    *out = (struct souk_als_model){.parts = ratings->parts};
    souk_status status = collect_all(als, ratings, out, err);
    if (!status)
        status =
            souk_popularity_all(als->comm, ratings, popularity_half_life_ms, &out->popularity, err);
    out->content = (struct souk_model_content){
        .kind = "als",
        .factors = souk_als_model_columns(&als->parameters),
        .stride = als->sides[0].stride,
        .user_factors = out->rows[SOUK_SIDE_USERS],
        .item_factors = out->rows[SOUK_SIDE_ITEMS],
        .popularity = out->popularity.score,
        .item_events = out->popularity.events,
    };
    return status;
}

void souk_als_model_fini(struct souk_als_model *m)
{
    for (int k = 0; k < 2; k++) {
        for (int p = 0; p < m->parts && m->rows[k]; p++)
            free(m->rows[k][p]);
        free(m->rows[k]);
    }
    souk_popularity_fini(&m->popularity);
    *m = (struct souk_als_model){0};
}

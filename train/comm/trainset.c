#include "train/comm/trainset.h"

souk_status souk_trainset_load_all(const struct souk_comm *comm,
                                   const struct souk_train_options *options,
                                   const enum souk_weighting *weighting, struct souk_trainset *out,
                                   struct souk_error *err)
{
    struct souk_ratings_rule rule;
    *out = (struct souk_trainset){0};
    souk_status status = souk_dataset_open(options->dataset, &out->dataset, err);
    if (status == SOUK_OK)
        status = souk_train_rule(options, out->dataset, &rule, err);
    if (status == SOUK_OK)
        rule.weighting = weighting;
    status = souk_status_agree_all(comm, status, err);
    return status ? status : souk_ratings_load_all(comm, out->dataset, &rule, &out->ratings, err);
}

void souk_trainset_fini(struct souk_trainset *set)
{
    souk_ratings_fini(&set->ratings);
    souk_dataset_free(set->dataset);
    *set = (struct souk_trainset){0};
}

#include "train/popular/neighbourmodel.h"

#include "shared/base/log.h"
#include "train/comm/modelwriter.h"
#include "train/comm/trainoptions.h"
#include "train/popular/popularity.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

/* How a run goes, and where its files are, does not make the model. */
static souk_status make_parameters(const struct souk_options *made, char **json,
                                   struct souk_error *err)
{
    static const char *const running[] = {"threads", "buffer", "item-vectors", "item-vector-ids"};
    char *given = NULL;
    souk_status status = souk_train_parameters(made, &given, err);
    *json = NULL;
    if (status)
        return status;
    json_t *all = json_loads(given, 0, NULL);
    free(given);
    for (size_t i = 0; i < sizeof running / sizeof running[0]; i++)
        json_object_del(all, running[i]); /* absent in some commands */
    *json = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return *json ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the parameters");
}

souk_status souk_neighbour_model_save_all(const struct souk_comm *comm,
                                          const struct souk_neighbour_model *model,
                                          const struct souk_dataset *dataset,
                                          const struct souk_ratings *ratings,
                                          const struct souk_neighbour_rows *rows,
                                          struct souk_error *err)
{
    struct souk_popularity popularity = {0};
    char *parameters = NULL, id[SOUK_MODEL_ID_BYTES + 1] = "";
    souk_status status =
        souk_status_agree_all(comm, make_parameters(model->made, &parameters, err), err);
    if (!status)
        status =
            souk_popularity_all(comm, ratings, model->popularity_half_life_ms, &popularity, err);
    const struct souk_model_content content = {
        .kind = model->kind,
        .neighbours = rows->longest > 0 ? rows->longest : 1,
        .neighbour_offsets = rows->offsets,
        .neighbour = rows->item,
        .neighbour_weight = rows->weight,
        .popularity = popularity.score,
        .item_events = popularity.events,
        .parameters_json = parameters,
    };
    if (!status)
        status = souk_model_save_all(comm, model->out, dataset, ratings, &content, id, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "trained",
                 "model=%s id=%s users=%" PRId64 " items=%" PRId64 " longest_row=%" PRId64,
                 model->out, id, ratings->user_first[ratings->parts],
                 ratings->item_first[ratings->parts], rows->longest);
    souk_popularity_fini(&popularity);
    free(parameters);
    return status;
}

#include "train/als/state.h"

void souk_als_state_init(struct souk_als_state *state, struct souk_als *als,
                         uint64_t dataset_digest, const char *parameters_json)
{
    static const char *const names[] = {"users", "items"};
    for (int k = 0; k < 2; k++) {
        const struct souk_side *side = &als->sides[k];
        state->rows[k] = (struct souk_checkpoint_rows){
            .name = names[k],
            .partition = &side->partition,
            .columns = souk_als_columns(&als->parameters),
            .stride = side->stride,
            .matrix = souk_side_row(side, 0),
        };
    }
    const int64_t d = als->basis.d;
    state->arrays[0] = (struct souk_checkpoint_array){"basis", SOUK_H5_F64, d, d, als->basis.total};
    state->checkpoint = (struct souk_checkpoint){
        .kind = "als",
        .dataset_digest = dataset_digest,
        .parameters_json = parameters_json,
        .arrays = state->arrays,
        .array_count = als->explicit ? 0 : 1,
        .rows = state->rows,
        .rows_count = 2,
    };
}

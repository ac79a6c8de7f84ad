#include "train/evaluate/evaluation.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "train/evaluate/featurepermutation.h"
#include "train/evaluate/given.h"

#include <stdlib.h>

static souk_status require_targets_all(const struct souk_cases *cases, const struct souk_comm *comm,
                                       struct souk_error *err)
{
    int64_t targets = cases->target_offsets[cases->count];
    const souk_status status = souk_sum_i64_all(comm, &targets, 1, err);
    if (status == SOUK_OK && targets == 0)
        return souk_fail(err, SOUK_ENOTFOUND, "no user has a target: there is nothing to evaluate");
    return status;
}

souk_status souk_evaluation_ask_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                    const struct souk_dataset *dataset, int parts,
                                    struct souk_error *err)
{
    const struct souk_question *q = &e->question;
    e->dataset = dataset;
    const souk_status status =
        q->protocol == SOUK_PROTOCOL_FILE
            ? souk_cases_from_file_all(comm, q->targets, parts, &e->cases, err)
            : souk_cases_from_events_all(comm, dataset, q, &e->cases, err);
    return status == SOUK_OK ? require_targets_all(&e->cases, comm, err) : status;
}

/* Targets of a file have no time: new to a user is what is not among the user's training items. */
static souk_status drop_touched_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                    struct souk_error *err)
{
    struct souk_cases *c = &e->cases;
    const struct souk_visitors *v = &e->visitors;
    const int64_t targets = c->target_offsets[c->count];
    bool *keep = souk_alloc_array((size_t)targets, sizeof *keep);
    souk_status status = SOUK_OK;
    if (!keep)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld targets", (long long)targets);
    status = souk_status_agree_all(comm, status, err);
    for (int64_t at = 0; at < c->count && status == SOUK_OK; at++) {
        const int64_t first = v->history_offsets[at], count = v->history_offsets[at + 1] - first;
        for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
            const int64_t row = e->ranking.wanted_row[c->target[t]];
            keep[t] = row < 0 || !souk_rows_contain(v->history + first, count, row);
        }
    }
    if (status == SOUK_OK)
        souk_cases_filter_targets(c, keep);
    free(keep);
    return status == SOUK_OK ? require_targets_all(c, comm, err) : status;
}

static souk_status report_memory_all(const struct souk_evaluation *e, const struct souk_comm *comm,
                                     const struct souk_model *model, struct souk_error *err)
{
    int64_t bytes = souk_ranking_memory(model, &e->cases, souk_cutoffs_largest(&e->cutoffs));
    const souk_status status = souk_max_i64_all(comm, &bytes, 1, err);
    souk_log(SOUK_LOG_INFO, "memory", "mib_per_rank=%.1f", (double)bytes / 1048576);
    return status;
}

struct souk_measure souk_evaluation_measure(const struct souk_evaluation *e)
{
    const struct souk_catalogue *catalogue = &e->ranking.catalogue;
    int64_t decile_min[SOUK_DECILES];
    struct souk_measure m = {.cases = &e->cases,
                             .visitors = &e->visitors,
                             .ranking = &e->ranking,
                             .context = {.cutoffs = &e->cutoffs,
                                         .training_events = catalogue->events,
                                         .factors = e->ranking.model->factors,
                                         .categories = &e->ranking.model->categories}};
    souk_catalogue_deciles(catalogue->item_events, catalogue->items, decile_min);
    souk_sets_fill(decile_min, m.sets);
    return m;
}

static struct souk_scoring_rule scoring_rule(const struct souk_evaluation *e)
{
    const bool is_among = e->question.protocol == SOUK_PROTOCOL_ITEM_HOLDOUT;
    return (struct souk_scoring_rule){.by = e->by,
                                      .include_seen = e->question.include_seen,
                                      .among = is_among ? &e->question.hiding : NULL,
                                      .sold_only = e->question.sold_only,
                                      .newest = &e->newest,
                                      .candidates = e->candidates.profiles ? &e->candidates : NULL,
                                      .ranker = &e->ranker,
                                      .scores = e->scores.score,
                                      .seed = e->bootstrap.seed};
}

/* Who the cases' users are to the model. */
static souk_status meet_all(struct souk_evaluation *e, const struct souk_comm *comm,
                            const struct souk_part_source *source, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if ((e->by.order == SOUK_ORDER_NEWEST || e->question.sold_only) && !e->newest.first_ms)
        status = souk_newest_find_all(comm, e->dataset, e->question.until_ms, &e->newest, err);
    if (status == SOUK_OK)
        status = souk_visitors_load_all(comm, source, &e->cases, &e->visitors, err);
    if (status == SOUK_OK && e->cases.given_offsets)
        status = souk_given_tell_all(comm, source, &e->cases, &e->visitors, err);
    if (status != SOUK_OK || source->model->stages.source_count == 0)
        return status;
    status =
        souk_status_agree_all(comm, souk_stage_ranker_init(&e->ranker, source->model, err), err);
    if (status == SOUK_OK)
        status = souk_candidates_find_all(comm, source, &e->cases, &e->visitors,
                                          e->question.include_seen, &e->candidates, err);
    if (status != SOUK_OK || !souk_ordering_is_staged(&e->by))
        return status;
    const struct souk_scoring_rule rule = scoring_rule(e);
    return souk_candidate_scores_all(comm, source, &e->visitors, &rule, 1, NULL, &e->scores, err);
}

/* What the trees made of the features; with curves also what their order loses without each. */
static souk_status weigh_features_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                      const struct souk_part_source *source, struct souk_error *err)
{
    double drop[SOUK_STAGE_FEATURES_MAX] = {0};
    bool is_known = false;
    souk_status status = SOUK_OK;
    if (!e->ranker.scorer)
        return SOUK_OK;
    if (e->has_curves)
        status = souk_feature_permutation_all(comm, source, &e->scores, &e->ranker,
                                              e->bootstrap.seed, drop, &is_known, err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm,
                                       souk_feature_importance_of(&e->ranker.forest,
                                                                  is_known ? drop : NULL,
                                                                  &e->importance, err),
                                       err);
    return status;
}

/* What the sources bring, what the ranker makes of it, and whether what the model says of its
 * scores holds. */
static souk_status look_at_stages_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                      const struct souk_part_source *source,
                                      const struct souk_measure *measure, struct souk_error *err)
{
    souk_status status =
        souk_candidate_recall_all(comm, source, &e->candidates, measure, &e->sources, err);
    if (status == SOUK_OK) {
        souk_candidate_scores_mark(&e->scores, e->ranking.wanted_row);
        status = weigh_features_all(e, comm, source, err);
    }
    if (status == SOUK_OK && source->model->stages.confidence_text)
        status = souk_sureness_all(comm, &e->scores, &e->ranker.confidence, &e->sureness, err);
    return status;
}

static void cut_list(struct souk_topk *list, double threshold)
{
    while (list->count > 0 && (double)list->hits[list->count - 1].score < threshold)
        list->count--;
}

/* Scores descend in a list: what is kept is its head. */
static void keep_confident(struct souk_evaluation *e)
{
    const struct souk_confidence *c = &e->ranker.confidence;
    double threshold[SOUK_AUDIENCES];
    for (int s = 0; s < SOUK_AUDIENCES; s++)
        threshold[s] = souk_confidence_threshold(c, (enum souk_audience)s, e->min_confidence);
    cut_list(&e->ranking.cold, threshold[SOUK_AUDIENCE_NEW]);
    for (int64_t at = 0; at < e->cases.count; at++)
        if (e->ranking.is_known[at])
            cut_list(&e->ranking.lists[at],
                     threshold[souk_candidates_audience(&e->candidates, at)]);
}

static souk_status measure_all(struct souk_evaluation *e, const struct souk_comm *comm,
                               const struct souk_part_source *source, struct souk_error *err)
{
    const struct souk_measure measure = souk_evaluation_measure(e);
    const struct souk_scoring_rule rule = scoring_rule(e);
    souk_status status = souk_summary_make_all(comm, &measure, &e->bootstrap, &e->summary, err);
    if (status == SOUK_OK && e->has_curves)
        status = souk_curves_make_all(comm, &measure, &e->curves, err);
    if (status == SOUK_OK && e->has_curves)
        status =
            souk_discrimination_make_all(comm, source, &measure, &rule, &e->discrimination, err);
    if (status == SOUK_OK && e->has_stages && rule.candidates && e->by.order == SOUK_ORDER_MODEL)
        status = look_at_stages_all(e, comm, source, &measure, err);
    return status;
}

souk_status souk_evaluation_answer_all(struct souk_evaluation *e, const struct souk_comm *comm,
                                       const struct souk_part_source *source,
                                       struct souk_error *err)
{
    const struct souk_question *q = &e->question;
    struct souk_ranking_rule rule = {.depth = souk_cutoffs_largest(&e->cutoffs), .quiet = e->quiet};
    souk_status status = e->quiet ? SOUK_OK : report_memory_all(e, comm, source->model, err);
    if (status == SOUK_OK)
        status = meet_all(e, comm, source, err);
    rule.scoring = scoring_rule(e);
    if (souk_reorder_is_wanted(&e->reorder) && e->reorder.depth > rule.depth)
        rule.depth = (int)e->reorder.depth;
    if (status == SOUK_OK)
        status =
            souk_ranking_make_all(comm, source, &e->cases, &e->visitors, &rule, &e->ranking, err);
    if (status == SOUK_OK && e->min_confidence > 0 && e->candidates.profiles)
        keep_confident(e);
    if (status == SOUK_OK && souk_reorder_is_wanted(&e->reorder))
        status = souk_status_agree_all(
            comm,
            souk_reorder_lists(&e->reorder, souk_cutoffs_largest(&e->cutoffs), &e->ranking, err),
            err);
    if (status == SOUK_OK && q->discovery && q->protocol == SOUK_PROTOCOL_FILE)
        status = drop_touched_all(e, comm, err);
    return status == SOUK_OK ? measure_all(e, comm, source, err) : status;
}

void souk_evaluation_take(struct souk_evaluation *e, struct souk_answer *out)
{
    *out = (struct souk_answer){.items = e->ranking.catalogue.items,
                                .events = e->ranking.catalogue.events,
                                .summary = e->summary,
                                .curves = e->curves,
                                .discrimination = e->discrimination,
                                .sources = e->sources,
                                .sureness = e->sureness,
                                .importance = e->importance};
    e->summary = (struct souk_summary){0};
    e->curves = (struct souk_curves){0};
    e->importance = (struct souk_feature_importance){0};
    souk_evaluation_forget(e);
}

void souk_answer_fini(struct souk_answer *a)
{
    souk_summary_fini(&a->summary);
    souk_curves_fini(&a->curves);
    souk_feature_importance_fini(&a->importance);
}

void souk_evaluation_forget(struct souk_evaluation *e)
{
    souk_summary_fini(&e->summary);
    souk_curves_fini(&e->curves);
    e->sources = (struct souk_candidate_recalls){0};
    e->sureness = (struct souk_sureness){0};
    souk_feature_importance_fini(&e->importance);
    souk_ranking_fini(&e->ranking);
    souk_candidate_scores_fini(&e->scores);
    souk_candidates_fini(&e->candidates);
    souk_stage_ranker_fini(&e->ranker);
    souk_visitors_fini(&e->visitors);
}

void souk_evaluation_fini(struct souk_evaluation *e)
{
    souk_evaluation_forget(e);
    souk_cases_fini(&e->cases);
    souk_newest_fini(&e->newest);
}

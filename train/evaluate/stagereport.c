#include "train/evaluate/stagereport.h"

#include <inttypes.h>
#include <math.h>

_Static_assert((int)SOUK_REPORT_AUDIENCES == (int)SOUK_AUDIENCES, "one curve an audience");

/* ---- text ---- */

static void print_value(double value, FILE *f)
{
    if (isfinite(value))
        fprintf(f, "%11.5f", value);
    else
        fprintf(f, "%11s", "-");
}

static void print_sources(const struct souk_candidate_recalls *c, FILE *f)
{
    fprintf(f, "\ncandidates: recall of sets of k items, and as asked\n%-18s", "source");
    for (int k = 0; k < SOUK_CANDIDATE_SIZES; k++)
        fprintf(f, "%7s%-4d", "@", souk_candidate_sizes[k]);
    fprintf(f, "%11s%11s%11s", "items", "as asked", "adds");
    for (int s = 0; s < c->count; s++) {
        fprintf(f, "\n%-18s", c->set[s].name);
        for (int k = 0; k < SOUK_CANDIDATE_SIZES; k++)
            print_value(c->set[s].recall[k], f);
        fprintf(f, "%11.1f", c->set[s].items);
        print_value(c->set[s].asked, f);
        print_value(s + 1 < c->count ? c->set[s].added : NAN, f);
    }
    fprintf(f, "\n");
}

/* Those of the alphas that people ask for. */
static bool is_usual(double alpha)
{
    return alpha == .05 || alpha == .1 || alpha == .2;
}

static void print_audience(enum souk_audience audience, const struct souk_sureness_audience *s,
                           FILE *f)
{
    fprintf(f, "\nconfidence, %s users: calibrated on %" PRId64, souk_audience_name(audience),
            s->points);
    if (s->users == 0) {
        fprintf(f, ", none asked\n");
        return;
    }
    fprintf(f,
            "; %" PRId64 " of %" PRId64
            " have a true candidate, %.1f candidates each\n%-18s%11s%22s%11s\n",
            s->true_users, s->users, s->candidates, "min_confidence", "coverage", "[95 % interval]",
            "kept");
    for (int a = 0; a < SOUK_ALPHAS; a++) {
        const struct souk_kept_set *set = &s->sets[a];
        if (!is_usual(set->alpha))
            continue;
        fprintf(f, "%-18g", set->alpha);
        print_value(set->coverage.mean, f);
        if (isfinite(set->coverage.low))
            fprintf(f, "  [%8.5f,%9.5f]", set->coverage.low, set->coverage.high);
        else
            fprintf(f, "%22s", "");
        fprintf(f, "%11.1f%s\n", set->kept, set->is_guaranteed ? "" : "  not guaranteed");
    }
}

void souk_stage_report_print(const struct souk_answer *a, FILE *f)
{
    if (a->sources.count > 0)
        print_sources(&a->sources, f);
    for (int s = 0; s < SOUK_AUDIENCES && a->sureness.is_calibrated; s++)
        print_audience((enum souk_audience)s, &a->sureness.audience[s], f);
}

/* ---- JSON: NULL from a function here when memory is out ---- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *source_json(const struct souk_candidate_set *s, bool is_union)
{
    json_t *recall = json_object();
    int failed = 0;
    for (int k = 0; k < SOUK_CANDIDATE_SIZES; k++) {
        char key[16];
        snprintf(key, sizeof key, "%d", souk_candidate_sizes[k]);
        failed |= json_object_set_new(recall, key, number(s->recall[k]));
    }
    if (failed) {
        json_decref(recall);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", s->name, "recall", recall, "items",
                     number(s->items), "as_asked", number(s->asked), "adds",
                     is_union ? json_null() : number(s->added));
}

static json_t *kept_json(const struct souk_kept_set *s)
{
    json_t *interval = isfinite(s->coverage.low)
                           ? json_pack("[f, f]", s->coverage.low, s->coverage.high)
                           : json_null();
    return json_pack("{s:f, s:o, s:o, s:o, s:b}", "min_confidence", s->alpha, "coverage",
                     number(s->coverage.mean), "interval", interval, "kept", number(s->kept),
                     "guaranteed", s->is_guaranteed);
}

static json_t *bin_json(const struct souk_probability_bin *b)
{
    return json_pack("{s:f, s:f, s:[f, f], s:I}", "probability", b->predicted, "observed",
                     b->observed, "interval", b->low, b->high, "cases", (json_int_t)b->cases);
}

static json_t *audience_json(const struct souk_sureness_audience *s)
{
    json_t *sets = json_array(), *bins = json_array();
    int failed = 0;
    for (int a = 0; a < SOUK_ALPHAS; a++)
        failed |= json_array_append_new(sets, kept_json(&s->sets[a]));
    for (int b = 0; b < s->bins; b++)
        failed |= json_array_append_new(bins, bin_json(&s->bin[b]));
    json_t *o =
        json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "calibrated_on", (json_int_t)s->points, "users",
                  (json_int_t)s->users, "with_true_candidate", (json_int_t)s->true_users,
                  "candidates", number(s->candidates), "sets", sets, "probability", bins);
    if (!failed)
        return o;
    json_decref(o);
    return NULL;
}

static int add_sources(const struct souk_candidate_recalls *c, json_t *root)
{
    json_t *list = json_array();
    int failed = 0;
    for (int s = 0; s < c->count; s++)
        failed |= json_array_append_new(list, source_json(&c->set[s], s + 1 == c->count));
    return failed | json_object_set_new(root, "sources", list);
}

static int add_importance(const struct souk_feature_importance *i, json_t *root)
{
    json_t *list = json_array();
    int failed = 0;
    for (int f = 0; f < i->count; f++)
        failed |= json_array_append_new(
            list,
            json_pack("{s:s, s:f, s:f, s:o}", "feature", i->name[f], "gain", i->gain[f], "splits",
                      i->splits[f], "ndcg_drop", i->drop ? json_real(i->drop[f]) : json_null()));
    return failed | json_object_set_new(root, "importance", list);
}

int souk_stage_report_add(const struct souk_answer *a, json_t *root)
{
    int failed = 0;
    if (a->sources.count > 0)
        failed |= add_sources(&a->sources, root);
    if (a->importance.count > 0)
        failed |= add_importance(&a->importance, root);
    if (!a->sureness.is_calibrated)
        return failed;
    json_t *confidence = json_object();
    for (int s = 0; s < SOUK_AUDIENCES; s++)
        failed |= json_object_set_new(confidence, souk_audience_name((enum souk_audience)s),
                                      audience_json(&a->sureness.audience[s]));
    return failed | json_object_set_new(root, "confidence", confidence);
}

/* ---- page ---- */

static void fill_candidates(const struct souk_candidate_recalls *c, struct souk_stage_extras *out)
{
    for (int s = 0; s < c->count; s++) {
        out->set_name[s] = c->set[s].name;
        out->set_asked[s] = c->set[s].asked;
        out->set_items[s] = c->set[s].items;
        out->set_added[s] = s + 1 < c->count ? c->set[s].added : NAN;
        for (int k = 0; k < SOUK_CANDIDATE_SIZES; k++)
            out->set_recall[s * SOUK_CANDIDATE_SIZES + k] = c->set[s].recall[k];
    }
    out->candidates = (struct souk_candidate_recall){.sources = c->count,
                                                     .names = out->set_name,
                                                     .sizes = SOUK_CANDIDATE_SIZES,
                                                     .size = souk_candidate_sizes,
                                                     .recall = out->set_recall,
                                                     .asked = out->set_asked,
                                                     .items = out->set_items,
                                                     .added = out->set_added};
}

static void fill_coverage(const struct souk_sureness_audience *s, const char *name,
                          struct souk_audience_extras *out)
{
    for (int a = 0; a < SOUK_ALPHAS; a++) {
        out->alpha[a] = s->sets[a].alpha;
        out->covered[a] = s->sets[a].coverage.mean;
        out->low[a] = s->sets[a].coverage.low;
        out->high[a] = s->sets[a].coverage.high;
        out->kept[a] = s->sets[a].kept;
        out->guaranteed[a] = s->sets[a].is_guaranteed;
    }
    snprintf(out->about, sizeof out->about,
             "calibrated on %" PRId64 " users; here %" PRId64 " of %" PRId64
             " have a true candidate, of %.0f candidates each",
             s->points, s->true_users, s->users, s->candidates);
    out->coverage = (struct souk_coverage_curve){.name = name,
                                                 .about = out->about,
                                                 .count = s->true_users > 0 ? SOUK_ALPHAS : 0,
                                                 .alpha = out->alpha,
                                                 .coverage = out->covered,
                                                 .low = out->low,
                                                 .high = out->high,
                                                 .kept = out->kept,
                                                 .guaranteed = out->guaranteed};
}

static void fill_calibration(const struct souk_sureness_audience *s, const char *name,
                             struct souk_audience_extras *out)
{
    for (int b = 0; b < s->bins; b++) {
        out->predicted[b] = s->bin[b].predicted;
        out->observed[b] = s->bin[b].observed;
        out->bin_low[b] = s->bin[b].low;
        out->bin_high[b] = s->bin[b].high;
        out->cases[b] = s->bin[b].cases;
    }
    out->calibration = (struct souk_calibration_curve){.name = name,
                                                       .count = s->bins,
                                                       .predicted = out->predicted,
                                                       .observed = out->observed,
                                                       .low = out->bin_low,
                                                       .high = out->bin_high,
                                                       .cases = out->cases};
}

void souk_stage_extras_fill(const struct souk_answer *a, struct souk_stage_extras *out)
{
    const struct souk_feature_importance *i = &a->importance;
    *out = (struct souk_stage_extras){.importance = {.count = i->count,
                                                     .names = (const char *const *)i->name,
                                                     .gain = i->gain,
                                                     .splits = i->splits,
                                                     .permutation = i->drop,
                                                     .metric = "NDCG@10"}};
    fill_candidates(&a->sources, out);
    for (int s = 0; s < SOUK_AUDIENCES && a->sureness.is_calibrated; s++) {
        static const char *const names[SOUK_AUDIENCES] = {"warm users", "cold users", "new users"};
        fill_coverage(&a->sureness.audience[s], names[s], &out->audience[s]);
        fill_calibration(&a->sureness.audience[s], names[s], &out->audience[s]);
        out->extras.coverage[s] = &out->audience[s].coverage;
        out->extras.calibration[s] = &out->audience[s].calibration;
    }
    out->extras.importance = &out->importance;
    out->extras.candidates = &out->candidates;
}

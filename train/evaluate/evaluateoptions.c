#include "train/evaluate/evaluateoptions.h"

#include "shared/base/clock.h"
#include "shared/score/historyrule.h"
#include "train/comm/holdout.h"
#include "train/comm/leaveout.h"
#include "train/evaluate/report.h"

#include <string.h>

enum { REPLICATES_MAX = 10000 };

static souk_status parse_time(const char *option, const char *text, int64_t *ms,
                              struct souk_error *err)
{
    if (!text || souk_time_parse(text, strlen(text), ms))
        return SOUK_OK;
    return souk_fail(err, SOUK_EUSAGE,
                     "--%s '%s' is not a time such as 2011-11-09 or 2011-11-09T08:26:00", option,
                     text);
}

static souk_status check_usage(struct souk_evaluate_settings *s, struct souk_error *err)
{
    struct souk_question *q = &s->question;
    if (!souk_protocol_has_split(q->protocol) && (s->split || s->until))
        return souk_fail(err, SOUK_EUSAGE,
                         "--split and --test-until do not belong to --protocol %s",
                         souk_protocol_name(q->protocol));
    if (q->protocol == SOUK_PROTOCOL_FILE && !q->targets)
        return souk_fail(err, SOUK_EUSAGE, "--protocol file needs --targets FILE");
    if (q->protocol != SOUK_PROTOCOL_FILE && q->targets)
        return souk_fail(err, SOUK_EUSAGE, "--targets belongs to --protocol file");
    if (s->min_confidence > 0 && strcmp(s->rank_by, "model") != 0)
        return souk_fail(err, SOUK_EUSAGE, "--min-confidence belongs to --rank-by model");
    souk_status status = parse_time("split", s->split, &q->split_ms, err);
    if (status == SOUK_OK)
        status = parse_time("test-until", s->until, &q->until_ms, err);
    return status == SOUK_OK ? souk_cutoffs_parse(s->k, &s->cutoffs, err) : status;
}

souk_status souk_evaluate_parse(int argc, char **argv, bool speak, bool *done,
                                struct souk_evaluate_settings *out, struct souk_error *err)
{
    *out = (struct souk_evaluate_settings){
        .question = {.split_ms = SOUK_TIME_NONE, .until_ms = SOUK_TIME_MAX}};
    struct souk_question *q = &out->question;
    const struct souk_option options[] = {
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "input", false},
        {"dataset", 0, SOUK_OPTION_TEXT, &out->dataset, NULL, 0, 0, NULL, "DIR",
         "the dataset that the model was trained on", true},
        {"model", 0, SOUK_OPTION_TEXT, &out->model, NULL, 0, 0, NULL, "DIR",
         "the model to evaluate", true},
        {"against", 0, SOUK_OPTION_TEXT, &out->against, NULL, 0, 0, NULL, "DIR|ORDER",
         "compare with another model, or with the model's items in popular, newest or random "
         "order; "
         "differences get intervals of a paired bootstrap",
         false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "question", false},
        {"protocol", 0, SOUK_OPTION_CHOICE, &out->protocol, "temporal", 0, 0,
         "temporal|per-user|file|strong|session|cold-users|item-holdout", "NAME",
         "where targets come from: behind one cut in time; the last share of each user's events; a "
         "file; users hidden from training; the next item of a session; users new behind the cut; "
         "items hidden from training",
         false},
        {"split", 0, SOUK_OPTION_TEXT, &out->split, NULL, 0, 0, NULL, "TIME",
         "targets begin here, where the protocol has a cut in time (default: the dataset's split, "
         "else the end of the model's training window)",
         false},
        {"test-until", 0, SOUK_OPTION_TEXT, &out->until, NULL, 0, 0, NULL, "TIME",
         "and end before this", false},
        {"target-share", 0, SOUK_OPTION_REAL, &q->share, "0.2", .001, .999, NULL, "SHARE",
         "strong: the last share of a hidden user's events is asked for, the others are given",
         false},
        {"cold-history", 0, SOUK_OPTION_INT, &q->cold_history, "3", 0, SOUK_COLD_HISTORY_MAX, NULL,
         "N", "cold-users: a new user's first N items are given", false},
        {"targets", 0, SOUK_OPTION_TEXT, &q->targets, NULL, 0, 0, NULL, "FILE",
         "file: CSV of two columns, user and item", false},
        {"discovery", 0, SOUK_OPTION_FLAG, &q->discovery, "false", 0, 0, NULL, NULL,
         "count only items that the user had not touched before", false},
        {"include-seen", 0, SOUK_OPTION_FLAG, &q->include_seen, "false", 0, 0, NULL, NULL,
         "leave a user's training items in the lists", false},
        {"sold-only", 0, SOUK_OPTION_FLAG, &q->sold_only, "true", 0, 0, NULL, NULL,
         "item-holdout: lists hold only hidden items with an event by the end of the test window, "
         "whatever ranks them; --no-sold-only: all hidden ones of the catalogue",
         false},
        {"min-confidence", 0, SOUK_OPTION_REAL, &out->min_confidence, "0", 0, .999, NULL, "C",
         "end lists where the confidence of a calibrated model does not exceed this; 0: they do "
         "not",
         false},
        {"rank-by", 0, SOUK_OPTION_TEXT, &out->rank_by, "model", 0, 0, NULL, "ORDER",
         "what orders the lists: model, or for a baseline popular, newest (the day an item was "
         "first seen) or random; of a two-stage model also repeat (what the user had most often), "
         "or a source such as ease or ease.lifted",
         false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "order of the lists", false},
        {"mmr", 0, SOUK_OPTION_REAL, &out->mmr, "1", 0, 1, NULL, "LAMBDA",
         "weight of relevance against likeness to the items above; 1: no diversity", false},
        {"cap-per-category", 0, SOUK_OPTION_INT, &out->reorder.cap, "0", 0, SOUK_K_MAX, NULL, "N",
         "no more items of one category; 0: any number", false},
        {"rules", 0, SOUK_OPTION_TEXT, &out->reorder.rules, NULL, 0, 0, NULL, "FILE.json",
         "business rules: boost, bury, exclude, pin", false},
        {"rerank-depth", 0, SOUK_OPTION_INT, &out->reorder.depth, "200", 1, SOUK_RERANK_ITEMS_MAX,
         NULL, "N", "items that these choose from", false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "figures", false},
        {"k", 'k', SOUK_OPTION_TEXT, &out->k, "5,10,20", 0, 0, NULL, "LIST",
         "lengths of the lists to measure", false},
        {"bootstrap", 0, SOUK_OPTION_INT, &out->replicates, "1000", 0, REPLICATES_MAX, NULL, "N",
         "replicates for the 95 % intervals; 0: none", false},
        {"seed", 0, SOUK_OPTION_INT, &out->seed, "1", 0, 1e15, NULL, "N", "of the replicates",
         false},
        {"curves", 0, SOUK_OPTION_FLAG, &out->has_curves, "false", 0, 0, NULL, NULL,
         "also ROC-AUC and average precision over all candidates, which streams the items twice "
         "more; --report does it too",
         false},
        {"", 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, "output", false},
        {"report", 0, SOUK_OPTION_TEXT, &out->report, NULL, 0, 0, NULL, "FILE",
         "write a page of curves and tables: HTML that needs nothing else", false},
        {"json", 0, SOUK_OPTION_TEXT, &out->json, NULL, 0, 0, NULL, "FILE",
         "write all figures as JSON", false},
        {"dump-recommendations", 0, SOUK_OPTION_TEXT, &out->recommendations, NULL, 0, 0, NULL,
         "FILE", "write the lists: user, item, position, score, separated by tabs", false},
        {"dump-targets", 0, SOUK_OPTION_TEXT, &out->targets, NULL, 0, 0, NULL, "FILE",
         "write the targets: user, item", false},
        {"dump-scope", 0, SOUK_OPTION_CHOICE, &out->scope, "headline", 0, 0, "headline|all", "NAME",
         "whose lists and targets: users and items in training, or all", false},
        {"per-user", 0, SOUK_OPTION_TEXT, &out->per_user, NULL, 0, 0, NULL, "FILE",
         "write every user's metrics", false},
        SOUK_TRACK_OPTION_ROWS(out->tracking),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-evaluate",
        .summary = "measure the lists of a model over its full catalogue (an MPI program)",
        .examples = "  mpirun -n 2 souk-evaluate --dataset or.ds --model or.model --discovery "
                    "--json metrics.json\n"
                    "  mpirun -n 2 souk-evaluate --dataset or.ds --model or.model --discovery \\\n"
                    "      --protocol cold-users --cold-history 3\n"
                    "  mpirun -n 2 souk-train ease --dataset or.ds --hide-users 0.1 --out s.model\n"
                    "  mpirun -n 2 souk-evaluate --dataset or.ds --model s.model --protocol "
                    "strong\n"
                    "  mpirun -n 2 souk-evaluate --dataset or.ds --model new.model --against "
                    "old.model \\\n"
                    "      --report report.html\n",
        .options = options,
    };
    souk_status status = souk_options_parse(&program, argc, argv, speak, done, &out->options, err);
    if (status != SOUK_OK || *done)
        return status;
    q->protocol = (enum souk_protocol)out->protocol;
    q->sold_only = q->sold_only && q->protocol == SOUK_PROTOCOL_ITEM_HOLDOUT;
    out->reorder.diversity = 1 - out->mmr;
    out->has_curves |= out->report != NULL;
    out->bootstrap = (struct souk_bootstrap){(int)out->replicates, (uint64_t)out->seed};
    return check_usage(out, err);
}

static souk_status resolve_split(struct souk_question *q, const struct souk_dataset *d,
                                 const struct souk_model *m, struct souk_error *err)
{
    char split[25], until[25];
    if (q->split_ms == SOUK_TIME_NONE)
        q->split_ms = d->split_ms;
    if (q->split_ms == SOUK_TIME_NONE && m->window.until_ms != SOUK_TIME_MAX)
        q->split_ms = m->window.until_ms;
    if (q->split_ms == SOUK_TIME_NONE)
        return souk_fail(err, SOUK_EUSAGE,
                         "%s has no split, and the model was trained on all of it: give --split to "
                         "souk-ingest, or --until to souk-train",
                         d->path);
    if (q->until_ms <= q->split_ms)
        return souk_fail(err, SOUK_EUSAGE, "--test-until is not after the split");
    if (m->window.until_ms <= q->split_ms)
        return SOUK_OK;
    if (q->protocol == SOUK_PROTOCOL_ITEM_HOLDOUT)
        return SOUK_OK; /* training has seen no event of these items */
    souk_time_format(q->split_ms, split);
    if (m->window.until_ms == SOUK_TIME_MAX)
        return souk_fail(err, SOUK_EINVAL,
                         "%s was trained on all events, the test window from %s among them: train "
                         "with --until %s",
                         m->path, split, split);
    souk_time_format(m->window.until_ms, until);
    return souk_fail(err, SOUK_EINVAL,
                     "%s was trained on events until %s, but the test window begins at %s", m->path,
                     until, split);
}

/* What training must have left out for the protocol. */
static souk_status resolve_hidden(struct souk_question *q, const struct souk_model *m,
                                  struct souk_error *err)
{
    const bool needs_items = q->protocol == SOUK_PROTOCOL_ITEM_HOLDOUT;
    double held_out = 0;
    souk_status status = souk_hiding_of_parameters(m->parameters_json, &q->hiding, err);
    if (status == SOUK_OK)
        status = souk_holdout_of_parameters(m->parameters_json, &held_out, err);
    if (status == SOUK_OK)
        status = souk_leaveout_of_parameters(m->parameters_json, &q->leave_out, err);
    if (status != SOUK_OK)
        return souk_error_prefix(err, status, "%s", m->path);
    if (q->protocol == SOUK_PROTOCOL_PER_USER) {
        q->share = held_out;
        if (held_out == 0)
            return souk_fail(
                err, SOUK_EINVAL,
                "%s was trained on every user's last events: the per-user protocol needs a "
                "model of souk-train --holdout SHARE",
                m->path);
    }
    if (q->protocol == SOUK_PROTOCOL_LEAVE_OUT && q->leave_out == 0)
        return souk_fail(err, SOUK_EINVAL,
                         "%s was trained on every wanted item: the leave-one-out protocol needs a "
                         "model of souk-train --leave-out N",
                         m->path);
    if ((q->protocol == SOUK_PROTOCOL_STRONG && q->hiding.users == 0) ||
        (needs_items && q->hiding.items == 0))
        return souk_fail(err, SOUK_EINVAL,
                         "%s was trained on every %s: the %s protocol needs a model of souk-train "
                         "--hide-%ss SHARE",
                         m->path, needs_items ? "item" : "user", souk_protocol_name(q->protocol),
                         needs_items ? "item" : "user");
    return SOUK_OK;
}

/* How what is given weighs: as the same events weighed in training. */
static souk_status resolve_weighing(struct souk_question *q, const struct souk_dataset *d,
                                    const struct souk_model *m, struct souk_error *err)
{
    struct souk_history_rule rule;
    souk_status status = souk_history_rule_of_model(m, &rule, err);
    q->weighing = souk_interaction_rule_default(d);
    if (status == SOUK_OK && rule.event_weights)
        status = souk_interaction_rule_parse(&q->weighing, d, rule.event_weights, err);
    souk_history_rule_fini(&rule);
    return status == SOUK_OK ? status : souk_error_prefix(err, status, "%s", m->path);
}

static souk_status check_origin(const struct souk_dataset *d, const struct souk_model *m,
                                struct souk_error *err)
{
    if (m->dataset_digest != d->digest)
        return souk_fail(
            err, SOUK_EINTEGRITY, "%s was trained on the dataset %016llx, but %s is %016llx",
            m->path, (unsigned long long)m->dataset_digest, d->path, (unsigned long long)d->digest);
    if (m->parts != d->parts)
        return souk_fail(err, SOUK_EINTEGRITY, "%s has %d parts, but %s has %d", m->path, m->parts,
                         d->path, d->parts);
    return SOUK_OK;
}

souk_status souk_evaluate_resolve(struct souk_evaluate_settings *s, const struct souk_dataset *d,
                                  const struct souk_model *m, struct souk_error *err)
{
    struct souk_question *q = &s->question;
    souk_status status = check_origin(d, m, err);
    if (status != SOUK_OK)
        return status;
    if (s->min_confidence > 0 && !m->stages.confidence_text)
        return souk_fail(err, SOUK_EINVAL,
                         "%s says nothing of its confidence: --min-confidence needs a model of "
                         "souk-train all",
                         m->path);
    q->trained = m->window;
    if (souk_protocol_has_split(q->protocol))
        status = resolve_split(q, d, m, err);
    if (status == SOUK_OK)
        status = resolve_hidden(q, m, err);
    if (status == SOUK_OK && souk_protocol_gives(q->protocol))
        status = resolve_weighing(q, d, m, err);
    return status;
}

souk_status souk_evaluate_resolve_against(const struct souk_evaluate_settings *s,
                                          const struct souk_dataset *d,
                                          const struct souk_model *other, struct souk_error *err)
{
    struct souk_evaluate_settings again = *s;
    const struct souk_question *q = &s->question, *its = &again.question;
    again.min_confidence = 0; /* lists of the other end where they end */
    souk_status status = souk_evaluate_resolve(&again, d, other, err);
    if (status != SOUK_OK)
        return status;
    if (q->protocol == SOUK_PROTOCOL_PER_USER && its->share != q->share)
        return souk_fail(err, SOUK_EINVAL, "%s held out %g of each user's events, not %g",
                         other->path, its->share, q->share);
    if (q->protocol == SOUK_PROTOCOL_LEAVE_OUT && its->leave_out != q->leave_out)
        return souk_fail(err, SOUK_EINVAL, "%s left out another item of each user", other->path);
    if ((q->protocol == SOUK_PROTOCOL_STRONG || q->protocol == SOUK_PROTOCOL_ITEM_HOLDOUT) &&
        memcmp(&its->hiding, &q->hiding, sizeof q->hiding) != 0)
        return souk_fail(err, SOUK_EINVAL, "%s was trained without other users or items",
                         other->path);
    if (!souk_protocol_has_split(q->protocol) && q->protocol != SOUK_PROTOCOL_FILE &&
        memcmp(&its->trained, &q->trained, sizeof q->trained) != 0)
        return souk_fail(err, SOUK_EINVAL, "%s was trained on another window", other->path);
    return SOUK_OK;
}

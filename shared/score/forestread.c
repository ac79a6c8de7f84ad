/* Reading a forest in LightGBM's text format. */
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "shared/score/textblock.h"
#include "shared/score/treefields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- the header -- */

enum {
    VERSION,
    CLASSES,
    TREES_PER_ITERATION,
    LABEL_INDEX,
    MAX_FEATURE,
    OBJECTIVE,
    NAMES,
    INFOS,
    SIZES,
    HEADER_KEYS
};

static souk_status read_header_lines(struct souk_textblock *b, struct souk_text_entry *header,
                                     struct souk_text_kept *kept)
{
    souk_status status = SOUK_OK;
    struct souk_span line;
    if (!souk_text_next(b, &line) || !souk_span_is(&line, "tree"))
        return souk_text_fail(b, 1, SOUK_EFORMAT,
                              "this is not a LightGBM model: line 1 is not 'tree'");
    while (status == SOUK_OK && souk_text_next(b, &line)) {
        if (souk_span_starts(&line, "Tree=") || souk_span_is(&line, "end of trees")) {
            souk_text_unread(b, &line);
            break;
        }
        if (souk_span_is(&line, "average_output"))
            status = souk_text_fail(b, b->line, SOUK_EVERSION, "averaged forests are not read");
        else if (line.len > 0)
            status = souk_text_take(b, &line, header, HEADER_KEYS, kept);
    }
    return status;
}

static souk_status check_kind(const struct souk_textblock *b, const struct souk_text_entry *header)
{
    const struct souk_text_entry *version = &header[VERSION];
    int64_t one = 1;
    if (version->line == 0)
        return souk_text_fail(b, b->line, SOUK_EFORMAT, "the header ends without version");
    if (!souk_span_is(&version->value, "v4") && !souk_span_is(&version->value, "v3"))
        return souk_text_fail(b, version->line, SOUK_EVERSION, "only versions v3 and v4 are read");
    for (int i = CLASSES; i <= TREES_PER_ITERATION; i++) {
        const souk_status status = souk_text_integer(b, &header[i], 1, INT32_MAX, &one);
        if (status != SOUK_OK)
            return status;
        if (one != 1)
            return souk_text_fail(b, header[i].line, SOUK_EVERSION,
                                  "models of several classes are not read");
    }
    return SOUK_OK;
}

typedef souk_status set_word(struct souk_forest *f, int feature, const char *word,
                             struct souk_error *err);

/* Exactly one word a feature. */
static souk_status take_words(const struct souk_textblock *b, const struct souk_text_entry *e,
                              struct souk_forest *f, set_word *set)
{
    souk_status status = SOUK_OK;
    int found = 0;
    if (e->line == 0)
        return souk_text_fail(b, b->line, SOUK_EFORMAT, "the header ends without %s", e->key);
    const char *at = e->value.at, *end = at + e->value.len;
    while (at < end && status == SOUK_OK) {
        const char *stop = memchr(at, ' ', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (stop > at && found++ < f->features) {
            char *word = souk_strndup(at, (size_t)(stop - at));
            status = word ? set(f, found - 1, word, b->err) : SOUK_ENOMEM;
            free(word);
            if (status != SOUK_OK)
                return souk_error_prefix(b->err, status, "%s:%lld", b->name, (long long)e->line);
        }
        at = stop < end ? stop + 1 : end;
    }
    if (found == f->features)
        return SOUK_OK;
    return souk_text_fail(b, e->line, SOUK_EFORMAT, "%s has %d words for %d features", e->key,
                          found, f->features);
}

static souk_status take_header(const struct souk_textblock *b, const struct souk_text_entry *header,
                               struct souk_forest *f)
{
    int64_t label = 0, last = 0;
    souk_status status = check_kind(b, header);
    if (status == SOUK_OK)
        status = souk_text_integer(b, &header[LABEL_INDEX], INT32_MIN, INT32_MAX, &label);
    if (status == SOUK_OK)
        status = souk_text_integer(b, &header[MAX_FEATURE], 0, SOUK_FEATURES_MAX - 1, &last);
    /* A name and an info take two bytes each: a short file cannot ask for much memory. */
    if (status == SOUK_OK && (size_t)last >= header[NAMES].value.len / 2 + 1)
        status = souk_text_fail(b, header[MAX_FEATURE].line, SOUK_EFORMAT,
                                "max_feature_idx is beyond feature_names");
    if (status == SOUK_OK)
        status = souk_forest_init(f, (int)last + 1, b->err);
    if (status != SOUK_OK)
        return status;
    f->label_index = (int)label;
    if (header[OBJECTIVE].line > 0) {
        f->objective = souk_strndup(header[OBJECTIVE].value.at, header[OBJECTIVE].value.len);
        if (!f->objective)
            return souk_text_fail(b, header[OBJECTIVE].line, SOUK_ENOMEM,
                                  "no memory for the objective");
    }
    status = take_words(b, &header[NAMES], f, souk_forest_set_name);
    return status == SOUK_OK ? take_words(b, &header[INFOS], f, souk_forest_set_info) : status;
}

static souk_status read_header(struct souk_textblock *b, struct souk_forest *f, int64_t *trees)
{
    struct souk_text_entry header[HEADER_KEYS] = {
        [VERSION] = {.key = "version"},
        [CLASSES] = {.key = "num_class"},
        [TREES_PER_ITERATION] = {.key = "num_tree_per_iteration"},
        [LABEL_INDEX] = {.key = "label_index"},
        [MAX_FEATURE] = {.key = "max_feature_idx"},
        [OBJECTIVE] = {.key = "objective"},
        [NAMES] = {.key = "feature_names"},
        [INFOS] = {.key = "feature_infos"},
        [SIZES] = {.key = "tree_sizes"},
    };
    struct souk_text_kept kept = {0};
    souk_status status = read_header_lines(b, header, &kept);
    if (status == SOUK_OK)
        status = take_header(b, header, f);
    if (status == SOUK_OK) {
        f->header_extra = kept.text;
        kept.text = NULL;
    }
    free(kept.text);
    *trees = -1; /* not said */
    if (status == SOUK_OK && header[SIZES].line > 0) {
        const struct souk_span *sizes = &header[SIZES].value;
        *trees = sizes->len > 0;
        for (size_t i = 0; i + 1 < sizes->len; i++)
            *trees += sizes->at[i] == ' ' && sizes->at[i + 1] != ' ';
    }
    return status;
}

/* -- a tree -- */

enum { LEAVES = SOUK_TREEFIELDS, CATEGORICAL, LINEAR, SHRINKAGE, TREE_KEYS };

static void name_entries(struct souk_text_entry *e)
{
    for (int i = 0; i < SOUK_TREEFIELDS; i++)
        e[i].key = souk_treefield[i].name;
    e[LEAVES].key = "num_leaves";
    e[CATEGORICAL].key = "num_cat";
    e[LINEAR].key = "is_linear";
    e[SHRINKAGE].key = "shrinkage";
}

static size_t count_words(const struct souk_span *text)
{
    size_t words = 0;
    for (size_t i = 0; i < text->len; i++)
        words += text->at[i] != ' ' && (i == 0 || text->at[i - 1] == ' ');
    return words;
}

static souk_status size_tree(const struct souk_textblock *b, const struct souk_text_entry *e,
                             struct souk_tree *t)
{
    int64_t leaves = 0, categorical = 0, linear = 0;
    souk_status status = souk_text_integer(b, &e[LEAVES], 1, SOUK_TREE_LEAVES_MAX, &leaves);
    if (status == SOUK_OK)
        status = souk_text_integer(b, &e[CATEGORICAL], 0, leaves - 1, &categorical);
    if (status == SOUK_OK && e[LINEAR].line > 0)
        status = souk_text_integer(b, &e[LINEAR], 0, 1, &linear);
    if (status == SOUK_OK && linear == 1)
        status = souk_text_fail(b, e[LINEAR].line, SOUK_EVERSION, "linear trees are not read");
    if (status != SOUK_OK)
        return status;
    const size_t words = categorical > 0 ? count_words(&e[SOUK_TREEFIELDS - 1].value) : 0;
    if (words > SOUK_TREE_WORDS_MAX)
        return souk_text_fail(b, e[SOUK_TREEFIELDS - 1].line, SOUK_ELIMIT, "too many categories");
    return souk_tree_init(t, (int)leaves, (int)categorical, (int)words, b->err);
}

static souk_status take_fields(const struct souk_textblock *b, const struct souk_text_entry *e,
                               struct souk_tree *t)
{
    const int words = t->cat_boundaries[t->cat_splits];
    for (int i = 0; i < SOUK_TREEFIELDS; i++) {
        const struct souk_treefield *field = &souk_treefield[i];
        /* LightGBM writes no bitsets without categorical splits. */
        if (field->size >= SOUK_TREEFIELD_BOUNDARIES && t->cat_splits == 0)
            continue;
        if (e[i].line == 0 && (!field->required || souk_treefield_count(field, t) == 0))
            continue;
        if (e[i].line == 0)
            return souk_text_fail(b, b->line, SOUK_EFORMAT, "the tree ends without %s",
                                  field->name);
        /* A tree of one leaf may leave its weight and count empty. */
        if (!field->required && t->leaves == 1 && e[i].value.len == 0)
            continue;
        const souk_status status =
            souk_treefield_parse(field, t, e[i].value.at, e[i].value.len, b->err);
        if (status != SOUK_OK)
            return souk_error_prefix(b->err, status, "%s:%lld", b->name, (long long)e[i].line);
        if (t->cat_boundaries[t->cat_splits] != words)
            return souk_text_fail(b, e[i].line, SOUK_EFORMAT,
                                  "cat_boundaries end at %d, but cat_threshold has %d words",
                                  t->cat_boundaries[t->cat_splits], words);
    }
    if (e[SHRINKAGE].line > 0 &&
        !souk_treefield_real(e[SHRINKAGE].value.at, e[SHRINKAGE].value.len, &t->shrinkage))
        return souk_text_fail(b, e[SHRINKAGE].line, SOUK_EFORMAT, "shrinkage is not a number");
    return SOUK_OK;
}

/* The lines of a block, up to the next block. */
static souk_status read_block(struct souk_textblock *b, struct souk_text_entry *e,
                              struct souk_text_kept *kept)
{
    souk_status status = SOUK_OK;
    struct souk_span line;
    while (status == SOUK_OK && souk_text_next(b, &line)) {
        if (souk_span_starts(&line, "Tree=") || souk_span_is(&line, "end of trees")) {
            souk_text_unread(b, &line);
            break;
        }
        if (line.len > 0)
            status = souk_text_take(b, &line, e, TREE_KEYS, kept);
    }
    return status;
}

static souk_status read_tree(struct souk_textblock *b, struct souk_forest *f,
                             const struct souk_span *title)
{
    const int64_t first = b->line;
    struct souk_text_entry e[TREE_KEYS] = {0};
    struct souk_tree t = {0};
    struct souk_text_kept kept = {0};
    int64_t number;
    souk_status status;
    if (!souk_treefield_integer(title->at + 5, title->len - 5, f->trees, f->trees, &number))
        return souk_text_fail(b, first, SOUK_EFORMAT, "Tree=%d should stand here", f->trees);
    name_entries(e);
    status = read_block(b, e, &kept);
    if (status == SOUK_OK)
        status = size_tree(b, e, &t);
    if (status == SOUK_OK)
        status = take_fields(b, e, &t);
    if (status == SOUK_OK) {
        t.extra = kept.text;
        kept.text = NULL;
        status = souk_forest_append(f, &t, b->err);
        if (status != SOUK_OK)
            status = souk_error_prefix(b->err, status, "%s:%lld", b->name, (long long)first);
    }
    souk_tree_fini(&t);
    free(kept.text);
    return status;
}

static souk_status read_trees(struct souk_textblock *b, struct souk_forest *f, int64_t trees)
{
    struct souk_span line;
    while (souk_text_next(b, &line)) {
        if (souk_span_is(&line, "end of trees")) {
            if (trees < 0 || trees == f->trees)
                return SOUK_OK;
            return souk_text_fail(b, b->line, SOUK_EFORMAT,
                                  "tree_sizes names %lld trees, but %d are there", (long long)trees,
                                  f->trees);
        }
        const souk_status status = read_tree(b, f, &line);
        if (status != SOUK_OK)
            return status;
    }
    return souk_text_fail(b, b->line, SOUK_EFORMAT,
                          "the file ends without 'end of trees': is it whole?");
}

/* -- what follows the trees -- */

/* Keep lines up to one that is `stop` (not kept; "" is an empty line) or to the end. */
static souk_status keep_until(struct souk_textblock *b, const char *stop, char **text,
                              bool *stopped)
{
    struct souk_text_kept kept = {0};
    souk_status status = SOUK_OK;
    struct souk_span line;
    *stopped = false;
    while (status == SOUK_OK && !*stopped && souk_text_next(b, &line)) {
        *stopped = stop && souk_span_is(&line, stop);
        if (!*stopped)
            status = souk_text_keep(b, &kept, &line);
    }
    *text = kept.text;
    return status;
}

/* Whether the next lines are an empty one and `title`, which are then behind us. */
static bool skip_title(struct souk_textblock *b, const char *title)
{
    const struct souk_textblock before = *b;
    struct souk_span line;
    if (souk_text_next(b, &line) && line.len == 0 && souk_text_next(b, &line) &&
        souk_span_is(&line, title))
        return true;
    *b = before;
    return false;
}

static souk_status read_tail(struct souk_textblock *b, struct souk_forest *f)
{
    souk_status status = SOUK_OK;
    bool stopped = false;
    if (skip_title(b, "feature_importances:")) {
        status = keep_until(b, "", &f->importances, &stopped);
        if (status == SOUK_OK && !f->importances && !(f->importances = souk_strndup("", 0)))
            status = souk_text_fail(b, b->line, SOUK_ENOMEM, "no memory");
        if (stopped) {
            b->at--; /* the empty line belongs to what follows */
            b->line--;
        }
    }
    if (status == SOUK_OK && skip_title(b, "parameters:")) {
        status = keep_until(b, "end of parameters", &f->parameters, &stopped);
        if (status == SOUK_OK && !stopped)
            status = souk_text_fail(b, b->line, SOUK_EFORMAT,
                                    "the file ends without 'end of parameters': is it whole?");
        if (status == SOUK_OK && !f->parameters && !(f->parameters = souk_strndup("", 0)))
            status = souk_text_fail(b, b->line, SOUK_ENOMEM, "no memory");
    }
    const int64_t line = b->line + 1;
    if (status == SOUK_OK)
        status = keep_until(b, NULL, &f->trailer, &stopped);
    /* Else it would be written where it is read as something else. */
    if (status == SOUK_OK && f->trailer && f->trailer[0] != '\n')
        status = souk_text_fail(b, line, SOUK_EFORMAT, "an empty line should stand here");
    return status;
}

souk_status souk_forest_parse(struct souk_forest *f, const char *text, size_t len, const char *name,
                              struct souk_error *err)
{
    struct souk_textblock b = {.at = text, .end = text + len, .name = name, .err = err};
    int64_t trees = -1;
    souk_status status;
    *f = (struct souk_forest){0};
    if (len > SOUK_FORESTTEXT_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%s: %zu bytes, more than %zu", name, len,
                         SOUK_FORESTTEXT_MAX);
    if (len > 0 && memchr(text, '\0', len))
        return souk_fail(err, SOUK_EFORMAT, "%s: a zero byte in the text", name);
    status = read_header(&b, f, &trees);
    if (status == SOUK_OK)
        status = read_trees(&b, f, trees);
    if (status == SOUK_OK)
        status = read_tail(&b, f);
    if (status != SOUK_OK)
        souk_forest_fini(f);
    return status;
}

static souk_status read_file(FILE *from, const char *path, char **text, size_t *len,
                             struct souk_error *err)
{
    size_t cap = 0;
    for (size_t got = 1; got > 0; *len += got) {
        const souk_status status =
            souk_grow(text, &cap, *len + 65536, SOUK_FORESTTEXT_MAX + 65536, 1);
        if (status != SOUK_OK)
            return souk_fail(err, status, "%s: too large, or no memory for it", path);
        got = fread(*text + *len, 1, cap - *len, from);
    }
    return ferror(from) ? souk_fail_errno(err, "cannot read %s", path) : SOUK_OK;
}

souk_status souk_forest_read(struct souk_forest *f, const char *path, struct souk_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *from = fopen(path, "rb");
    *f = (struct souk_forest){0};
    if (!from)
        return souk_fail_errno(err, "cannot read %s", path);
    souk_status status = read_file(from, path, &text, &len, err);
    fclose(from);
    if (status == SOUK_OK)
        status = souk_forest_parse(f, text, len, path, err);
    free(text);
    return status;
}

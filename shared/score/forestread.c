/* Reading a forest in LightGBM's text format. */
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "shared/score/treefields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span {
    const char *at;
    size_t len;
};

struct reader {
    const char *at, *end;
    const char *name;
    int64_t line; /* of the last one read */
    struct souk_error *err;
};

/* KEY=VALUE of a block, or a line that is kept. */
struct entry {
    const char *key;
    struct span value;
    int64_t line; /* 0: not there */
};

static souk_status fail_at(const struct reader *r, int64_t line, souk_status status,
                           const char *reason)
{
    return souk_fail(r->err, status, "%s:%lld: %s", r->name, (long long)line, reason);
}

static bool next_line(struct reader *r, struct span *line)
{
    if (r->at == r->end)
        return false;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *next = stop ? stop + 1 : r->end;
    if (!stop)
        stop = r->end;
    if (stop > r->at && stop[-1] == '\r')
        stop--;
    *line = (struct span){r->at, (size_t)(stop - r->at)};
    r->at = next;
    r->line++;
    return true;
}

/* Step back before the line that was read last. */
static void unread(struct reader *r, const struct span *line)
{
    r->at = line->at;
    r->line--;
}

static bool is_text(const struct span *line, const char *text)
{
    return line->len == strlen(text) && memcmp(line->at, text, line->len) == 0;
}

static bool starts_with(const struct span *line, const char *text)
{
    const size_t len = strlen(text);
    return line->len >= len && memcmp(line->at, text, len) == 0;
}

/* Lines that are kept: appended to *text with their ends. */
struct kept {
    char *text;
    size_t len, cap;
};

static souk_status keep_line(const struct reader *r, struct kept *kept, const struct span *line)
{
    const souk_status status =
        souk_grow(&kept->text, &kept->cap, kept->len + line->len + 2, SOUK_FORESTTEXT_MAX, 1);
    if (status != SOUK_OK)
        return fail_at(r, r->line, status, "no memory for this line");
    memcpy(kept->text + kept->len, line->at, line->len);
    kept->len += line->len;
    kept->text[kept->len++] = '\n';
    kept->text[kept->len] = '\0';
    return SOUK_OK;
}

/* Put a line where its key belongs, or among those that are kept. */
static souk_status take_entry(const struct reader *r, const struct span *line,
                              struct entry *entries, size_t count, struct kept *kept)
{
    const char *equals = memchr(line->at, '=', line->len);
    const size_t key_len = equals ? (size_t)(equals - line->at) : line->len;
    for (size_t i = 0; i < count; i++) {
        struct entry *e = &entries[i];
        if (!equals || strlen(e->key) != key_len || memcmp(e->key, line->at, key_len) != 0)
            continue;
        if (e->line > 0)
            return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: %s was given in line %lld already",
                             r->name, (long long)r->line, e->key, (long long)e->line);
        e->line = r->line;
        e->value = (struct span){equals + 1, line->len - key_len - 1};
        return SOUK_OK;
    }
    return keep_line(r, kept, line);
}

static souk_status take_integer(const struct reader *r, const struct entry *e, int64_t low,
                                int64_t high, int64_t *out)
{
    if (e->line == 0)
        return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: the block ends without %s", r->name,
                         (long long)r->line, e->key);
    if (souk_treefield_integer(e->value.at, e->value.len, low, high, out))
        return SOUK_OK;
    return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: %s '%.*s' is not an integer of %lld to %lld",
                     r->name, (long long)e->line, e->key,
                     e->value.len > 32 ? 32 : (int)e->value.len, e->value.at, (long long)low,
                     (long long)high);
}

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

static souk_status read_header_lines(struct reader *r, struct entry *header, struct kept *kept)
{
    souk_status status = SOUK_OK;
    struct span line;
    if (!next_line(r, &line) || !is_text(&line, "tree"))
        return fail_at(r, 1, SOUK_EFORMAT, "this is not a LightGBM model: line 1 is not 'tree'");
    while (status == SOUK_OK && next_line(r, &line)) {
        if (starts_with(&line, "Tree=") || is_text(&line, "end of trees")) {
            unread(r, &line);
            break;
        }
        if (is_text(&line, "average_output"))
            status = fail_at(r, r->line, SOUK_EVERSION, "averaged forests are not read");
        else if (line.len > 0)
            status = take_entry(r, &line, header, HEADER_KEYS, kept);
    }
    return status;
}

static souk_status check_kind(const struct reader *r, const struct entry *header)
{
    const struct entry *version = &header[VERSION];
    int64_t one = 1;
    if (version->line == 0)
        return fail_at(r, r->line, SOUK_EFORMAT, "the header ends without version");
    if (!is_text(&version->value, "v4") && !is_text(&version->value, "v3"))
        return fail_at(r, version->line, SOUK_EVERSION, "only versions v3 and v4 are read");
    for (int i = CLASSES; i <= TREES_PER_ITERATION; i++) {
        const souk_status status = take_integer(r, &header[i], 1, INT32_MAX, &one);
        if (status != SOUK_OK)
            return status;
        if (one != 1)
            return fail_at(r, header[i].line, SOUK_EVERSION,
                           "models of several classes are not read");
    }
    return SOUK_OK;
}

typedef souk_status set_word(struct souk_forest *f, int feature, const char *word,
                             struct souk_error *err);

/* Exactly one word a feature. */
static souk_status take_words(const struct reader *r, const struct entry *e, struct souk_forest *f,
                              set_word *set)
{
    souk_status status = SOUK_OK;
    const char *at = e->value.at, *end = at + e->value.len;
    int found = 0;
    if (e->line == 0)
        return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: the header ends without %s", r->name,
                         (long long)r->line, e->key);
    while (at < end && status == SOUK_OK) {
        const char *stop = memchr(at, ' ', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (stop > at && found++ < f->features) {
            char *word = souk_strndup(at, (size_t)(stop - at));
            status = word ? set(f, found - 1, word, r->err) : SOUK_ENOMEM;
            free(word);
            if (status != SOUK_OK)
                return souk_error_prefix(r->err, status, "%s:%lld", r->name, (long long)e->line);
        }
        at = stop < end ? stop + 1 : end;
    }
    if (found == f->features)
        return SOUK_OK;
    return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: %s has %d words for %d features", r->name,
                     (long long)e->line, e->key, found, f->features);
}

static souk_status take_header(const struct reader *r, const struct entry *header,
                               struct souk_forest *f)
{
    int64_t label = 0, last = 0;
    souk_status status = check_kind(r, header);
    if (status == SOUK_OK)
        status = take_integer(r, &header[LABEL_INDEX], INT32_MIN, INT32_MAX, &label);
    if (status == SOUK_OK)
        status = take_integer(r, &header[MAX_FEATURE], 0, SOUK_FEATURES_MAX - 1, &last);
    /* A name and an info take two bytes each: a short file cannot ask for much memory. */
    if (status == SOUK_OK && (size_t)last >= header[NAMES].value.len / 2 + 1)
        status = fail_at(r, header[MAX_FEATURE].line, SOUK_EFORMAT,
                         "max_feature_idx is beyond feature_names");
    if (status == SOUK_OK)
        status = souk_forest_init(f, (int)last + 1, r->err);
    if (status != SOUK_OK)
        return status;
    f->label_index = (int)label;
    if (header[OBJECTIVE].line > 0) {
        f->objective = souk_strndup(header[OBJECTIVE].value.at, header[OBJECTIVE].value.len);
        if (!f->objective)
            return fail_at(r, header[OBJECTIVE].line, SOUK_ENOMEM, "no memory for the objective");
    }
    status = take_words(r, &header[NAMES], f, souk_forest_set_name);
    return status == SOUK_OK ? take_words(r, &header[INFOS], f, souk_forest_set_info) : status;
}

static souk_status read_header(struct reader *r, struct souk_forest *f, int64_t *trees)
{
    struct entry header[HEADER_KEYS] = {
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
    struct kept kept = {0};
    souk_status status = read_header_lines(r, header, &kept);
    if (status == SOUK_OK)
        status = take_header(r, header, f);
    if (status == SOUK_OK) {
        f->header_extra = kept.text;
        kept.text = NULL;
    }
    free(kept.text);
    *trees = -1; /* not said */
    if (status == SOUK_OK && header[SIZES].line > 0) {
        const struct span *sizes = &header[SIZES].value;
        *trees = sizes->len > 0;
        for (size_t i = 0; i + 1 < sizes->len; i++)
            *trees += sizes->at[i] == ' ' && sizes->at[i + 1] != ' ';
    }
    return status;
}

/* -- a tree -- */

enum { LEAVES = SOUK_TREEFIELDS, CATEGORICAL, LINEAR, SHRINKAGE, TREE_KEYS };

static void name_entries(struct entry *e)
{
    for (int i = 0; i < SOUK_TREEFIELDS; i++)
        e[i].key = souk_treefield[i].name;
    e[LEAVES].key = "num_leaves";
    e[CATEGORICAL].key = "num_cat";
    e[LINEAR].key = "is_linear";
    e[SHRINKAGE].key = "shrinkage";
}

static size_t count_words(const struct span *text)
{
    size_t words = 0;
    for (size_t i = 0; i < text->len; i++)
        words += text->at[i] != ' ' && (i == 0 || text->at[i - 1] == ' ');
    return words;
}

static souk_status size_tree(const struct reader *r, const struct entry *e, struct souk_tree *t)
{
    int64_t leaves = 0, categorical = 0, linear = 0;
    souk_status status = take_integer(r, &e[LEAVES], 1, SOUK_TREE_LEAVES_MAX, &leaves);
    if (status == SOUK_OK)
        status = take_integer(r, &e[CATEGORICAL], 0, leaves - 1, &categorical);
    if (status == SOUK_OK && e[LINEAR].line > 0)
        status = take_integer(r, &e[LINEAR], 0, 1, &linear);
    if (status == SOUK_OK && linear == 1)
        status = fail_at(r, e[LINEAR].line, SOUK_EVERSION, "linear trees are not read");
    if (status != SOUK_OK)
        return status;
    const size_t words = categorical > 0 ? count_words(&e[SOUK_TREEFIELDS - 1].value) : 0;
    if (words > SOUK_TREE_WORDS_MAX)
        return fail_at(r, e[SOUK_TREEFIELDS - 1].line, SOUK_ELIMIT, "too many categories");
    return souk_tree_init(t, (int)leaves, (int)categorical, (int)words, r->err);
}

static souk_status take_fields(const struct reader *r, const struct entry *e, struct souk_tree *t)
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
            return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: the tree ends without %s", r->name,
                             (long long)r->line, field->name);
        /* A tree of one leaf may leave its weight and count empty. */
        if (!field->required && t->leaves == 1 && e[i].value.len == 0)
            continue;
        const souk_status status =
            souk_treefield_parse(field, t, e[i].value.at, e[i].value.len, r->err);
        if (status != SOUK_OK)
            return souk_error_prefix(r->err, status, "%s:%lld", r->name, (long long)e[i].line);
        if (t->cat_boundaries[t->cat_splits] != words)
            return souk_fail(r->err, SOUK_EFORMAT,
                             "%s:%lld: cat_boundaries end at %d, but cat_threshold has %d words",
                             r->name, (long long)e[i].line, t->cat_boundaries[t->cat_splits],
                             words);
    }
    if (e[SHRINKAGE].line > 0 &&
        !souk_treefield_real(e[SHRINKAGE].value.at, e[SHRINKAGE].value.len, &t->shrinkage))
        return fail_at(r, e[SHRINKAGE].line, SOUK_EFORMAT, "shrinkage is not a number");
    return SOUK_OK;
}

/* The lines of a block, up to the next block. */
static souk_status read_block(struct reader *r, struct entry *e, struct kept *kept)
{
    souk_status status = SOUK_OK;
    struct span line;
    while (status == SOUK_OK && next_line(r, &line)) {
        if (starts_with(&line, "Tree=") || is_text(&line, "end of trees")) {
            unread(r, &line);
            break;
        }
        if (line.len > 0)
            status = take_entry(r, &line, e, TREE_KEYS, kept);
    }
    return status;
}

static souk_status read_tree(struct reader *r, struct souk_forest *f, const struct span *title)
{
    const int64_t first = r->line;
    struct entry e[TREE_KEYS] = {0};
    struct souk_tree t = {0};
    struct kept kept = {0};
    int64_t number;
    souk_status status;
    if (!souk_treefield_integer(title->at + 5, title->len - 5, f->trees, f->trees, &number))
        return souk_fail(r->err, SOUK_EFORMAT, "%s:%lld: Tree=%d should stand here", r->name,
                         (long long)first, f->trees);
    name_entries(e);
    status = read_block(r, e, &kept);
    if (status == SOUK_OK)
        status = size_tree(r, e, &t);
    if (status == SOUK_OK)
        status = take_fields(r, e, &t);
    if (status == SOUK_OK) {
        t.extra = kept.text;
        kept.text = NULL;
        status = souk_forest_append(f, &t, r->err);
        if (status != SOUK_OK)
            status = souk_error_prefix(r->err, status, "%s:%lld", r->name, (long long)first);
    }
    souk_tree_fini(&t);
    free(kept.text);
    return status;
}

static souk_status read_trees(struct reader *r, struct souk_forest *f, int64_t trees)
{
    struct span line;
    while (next_line(r, &line)) {
        if (is_text(&line, "end of trees")) {
            if (trees < 0 || trees == f->trees)
                return SOUK_OK;
            return souk_fail(r->err, SOUK_EFORMAT,
                             "%s:%lld: tree_sizes names %lld trees, but %d are there", r->name,
                             (long long)r->line, (long long)trees, f->trees);
        }
        const souk_status status = read_tree(r, f, &line);
        if (status != SOUK_OK)
            return status;
    }
    return fail_at(r, r->line, SOUK_EFORMAT, "the file ends without 'end of trees': is it whole?");
}

/* -- what follows the trees -- */

/* Keep lines up to one that is `stop` (not kept; "" is an empty line) or to the end. */
static souk_status keep_until(struct reader *r, const char *stop, char **text, bool *stopped)
{
    struct kept kept = {0};
    souk_status status = SOUK_OK;
    struct span line;
    *stopped = false;
    while (status == SOUK_OK && !*stopped && next_line(r, &line)) {
        *stopped = stop && is_text(&line, stop);
        if (!*stopped)
            status = keep_line(r, &kept, &line);
    }
    *text = kept.text;
    return status;
}

/* Whether the next lines are an empty one and `title`, which are then behind us. */
static bool skip_title(struct reader *r, const char *title)
{
    const struct reader before = *r;
    struct span line;
    if (next_line(r, &line) && line.len == 0 && next_line(r, &line) && is_text(&line, title))
        return true;
    *r = before;
    return false;
}

static souk_status read_tail(struct reader *r, struct souk_forest *f)
{
    souk_status status = SOUK_OK;
    bool stopped = false;
    if (skip_title(r, "feature_importances:")) {
        status = keep_until(r, "", &f->importances, &stopped);
        if (status == SOUK_OK && !f->importances && !(f->importances = souk_strndup("", 0)))
            status = fail_at(r, r->line, SOUK_ENOMEM, "no memory");
        if (stopped) {
            r->at--; /* the empty line belongs to what follows */
            r->line--;
        }
    }
    if (status == SOUK_OK && skip_title(r, "parameters:")) {
        status = keep_until(r, "end of parameters", &f->parameters, &stopped);
        if (status == SOUK_OK && !stopped)
            status = fail_at(r, r->line, SOUK_EFORMAT,
                             "the file ends without 'end of parameters': is it whole?");
        if (status == SOUK_OK && !f->parameters && !(f->parameters = souk_strndup("", 0)))
            status = fail_at(r, r->line, SOUK_ENOMEM, "no memory");
    }
    return status == SOUK_OK ? keep_until(r, NULL, &f->trailer, &stopped) : status;
}

souk_status souk_forest_parse(struct souk_forest *f, const char *text, size_t len, const char *name,
                              struct souk_error *err)
{
    struct reader r = {.at = text, .end = text + len, .name = name, .err = err};
    int64_t trees = -1;
    souk_status status;
    *f = (struct souk_forest){0};
    if (len > SOUK_FORESTTEXT_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%s: %zu bytes, more than %zu", name, len,
                         SOUK_FORESTTEXT_MAX);
    if (len > 0 && memchr(text, '\0', len))
        return souk_fail(err, SOUK_EFORMAT, "%s: a zero byte in the text", name);
    status = read_header(&r, f, &trees);
    if (status == SOUK_OK)
        status = read_trees(&r, f, trees);
    if (status == SOUK_OK)
        status = read_tail(&r, f);
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

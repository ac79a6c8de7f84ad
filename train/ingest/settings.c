#include "train/ingest/settings.h"

#include "shared/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Order of the choices of --format, --time-unit and --weighting. */
static const struct souk_format *const formats[] = {&souk_format_retailrocket,
                                                    &souk_format_onlineretail, &souk_format_csv};
static const char FORMATS[] = "retailrocket|online-retail|csv";
static const char TIME_UNITS[] = "auto|s|ms|us";
static const char WEIGHTINGS[] = "auto|events|values|orders";

/* As the options table fills it in, before it is checked. */
struct raw {
    int format, time_unit, weighting;
    const char *separator, *max_bad, *split;
    const char *user_column, *item_column, *time_column, *event_column, *value_column,
        *order_column, *event_id_column;
    const char *events_from;
    const char *event_weights, *target_events;
    const char *properties, *category_tree, *items, *users, *out, *profile_json;
    bool header, profile, keep_duplicates;
    int64_t parts, session_gap_ms;
};

static const char EXAMPLES[] =
    "  mpirun -n 2 souk-ingest --format online-retail --split 2011-11-09 --out or.ds "
    "online_retail.csv\n"
    "  mpirun -n 4 souk-ingest --format retailrocket --out rr.ds --profile retailrocket/\n"
    "  souk-ingest --format csv --user-column household_id --item-column product_id \\\n"
    "      --time-column transaction_timestamp --order-column basket_id --split 0.8 \\\n"
    "      --out cj.ds transactions.csv\n"
    "  mpirun -n 2 souk-ingest --events-from sqlite:/var/lib/souk/events.db --split 0.9 --out "
    "shop.ds\n";

static souk_status parse_options(int argc, char **argv, bool speak, bool *done, struct raw *raw,
                                 struct souk_options **options, struct souk_error *err)
{
    const struct souk_option table[] = {
        {.name = "", .help = "what to read"},
        {"format", 'f', SOUK_OPTION_CHOICE, &raw->format, NULL, 0, 0, FORMATS, "FORMAT",
         "format of the files of events (csv, where there is none)", false},
        {"events-from", 0, SOUK_OPTION_TEXT, &raw->events_from, NULL, 0, 0, NULL, "URL",
         "also the events of a store: sqlite:PATH, or postgresql://... (docs/ingest.md)", false},
        {"separator", 0, SOUK_OPTION_TEXT, &raw->separator, ",", 0, 0, NULL, "C",
         "what stands between fields: one byte, or `tab`", false},
        {"header", 0, SOUK_OPTION_FLAG, &raw->header, "true", 0, 0, NULL, NULL,
         "the first record names the columns; without, columns are named 1, 2, ...", false},
        {"user-column", 0, SOUK_OPTION_TEXT, &raw->user_column, "user", 0, 0, NULL, "NAME",
         "format csv: the user's id", false},
        {"item-column", 0, SOUK_OPTION_TEXT, &raw->item_column, "item", 0, 0, NULL, "NAME",
         "format csv: the item's id", false},
        {"time-column", 0, SOUK_OPTION_TEXT, &raw->time_column, "timestamp", 0, 0, NULL, "NAME",
         "format csv: the time; `none` where there is no such column", false},
        {"event-column", 0, SOUK_OPTION_TEXT, &raw->event_column, NULL, 0, 0, NULL, "NAME",
         "format csv: the event's type; without, every row is a transaction", false},
        {"value-column", 0, SOUK_OPTION_TEXT, &raw->value_column, NULL, 0, 0, NULL, "NAME",
         "format csv: a number that belongs to the event, such as a price or a weight", false},
        {"order-column", 0, SOUK_OPTION_TEXT, &raw->order_column, NULL, 0, 0, NULL, "NAME",
         "format csv: the order or basket that the event belongs to", false},
        {"event-id-column", 0, SOUK_OPTION_TEXT, &raw->event_id_column, NULL, 0, 0, NULL, "NAME",
         "format csv: what makes an event unique; with --events-from event_id, where a file has it",
         false},
        {"time-unit", 0, SOUK_OPTION_CHOICE, &raw->time_unit, "auto", 0, 0, TIME_UNITS, "UNIT",
         "format csv: of times that are numbers; auto goes by their size", false},
        {"properties", 0, SOUK_OPTION_TEXT, &raw->properties, NULL, 0, 0, NULL, "FILE,...",
         "change logs of item properties: timestamp,itemid,property,value", false},
        {"category-tree", 0, SOUK_OPTION_TEXT, &raw->category_tree, NULL, 0, 0, NULL, "FILE",
         "categoryid,parentid", false},
        {"items", 0, SOUK_OPTION_TEXT, &raw->items, NULL, 0, 0, NULL, "FILE",
         "catalogue: a table of item attributes, the first column is the id", false},
        {"users", 0, SOUK_OPTION_TEXT, &raw->users, NULL, 0, 0, NULL, "FILE",
         "a table of user attributes, the first column is the id", false},
        {.name = "", .help = "what it means"},
        {"event-weights", 0, SOUK_OPTION_TEXT, &raw->event_weights, NULL, 0, 0, NULL, "NAME=W,...",
         "types of events and what one is worth (view=1,addtocart=4,transaction=8)", false},
        {"target-events", 0, SOUK_OPTION_TEXT, &raw->target_events, NULL, 0, 0, NULL, "NAME,...",
         "types that evaluation counts as wanted (transaction, where there is one)", false},
        {"weighting", 0, SOUK_OPTION_CHOICE, &raw->weighting, "auto", 0, 0, WEIGHTINGS, "RULE",
         "weight of a (user, item): sum of event weights, sum of values, or distinct orders",
         false},
        {"split", 0, SOUK_OPTION_TEXT, &raw->split, NULL, 0, 0, NULL, "TIME|SHARE",
         "training ends here: 2011-11-09, 2011-11-09T12:00:00, or a share of events as 0.8", false},
        {"session-gap", 0, SOUK_OPTION_DURATION, &raw->session_gap_ms, "30m", 1, 9e15, NULL,
         "DURATION", "a longer pause begins another session", false},
        {"keep-duplicates", 0, SOUK_OPTION_FLAG, &raw->keep_duplicates, "false", 0, 0, NULL, NULL,
         "keep rows that are the same event as another row", false},
        {"max-bad", 0, SOUK_OPTION_TEXT, &raw->max_bad, "1", 0, 0, NULL, "PERCENT",
         "more bad rows than this stop the run", false},
        {.name = "", .help = "what to write"},
        {"out", 'o', SOUK_OPTION_TEXT, &raw->out, NULL, 0, 0, NULL, "FOLDER", "the dataset", true},
        {"parts", 0, SOUK_OPTION_INT, &raw->parts, "16", 1, SOUK_PARTS_MAX, NULL, "N",
         "files that the dataset is cut into; the most shards that can serve it", false},
        {"profile", 0, SOUK_OPTION_FLAG, &raw->profile, "false", 0, 0, NULL, NULL,
         "print the data profile as a table", false},
        {"profile-json", 0, SOUK_OPTION_TEXT, &raw->profile_json, NULL, 0, 0, NULL, "FILE",
         "write the data profile as JSON; `-` is stdout", false},
        {0},
    };
    const struct souk_program program = {
        .name = "souk-ingest",
        .summary = "read a shop's events into a dataset (an MPI program)",
        .operands = "[FILE|FOLDER...]",
        .examples = EXAMPLES,
        .options = table,
        .min_operands = 0,
        .max_operands = -1,
    };
    return souk_options_parse(&program, argc, argv, speak, done, options, err);
}

static souk_status set_separator(struct souk_ingest_settings *s, const char *text,
                                 struct souk_error *err)
{
    s->separator = text[0];
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        s->separator = '\t';
    else if (strlen(text) != 1 || strchr("\"\r\n", text[0]))
        return souk_fail(err, SOUK_EUSAGE,
                         "--separator '%s': one byte that is no quote and no newline, or `tab`",
                         text);
    return SOUK_OK;
}

static souk_status set_max_bad(struct souk_ingest_settings *s, const char *text,
                               struct souk_error *err)
{
    double percent;
    size_t len = strlen(text);
    len -= len > 0 && text[len - 1] == '%';
    if (!souk_parse_decimal(text, len, &percent) || percent < 0 || percent > 100)
        return souk_fail(err, SOUK_EUSAGE, "--max-bad '%s': a percentage from 0 to 100", text);
    s->max_bad = percent / 100;
    return SOUK_OK;
}

/* A number is a share; everything else has to be a time. */
static souk_status set_split(struct souk_ingest_settings *s, const char *text,
                             struct souk_error *err)
{
    double share;
    s->split_ms = SOUK_TIME_NONE;
    if (!text)
        return SOUK_OK;
    if (souk_parse_decimal(text, strlen(text), &share)) {
        if (!(share > 0 && share < 1))
            return souk_fail(err, SOUK_EUSAGE, "--split %s: a share lies between 0 and 1", text);
        s->split_share = share;
        return SOUK_OK;
    }
    if (!souk_time_parse(text, strlen(text), &s->split_ms))
        return souk_fail(err, SOUK_EUSAGE,
                         "--split '%s': a time such as 2011-11-09 or a share such as 0.8", text);
    return SOUK_OK;
}

/* A store has types and ids; what a file has of them must be found beside it. */
static souk_status set_columns_beside_store(struct souk_ingest_settings *s, const struct raw *raw,
                                            struct souk_error *err)
{
    if (!raw->event_column && souk_options_operand_count(s->options) > 0)
        return souk_fail(err, SOUK_EUSAGE,
                         "--events-from beside files of format csv takes --event-column: which "
                         "column of theirs is the type");
    if (!raw->event_id_column) {
        s->format.column[SOUK_ROLE_EVENT_ID] = "event_id";
        s->format.optional = 1U << SOUK_ROLE_EVENT_ID;
    }
    return SOUK_OK;
}

/* Names of columns are the user's in format csv, and the format's own elsewhere. */
static souk_status set_columns(struct souk_ingest_settings *s, const struct raw *raw,
                               struct souk_error *err)
{
    static const char *const flags[] = {"user-column",    "item-column",  "time-column",
                                        "event-column",   "value-column", "order-column",
                                        "event-id-column"};
    static const enum souk_role roles[] = {SOUK_ROLE_USER,    SOUK_ROLE_ITEM,  SOUK_ROLE_TIME,
                                           SOUK_ROLE_EVENT,   SOUK_ROLE_VALUE, SOUK_ROLE_ORDER,
                                           SOUK_ROLE_EVENT_ID};
    const char *const names[] = {raw->user_column,    raw->item_column,  raw->time_column,
                                 raw->event_column,   raw->value_column, raw->order_column,
                                 raw->event_id_column};
    const bool is_csv = strcmp(s->format.name, souk_format_csv.name) == 0;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (is_csv)
            s->format.column[roles[i]] = names[i];
        else if (souk_options_was_set(s->options, flags[i]))
            return souk_fail(err, SOUK_EUSAGE, "--%s: format %s has columns of its own", flags[i],
                             s->format.name);
    }
    if (!is_csv)
        return SOUK_OK;
    if (strcmp(raw->time_column, "none") == 0)
        s->format.column[SOUK_ROLE_TIME] = NULL;
    if (raw->events_from)
        return set_columns_beside_store(s, raw, err);
    if (!raw->event_column) {
        s->format.event_weights = "transaction=1";
        s->format.open_types = false;
    }
    return SOUK_OK;
}

/* What `auto` stands for: the format's own rule; and in format csv what the columns suggest. */
static souk_status set_weighting(struct souk_ingest_settings *s, const struct raw *raw,
                                 struct souk_error *err)
{
    const bool has_orders = s->format.column[SOUK_ROLE_ORDER];
    const bool has_values =
        s->format.column[SOUK_ROLE_VALUE] || s->format.column[SOUK_ROLE_PRICE] || raw->events_from;
    s->weighting = s->format.weighting;
    if (raw->weighting > 0)
        s->weighting = (enum souk_weighting)(raw->weighting - 1);
    else if (raw->value_column && strcmp(raw->value_column, "weight") == 0)
        s->weighting = SOUK_WEIGHT_VALUES;
    else if (raw->order_column && !raw->event_column)
        s->weighting = SOUK_WEIGHT_ORDERS;
    if (s->weighting == SOUK_WEIGHT_VALUES && !has_values)
        return souk_fail(err, SOUK_EUSAGE, "--weighting values: there is no column of values");
    if (s->weighting == SOUK_WEIGHT_ORDERS && !has_orders)
        return souk_fail(err, SOUK_EUSAGE, "--weighting orders: there is no column of orders");
    return SOUK_OK;
}

/* Who gives no files need not say what they look like. */
static souk_status set_format(struct souk_ingest_settings *s, const struct raw *raw,
                              struct souk_error *err)
{
    const bool has_files = souk_options_operand_count(s->options) > 0;
    const bool has_format = souk_options_was_set(s->options, "format");
    if (!has_files && !raw->events_from)
        return souk_fail(err, SOUK_EUSAGE, "a file of events, or --events-from URL, is needed");
    if (has_files && !has_format)
        return souk_fail(err, SOUK_EUSAGE, "--format %s is needed: what the files are", FORMATS);
    s->format = has_format ? *formats[raw->format] : souk_format_csv;
    s->time_unit = raw->time_unit ? (enum souk_time_unit)raw->time_unit : s->format.time_unit;
    return SOUK_OK;
}

static souk_status set_inputs(struct souk_ingest_settings *s, const struct raw *raw,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < souk_options_operand_count(s->options) && !status; i++)
        status = souk_inputs_add_operand(&s->inputs, souk_options_operand(s->options, i), err);
    if (!status && raw->properties)
        status = souk_inputs_set_properties(&s->inputs, raw->properties, err);
    if (!status && raw->category_tree)
        status = souk_inputs_set_category_tree(&s->inputs, raw->category_tree, err);
    return status;
}

souk_status souk_ingest_settings_parse(int argc, char **argv, bool speak, bool *done,
                                       struct souk_ingest_settings *s, struct souk_error *err)
{
    struct raw raw = {0};
    *s = (struct souk_ingest_settings){0};
    souk_status status = parse_options(argc, argv, speak, done, &raw, &s->options, err);
    if (status || *done)
        return status;
    s->events_from = raw.events_from;
    s->has_header = raw.header;
    s->keep_duplicates = raw.keep_duplicates;
    s->parts = (int)raw.parts;
    s->session_gap_ms = raw.session_gap_ms;
    s->items_file = raw.items;
    s->users_file = raw.users;
    s->out = raw.out;
    s->print_profile = raw.profile;
    s->profile_json = raw.profile_json;
    status = set_format(s, &raw, err);
    if (!status)
        status = set_separator(s, raw.separator, err);
    if (!status)
        status = set_max_bad(s, raw.max_bad, err);
    if (!status)
        status = set_split(s, raw.split, err);
    if (!status)
        status = set_columns(s, &raw, err);
    if (!status)
        status = set_weighting(s, &raw, err);
    if (!status)
        status = souk_event_types_init(&s->types, s->format.event_weights, raw.event_weights,
                                       s->format.open_types, raw.target_events, err);
    if (!status)
        status = set_inputs(s, &raw, err);
    return status;
}

void souk_ingest_settings_fini(struct souk_ingest_settings *s)
{
    souk_inputs_fini(&s->inputs);
    souk_options_free(s->options);
    *s = (struct souk_ingest_settings){0};
}

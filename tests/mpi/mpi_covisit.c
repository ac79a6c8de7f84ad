/* Co-visitation on any number of ranks against a plain count over all pairs of all baskets: scopes,
 * windows, reach, decay, both exponents, ties at the end of rows, buffers so small that every item
 * goes in a panel of its own. The dataset is written and read, so that the events' way is tested,
 * too. */
#include "shared/base/hash.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "train/covisit/covisit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARTS = 4, USERS = 23, ITEMS = 19, EVENTS = 17 };
static const int64_t GAP_MS = 1000;

/* One event of the made-up shop. */
struct event {
    int item; /* number of its name */
    int64_t time_ms;
    int32_t session;
    uint8_t type;
};

static struct event events[USERS][EVENTS]; /* by time; users by number */
static int event_count[USERS];
static struct souk_idtable ids[2][PARTS]; /* users, items */
static int number_of_row[2][USERS + ITEMS];
static int row_of_number[2][USERS + ITEMS];
static int64_t first[2][PARTS + 1];

static void name_of(int kind, int number, char name[16])
{
    snprintf(name, 16, "%c%02d", kind == 0 ? 'u' : 'i', number);
}

/* Parts and rows of all names. */
static int number_rows(int kind, int count)
{
    int row = 0, failures = 0;
    for (int p = 0; p < PARTS; p++) {
        char name[16];
        int members = 0, at = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < count; i++) { /* names ascend with numbers */
                name_of(kind, i, name);
                if (souk_part_of(souk_hash_bytes(name, strlen(name)), PARTS) != p)
                    continue;
                if (pass == 0) {
                    members++;
                    continue;
                }
                snprintf(ids[kind][p].bytes + at++ * ids[kind][p].stride, 16, "%s", name);
                number_of_row[kind][row] = i;
                row_of_number[kind][i] = row++;
            }
            if (pass == 0)
                failures += souk_idtable_init(&ids[kind][p], members, 4) != SOUK_OK;
        }
        first[kind][p + 1] = row;
    }
    return failures;
}

/* Events at whole seconds and a half: some at one time, some sessions of one event. */
static void make_events(void)
{
    for (int u = 0; u < USERS; u++) {
        int64_t time_ms = 1000000;
        int32_t session = 0;
        event_count[u] = u == 5 ? 0 : 1 + (int)(souk_random_bits(1, (uint64_t)u, 0) % EVENTS);
        for (int e = 0; e < event_count[u]; e++) {
            const uint64_t bits = souk_random_bits(2, (uint64_t)u, (uint64_t)e);
            const int64_t pause = bits % 3 == 0 ? 0 : bits % 3 == 1 ? 500 : 5000;
            time_ms += e > 0 ? pause : 0;
            session += e > 0 && pause > GAP_MS;
            events[u][e] =
                (struct event){(int)(bits / 8 % ITEMS), time_ms, session, bits / 512 % 2};
        }
    }
}

/* ---- the dataset of those events ---- */

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    const int i = row_of_number[1][x->item], j = row_of_number[1][y->item];
    return i != j ? (i < j ? -1 : 1) : (x->type > y->type) - (x->type < y->type);
}

static souk_status write_part(const char *folder, int p, struct souk_part_file *file,
                              struct souk_error *err)
{
    struct souk_dataset_part part = {.part = p, .users = ids[0][p], .items = ids[1][p]};
    int64_t offsets[USERS + 1] = {0}, item[USERS * EVENTS], time_ms[USERS * EVENTS];
    int32_t session[USERS * EVENTS];
    uint8_t type[USERS * EVENTS];
    for (int64_t k = 0; k < part.users.count; k++) {
        const int u = number_of_row[0][first[0][p] + k];
        for (int e = 0; e < event_count[u]; e++, part.event_count++) {
            item[part.event_count] = row_of_number[1][events[u][e].item];
            time_ms[part.event_count] = events[u][e].time_ms;
            session[part.event_count] = events[u][e].session;
            type[part.event_count] = events[u][e].type;
        }
        offsets[k + 1] = part.event_count;
    }
    part.event_offsets = offsets;
    part.item = item;
    part.time_ms = time_ms;
    part.session = session;
    part.type = type;
    return souk_dataset_write_part(folder, 4, &part, file, err);
}

static souk_status write_dataset(const char *folder, struct souk_error *err)
{
    struct souk_part_file files[PARTS];
    struct souk_dataset d = {.parts = PARTS,
                             .schema = SOUK_DATASET_SCHEMA,
                             .id_width = 4,
                             .format = "csv",
                             .user_first = first[0],
                             .item_first = first[1],
                             .type_count = 2,
                             .types = {{"view", 1, false, 0}, {"buy", 4, true, 0}},
                             .split_ms = SOUK_TIME_NONE,
                             .session_gap_ms = GAP_MS,
                             .files = files};
    souk_status status = SOUK_OK;
    for (int u = 0; u < USERS; u++)
        d.event_count += event_count[u];
    for (int p = 0; p < PARTS && !status; p++)
        status = write_part(folder, p, &files[p], err);
    return status ? status : souk_dataset_write_manifest(folder, &d, err);
}

/* ---- brute force ---- */

static double together[ITEMS][ITEMS], alone[ITEMS];

/* A basket's item: order, moment, weight. */
struct in_basket {
    int item;
    int64_t first_ms, last_ms;
    double weight;
};

static double strength(const struct in_basket *b, const struct souk_covisit_parameters *p,
                       int64_t newest_ms)
{
    const double age = (double)(newest_ms - b->last_ms);
    const double recency = p->half_life_ms > 0 ? exp2(-age / 2 / (double)p->half_life_ms) : 1;
    return pow(b->weight, p->power) * recency;
}

static void count_basket(const struct in_basket *b, int count,
                         const struct souk_covisit_parameters *p, double basket, int64_t newest_ms)
{
    int moment[EVENTS] = {0};
    for (int i = 1; i < count; i++)
        moment[i] = moment[i - 1] + (b[i].first_ms != b[i - 1].first_ms);
    for (int i = 0; i < count; i++) {
        const double own = strength(&b[i], p, newest_ms);
        alone[b[i].item] += basket * own * own;
        for (int j = 0; j < count; j++) {
            const int d = abs(moment[i] - moment[j]) > 1 ? abs(moment[i] - moment[j]) : 1;
            double value = basket * own * strength(&b[j], p, newest_ms);
            if (p->window > 0)
                value *= fmax(0, 1 - (double)(d - 1) / (double)p->window);
            if (i != j && (p->reach == 0 || abs(i - j) <= p->reach))
                together[b[i].item][b[j].item] += value;
        }
    }
}

static void count_user(int u, bool by_session, const struct souk_covisit_parameters *p,
                       double basket, int64_t newest_ms)
{
    struct in_basket b[EVENTS];
    int count = 0;
    for (int e = 0; e < event_count[u]; e++) {
        const struct event *v = &events[u][e];
        int at = 0;
        if (by_session && e > 0 && v->session != events[u][e - 1].session) {
            count_basket(b, count, p, basket, newest_ms);
            count = 0;
        }
        while (at < count && b[at].item != v->item)
            at++;
        if (at == count)
            b[count++] = (struct in_basket){v->item, v->time_ms, v->time_ms, 0};
        b[at].weight += v->type == 0 ? 1 : 4;
        b[at].last_ms = v->time_ms;
    }
    count_basket(b, count, p, basket, newest_ms);
}

static void count_all(const struct souk_covisit_parameters *p)
{
    int64_t newest_ms = 0;
    memset(together, 0, sizeof together);
    memset(alone, 0, sizeof alone);
    for (int u = 0; u < USERS; u++)
        if (event_count[u] > 0 && events[u][event_count[u] - 1].time_ms > newest_ms)
            newest_ms = events[u][event_count[u] - 1].time_ms;
    for (int u = 0; u < USERS; u++) {
        if (p->scope != SOUK_COVISIT_USER)
            count_user(u, true, p, 1, newest_ms);
        if (p->scope != SOUK_COVISIT_SESSION)
            count_user(u, false, p, p->scope == SOUK_COVISIT_BOTH ? p->user_weight : 1, newest_ms);
    }
}

/* ---- comparison ---- */

/* A row is right where its weights are, and nothing that was left out is larger. */
static int check_row(const struct souk_neighbour_rows *rows, const struct souk_ratings *ratings,
                     const struct souk_covisit_parameters *p, const int *number, int part,
                     int64_t item)
{
    const int j = number[ratings->item_first[part] + item];
    const int64_t from = rows->offsets[part][item], to = rows->offsets[part][item + 1];
    bool kept[ITEMS] = {false};
    double smallest = INFINITY, left = 0;
    int failures = to - from > p->neighbours;
    for (int64_t at = from; at < to; at++) {
        const int i = number[rows->item[part][at]];
        const double want =
            together[i][j] * pow(alone[i], -p->source_exponent) * pow(alone[j], -p->exponent);
        failures += !(fabs((double)rows->weight[part][at] - want) <= 1e-5 * (1 + want));
        failures += at > from && rows->item[part][at - 1] >= rows->item[part][at];
        smallest = fmin(smallest, want);
        kept[i] = true;
    }
    for (int i = 0; i < ITEMS; i++)
        if (!kept[i] && i != j && together[i][j] > 0)
            left = fmax(left, together[i][j] * pow(alone[i], -p->source_exponent) *
                                  pow(alone[j], -p->exponent));
    return failures + (left > 1e-9 && (to - from < p->neighbours || left > smallest + 1e-5));
}

static int run(const struct souk_comm *comm, const struct souk_dataset *dataset,
               const struct souk_covisit_parameters *p)
{
    const struct souk_ratings_rule rule = {
        .window = souk_training_window(dataset, SOUK_TIME_NONE, SOUK_TIME_NONE)};
    struct souk_ratings ratings = {0};
    struct souk_neighbour_rows rows = {0};
    struct souk_error err = {0};
    int failures = 0, number[ITEMS] = {0};
    souk_status status = souk_ratings_load_all(comm, dataset, &rule, &ratings, &err);
    if (!status)
        status = souk_covisit_all(comm, dataset, &rule, &ratings, p, &rows, &err);
    if (status)
        fprintf(stderr, "rank %d: %s\n", comm->rank, err.msg);
    for (int row = 0; row < ITEMS && !status; row++)
        if (ratings.item_row[row] >= 0)
            number[ratings.item_row[row]] = number_of_row[1][row];
    count_all(p);
    for (int k = 0; k < ratings.local_count && !status; k++)
        for (int64_t i = 0; i < ratings.local[k].items.count; i++)
            failures += check_row(&rows, &ratings, p, number, ratings.local[k].part, i);
    if (failures > 0)
        fprintf(stderr, "rank %d: scope %d, window %d, reach %d, buffer %d: %d rows differ\n",
                comm->rank, p->scope, (int)p->window, (int)p->reach, (int)p->buffer_bytes,
                failures);
    souk_neighbour_rows_fini(&rows);
    souk_ratings_fini(&ratings);
    return failures + (status != SOUK_OK);
}

static int run_variants(const struct souk_comm *comm, const struct souk_dataset *dataset)
{
    static const int64_t windows[] = {0, 3}, reaches[] = {0, 2}, buffers[] = {1, 1 << 20};
    int failures = 0;
    for (int v = 0; v < 3 * 2 * 2 * 2; v++) {
        const struct souk_covisit_parameters p = {
            .scope = (enum souk_covisit_scope)(v / 8),
            .user_weight = .3,
            .exponent = .1,
            .source_exponent = v % 2 ? .5 : .1,
            .power = v % 3 == 0 ? .5 : 0,
            .half_life_ms = v % 5 == 0 ? 20000 : -1,
            .window = windows[v / 4 % 2],
            .reach = reaches[v / 2 % 2],
            .neighbours = v % 4 == 1 ? 3 : 100,
            .buffer_bytes = buffers[v % 2],
        };
        failures += run(comm, dataset, &p);
    }
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct souk_dataset *dataset = NULL;
    char folder[64] = "/tmp/mpi_covisit.XXXXXX";
    int64_t failures;
    souk_status status;
    if (souk_comm_start(&argc, &argv, "mpi_covisit", &comm, &err) != SOUK_OK)
        return 1;
    make_events();
    failures = number_rows(0, USERS) + number_rows(1, ITEMS);
    for (int u = 0; u < USERS; u++)
        qsort(events[u], (size_t)event_count[u], sizeof events[u][0], compare_events);
    status = comm.rank == 0 && !mkdtemp(folder) ? souk_fail_errno(&err, "%s", folder) : SOUK_OK;
    if (!status && comm.rank == 0)
        status = write_dataset(folder, &err);
    status = souk_status_agree_all(&comm, status, &err);
    if (!status)
        status = souk_broadcast_all(&comm, folder, sizeof folder, 0, &err);
    if (!status)
        status = souk_status_agree_all(&comm, souk_dataset_open(folder, &dataset, &err), &err);
    failures += status ? 1 : run_variants(&comm, dataset);
    if (status && comm.rank == 0)
        souk_complain(&err);
    souk_dataset_free(dataset);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    if (comm.rank == 0) {
        for (int p = -1; p < PARTS; p++) {
            char path[96];
            snprintf(path, sizeof path, p < 0 ? "%s/dataset.h5" : "%s/part-%04d.h5", folder, p);
            failures += unlink(path) != 0;
        }
        failures += rmdir(folder) != 0;
    }
    for (int p = 0; p < PARTS; p++) {
        souk_idtable_fini(&ids[0][p]);
        souk_idtable_fini(&ids[1][p]);
    }
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}

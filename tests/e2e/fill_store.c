/* fill_store URL FILE: store the events of a plain CSV file (user,item,type,ms,value,event_id
 * behind a header), no quotes in it. fill_store URL USER MS: erase a visitor at that moment. For
 * tests. */
#include "shared/events/eventstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 500, LINE = 512 };

static char lines[GROUP][LINE];
static struct souk_event_record group[GROUP];
static enum souk_event_fate fates[GROUP];

/* @return false: not six fields */
static bool split(char *line, struct souk_event_record *e)
{
    char *field[6], *rest = NULL;
    int count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *word = strtok_r(line, ",", &rest); word && count < 6;
         word = strtok_r(NULL, ",", &rest))
        field[count++] = word;
    if (count < 6)
        return false;
    *e = (struct souk_event_record){.user = field[0],
                                    .item = field[1],
                                    .type = field[2],
                                    .event_id = field[5],
                                    .request_id = "",
                                    .model = "",
                                    .arm = "",
                                    .ms = strtoll(field[3], NULL, 10),
                                    .value = strtod(field[4], NULL)};
    return true;
}

static souk_status fill(struct souk_event_store *store, FILE *file, struct souk_error *err)
{
    char header[LINE];
    souk_status status = SOUK_OK;
    int count = 0;
    if (!fgets(header, sizeof header, file))
        return souk_fail(err, SOUK_EFORMAT, "no header");
    do {
        count = 0;
        while (count < GROUP && fgets(lines[count], LINE, file)) {
            if (!split(lines[count], &group[count]))
                return souk_fail(err, SOUK_EFORMAT, "not an event: %s", lines[count]);
            count++;
        }
        if (count > 0)
            status = souk_event_store_append(store, group, count, fates, err);
    } while (count == GROUP && !status);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_event_store *store = NULL;
    struct souk_error err = {0};
    int64_t gone;
    FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
    if (argc != 4 && !file)
        return 2;
    souk_status status = souk_event_store_open(argv[1], SOUK_EVENTS_WRITE, &store, &err);
    if (!status)
        status =
            file ? fill(store, file, &err)
                 : souk_event_store_erase(store, argv[2], strtoll(argv[3], NULL, 10), &gone, &err);
    if (status)
        fprintf(stderr, "fill_store: %s\n", err.msg);
    souk_event_store_close(store);
    if (file)
        fclose(file);
    return souk_exit_code(status);
}

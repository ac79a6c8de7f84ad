/* Model files: raw bytes as model.h5 (the seal must refuse them), and any manifest under a good
 * seal. */
#include "shared/base/log.h"
#include "shared/base/staging.h"
#include "shared/data/h5file.h"
#include "shared/model/modelfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/souk_fuzz_model.XXXXXX";
static char file[sizeof folder + 16];

static void remove_folder(void)
{
    if (souk_remove_tree(folder, NULL) != SOUK_OK)
        fprintf(stderr, "%s stays behind\n", folder);
}

static void make_folder(void)
{
    if (!mkdtemp(folder))
        abort();
    snprintf(file, sizeof file, "%s/model.h5", folder);
    atexit(remove_folder);
}

static void write_raw(const uint8_t *data, size_t size)
{
    FILE *to = fopen(file, "wb");
    if (!to || fwrite(data, 1, size, to) != size || fclose(to) != 0)
        abort();
}

static void write_manifest(const uint8_t *data, size_t size)
{
    static const char making[] = "{\"created_ms\": 1, \"metrics\": null}";
    struct souk_h5 *h5 = NULL;
    int64_t bytes;
    uint64_t digest;
    if (souk_h5_create(file, "model", &h5, NULL) != SOUK_OK ||
        souk_h5_write(h5, "/manifest", SOUK_H5_U8, data, (int64_t)size, 0, 1, NULL) != SOUK_OK ||
        souk_h5_write(h5, "/making", SOUK_H5_U8, making, sizeof making - 1, 0, 1, NULL) !=
            SOUK_OK ||
        souk_h5_seal(h5, &bytes, &digest, NULL) != SOUK_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct souk_model *model = NULL;
    struct souk_error err = {0};
    souk_status status;
    if (!file[0])
        make_folder();
    if (size < 1)
        return 0;
    if (data[0] % 4 == 0)
        write_raw(data + 1, size - 1);
    else
        write_manifest(data + 1, size - 1);
    status = souk_model_open(folder, &model, &err);
    if ((status == SOUK_OK) != (model != NULL) || (status != SOUK_OK && err.msg[0] == '\0'))
        abort();
    souk_model_free(model);
    return 0;
}

#include "serve/proxy/requestid.h"

#include <criterion/criterion.h>
#include <string.h>

Test(requestid, tells_the_model_and_the_arm)
{
    struct souk_unique_ids ids;
    char id[SOUK_REQUEST_ID_LEN], other[SOUK_REQUEST_ID_LEN], model[SOUK_REQUEST_ID_MODEL + 1];
    enum souk_arm arm = SOUK_ARM_STABLE;
    souk_unique_ids_init(&ids);
    souk_unique_id_next(&ids, id);
    souk_unique_id_next(&ids, other);
    souk_request_id_stamp(id, "0123456789abcdef", SOUK_ARM_CANARY);
    souk_request_id_stamp(other, "0123456789abcdef", SOUK_ARM_CANARY);
    cr_assert(memcmp(id, other, SOUK_REQUEST_ID_LEN) != 0, "they differ all the same");
    cr_assert(souk_request_id_read(id, sizeof id, model, &arm));
    cr_assert_str_eq(model, "0123456789abcdef");
    cr_assert_eq(arm, SOUK_ARM_CANARY);
}

Test(requestid, leaves_out_a_model_whose_id_is_none)
{
    struct souk_unique_ids ids;
    char id[SOUK_REQUEST_ID_LEN], model[SOUK_REQUEST_ID_MODEL + 1];
    enum souk_arm arm;
    souk_unique_ids_init(&ids);
    souk_unique_id_next(&ids, id);
    souk_request_id_stamp(id, "A", SOUK_ARM_STABLE);
    cr_assert(souk_request_id_read(id, sizeof id, model, &arm));
    cr_assert_str_eq(model, "0000000000000000");
}

Test(requestid, is_not_read_out_of_what_does_not_look_like_one)
{
    char model[SOUK_REQUEST_ID_MODEL + 1];
    enum souk_arm arm;
    const char *const texts[] = {"", "r1", "0123456789abcd020123456789abcdef",
                                 "0123456789abcd000123456789ABCDEF",
                                 "0123456789abcd000123456789abcdef0"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_assert_not(souk_request_id_read(texts[i], strlen(texts[i]), model, &arm), "%s",
                      texts[i]);
}

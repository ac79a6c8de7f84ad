#include "train/evaluate/duty.h"

#include <criterion/criterion.h>

enum { PARTS_MAX = 9, RANKS_MAX = 8 };

/* Walk rounds, then ranks: the slices must come as part 0 slice 0, part 0 slice 1 ... part 1 ... */
static void expect_order(int parts, int ranks)
{
    int part = 0, slice = 0;
    struct souk_comm comm = {.size = ranks};
    for (int round = 0; round < souk_duty_rounds(&comm, parts); round++) {
        for (comm.rank = 0; comm.rank < ranks; comm.rank++) {
            const struct souk_duty duty = souk_duty_of(&comm, parts, round);
            if (duty.part < 0)
                continue;
            cr_expect_eq(duty.part, part, "%d parts, %d ranks", parts, ranks);
            cr_expect_eq(duty.slice, slice, "%d parts, %d ranks", parts, ranks);
            cr_expect_eq(souk_duty_round_of(&comm, parts, part), round);
            if (slice == 0)
                cr_expect_eq(souk_duty_owner(&comm, parts, part), comm.rank);
            if (++slice == duty.slices) {
                slice = 0;
                part++;
            }
        }
    }
    cr_expect_eq(part, parts, "%d parts, %d ranks", parts, ranks);
}

Test(duty, deals_every_slice_once_in_order)
{
    for (int parts = 1; parts <= PARTS_MAX; parts++) {
        for (int ranks = 1; ranks <= RANKS_MAX; ranks++)
            expect_order(parts, ranks);
    }
}

Test(duty, slices_are_consecutive_and_even)
{
    for (int slices = 1; slices < 6; slices++) {
        for (int64_t count = 0; count < 20; count++) {
            cr_expect_eq(souk_slice_first(count, 0, slices), 0);
            cr_expect_eq(souk_slice_first(count, slices, slices), count);
            for (int s = 0; s < slices; s++) {
                const int64_t size =
                    souk_slice_first(count, s + 1, slices) - souk_slice_first(count, s, slices);
                cr_expect(size == count / slices || size == (count + slices - 1) / slices);
            }
        }
    }
}

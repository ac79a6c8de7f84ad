#include "train/evaluate/svgscale.h"

#include <math.h>
#include <stdio.h>

double souk_scale_place(const struct souk_scale *s, double value)
{
    double share = s->is_log ? (value > 0 ? log(value / s->low) / log(s->high / s->low) : 0)
                             : (value - s->low) / (s->high - s->low);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    return s->from + share * (s->to - s->from);
}

/* The least of 1, 2, 5, 10 x a power of ten that is not below value. */
static double round_up(double value)
{
    const double power = pow(10, floor(log10(value)));
    const double digit = value / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static int log_ticks(const struct souk_scale *s, int most, double *ticks)
{
    static const double digits[] = {1, 2, 5};
    const double decades = log10(s->high / s->low);
    const int step = decades * 3 < most ? 1 : 3; /* of the digits */
    const int skip = (int)ceil((decades + 1) / most);
    int count = 0;
    for (int e = (int)floor(log10(s->low)); e <= (int)ceil(log10(s->high)); e++) {
        for (int d = 0; d < 3 && (step == 1 || e % skip == 0); d += step) {
            const double value = digits[d] * pow(10, e);
            if (value >= s->low * (1 - 1e-9) && value <= s->high * (1 + 1e-9) && count < most)
                ticks[count++] = value;
        }
    }
    return count;
}

int souk_scale_ticks(const struct souk_scale *s, int most, double *ticks)
{
    int count = 0;
    if (s->is_log)
        return log_ticks(s, most, ticks);
    const double step = round_up((s->high - s->low) / (most - 1));
    for (double i = ceil(s->low / step - 1e-9); i * step <= s->high + 1e-9 * step && count < most;
         i++)
        ticks[count++] = i == 0 ? 0 : i * step;
    return count;
}

void souk_scale_number(double value, int digits, char *text)
{
    const double size = fabs(value);
    if (size >= 1e6 && size < 1e15)
        snprintf(text, 24, "%.*gM", digits, value / 1e6);
    else if (size >= 1e4 && size < 1e6)
        snprintf(text, 24, "%.*gk", digits, value / 1e3);
    else
        snprintf(text, 24, "%.*g", digits, value);
}

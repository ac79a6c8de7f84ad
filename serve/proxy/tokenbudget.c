#include "serve/proxy/tokenbudget.h"

enum { TOKEN = 100 };

void souk_token_budget_init(struct souk_token_budget *b, int64_t percent, int64_t burst)
{
    b->percent = percent;
    b->burst = burst;
    atomic_init(&b->hundredths, burst * TOKEN);
}

void souk_token_budget_pay(struct souk_token_budget *b)
{
    const long long most = b->burst * TOKEN;
    long long before = atomic_load(&b->hundredths), after;
    do {
        after = before + b->percent < most ? before + b->percent : most;
    } while (after != before && !atomic_compare_exchange_weak(&b->hundredths, &before, after));
}

bool souk_token_budget_take(struct souk_token_budget *b)
{
    long long before = atomic_load(&b->hundredths);
    while (before >= TOKEN)
        if (atomic_compare_exchange_weak(&b->hundredths, &before, before - TOKEN))
            return true;
    return false;
}

#include "media/cc/pacer.h"

void pacer_rate(struct pacer *pacer, int64_t now_us, uint32_t limit_bps, uint32_t no_limit)
{
    uint64_t rate = limit_bps >= no_limit ? PACER_FREE_BPS : (uint64_t)limit_bps * 5 / 2;
    uint64_t least = (uint64_t)pacer->waiting_octets * 8 * 1000000 / PACER_WAIT_US;
    rate = rate < least ? least : rate;
    int64_t burst = (int64_t)(rate * PACER_BURST_US / 8000000);
    burst = burst < PACER_BURST_LEAST ? PACER_BURST_LEAST : burst;
    int64_t passed_us = now_us - pacer->at_us;
    if (passed_us > PACER_WAIT_US || pacer->at_us == 0) {
        pacer->tokens = burst;
    } else {
        pacer->tokens += (int64_t)((uint64_t)passed_us * rate / 8000000);
        pacer->tokens = pacer->tokens > burst ? burst : pacer->tokens;
    }
    pacer->at_us = now_us;
}

void pacer_spend(struct pacer *pacer, size_t octets)
{
    pacer->tokens -= (int64_t)octets;
    pacer->tokens = pacer->tokens < PACER_DEBT_MOST ? PACER_DEBT_MOST : pacer->tokens;
}

bool pacer_open(const struct pacer *pacer)
{
    return pacer->count == 0 && pacer->tokens > 0;
}

bool pacer_push(struct pacer *pacer, const struct pacer_item *item)
{
    if (pacer->count == PACER_ITEMS) {
        return false;
    }
    pacer->items[(pacer->head + pacer->count++) % PACER_ITEMS] = *item;
    pacer->waiting_octets += item->octets;
    return true;
}

bool pacer_take(struct pacer *pacer, bool all, struct pacer_item *out_item)
{
    if (pacer->count == 0 || (!all && pacer->tokens <= 0)) {
        return false;
    }
    *out_item = pacer->items[pacer->head];
    pacer->head = (pacer->head + 1) % PACER_ITEMS;
    pacer->count--;
    pacer->waiting_octets -= out_item->octets;
    return true;
}

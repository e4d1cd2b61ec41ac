#include "media/stream/keyframe.h"

static bool just_seen(const struct keyframe *keyframe, int64_t now_us)
{
    return keyframe->seen_us != 0 && now_us - keyframe->seen_us < KEYFRAME_FRESH_US;
}

bool keyframe_want(struct keyframe *keyframe, int64_t now_us)
{
    if (keyframe->wanted || just_seen(keyframe, now_us)) {
        return false;
    }
    keyframe->wanted = true;
    return true;
}

void keyframe_need(struct keyframe *keyframe)
{
    keyframe->wanted = true;
}

bool keyframe_hurry(struct keyframe *keyframe, int64_t now_us)
{
    if ((keyframe->wanted && keyframe->hurry) || just_seen(keyframe, now_us)) {
        return false;
    }
    keyframe->wanted = true;
    keyframe->hurry = true;
    return true;
}

void keyframe_seen(struct keyframe *keyframe, int64_t now_us)
{
    keyframe->wanted = false;
    keyframe->hurry = false;
    keyframe->seen_us = now_us;
    keyframe->interval_us = KEYFRAME_INTERVAL_US;
}

bool keyframe_due(struct keyframe *keyframe, int64_t now_us, uint32_t rtt_us)
{
    if (!keyframe->wanted) {
        return false;
    }
    int64_t wait_us =
        keyframe->interval_us < KEYFRAME_INTERVAL_US ? KEYFRAME_INTERVAL_US : keyframe->interval_us;
    wait_us = wait_us < 2 * (int64_t)rtt_us ? 2 * (int64_t)rtt_us : wait_us;
    int64_t hurry_us = rtt_us > KEYFRAME_HURRY_US ? rtt_us : KEYFRAME_HURRY_US;
    if (keyframe->asked_us != 0 &&
        now_us - keyframe->asked_us < (keyframe->hurry ? hurry_us : wait_us)) {
        return false;
    }
    keyframe->hurry = false;
    bool unanswered = keyframe->asked_us > keyframe->seen_us;
    keyframe->interval_us =
        unanswered && wait_us * 2 <= KEYFRAME_INTERVAL_MAX_US ? wait_us * 2 : wait_us;
    keyframe->asked_us = now_us;
    return true;
}

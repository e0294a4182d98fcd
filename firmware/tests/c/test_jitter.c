// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "jitter.h"
#include "ulaw.h"

#define FRAME JITTER_FRAME_BYTES

static jitter_t jitter;

// A frame that tells its own number; never silence.
static uint8_t tag(uint16_t sequence) { return (uint8_t)(sequence % 100); }

static void put(uint16_t sequence) {
    uint8_t frame[FRAME];
    memset(frame, tag(sequence), FRAME);
    jitter_put(&jitter, sequence, frame);
}

static void put_range(uint16_t first, int count) {
    for (int i = 0; i < count; i++) {
        put((uint16_t)(first + i));
    }
}

// True where the next frame played is this one, whole.
static bool plays(uint16_t sequence) {
    uint8_t frame[FRAME];
    uint8_t expected[FRAME];
    memset(expected, tag(sequence), FRAME);
    jitter_take(&jitter, frame);
    return memcmp(frame, expected, FRAME) == 0;
}

static bool plays_silence(void) {
    uint8_t frame[FRAME];
    uint8_t silence[FRAME];
    memset(silence, ULAW_SILENCE, FRAME);
    jitter_take(&jitter, frame);
    return memcmp(frame, silence, FRAME) == 0;
}

static void waits_for_its_target(void) {
    jitter_reset(&jitter);
    CHECK(plays_silence());
    put_range(0, JITTER_TARGET_FRAMES - 1);
    CHECK(plays_silence());
    put(JITTER_TARGET_FRAMES - 1);
    for (uint16_t i = 0; i < JITTER_TARGET_FRAMES; i++) {
        CHECK(plays(i));
    }
    CHECK(jitter.counts.played == JITTER_TARGET_FRAMES && jitter.counts.concealed == 0);
}

static void lone_frame_plays_in_the_end(void) {
    jitter_reset(&jitter);
    put(9);
    for (int i = 0; i < JITTER_TARGET_FRAMES; i++) {
        CHECK(plays_silence());
    }
    CHECK(plays(9));
}

// Numbers over the wrap, each frame up to 3 turns early or late, some twice: all play in order.
static void orders_what_comes_jumbled(void) {
    jitter_reset(&jitter);
    uint32_t random = 5;
    const uint16_t start = 65500;
    static uint16_t order[1000];
    for (uint16_t i = 0; i < 1000; i++) {
        order[i] = (uint16_t)(start + i);
    }
    for (int i = 0; i + 1 < 1000; i += 2) {
        if (next_number(&random) % 2 == 0) {
            uint16_t swap = order[i];
            order[i] = order[i + 1];
            order[i + 1] = swap;
        }
    }
    put(order[0]);
    put(order[1]);
    put(order[2]);
    uint32_t duplicates = 0;
    for (int i = 3; i < 1000; i++) {
        put(order[i]);
        if (next_number(&random) % 5 == 0) {
            put(order[i]);
            duplicates++;
        }
        CHECK(plays((uint16_t)(start + i - 3)));
    }
    CHECK(jitter.counts.duplicate == duplicates && duplicates > 100);
    CHECK(jitter.counts.played == 997 && jitter.counts.concealed == 0);
    CHECK(jitter.counts.late == 0 && jitter.counts.skipped == 0 && jitter.counts.restarted == 1);
}

static void first_frames_may_be_swapped(void) {
    jitter_reset(&jitter);
    put(12);
    put(10);
    put(11);
    put(13);
    for (uint16_t i = 10; i < 14; i++) {
        CHECK(plays(i));
    }
    CHECK(jitter.counts.late == 0 && jitter.counts.restarted == 1);
}

static int loudest(const uint8_t frame[FRAME]) {
    int loud = 0;
    for (int i = 0; i < FRAME; i++) {
        int magnitude = abs(ulaw_decode(frame[i]));
        loud = magnitude > loud ? magnitude : loud;
    }
    return loud;
}

static void bridges_a_loss_by_fading(void) {
    jitter_reset(&jitter);
    put_range(0, 4);
    for (uint16_t i = 0; i < 4; i++) {
        CHECK(plays(i));
    }
    put_range(4 + JITTER_CONCEAL_FRAMES + 1, 3);
    uint8_t frame[FRAME];
    memset(frame, tag(3), FRAME);
    int before = loudest(frame);
    for (int lost = 0; lost < JITTER_CONCEAL_FRAMES; lost++) {
        jitter_take(&jitter, frame);
        CHECK(loudest(frame) <= before && loudest(frame) > 0);
        CHECK(abs(ulaw_decode(frame[FRAME - 1])) < loudest(frame)); // falls within the frame
        before = loudest(frame);
    }
    CHECK(plays_silence());
    CHECK(plays(4 + JITTER_CONCEAL_FRAMES + 1));
    CHECK(jitter.counts.concealed == JITTER_CONCEAL_FRAMES + 1);
}

static void second_loss_fades_as_the_first(void) {
    jitter_reset(&jitter);
    put_range(0, 4);
    put_range(5, 2);
    uint8_t first[FRAME];
    uint8_t second[FRAME];
    for (uint16_t i = 0; i < 4; i++) {
        CHECK(plays(i));
    }
    jitter_take(&jitter, first);
    CHECK(plays(5));
    CHECK(plays(6));
    jitter_take(&jitter, second);
    CHECK(5 * loudest(second) > 4 * loudest(first) && jitter.counts.concealed == 2);
}

static void duplicate_does_not_replace(void) {
    jitter_reset(&jitter);
    put_range(0, 4);
    static const uint8_t other[FRAME] = {0x33};
    jitter_put(&jitter, 0, other);
    CHECK(plays(0) && jitter.counts.duplicate == 1);
}

static void drops_the_late(void) {
    jitter_reset(&jitter);
    put_range(0, 4);
    put_range(5, 3);
    for (uint16_t i = 0; i < 4; i++) {
        CHECK(plays(i));
    }
    CHECK(!plays(4));
    put(4);
    CHECK(jitter.counts.late == 1);
    CHECK(plays(5));
    put(5); // played already: late as well
    CHECK(jitter.counts.late == 2 && jitter.counts.played == 5);
}

static void fills_anew_after_a_pause(void) {
    jitter_reset(&jitter);
    put_range(0, 4);
    for (uint16_t i = 0; i < 4; i++) {
        CHECK(plays(i));
    }
    for (int i = 0; i < 50; i++) {
        uint8_t frame[FRAME];
        jitter_take(&jitter, frame);
    }
    CHECK(jitter.counts.concealed == JITTER_GIVE_UP_FRAMES);
    put_range(4, 4); // the sender paused too: without a new start all would be late for ever
    for (uint16_t i = 4; i < 8; i++) {
        CHECK(plays(i));
    }
    CHECK(jitter.counts.late == 0 && jitter.counts.restarted == 2);
}

static void follows_a_jump(void) {
    jitter_reset(&jitter);
    put_range(0, 6);
    CHECK(plays(0));
    put_range(30000, 4);
    for (uint16_t i = 30000; i < 30004; i++) {
        CHECK(plays(i));
    }
    put_range(5, 4); // far backwards as well
    for (uint16_t i = 5; i < 9; i++) {
        CHECK(plays(i));
    }
    CHECK(jitter.counts.restarted == 3);
}

static void burst_is_cut_to_the_target(void) {
    jitter_reset(&jitter);
    put_range(0, 12);
    CHECK(plays(12 - JITTER_TARGET_FRAMES));
    CHECK(jitter.counts.skipped == 12 - JITTER_TARGET_FRAMES);
}

static void fast_sender_costs_single_frames(void) {
    jitter_reset(&jitter);
    uint16_t sent = 0;
    put_range(sent, 7);
    sent = 7; // 3 frames deeper than the target, but no burst
    uint32_t deepest_late = 0;
    for (int turn = 0; turn < 10 * JITTER_REVIEW_FRAMES; turn++) {
        uint8_t frame[FRAME];
        jitter_take(&jitter, frame);
        put(sent++);
        if (turn > 5 * JITTER_REVIEW_FRAMES && jitter_depth(&jitter) > deepest_late) {
            deepest_late = jitter_depth(&jitter);
        }
    }
    CHECK(deepest_late == JITTER_TARGET_FRAMES);
    CHECK(jitter.counts.skipped == 3 && jitter.counts.concealed == 0);
}

// Any sequence of numbers: the counts add up, the depth stays in bounds, played ones are in order.
static void survives_anything(void) {
    jitter_reset(&jitter);
    uint32_t random = 99;
    for (int turn = 0; turn < 200000; turn++) {
        uint32_t number = next_number(&random);
        uint16_t sequence = (uint16_t)(number % 3 == 0 ? number >> 16 : turn + number % 40);
        for (uint32_t i = 0; i < number % 4; i++) {
            put((uint16_t)(sequence + i));
        }
        uint8_t frame[FRAME];
        jitter_take(&jitter, frame);
        CHECK(jitter_depth(&jitter) <= JITTER_SLOTS);
    }
    const jitter_counts_t *counts = &jitter.counts;
    CHECK(counts->played + counts->late + counts->duplicate + counts->skipped <=
          counts->received); // the rest was forgotten by restarts, or waits
    CHECK(counts->played > 0 && counts->late > 0 && counts->duplicate > 0);
}

void test_jitter(void) {
    waits_for_its_target();
    lone_frame_plays_in_the_end();
    orders_what_comes_jumbled();
    first_frames_may_be_swapped();
    bridges_a_loss_by_fading();
    second_loss_fades_as_the_first();
    duplicate_does_not_replace();
    drops_the_late();
    fills_anew_after_a_pause();
    follows_a_jump();
    burst_is_cut_to_the_target();
    fast_sender_costs_single_frames();
    survives_anything();
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "jitter.h"

#include <string.h>

#include "ulaw.h"
#include "wipe.h"

static uint32_t slot(uint16_t sequence) { return sequence & (JITTER_SLOTS - 1U); }

void jitter_reset(jitter_t *jitter) {
    wipe(jitter, sizeof(*jitter));
    jitter->state = JITTER_IDLE;
}

uint32_t jitter_depth(const jitter_t *jitter) { return (uint16_t)(jitter->end - jitter->next); }

static void begin_filling(jitter_t *jitter, uint16_t first) {
    memset(jitter->present, 0, sizeof(jitter->present));
    jitter->next = first;
    jitter->end = first;
    jitter->waited = 0;
    jitter->lost_in_a_row = 0;
    jitter->state = JITTER_FILLING;
    jitter->counts.restarted++;
}

static void begin_review(jitter_t *jitter) {
    jitter->review_turns = 0;
    jitter->review_min_depth = JITTER_SLOTS;
}

void jitter_put(jitter_t *jitter, uint16_t sequence, const uint8_t frame[JITTER_FRAME_BYTES]) {
    jitter->counts.received++;
    if (jitter->state == JITTER_IDLE) {
        begin_filling(jitter, sequence);
    }
    int32_t ahead = (int16_t)(sequence - jitter->next);
    if (ahead < 0 && jitter->state == JITTER_FILLING &&
        (uint16_t)(jitter->end - sequence) <= JITTER_TARGET_FRAMES) {
        jitter->next = sequence; // nothing has played yet: the first frames came out of order
        ahead = 0;
    }
    if (ahead < 0 && ahead > -JITTER_SLOTS) {
        jitter->counts.late++;
        return;
    }
    if (ahead < 0 || ahead >= JITTER_SLOTS) {
        begin_filling(jitter, sequence); // the sender went on without us, or started again
    }
    if (jitter->present[slot(sequence)]) {
        jitter->counts.duplicate++;
        return;
    }
    memcpy(jitter->frames[slot(sequence)], frame, JITTER_FRAME_BYTES);
    jitter->present[slot(sequence)] = true;
    if ((int16_t)(sequence - jitter->end) >= 0) {
        jitter->end = (uint16_t)(sequence + 1);
    }
}

static void skip_to_depth(jitter_t *jitter, uint32_t depth) {
    while (jitter_depth(jitter) > depth) {
        jitter->counts.skipped += jitter->present[slot(jitter->next)] ? 1 : 0;
        jitter->present[slot(jitter->next)] = false;
        jitter->next++;
    }
}

// A burst is cut at once; a sender whose clock is faster costs a frame now and then.
static void bound_delay(jitter_t *jitter) {
    uint32_t depth = jitter_depth(jitter);
    if (depth > JITTER_MAX_FRAMES) {
        skip_to_depth(jitter, JITTER_TARGET_FRAMES);
        begin_review(jitter);
        return;
    }
    if (depth < jitter->review_min_depth) {
        jitter->review_min_depth = (uint16_t)depth;
    }
    if (++jitter->review_turns == JITTER_REVIEW_FRAMES) {
        if (jitter->review_min_depth > JITTER_TARGET_FRAMES) {
            skip_to_depth(jitter, depth - 1);
        }
        begin_review(jitter);
    }
}

// Repeats the last good frame, fading linearly to nothing over JITTER_CONCEAL_FRAMES.
static void conceal(jitter_t *jitter, uint8_t frame[JITTER_FRAME_BYTES]) {
    const int32_t whole = JITTER_CONCEAL_FRAMES * JITTER_FRAME_BYTES;
    jitter->counts.concealed++;
    if (jitter->lost_in_a_row >= JITTER_CONCEAL_FRAMES) {
        memset(frame, ULAW_SILENCE, JITTER_FRAME_BYTES);
    } else {
        int32_t gain = whole - jitter->lost_in_a_row * JITTER_FRAME_BYTES;
        for (uint32_t i = 0; i < JITTER_FRAME_BYTES; i++, gain--) {
            frame[i] = ulaw_encode((int16_t)(ulaw_decode(jitter->last[i]) * gain / whole));
        }
    }
    if (++jitter->lost_in_a_row >= JITTER_GIVE_UP_FRAMES && jitter_depth(jitter) == 0) {
        jitter->state = JITTER_IDLE;
    }
}

void jitter_take(jitter_t *jitter, uint8_t frame[JITTER_FRAME_BYTES]) {
    if (jitter->state == JITTER_FILLING) {
        // A lone frame must not wait for ever: time passing counts like frames arriving.
        if (jitter_depth(jitter) >= JITTER_TARGET_FRAMES ||
            jitter->waited >= JITTER_TARGET_FRAMES) {
            jitter->state = JITTER_PLAYING;
            begin_review(jitter);
        }
        jitter->waited++;
    }
    if (jitter->state != JITTER_PLAYING) {
        memset(frame, ULAW_SILENCE, JITTER_FRAME_BYTES);
        return;
    }
    bound_delay(jitter);
    uint32_t place = slot(jitter->next);
    if (jitter->present[place]) {
        jitter->present[place] = false;
        jitter->lost_in_a_row = 0;
        jitter->counts.played++;
        memcpy(frame, jitter->frames[place], JITTER_FRAME_BYTES);
        memcpy(jitter->last, frame, JITTER_FRAME_BYTES);
    } else {
        conceal(jitter, frame);
    }
    jitter->next++;
    if ((int16_t)(jitter->end - jitter->next) < 0) {
        jitter->end = jitter->next;
    }
}

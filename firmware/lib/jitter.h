// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Jitter buffer for 20 ms mu-law frames with 16-bit sequence numbers. All calls come from one
// context. One jitter_put() a frame received, one jitter_take() a frame played.

#ifndef SEALINE_LIB_JITTER_H
#define SEALINE_LIB_JITTER_H

#include <stdbool.h>
#include <stdint.h>

#define JITTER_FRAME_BYTES 160 // 20 ms at 8 kHz
#define JITTER_SLOTS 16        // window of sequence numbers, a power of two; 320 ms
// Frames waiting before playing starts. 80 ms: the longest measured stall of the event loop is
// 35 ms (a collection, then public-key work), on top of one frame of pacing at either end.
#define JITTER_TARGET_FRAMES 4
#define JITTER_MAX_FRAMES 8      // deeper than this (a burst after a stall) is cut to the target
#define JITTER_REVIEW_FRAMES 100 // 2 s: a depth that never fell to the target in it is too deep
#define JITTER_CONCEAL_FRAMES 3  // a loss is bridged by fading repeats this long, then silence
#define JITTER_GIVE_UP_FRAMES 10 // 200 ms without a frame: fill the buffer anew

typedef struct {
    uint32_t received;  // frames put in
    uint32_t played;    // frames taken out as received
    uint32_t concealed; // frames taken out that never came in time
    uint32_t late;      // dropped: their turn was over
    uint32_t duplicate; // dropped: already waiting
    uint32_t skipped;   // dropped to bring the delay down
    uint32_t restarted; // fillings of the buffer: the first one, after a pause, after a jump
} jitter_counts_t;

typedef struct {
    uint8_t frames[JITTER_SLOTS][JITTER_FRAME_BYTES];
    bool present[JITTER_SLOTS];
    uint8_t last[JITTER_FRAME_BYTES]; // what a loss is bridged with
    uint16_t next;                    // sequence number whose turn is next
    uint16_t end;                     // one past the newest waiting
    uint16_t waited;                  // turns since filling began
    uint16_t lost_in_a_row;
    uint16_t review_turns;
    uint16_t review_min_depth;
    enum { JITTER_IDLE, JITTER_FILLING, JITTER_PLAYING } state;
    jitter_counts_t counts;
} jitter_t;

void jitter_reset(jitter_t *jitter); // forgets frames and counts

void jitter_put(jitter_t *jitter, uint16_t sequence, const uint8_t frame[JITTER_FRAME_BYTES]);

// Writes the next frame to play: as received, a fading repeat, or silence.
void jitter_take(jitter_t *jitter, uint8_t frame[JITTER_FRAME_BYTES]);

uint32_t jitter_depth(const jitter_t *jitter); // turns until the newest waiting frame has played

#endif

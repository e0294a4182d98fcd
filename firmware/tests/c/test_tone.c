// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <math.h>
#include <string.h>

#include "tone.h"

#define SAMPLES 4000

static void is_two_sines(void) {
    static int32_t mix[SAMPLES];
    memset(mix, 0, sizeof(mix));
    tone_t tone;
    tone_set(&tone, 440, 480, 1000, 0);
    tone_add(&tone, mix, SAMPLES / 2);
    tone_add(&tone, mix + SAMPLES / 2, SAMPLES / 2); // in pieces: without a step in phase
    double worst = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double time = 2 * acos(-1) * i / TONE_SAMPLES_PER_SECOND;
        double expected = TONE_AMPLITUDE * (sin(440 * time) + sin(480 * time));
        worst = fmax(worst, fabs(mix[i] - expected));
    }
    CHECK(worst < 5);
}

static void adds_to_what_is_there(void) {
    int32_t mix[8];
    for (int i = 0; i < 8; i++) {
        mix[i] = 1000;
    }
    tone_t tone;
    tone_set(&tone, 0, 0, 10, 10);
    tone_add(&tone, mix, 8);
    for (int i = 0; i < 8; i++) {
        CHECK(mix[i] == 1000);
    }
}

static void keeps_cadence(void) {
    static int32_t mix[SAMPLES];
    memset(mix, 0, sizeof(mix));
    tone_t tone;
    tone_set(&tone, 1000, 0, 50, 150);
    tone_add(&tone, mix, SAMPLES);
    for (int start = 0; start < SAMPLES; start += 8) { // one period: one millisecond
        bool sounds = false;
        for (int i = start; i < start + 8; i++) {
            sounds |= mix[i] != 0;
        }
        CHECK(sounds == (start / 8 % 200 < 50));
    }
}

void test_tone(void) {
    is_two_sines();
    adds_to_what_is_there();
    keeps_cadence();
}

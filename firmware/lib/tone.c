// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "tone.h"

// round(32767 * sin(pi / 2 * i / 64)), i = 0 to 64
static const int16_t quarter_sine[65] = {
    0,     804,   1608,  2410,  3212,  4011,  4808,  5602,  6393,  7179,  7962,  8739,  9512,
    10278, 11039, 11793, 12539, 13279, 14010, 14732, 15446, 16151, 16846, 17530, 18204, 18868,
    19519, 20159, 20787, 21403, 22005, 22594, 23170, 23731, 24279, 24811, 25329, 25832, 26319,
    26790, 27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956, 30273, 30571, 30852, 31113,
    31356, 31580, 31785, 31971, 32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757, 32767,
};

// Sine of a phase in 1/2^32 turns; between the table's points linearly, error under 3.2 of 32767.
static int32_t sine(uint32_t phase) {
    uint32_t in_half = phase & 0x7fffffffU;
    uint32_t in_quarter = in_half > 0x40000000U ? 0x80000000U - in_half : in_half;
    uint32_t point = in_quarter >> 24;
    int32_t value = quarter_sine[point];
    if (point < 64) {
        int32_t part = (int32_t)((in_quarter >> 8) & 0xffff);
        value += (quarter_sine[point + 1] - value) * part / 0x10000;
    }
    return (phase & 0x80000000U) != 0 ? -value : value;
}

static uint32_t phase_step(uint32_t hertz) {
    return (uint32_t)(((uint64_t)hertz << 32) / TONE_SAMPLES_PER_SECOND);
}

void tone_set(tone_t *tone, uint32_t first_hz, uint32_t second_hz, uint32_t on_ms,
              uint32_t off_ms) {
    *tone = (tone_t){
        .step = {phase_step(first_hz), phase_step(second_hz)},
        .on_samples = on_ms * (TONE_SAMPLES_PER_SECOND / 1000),
        .off_samples = off_ms * (TONE_SAMPLES_PER_SECOND / 1000),
    };
}

void tone_add(tone_t *tone, int32_t *mix, uint32_t samples) {
    for (uint32_t i = 0; i < samples; i++) {
        if (tone->off_samples == 0 || tone->position < tone->on_samples) {
            for (uint32_t part = 0; part < 2; part++) {
                mix[i] += sine(tone->phase[part]) * TONE_AMPLITUDE / 32767;
                tone->phase[part] += tone->step[part]; // a step of 0 stays at sine(0) = 0
            }
        }
        tone->position++;
        if (tone->position >= tone->on_samples + tone->off_samples) {
            tone->position = 0;
        }
    }
}

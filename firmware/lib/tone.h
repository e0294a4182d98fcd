// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Call progress tones: two sines and a cadence (ITU-T E.180, Q.35).

#ifndef SEALINE_LIB_TONE_H
#define SEALINE_LIB_TONE_H

#include <stdint.h>

#define TONE_SAMPLES_PER_SECOND 8000
#define TONE_MAX_HZ 3999 // below half the sampling rate
#define TONE_MAX_CADENCE_MS 60000
#define TONE_AMPLITUDE 4993 // -13 dBm0 for each sine; a mu-law peak of 32124 is +3.17 dBm0

typedef struct {
    uint32_t step[2]; // phase a sample, in 1/2^32 turns; 0 is no sine
    uint32_t phase[2];
    uint32_t on_samples;
    uint32_t off_samples; // 0: without a pause
    uint32_t position;    // in the cadence
} tone_t;

void tone_set(tone_t *tone, uint32_t first_hz, uint32_t second_hz, uint32_t on_ms,
              uint32_t off_ms);

// Adds the next samples to a mix.
void tone_add(tone_t *tone, int32_t *mix, uint32_t samples);

#endif

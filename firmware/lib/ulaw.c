// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "ulaw.h"

#define BIAS 132                     // 33 in 14 bits: makes each segment start at a power of two
#define MAX_MAGNITUDE (32767 - BIAS) // beyond it the last code saturates

uint8_t ulaw_encode(int16_t linear) {
    int32_t magnitude = linear < 0 ? -(int32_t)linear : linear;
    if (magnitude > MAX_MAGNITUDE) {
        magnitude = MAX_MAGNITUDE;
    }
    uint32_t biased = (uint32_t)magnitude + BIAS; // 2^7 to 2^15 - 1
    uint32_t segment = 24 - (uint32_t)__builtin_clz(biased);
    uint32_t step = (biased >> (segment + 3)) & 0x0f;
    uint32_t code = segment << 4 | step | (linear < 0 ? 0x80 : 0);
    return (uint8_t)~code; // the line carries all bits inverted
}

int16_t ulaw_decode(uint8_t code) {
    uint32_t bits = (uint8_t)~code;
    uint32_t segment = (bits >> 4) & 7;
    int32_t magnitude = (int32_t)((((bits & 0x0f) << 3) + BIAS) << segment) - BIAS;
    return (int16_t)((bits & 0x80) != 0 ? -magnitude : magnitude);
}

void ulaw_encode_block(uint8_t *codes, const int16_t *linear, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        codes[i] = ulaw_encode(linear[i]);
    }
}

void ulaw_decode_block(int16_t *linear, const uint8_t *codes, size_t samples) {
    for (size_t i = 0; i < samples; i++) {
        linear[i] = ulaw_decode(codes[i]);
    }
}

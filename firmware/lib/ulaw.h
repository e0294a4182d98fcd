// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// ITU-T G.711 mu-law, table 2a/2b. Linear values are 16 bits, the standard's 14-bit ones times 4.

#ifndef SEALINE_LIB_ULAW_H
#define SEALINE_LIB_ULAW_H

#include <stddef.h>
#include <stdint.h>

#define ULAW_SILENCE 0xff // code of +0

// Nearest code by the decision values of the standard; a value on a boundary goes outwards.
uint8_t ulaw_encode(int16_t linear);
int16_t ulaw_decode(uint8_t code);

void ulaw_encode_block(uint8_t *codes, const int16_t *linear, size_t samples);
void ulaw_decode_block(int16_t *linear, const uint8_t *codes, size_t samples);

#endif

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// A check that does not hold is printed and counted; the test goes on.

#ifndef SEALINE_TESTS_CHECK_H
#define SEALINE_TESTS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

void check(bool holds, const char *what, const char *file, int line);

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

// xorshift32: the same numbers in every run.
static inline uint32_t next_number(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void test_ring(void);
void test_ulaw(void);
void test_shamir(void);
void test_jitter(void);
void test_tone(void);
void test_audio(void);

#endif

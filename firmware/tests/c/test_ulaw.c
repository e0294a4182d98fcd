// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <stdlib.h>

#include "ulaw.h"

// ITU-T G.711 table 2a: the segments' end points and their steps, in 14-bit values. Output value
// number n is y(0) = 0, then the middle of each interval between decision values.
static int magnitude_of_number(int number) {
    static const int segment_end[] = {31, 95, 223, 479, 991, 2015, 4063, 8159};
    if (number == 0) {
        return 0;
    }
    if (number < 16) {
        return 2 * number; // the first interval of step 2 is 1 to 3
    }
    int segment = number / 16;
    int step = 2 << segment;
    return segment_end[segment - 1] + (number % 16) * step + step / 2;
}

// Decision value below output number n (n >= 1), in 14-bit values.
static int decision_below(int number) {
    static const int segment_end[] = {31, 95, 223, 479, 991, 2015, 4063, 8159};
    if (number < 16) {
        return 2 * number - 1;
    }
    int segment = number / 16;
    return segment_end[segment - 1] + (number % 16) * (2 << segment);
}

static void decodes_every_code(void) {
    for (int code = 0; code < 256; code++) {
        int number = ~code & 0x7f;
        int expected = 4 * magnitude_of_number(number);
        CHECK(ulaw_decode((uint8_t)code) == ((code & 0x80) != 0 ? expected : -expected));
    }
    CHECK(ulaw_decode(0x00) == -32124); // published end points
    CHECK(ulaw_decode(0x80) == 32124);
    CHECK(ulaw_decode(ULAW_SILENCE) == 0);
}

static void encodes_every_value(void) {
    for (int linear = -32768; linear <= 32767; linear++) {
        int number = 0;
        while (number < 127 && abs(linear) >= 4 * decision_below(number + 1)) {
            number++;
        }
        int expected = ~(number | (linear < 0 ? 0x80 : 0)) & 0xff;
        CHECK(ulaw_encode((int16_t)linear) == expected);
    }
}

static void every_code_survives(void) {
    for (int code = 0; code < 256; code++) {
        uint8_t again = ulaw_encode(ulaw_decode((uint8_t)code));
        CHECK(again == (code == 0x7f ? 0xff : code)); // -0 has no linear value of its own
    }
}

void test_ulaw(void) {
    decodes_every_code();
    encodes_every_value();
    every_code_survives();
}

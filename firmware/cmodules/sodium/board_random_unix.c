// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#ifdef __unix__

#include "board_random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>

int board_random(void *buffer, size_t bytes) {
    uint8_t *p = buffer;
    while (bytes > 0) {
        ssize_t got = getrandom(p, bytes, 0);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got > 0) {
            p += got;
            bytes -= (size_t)got;
        }
    }
    return 0;
}

#endif

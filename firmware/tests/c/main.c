// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "check.h"

#include <stdio.h>

static unsigned passed;
static unsigned failed;

void check(bool holds, const char *what, const char *file, int line) {
    if (holds) {
        passed++;
        return;
    }
    failed++;
    if (failed < 50) { // a broken loop must not flood the log
        printf("%s:%d: does not hold: %s\n", file, line, what);
    }
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"ring", test_ring},     {"ulaw", test_ulaw}, {"shamir", test_shamir},
        {"jitter", test_jitter}, {"tone", test_tone}, {"audio", test_audio},
    };
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        unsigned before = failed;
        tests[i].run();
        printf("%-8s %s\n", tests[i].name, failed == before ? "ok" : "FAILED");
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

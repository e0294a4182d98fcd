// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// The only file that talks to the emulator's host: entropy from one fixed path, and the exit status.
// Semihosting gives the guest the host user's file rights, so images for real boards must not contain this file; the
// marker below is what a release image is searched for.

#include "boards/mps2_an505/an505.h"

__attribute__((section(".entropy_marker"), used)) static const char entropy_marker[] =
    "SEALINE EMULATOR ENTROPY: NOT FOR RELEASE";

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { OPEN_READ_BINARY = 1 };
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

static int32_t semihost(uint32_t operation, const uint32_t *args) {
    register uint32_t r0 __asm__("r0") = operation;
    register const uint32_t *r1 __asm__("r1") = args;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

__attribute__((noreturn)) void semihost_exit(unsigned status) {
    const uint32_t args[] = {ADP_STOPPED_APPLICATION_EXIT, status};
    semihost(SYS_EXIT_EXTENDED, args);
    for (;;) {
    }
}

int board_random(void *buf, size_t n) {
    static const char path[] = "/dev/urandom";
    const uint32_t open_args[] = {(uint32_t)(uintptr_t)path, OPEN_READ_BINARY, sizeof(path) - 1};
    int32_t handle = semihost(SYS_OPEN, open_args);
    if (handle < 0) {
        return -1;
    }
    const uint32_t read_args[] = {(uint32_t)handle, (uint32_t)(uintptr_t)buf, n};
    int32_t missing = semihost(SYS_READ, read_args);
    const uint32_t close_args[] = {(uint32_t)handle};
    semihost(SYS_CLOSE, close_args);
    return missing;
}

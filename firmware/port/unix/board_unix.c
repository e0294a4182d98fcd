// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// The board window on Linux: the file named by SEALINE_WINDOW, else memory of this process. A thread polls the codec rings.

#include "modboard.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boards/window_driver.h"

#define EXIT_STATUS_POWER_CUT 86
#define EXIT_STATUS_NO_WINDOW 78 // EX_CONFIG of sysexits.h
#define POLL_NS 1000000L

static uint64_t start_ms;

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void *map_window(const char *path) {
    if (path == NULL) {
        return mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size < WINDOW_BYTES) {
        return MAP_FAILED;
    }
    void *base = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return base;
}

static void *poll_codec(void *arg) {
    (void)arg;
    const struct timespec pause = {0, POLL_NS};
    for (;;) {
        window_audio_poll();
        nanosleep(&pause, NULL);
    }
    return NULL;
}

// Before main(), since the program may touch the board at once.
__attribute__((constructor)) static void board_start(void) {
    start_ms = now_ms();
    const char *path = getenv("SEALINE_WINDOW");
    void *base = map_window(path);
    if (base == MAP_FAILED || !window_init(base)) {
        fprintf(stderr, "SEALINE_WINDOW: not a board window\n");
        exit(EXIT_STATUS_NO_WINDOW);
    }
    pthread_t thread;
    if (path != NULL && pthread_create(&thread, NULL, poll_codec, NULL) != 0) {
        fprintf(stderr, "no thread for the codec\n");
        exit(EXIT_STATUS_NO_WINDOW);
    }
}

uint64_t board_monotonic_ms(void) { return now_ms() - start_ms; }

uint64_t board_idle_us(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    uint64_t used_us = (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
    uint64_t up_us = (now_ms() - start_ms) * 1000;
    return up_us > used_us ? up_us - used_us : 0;
}

uint32_t board_tick_gap_us(void) {
    return 0;
} // the host's scheduler is no business of the program

const char *board_reset_cause_name(void) { return "power"; }

mp_obj_t board_take_crash_log(void) { return mp_const_none; }

const void *board_image(size_t *bytes) {
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        *bytes = 0;
        return "";
    }
    *bytes = (size_t)info.st_size;
    return mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fd, 0); // once in a run, kept to its end
}

void board_open_console(void) {}

bool board_console_is_open(void) { return true; }

uint32_t board_serial_dropped(unsigned port) {
    (void)port;
    return 0;
}

void board_power_cut(void) { _exit(EXIT_STATUS_POWER_CUT); }

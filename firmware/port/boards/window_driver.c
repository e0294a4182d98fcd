// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

#include "boards/window_driver.h"

#include <string.h>

static uint8_t *window_base;
static uint32_t mic_taken;
static volatile bool audio_ready; // ticks come before window_init: until then there are no rings

static const window_partition_t partitions[] = {
    {"fs", WINDOW_FLASH_FS_OFFSET, WINDOW_FLASH_FS_BYTES},
    {"journal", WINDOW_FLASH_JOURNAL_OFFSET, WINDOW_FLASH_JOURNAL_BYTES},
    {"spool", WINDOW_FLASH_SPOOL_OFFSET, WINDOW_FLASH_SPOOL_BYTES},
};

static volatile uint32_t *reg_at(uint32_t reg) {
    return (volatile uint32_t *)(void *)(window_base + reg);
}

uint32_t window_get(uint32_t reg) { return *reg_at(reg); }

// What was written before is visible to the other side before the register changes.
static void reg_set(uint32_t reg, uint32_t value) {
    __sync_synchronize();
    *reg_at(reg) = value;
}

static void reg_add(uint32_t reg, uint32_t n) { reg_set(reg, window_get(reg) + n); }

bool window_init(void *base) {
    window_base = base;
    if (window_get(WINDOW_REG_MAGIC) == 0) {
        memset(window_base + WINDOW_FLASH, 0xff, WINDOW_FLASH_BYTES);
        memset(window_base + WINDOW_DISPLAY, ' ', WINDOW_DISPLAY_ROWS * WINDOW_DISPLAY_COLUMNS);
        reg_set(WINDOW_REG_VERSION, WINDOW_VERSION);
        reg_set(WINDOW_REG_MAGIC, WINDOW_MAGIC);
    }
    if (window_get(WINDOW_REG_MAGIC) != WINDOW_MAGIC ||
        window_get(WINDOW_REG_VERSION) != WINDOW_VERSION) {
        return false;
    }
    // Keys and frames from before the start are nobody's.
    reg_set(WINDOW_REG_KEYS_TAKEN, window_get(WINDOW_REG_KEYS_PRESSED));
    mic_taken = window_get(WINDOW_REG_MIC_WRITTEN);
    reg_set(WINDOW_REG_SPEAKER_WRITTEN, mic_taken);
    reg_set(WINDOW_REG_LAMP, WINDOW_LAMP_OFF);
    reg_add(WINDOW_REG_BOOTS, 1);
    audio_ready = true;
    return true;
}

const uint8_t *window_unique_id(void) { return window_base + WINDOW_UNIQUE_ID; }

const uint8_t *window_settings(size_t *bytes) {
    uint32_t n = window_get(WINDOW_REG_SETTINGS_BYTES);
    *bytes = n <= WINDOW_SETTINGS_MAX_BYTES ? n : 0;
    return window_base + WINDOW_SETTINGS;
}

void window_display(unsigned row, const uint8_t *cells) {
    memcpy(window_base + WINDOW_DISPLAY + row * WINDOW_DISPLAY_COLUMNS, cells,
           WINDOW_DISPLAY_COLUMNS);
    reg_add(WINDOW_REG_DISPLAY_COUNT, 1);
}

void window_lamp(uint32_t code) { reg_set(WINDOW_REG_LAMP, code); }

bool window_hook(void) { return window_get(WINDOW_REG_HOOK) != 0; }

int window_key(void) {
    uint32_t taken = window_get(WINDOW_REG_KEYS_TAKEN);
    if (taken == window_get(WINDOW_REG_KEYS_PRESSED)) {
        return -1;
    }
    int key = window_base[WINDOW_KEYS + taken % WINDOW_KEYS_MAX];
    reg_set(WINDOW_REG_KEYS_TAKEN, taken + 1);
    return key;
}

const window_partition_t *window_partition(const char *name, size_t name_bytes) {
    for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); ++i) {
        if (strlen(partitions[i].name) == name_bytes &&
            memcmp(partitions[i].name, name, name_bytes) == 0) {
            return &partitions[i];
        }
    }
    return NULL;
}

static uint8_t *flash_at(const window_partition_t *part, uint32_t offset) {
    return window_base + WINDOW_FLASH + part->offset + offset;
}

const uint8_t *window_flash_at(const window_partition_t *part, uint32_t offset) {
    return flash_at(part, offset);
}

typedef struct {
    uint32_t from;
    uint32_t to;
    uint8_t mask; // bits of each byte that the operation reaches
    bool cut;
} flash_reach_t;

// Counts the operation and says how far into `bytes` it gets before the power goes.
static flash_reach_t flash_begin(uint32_t bytes) {
    flash_reach_t reach = {0, bytes, 0xff, false};
    reg_add(WINDOW_REG_FLASH_OPERATIONS, 1);
    uint32_t cut_at = window_get(WINDOW_REG_FLASH_CUT_AT);
    if (cut_at == 0 || window_get(WINDOW_REG_FLASH_OPERATIONS) != cut_at) {
        return reach;
    }
    reach.cut = true;
    switch (window_get(WINDOW_REG_FLASH_CUT_MODE)) {
    case WINDOW_CUT_BEFORE:
        reach.to = 0;
        break;
    case WINDOW_CUT_HALF:
        reach.to = bytes / 2;
        break;
    case WINDOW_CUT_TORN:
        reach.mask = 0x55;
        break;
    case WINDOW_CUT_TAIL:
        reach.from = bytes / 2;
        break;
    default:
        break;
    }
    return reach;
}

static void flash_end(const flash_reach_t *reach) {
    if (reach->cut) {
        reg_set(WINDOW_REG_FLASH_CUT_DONE, window_get(WINDOW_REG_FLASH_OPERATIONS));
        board_power_cut();
    }
}

static void flash_program_page(uint8_t *dst, const uint8_t *src, uint32_t bytes) {
    flash_reach_t reach = flash_begin(bytes);
    uint8_t refused = 0;
    for (uint32_t i = reach.from; i < reach.to; ++i) {
        refused |= src[i] & (uint8_t)~dst[i];
        dst[i] &= src[i] | (uint8_t)~reach.mask;
    }
    if (refused != 0) {
        reg_add(WINDOW_REG_FLASH_CONFLICTS, 1);
    }
    flash_end(&reach);
}

void window_flash_program(const window_partition_t *part, uint32_t offset, const uint8_t *src,
                          uint32_t bytes) {
    while (bytes > 0) {
        uint32_t n = WINDOW_FLASH_PAGE_BYTES - offset % WINDOW_FLASH_PAGE_BYTES;
        n = n < bytes ? n : bytes;
        flash_program_page(flash_at(part, offset), src, n);
        offset += n;
        src += n;
        bytes -= n;
    }
}

void window_flash_erase(const window_partition_t *part, uint32_t offset) {
    flash_reach_t reach = flash_begin(WINDOW_FLASH_SECTOR_BYTES);
    uint8_t *dst = flash_at(part, offset);
    for (uint32_t i = reach.from; i < reach.to; ++i) {
        dst[i] |= reach.mask;
    }
    reg_add(WINDOW_REG_FLASH_ERASES, 1);
    flash_end(&reach);
}

static int16_t *frame_at(uint32_t ring, uint32_t frame) {
    return (int16_t *)(void *)(window_base + ring +
                               frame % WINDOW_AUDIO_SLOTS * WINDOW_AUDIO_FRAME_BYTES);
}

void window_audio_poll(void) {
    if (!audio_ready) {
        return;
    }
    uint32_t written = window_get(WINDOW_REG_MIC_WRITTEN);
    __sync_synchronize();
    if (written - mic_taken > WINDOW_AUDIO_SLOTS) {
        reg_add(WINDOW_REG_MIC_LOST, written - mic_taken - 1);
        mic_taken = written - 1;
    }
    while (mic_taken != written) {
        audio_codec_frame(frame_at(WINDOW_MIC, mic_taken), frame_at(WINDOW_SPEAKER, mic_taken));
        mic_taken += 1;
        reg_set(WINDOW_REG_SPEAKER_WRITTEN, mic_taken);
    }
}

// The board without an audio engine is silent.
__attribute__((weak)) void audio_codec_frame(const int16_t *mic, int16_t *spk) {
    (void)mic;
    memset(spk, 0, WINDOW_AUDIO_FRAME_BYTES);
}

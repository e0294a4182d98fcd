// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The Sealine contributors

// Layout of the board window: 16 MB of memory that an emulated board shares with the host-side board model.
//
// It stands for what a real board has on its buses: front panel, codec DMA rings, NOR flash. Each 32-bit register has
// exactly one writer, named in its comment, so that neither side needs a lock. Offsets are bytes from the window's base.
// `gen_window.py` turns each `#define NAME expression // comment` below into hil_tests/sealine_hil/window.py.

#ifndef SEALINE_PORT_BOARDS_WINDOW_H
#define SEALINE_PORT_BOARDS_WINDOW_H

// clang-format off

#define WINDOW_BYTES 0x1000000
#define WINDOW_MAGIC 0x574e4c53 // "SLNW", little endian
#define WINDOW_VERSION 1

// Identity and settings of the unit; written by the host before the board starts.
#define WINDOW_REG_MAGIC 0x000 // host (or the board itself, when it finds blank memory)
#define WINDOW_REG_VERSION 0x004 // host
#define WINDOW_REG_FLAGS 0x008 // host
#define WINDOW_REG_SETTINGS_BYTES 0x00c // host
#define WINDOW_REG_BOOTS 0x010 // board: how often it started
#define WINDOW_UNIQUE_ID 0x020 // host
#define WINDOW_UNIQUE_ID_BYTES 16
#define WINDOW_SETTINGS 0x400 // host
#define WINDOW_SETTINGS_MAX_BYTES 2048

#define WINDOW_FLAG_EXIT_ON_FAULT 0x1 // a fault ends the emulator with a non-zero status instead of a reset

// Front panel. One byte a cell, Latin-1.
#define WINDOW_DISPLAY_ROWS 4
#define WINDOW_DISPLAY_COLUMNS 20
#define WINDOW_DISPLAY 0x1000 // board
#define WINDOW_REG_DISPLAY_COUNT 0x1080 // board: rows written since the start
#define WINDOW_REG_LAMP 0x1084 // board
#define WINDOW_REG_HOOK 0x1088 // host: 1 = handset lifted
#define WINDOW_REG_KEYS_PRESSED 0x108c // host: keys put into the ring since the start
#define WINDOW_REG_KEYS_TAKEN 0x1090 // board: keys taken from the ring since the start
#define WINDOW_KEYS 0x10c0 // host
#define WINDOW_KEYS_MAX 64

#define WINDOW_LAMP_OFF 0
#define WINDOW_LAMP_RED 1
#define WINDOW_LAMP_GREEN 2
#define WINDOW_LAMP_AMBER 3

// Codec rings: frames of signed 16-bit samples, 8 kHz, 20 ms. The host is the codec clock. Frame i lies in slot i modulo
// WINDOW_AUDIO_SLOTS; speaker frame i is the board's answer to microphone frame i.
#define WINDOW_AUDIO_FRAME_SAMPLES 160
#define WINDOW_AUDIO_FRAME_BYTES 320
#define WINDOW_AUDIO_SLOTS 32
#define WINDOW_REG_MIC_WRITTEN 0x2000 // host: microphone frames since the start
#define WINDOW_REG_SPEAKER_WRITTEN 0x2004 // board: speaker frames answered, lost ones included
#define WINDOW_REG_MIC_LOST 0x2008 // board: microphone frames that were overwritten before it came
#define WINDOW_REG_SPEAKER_LATE 0x200c // host: frames not answered when the next one was due
#define WINDOW_MIC 0x3000 // host
#define WINDOW_SPEAKER 0x6000 // board

// NOR flash. An erase sets a sector to 0xff, a program operation only clears bits. Operations are counted, one for each
// page or part of a page and one for each sector, so that a test can cut the power at any of them.
#define WINDOW_REG_FLASH_OPERATIONS 0x9000 // board: program and erase operations since the window was made
#define WINDOW_REG_FLASH_CUT_AT 0x9004 // host: cut the power in this operation; 0 = never
#define WINDOW_REG_FLASH_CUT_MODE 0x9008 // host
#define WINDOW_REG_FLASH_CUT_DONE 0x900c // board: the operation in which the power was cut; host clears it
#define WINDOW_REG_FLASH_ERASES 0x9010 // board
#define WINDOW_REG_FLASH_CONFLICTS 0x9014 // board: program operations that asked for a bit to be set
#define WINDOW_FLASH 0x100000 // both
#define WINDOW_FLASH_SECTOR_BYTES 4096
#define WINDOW_FLASH_PAGE_BYTES 256
#define WINDOW_FLASH_FS_OFFSET 0
#define WINDOW_FLASH_FS_BYTES 0x400000
#define WINDOW_FLASH_JOURNAL_OFFSET (WINDOW_FLASH_FS_OFFSET + WINDOW_FLASH_FS_BYTES)
#define WINDOW_FLASH_JOURNAL_BYTES 0x200000
#define WINDOW_FLASH_SPOOL_OFFSET (WINDOW_FLASH_JOURNAL_OFFSET + WINDOW_FLASH_JOURNAL_BYTES)
#define WINDOW_FLASH_SPOOL_BYTES 0x80000
#define WINDOW_FLASH_BYTES (WINDOW_FLASH_SPOOL_OFFSET + WINDOW_FLASH_SPOOL_BYTES)

#define WINDOW_CUT_BEFORE 0 // nothing of the operation is done
#define WINDOW_CUT_HALF 1 // its first half is done
#define WINDOW_CUT_TORN 2 // every other bit is done
#define WINDOW_CUT_TAIL 3 // its last half is done
#define WINDOW_CUT_AFTER 4 // all of it is done

// clang-format on

#endif // SEALINE_PORT_BOARDS_WINDOW_H

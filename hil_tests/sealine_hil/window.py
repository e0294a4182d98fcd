# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The Sealine contributors
"""Layout of the board window: made from firmware/port/boards/window.h by gen_window.py, do not edit."""

from typing import Final

BYTES: Final = 0x1000000
MAGIC: Final = 0x574E4C53  # "SLNW", little endian
VERSION: Final = 1
REG_MAGIC: Final = 0  # host (or the board itself, when it finds blank memory)
REG_VERSION: Final = 4  # host
REG_FLAGS: Final = 8  # host
REG_SETTINGS_BYTES: Final = 12  # host
REG_BOOTS: Final = 16  # board: how often it started
UNIQUE_ID: Final = 32  # host
UNIQUE_ID_BYTES: Final = 16
SETTINGS: Final = 0x400  # host
SETTINGS_MAX_BYTES: Final = 0x800
FLAG_EXIT_ON_FAULT: Final = 1  # a fault ends the emulator with a non-zero status instead of a reset
DISPLAY_ROWS: Final = 4
DISPLAY_COLUMNS: Final = 20
DISPLAY: Final = 0x1000  # board
REG_DISPLAY_COUNT: Final = 0x1080  # board: rows written since the start
REG_LAMP: Final = 0x1084  # board
REG_HOOK: Final = 0x1088  # host: 1 = handset lifted
REG_KEYS_PRESSED: Final = 0x108C  # host: keys put into the ring since the start
REG_KEYS_TAKEN: Final = 0x1090  # board: keys taken from the ring since the start
KEYS: Final = 0x10C0  # host
KEYS_MAX: Final = 64
LAMP_OFF: Final = 0
LAMP_RED: Final = 1
LAMP_GREEN: Final = 2
LAMP_AMBER: Final = 3
AUDIO_FRAME_SAMPLES: Final = 160
AUDIO_FRAME_BYTES: Final = 0x140
AUDIO_SLOTS: Final = 32
REG_MIC_WRITTEN: Final = 0x2000  # host: microphone frames since the start
REG_SPEAKER_WRITTEN: Final = 0x2004  # board: speaker frames answered, lost ones included
REG_MIC_LOST: Final = 0x2008  # board: microphone frames that were overwritten before it came
REG_SPEAKER_LATE: Final = 0x200C  # host: frames not answered when the next one was due
MIC: Final = 0x3000  # host
SPEAKER: Final = 0x6000  # board
REG_FLASH_OPERATIONS: Final = 0x9000  # board: program and erase operations since the window was made
REG_FLASH_CUT_AT: Final = 0x9004  # host: cut the power in this operation; 0 = never
REG_FLASH_CUT_MODE: Final = 0x9008  # host
REG_FLASH_CUT_DONE: Final = 0x900C  # board: the operation in which the power was cut; host clears it
REG_FLASH_ERASES: Final = 0x9010  # board
REG_FLASH_CONFLICTS: Final = 0x9014  # board: program operations that asked for a bit to be set
FLASH: Final = 0x100000  # both
FLASH_SECTOR_BYTES: Final = 0x1000
FLASH_PAGE_BYTES: Final = 0x100
FLASH_FS_OFFSET: Final = 0
FLASH_FS_BYTES: Final = 0x400000
FLASH_JOURNAL_OFFSET: Final = 0x400000
FLASH_JOURNAL_BYTES: Final = 0x200000
FLASH_SPOOL_OFFSET: Final = 0x600000
FLASH_SPOOL_BYTES: Final = 0x80000
FLASH_BYTES: Final = 0x680000
CUT_BEFORE: Final = 0  # nothing of the operation is done
CUT_HALF: Final = 1  # its first half is done
CUT_TORN: Final = 2  # every other bit is done
CUT_TAIL: Final = 3  # its last half is done
CUT_AFTER: Final = 4  # all of it is done

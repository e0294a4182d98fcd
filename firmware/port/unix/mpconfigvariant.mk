# SPDX-License-Identifier: MIT
# Given by ../../Makefile: SEALINE_PORT (the port's folder), FROZEN_MANIFEST, USER_C_MODULES.
MICROPY_PY_SSL = 0
MICROPY_SSL_AXTLS = 0
MICROPY_PY_FFI = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_BLUETOOTH = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 1

vpath %.c $(SEALINE_PORT)
CFLAGS += -iquote $(SEALINE_PORT)
# the C files of this folder are taken by the unix port itself
SRC_C += modboard.c boards/window_driver.c

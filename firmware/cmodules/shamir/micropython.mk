# The module `shamir`.
SHAMIR_MODULE := $(USERMOD_DIR)
SRC_USERMOD_C += $(SHAMIR_MODULE)/modshamir.c
CFLAGS_USERMOD += -I$(SHAMIR_MODULE)/.. -I$(SHAMIR_MODULE)/../sodium
include $(SHAMIR_MODULE)/../../lib/lib.mk

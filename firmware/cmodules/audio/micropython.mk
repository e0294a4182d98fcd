# The module `audio`.
AUDIO_MODULE := $(USERMOD_DIR)
SRC_USERMOD_C += $(AUDIO_MODULE)/modaudio.c
CFLAGS_USERMOD += -I$(AUDIO_MODULE)/..
include $(AUDIO_MODULE)/../../lib/lib.mk

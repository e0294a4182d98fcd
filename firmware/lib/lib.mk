# The library's objects for a firmware image: adds them to PY_O, with its own strict warnings.
# Included by the micropython.mk of each binding that needs it; the first inclusion counts.
ifndef FIRMWARE_LIB
FIRMWARE_LIB := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
FIRMWARE_LIB_C := audio.c jitter.c ring.c shamir.c tone.c ulaw.c
FIRMWARE_LIB_WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror

CFLAGS_USERMOD += -I$(FIRMWARE_LIB)
PY_O += $(addprefix $(BUILD)/firmware_lib/,$(FIRMWARE_LIB_C:.c=.o))

# Evaluated late, so that the machine's flags that the port adds after this file count too.
$(BUILD)/firmware_lib/%.o: $(FIRMWARE_LIB)/%.c $(wildcard $(FIRMWARE_LIB)/*.h)
	$(ECHO) "CC firmware_lib/$*.c"
	$(Q)$(MKDIR) -p $(dir $@)
	$(Q)$(CC) $(filter -m% -O% -f% -g%,$(CFLAGS)) -std=c99 $(FIRMWARE_LIB_WARNINGS) -c -o $@ $<
endif

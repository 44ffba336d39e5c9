# SPDX-License-Identifier: MIT
# Fuzz targets: each tests/fuzz/fuzz_NAME.c becomes $(BUILD)/fuzz-targets/NAME, linked
# with every portable file, machine/host and the other files of this folder.
# Its corpus stands in tests/fuzz/corpus/NAME; new inputs go below $(BUILD).

FUZZ_SECONDS ?= 60
FUZZ_MAIN    := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_NAMES   := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_MAIN))
FUZZ_COMMON  := $(filter-out tests/unit/main.c tests/unit/test_%.c, \
	$(UNIT_SRC)) $(filter-out $(FUZZ_MAIN),$(wildcard tests/fuzz/*.c))

$(BUILD)/fuzz-targets/%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o \
		$(call objects,fuzz,$(FUZZ_COMMON))
	@mkdir -p $(@D)
	$(fuzz_CC) $(fuzz_FLAGS) -fsanitize=fuzzer -o $@ $^ -lpthread

.PHONY: fuzz-targets fuzz
fuzz-targets: $(FUZZ_NAMES:%=$(BUILD)/fuzz-targets/%)

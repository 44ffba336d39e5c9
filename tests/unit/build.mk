# SPDX-License-Identifier: MIT
# The unit tests: every portable file, machine/host and the bundle tool, in one
# sanitized Linux program.

UNIT_SRC := $(PORTABLE) $(LOCK_CHECKED) $(wildcard hypervisor/machine/host/*.c \
	tests/unit/*.c) $(filter-out %/main.c,$(wildcard tools/bundle/*.c))

UNIT := $(BUILD)/unit/unit-tests

$(UNIT): $(call objects,host,$(UNIT_SRC))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(host_CC) $(host_FLAGS) -o $@ $^ -lcunit -lpthread

.PHONY: unit
unit: $(UNIT)
	$(UNIT)

# SPDX-License-Identifier: MIT
# The unit tests: every portable file, machine/host and the bundle tool, in one
# sanitized Linux program.

# Of the command: no sockets, no terminal.
SCREE_PURE := $(wildcard tools/lib/*.c) $(patsubst %,tools/scree/%.c, \
	apply_plan args definition nearest outcome rates request states text)

UNIT_SRC := tests/runner.c $(PORTABLE) $(LOCK_CHECKED) $(wildcard hypervisor/machine/host/*.c \
	tests/unit/*.c) $(filter-out %/main.c,$(wildcard tools/bundle/*.c)) \
	$(wildcard tools/libxenstore/*.c) $(SCREE_PURE) $(PEBBLE_PURE)

UNIT := $(BUILD)/unit/unit-tests

$(UNIT): $(call objects,host,$(UNIT_SRC))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(host_CC) $(host_FLAGS) -o $@ $^ -lcunit -lcjson -lmd -lm -lpthread

.PHONY: unit
unit: $(UNIT)
	@timeout 300 $(UNIT)

# The same under the thread sanitizer, in a build of its own.
.PHONY: unit-tsan
unit-tsan:
	@+$(AGAIN) BUILD=$(BUILD)/tsan SANITIZE=thread unit

# Lines of the portable files that the unit tests reach.
.PHONY: coverage
coverage:
	@+$(AGAIN) BUILD=$(BUILD)/coverage SANITIZE= \
		COVERAGE="--coverage -fprofile-update=atomic" unit
	gcovr --root . --object-directory $(BUILD)/coverage/host \
		--filter hypervisor/base/ --filter hypervisor/core/ \
		--filter hypervisor/io/ --filter hypervisor/system/ \
		--html-details $(BUILD)/coverage/index.html --print-summary \
		--txt $(BUILD)/coverage/report.txt
	@cat $(BUILD)/coverage/report.txt

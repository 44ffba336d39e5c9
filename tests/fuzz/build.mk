# SPDX-License-Identifier: MIT
# Fuzz targets: each tests/fuzz/fuzz_NAME.c is linked with every portable file,
# machine/host, the parsers of guest-kernel and the other files of this folder.
# Its corpus stands in tests/fuzz/corpus/NAME and is only read; new inputs go
# below $(BUILD). The same program and FUZZ_SEED try the same inputs in the same
# order; FUZZ_SEED=0 draws a new seed.

FUZZ_SECONDS ?= 60
FUZZ_SEED    ?= 1
FUZZ_MAIN    := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_NAMES   := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_MAIN))
FUZZ_COMMON  := $(PORTABLE) $(LOCK_CHECKED) \
	$(wildcard hypervisor/machine/host/*.c) \
	$(addprefix tests/unit/,world.c net_world.c fake_cell.c \
	store_check.c) \
	$(filter-out %_pv.c %/heap.c,$(CONTROL_SRC)) \
	$(filter-out %/main.c,$(wildcard tools/bundle/*.c)) \
	$(addprefix guest-kernel/,dns/key.c dns/message.c dns/names.c dns/pending.c dns/zone.c \
	http/files.c http/request.c siphash.c text.c xs/client.c xs/events.c) \
	$(filter-out $(FUZZ_MAIN),$(wildcard tests/fuzz/*.c))
FUZZERS      := $(FUZZ_NAMES:%=$(BUILD)/fuzzers/%)

$(BUILD)/fuzzers/%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o \
		$(call objects,fuzz,$(FUZZ_COMMON))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(fuzz_CC) $(fuzz_FLAGS) -fsanitize=fuzzer -o $@ $^ -lpthread

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)

# A crash leaves its input in $(BUILD)/fuzz-found/NAME and fails.
fuzz: $(FUZZ_NAMES:%=fuzz-%)
.PHONY: $(FUZZ_NAMES:%=fuzz-%)
$(FUZZ_NAMES:%=fuzz-%): fuzz-%: $(BUILD)/fuzzers/%
	@mkdir -p $(BUILD)/fuzz-found/$*/new
	$(BUILD)/fuzzers/$* -max_total_time=$(FUZZ_SECONDS) -seed=$(FUZZ_SEED) \
		-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(BUILD)/fuzz-found/$*/ \
		$(BUILD)/fuzz-found/$*/new $(wildcard tests/fuzz/corpus/$*)

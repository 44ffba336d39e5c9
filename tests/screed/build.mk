# SPDX-License-Identifier: MIT
# The tests of screed: sanitized, with a program that stands for the cell.

SCREED_TESTS  := $(BUILD)/screed/screed-tests
SCREED_TESTED := $(BUILD)/screed/screed
FAKE_CELL     := $(BUILD)/screed/fake-cell

screed_link = $(Q)mkdir -p $(@D) && $(host_CC) $(host_FLAGS) -o $@ $^

$(SCREED_TESTED): $(call objects,host,$(wildcard tools/screed/*.c \
	tools/lib/*.c) $(filter-out %/main.c,$(wildcard tools/bundle/*.c)))
	$(call say,link,$@)
	$(screed_link) -levent -lcjson -lmd -lpthread

$(SCREED_TESTS): $(call objects,host,tests/runner.c \
	$(filter-out %/fake_cell.c %/fake_domains.c,$(wildcard tests/screed/*.c)) \
	$(filter-out %/main.c,$(wildcard tools/screed/*.c tools/bundle/*.c)) \
	$(wildcard tools/lib/*.c))
	$(call say,link,$@)
	$(screed_link) -lcunit -levent -lcjson -lmd -lpthread

$(FAKE_CELL): $(call objects,tool,tests/screed/fake_cell.c \
	tests/screed/fake_domains.c tools/screed/frame.c)
	$(call say,link,$@)
	$(Q)mkdir -p $(@D) && $(tool_CC) -o $@ $^

TESTS += screed-tests
.PHONY: screed-tests
screed-tests: $(SCREED_TESTS) $(SCREED_TESTED) $(FAKE_CELL) all
	@timeout 600 $(SCREED_TESTS)

# The fuzz target needs none of the hypervisor, but cJSON.
FUZZ_SCREED := $(addprefix tools/screed/,frame.c definition.c options.c) \
	$(addprefix tools/lib/,json.c error.c) tests/fuzz/fuzz.c \
	$(filter-out %/main.c,$(wildcard tools/bundle/*.c))

$(BUILD)/fuzzers/screed: $(call objects,fuzz,tests/fuzz/fuzz_screed.c \
		$(FUZZ_SCREED))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(fuzz_CC) $(fuzz_FLAGS) -fsanitize=fuzzer -o $@ $^ -lcjson

# SPDX-License-Identifier: MIT
# The system tests: a Linux program that starts cells in QEMU and uses them.

SYSTEM := $(BUILD)/system/system-tests

$(SYSTEM): $(call objects,tool,$(wildcard tests/system/*.c) \
		$(filter-out %/main.c,$(wildcard tools/bundle/*.c)))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^ -lcunit -lcurl -lcjson -lutil -lpthread

.PHONY: system
system: $(SYSTEM) all iso
	$(SYSTEM)

# docs/porting.md, step by step.
TESTS += porting
.PHONY: porting
porting: all
	@BUILD=$(BUILD) tests/system/porting

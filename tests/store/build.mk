# SPDX-License-Identifier: MIT
# The store as a program of its own, for tests with Debian's xenstore tools.

STORE_SERVER := $(BUILD)/tests/store-server
STORE_ENGINE := $(wildcard guest-kernel/store/*.c)

STORE_OBJS   := $(call objects,tool,tests/store/server.c $(STORE_ENGINE))
$(STORE_OBJS): tool_FLAGS += -iquote guest-kernel
$(STORE_SERVER): $(STORE_OBJS)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^

.PHONY: store-server
store-server: $(STORE_SERVER)

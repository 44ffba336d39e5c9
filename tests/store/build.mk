# SPDX-License-Identifier: MIT
# The store outside a cell: a server on a Unix socket, to be used by Debian's
# xenstore tools; what its operations cost; and Debian's own xenstored beside
# it (see docs/store.md).

STORE_SERVER := $(BUILD)/tests/store-server
STORE_LOAD   := $(BUILD)/bench/store-load
STORE_CURVE  := $(BUILD)/bench/store-curve
STORE_SAME   := $(BUILD)/bench/store-compare
NOXEN        := $(BUILD)/tests/noxen.so

STORE_ENGINE := $(call objects,tool,guest-kernel/siphash.c \
	$(wildcard guest-kernel/store/*.c))
STORE_OBJS   := $(call objects,tool,$(filter-out %/noxen.c, \
	$(wildcard tests/store/*.c)))
$(STORE_ENGINE) $(STORE_OBJS): tool_FLAGS += -iquote guest-kernel

$(STORE_SERVER): $(BUILD)/tool/tests/store/server.o $(STORE_ENGINE)
$(STORE_CURVE): $(BUILD)/tool/tests/store/curve.o $(STORE_ENGINE)
$(STORE_LOAD): $(call objects,tool,tests/store/load.c tests/store/peer.c)
$(STORE_SAME): $(call objects,tool,tests/store/compare.c tests/store/peer.c)
$(STORE_SERVER) $(STORE_CURVE) $(STORE_LOAD) $(STORE_SAME):
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^

$(NOXEN): tests/store/noxen.c
	@mkdir -p $(@D)
	$(call say,tool,$<)
	$(Q)$(tool_CC) $(tool_FLAGS) -MF $(@:.so=.d) -fPIC -shared -o $@ $<

# All of these compile, whoever uses them.
TESTS += store-tools
.PHONY: store-tools store-server store-curve store-load
store-tools: store-load $(STORE_CURVE)
store-server: $(STORE_SERVER)
store-curve: $(STORE_CURVE)
	$(STORE_CURVE)
store-load: $(STORE_LOAD) $(STORE_SAME) $(STORE_SERVER) $(NOXEN)

# SPDX-License-Identifier: MIT
# libxenstore beside Debian's: the same programs with both, against our store.

XENSTORE_CLIENT := $(BUILD)/tests/libxenstore-client

# Against Debian's header, linked with our library.
$(XENSTORE_CLIENT): $(call objects,tool,tests/libxenstore/client.c) \
		$(BUILD)/lib/libxenstore.so.4
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $(filter %.o,$^) -L$(BUILD)/lib -lxenstore -lpthread

system: $(XENSTORE_CLIENT)

TESTS += libxenstore
.PHONY: libxenstore
libxenstore: $(XENSTORE_CLIENT) store-server
	@BUILD=$(BUILD) tests/libxenstore/compare

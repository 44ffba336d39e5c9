# SPDX-License-Identifier: MIT
# libxenstore: what takes the place of Debian's libxenstore.so.4 (shared), and
# an archive for our own programs.

XENSTORE_SRC := $(wildcard tools/libxenstore/*.c)
XENSTORE_MAP := tools/libxenstore/libxenstore.map
XENSTORE_SO  := $(BUILD)/lib/libxenstore.so.4
XENSTORE_A   := $(BUILD)/lib/libxenstore.a
TOOLS        += $(XENSTORE_SO) $(XENSTORE_A)

shared_CC    := $(CC)
shared_FLAGS  = $(tool_FLAGS) -fPIC
$(eval $(call world,shared))


$(XENSTORE_SO): $(call objects,shared,$(XENSTORE_SRC)) $(XENSTORE_MAP)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(shared_CC) -shared -pthread -Wl,-soname,libxenstore.so.4 \
		-Wl,--version-script=$(XENSTORE_MAP) -Wl,-z,defs -Wl,-z,now \
		-o $@ $(filter %.o,$^)
	@ln -sfn libxenstore.so.4 $(@D)/libxenstore.so

$(XENSTORE_A): $(call objects,tool,$(XENSTORE_SRC))
	@mkdir -p $(@D)
	$(call say,lib,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

install: install-libxenstore
.PHONY: install-libxenstore
install-libxenstore: all
	install -d $(DEST)/lib/scree
	install -m 644 $(XENSTORE_SO) $(DEST)/lib/scree
	ln -sfn libxenstore.so.4 $(DEST)/lib/scree/libxenstore.so

-include $(shell find $(BUILD)/shared -name '*.d' -type f 2>/dev/null)

# SPDX-License-Identifier: MIT
# The command `scree`.

SCREE       := $(BUILD)/bin/scree
SCREE_SRC   := $(wildcard tools/scree/*.c)
SCREE_FROM  := $(filter-out %/main.c,$(wildcard tools/bundle/*.c)) $(LIB_SRC)
TOOLS       += $(SCREE)
$(SCREE): $(call objects,tool,$(SCREE_SRC) $(SCREE_FROM)) $(XENSTORE_A)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^ $(LIB_LIBS) -lncurses -lm -lpthread

install: install-scree
.PHONY: install-scree
install-scree: all
	install -d $(DEST)/bin $(DEST)/share/man/man1 \
		$(DEST)/share/bash-completion/completions
	install $(SCREE) $(DEST)/bin
	install -m 644 tools/scree/man/scree.1 $(DEST)/share/man/man1
	install -m 644 tools/scree/completion/scree \
		$(DEST)/share/bash-completion/completions

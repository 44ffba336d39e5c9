# SPDX-License-Identifier: MIT
# The command `scree`.

SCREE       := $(BUILD)/bin/scree
SCREE_SRC   := $(wildcard tools/scree/*.c)
SCREE_FROM  := $(filter-out %/main.c,$(wildcard tools/bundle/*.c)) $(LIB_SRC)
TOOLS       += $(SCREE)
# What the unit tests link: no sockets, no terminal.
SCREE_PURE  := $(patsubst %,tools/scree/%.c,apply_plan args definition nearest outcome \
	rates request states text)

$(SCREE): $(call objects,tool,$(SCREE_SRC) $(SCREE_FROM)) $(XENSTORE_A)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^ $(LIB_LIBS) -lncurses -lm -lpthread

# SPDX-License-Identifier: MIT
# The daemon of a cell.

SCREED     := $(BUILD)/bin/screed
SCREED_SRC := $(filter-out %/main.c,$(wildcard tools/screed/*.c)) \
	$(filter-out %/main.c,$(wildcard tools/bundle/*.c)) \
	$(wildcard tools/lib/*.c)
SCREED_LIBS := -levent -lcjson -lmd -lpthread
TOOLS      += $(SCREED)

$(SCREED): $(call objects,tool,$(SCREED_SRC) tools/screed/main.c)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^ $(SCREED_LIBS)

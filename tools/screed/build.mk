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

# With the control domain, which is booted from lib/scree, and a systemd unit.
UNITS ?= $(PREFIX)/lib/systemd/system

.PHONY: install-screed
install: install-screed
install-screed: all
	install -d $(DEST)/bin $(DEST)/lib/scree/guests $(DESTDIR)$(UNITS)
	install $(SCREED) $(DEST)/bin
	install -m 644 $(BUILD)/guests/control.elf $(DEST)/lib/scree/guests
	sed 's|@PREFIX@|$(PREFIX)|' tools/screed/scree@.service \
		> $(DESTDIR)$(UNITS)/scree@.service
	chmod 644 $(DESTDIR)$(UNITS)/scree@.service

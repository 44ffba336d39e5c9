# SPDX-License-Identifier: MIT
# Programs for the host: each is made of the sources of one folder.

BUNDLE_TOOL := $(BUILD)/bin/scree-bundle
TOOLS       += $(BUNDLE_TOOL)

$(BUNDLE_TOOL): $(call objects,tool,$(wildcard tools/bundle/*.c))
	@mkdir -p $(@D)
	$(tool_CC) -o $@ $^

# A bundle of each cell that stands in the tree. Its images and files may be
# made by this build, so both are looked for below $(BUILD).
CELLS := $(patsubst cells/%.conf,%,$(wildcard cells/*.conf))

.PHONY: cells
cells: $(CELLS:%=$(BUILD)/cells/%.bundle)

$(BUILD)/cells/%.bundle: cells/%.conf $(BUNDLE_TOOL) $(GUESTS) \
		$(shell find cells -type f)
	@mkdir -p $(@D)
	$(BUNDLE_TOOL) -I $(BUILD)/guests -I $(BUILD) $< $@

# SPDX-License-Identifier: MIT
# The conformance guests: each source is a program conf-NAME (their rule is in
# tests/guests/build.mk), all of them are one cell. To run them by hand:
# make run CELL=pv-abi/conformance/cell.conf

CONF_BUNDLE := $(BUILD)/cells/conformance.bundle

$(CONF_BUNDLE): pv-abi/conformance/cell.conf $(BUILD)/bin/scree-bundle \
		$(patsubst pv-abi/conformance/%.c,$(BUILD)/guests/conf-%.elf,\
		$(wildcard pv-abi/conformance/*.c))
	@mkdir -p $(@D)
	$(call say,bundle,$@)
	$(Q)$(BUILD)/bin/scree-bundle -I $(BUILD)/guests $< $@

all: $(CONF_BUNDLE)

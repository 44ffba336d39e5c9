# SPDX-License-Identifier: MIT
# The conformance guests: each source is a program conf-NAME (their rule is in
# tests/guests/build.mk), all of them are one cell. To run them by hand:
# make run CELL=pv-abi/conformance/cell.conf

CONF_BUNDLE := $(BUILD)/cells/conformance.bundle
# and the one with a control domain
CONF_CONTROL := $(BUILD)/cells/control.bundle

# A guest of each frozen version, built with the headers of its day alone.
FROZEN := $(patsubst pv-abi/frozen/%/guest.c,$(BUILD)/guests/frozen-%.elf,\
	$(wildcard pv-abi/frozen/*/guest.c))

$(FROZEN): $(BUILD)/guests/frozen-%.elf: pv-abi/frozen/%/guest.c \
		pv-abi/frozen/%/entry.S pv-abi/frozen/%/guest.ld
	@mkdir -p $(@D)
	$(call say,frozen,$@)
	$(Q)$(CC) -std=gnu11 -O2 -ffreestanding -fno-pie -fno-stack-protector \
		-mgeneral-regs-only -I pv-abi/frozen/$* -nostdlib -static \
		-no-pie -Wl,-T,pv-abi/frozen/$*/guest.ld -Wl,--build-id=none \
		-Wl,-z,noexecstack -o $@ $(filter %.c %.S,$^)

$(CONF_BUNDLE): pv-abi/conformance/cell.conf
$(CONF_CONTROL): pv-abi/conformance/control.conf
$(CONF_BUNDLE) $(CONF_CONTROL): $(BUILD)/bin/scree-bundle \
		$(patsubst pv-abi/conformance/%.c,$(BUILD)/guests/conf-%.elf,\
		$(wildcard pv-abi/conformance/*.c)) $(FROZEN)
	@mkdir -p $(@D)
	$(call say,bundle,$@)
	$(Q)$(BUILD)/bin/scree-bundle -I $(BUILD)/guests $(filter %.conf,$^) $@

all: $(CONF_BUNDLE) $(CONF_CONTROL)

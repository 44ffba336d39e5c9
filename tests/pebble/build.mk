# SPDX-License-Identifier: MIT
# Guests on pebble that only tests use: one for each NAME.c, linked as the
# services are.

PEBBLE_TESTS := $(basename $(notdir $(wildcard tests/pebble/*.c)))

$(call objects,pebble,$(wildcard tests/pebble/*.c)): \
	| $(NEWLIB_A) $(LWIP_READY) $(PEBBLE_XEN)/xen
$(PEBBLE_TESTS:%=$(BUILD)/guests/%.elf): $(BUILD)/guests/%.elf: \
		$(BUILD)/pebble/tests/pebble/%.o \
		$(PEBBLE_OBJS) $(LWIP_OBJS) $(PEBBLE_LDS)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(pebble_CC) $(pebble_BASE) $(PEBBLE_LINK) -w -o $@ \
		$(filter %.o,$^) $(NEWLIB_A)

GUESTS += $(PEBBLE_TESTS:%=$(BUILD)/guests/%.elf)

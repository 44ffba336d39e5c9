# SPDX-License-Identifier: MIT
# Guests without libc: a program is NAME.c, or a directory NAME of sources. Each
# is linked with the small runtime (rt*.c, start.S) at SCREE_IMAGE_BASE. The
# conformance guests share runtime and rule.

RT     := $(wildcard tests/guests/rt*.c tests/guests/start.S)
RT_LDS := tests/guests/guest.ld

# $(call rt_guest,NAME,SOURCES)
define rt_guest
GUESTS += $$(BUILD)/guests/$(1).elf
$$(BUILD)/guests/$(1).elf: $(call objects,guest,$(2) $(RT)) $(RT_LDS)
	@mkdir -p $$(@D)
	$$(call say,link,$$@)
	$$(Q)$$(guest_CC) -nostdlib -static -no-pie -Wl,-T,$(RT_LDS) \
		-Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,-z,max-page-size=4096 -o $$@ $$(filter %.o,$$^)
endef

RT_FILES := $(filter-out $(RT),$(wildcard tests/guests/*.c))
RT_DIRS  := $(sort $(dir $(wildcard tests/guests/*/*.c)))
CONF     := $(wildcard pv-abi/conformance/*.c)

$(foreach f,$(RT_FILES),$(eval $(call rt_guest,$(basename $(notdir $(f))),$(f))))
$(foreach d,$(RT_DIRS),$(eval $(call \
	rt_guest,$(notdir $(d:/=)),$(wildcard $(d)*.c $(d)*.S))))
$(foreach f,$(CONF),$(eval $(call \
	rt_guest,conf-$(basename $(notdir $(f))),$(f))))

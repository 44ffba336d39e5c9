# SPDX-License-Identifier: MIT
# What can be said of the sources without running them.

CHECKS := format layers spdx shell abi-rows abi-frozen headers seam clang tidy

.PHONY: check $(CHECKS:%=check-%)
check: $(CHECKS:%=check-%)

check-format check-layers check-spdx check-shell check-abi-rows \
	check-abi-frozen: check-%:
	@tools/check/$*

check-headers:
	@tools/check/headers $(host_CC) $(filter-out -MMD -MP,$(host_FLAGS)) \
		-iquote drivers-generic -iquote guest-kernel $(GUEST_INCLUDES) \
		-iquote tests/guests -iquote tests/system

# The product is built with link-time optimisation; undefined names show
# without it.
check-seam:
	@+$(AGAIN) BUILD=$(BUILD)/plain LTO= \
		$(BUILD)/plain/portable.o
	@tools/check/seam $(BUILD)/plain/portable.o

$(BUILD)/portable.o: $(call objects,x86,$(PORTABLE) $(LOCK_PLAIN))
	$(call say,link,$@)
	$(Q)$(LD) -r -o $@ $^

# The second compiler builds what runs as the product and its unit tests.
check-clang:
	@+$(AGAIN) BUILD=$(BUILD)/clang CC=clang \
		hypervisor tools $(BUILD)/clang/unit/unit-tests

TIDY := $(PORTABLE) $(wildcard hypervisor/machine/host/*.c tools/*/*.c)

check-tidy:
	@printf '%s\n' $(TIDY) | xargs -P 2 -n 8 sh -c \
		'clang-tidy --quiet "$$@" -- -std=gnu11 $(INCLUDES) -I. -D_GNU_SOURCE= 2>&-' tidy

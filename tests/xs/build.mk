# SPDX-License-Identifier: MIT
# pebble's xs_ calls on this host: the guest's code, a ring made of memory and
# the real store behind it, in one sanitized program. (Not among the unit tests:
# libxenstore has functions of the same names.)

XS_SRC   := $(wildcard tests/xs/*.c guest-kernel/xs/*.c guest-kernel/store/*.c) \
	guest-kernel/siphash.c guest-kernel/text.c tests/runner.c
XS_TESTS := $(BUILD)/tests/xs-tests

$(XS_TESTS): $(call objects,host,$(XS_SRC))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(host_CC) $(host_FLAGS) -o $@ $^ -lcunit

TESTS += guest-xs
.PHONY: guest-xs
guest-xs: $(XS_TESTS)
	@timeout 300 $(XS_TESTS)

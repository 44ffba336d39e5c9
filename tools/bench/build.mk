# SPDX-License-Identifier: MIT
# make bench: everything that is measured, and the program that does it.

BENCH      := $(BUILD)/bin/scree-bench
BENCH_DIR  := $(BUILD)/bench
BENCH_BARE := $(BENCH_DIR)/bare.elf
BENCH_WWW  := $(BENCH_DIR)/www.made
BENCH_ECHO := $(BENCH_DIR)/udp_echo
BENCH_LINUX := $(BENCH_DIR)/linux/initrd
BENCH_CELLS := $(BUILD)/cells/bench.bundle $(BUILD)/cells/bench-net.bundle

$(BENCH): tool_FLAGS += -D_GNU_SOURCE
$(BENCH): $(call objects,tool,$(wildcard tools/bench/*.c))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^ -lcjson

$(eval $(call rt_guest,bench,$(wildcard tools/bench/guest/*.[cS])))

$(BENCH_BARE): $(call objects,guest,$(wildcard tools/bench/bare/*.[cS]))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(guest_CC) -nostdlib -static -no-pie -Wl,-Ttext-segment=0x200000 \
		-Wl,-e,start -Wl,--build-id=none -o $@ $^

# The bytes that both sides serve: a page of 17 KB and a stream of 8 MiB.
$(BENCH_WWW): tools/run/make-page
	@mkdir -p $(BENCH_DIR)/www
	$(Q)tools/run/make-page 17408 > $(BENCH_DIR)/www/index.html
	$(Q)head -c 8388608 /dev/urandom > $(BENCH_DIR)/www/stream.bin
	@touch $@

$(BENCH_ECHO): $(call objects,tool,tools/bench/linux/udp_echo.c)
	$(Q)$(tool_CC) -static -o $@ $^

$(BENCH_LINUX): tools/bench/linux/make-image $(BENCH_WWW) $(BENCH_ECHO)
	$(call say,linux,$@)
	$(Q)tools/bench/linux/make-image $(BENCH_DIR)/linux $(BENCH_DIR)/www \
		$(BENCH_ECHO)

$(BENCH_CELLS): $(BUILD)/cells/%.bundle: tools/bench/%.conf $(BUNDLE_TOOL) \
		$(GUESTS) $(BENCH_WWW)
	@mkdir -p $(@D)
	$(call say,bundle,$@)
	$(Q)$(BUNDLE_TOOL) -I $(BUILD)/guests -I $(BENCH_DIR) $< $@

# What scree-bench is told: BENCH_FLAGS="--only micro --repeats 5", say.
.PHONY: bench bench-built
bench: setup-bench
	@+$(AGAIN) bench-built

bench-built: all $(BENCH) $(BENCH_BARE) $(BENCH_CELLS) $(BENCH_LINUX) \
		store-tools
	@$(BENCH) --build $(BUILD) --out $(BENCH_DIR) $(BENCH_FLAGS)

# SPDX-License-Identifier: MIT
# Programs for the host: each is made of the sources of one folder.

BUNDLE_TOOL := $(BUILD)/bin/scree-bundle
TOOLS       += $(BUNDLE_TOOL)

$(BUNDLE_TOOL): $(call objects,tool,$(wildcard tools/bundle/*.c))
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(tool_CC) -o $@ $^

# What the web service serves: the pages of cells/www, and one of 17 KB made
# here, for measuring.
SITE := $(BUILD)/site.made

$(SITE): $(shell find cells/www -type f) tools/run/make-page
	$(call say,site,$(BUILD)/site)
	@rm -rf $(BUILD)/site && mkdir -p $(BUILD)/site
	@cp -p cells/www/* $(BUILD)/site/
	@tools/run/make-page 17408 > $(BUILD)/site/17k.html
	@touch $@

# A bundle of each cell that stands in the tree. Relative images and files are
# looked for beside the cell and in what this build makes.
CELLS := $(patsubst cells/%.conf,$(BUILD)/cells/%.bundle,$(wildcard \
	cells/*.conf))

.PHONY: cells
cells: $(CELLS)

$(CELLS): $(BUILD)/cells/%.bundle: cells/%.conf $(BUNDLE_TOOL) $(GUESTS) $(SITE)
	@mkdir -p $(@D)
	$(call say,bundle,$@)
	$(Q)$(BUNDLE_TOOL) -I $(BUILD)/guests -I $(BUILD) $< $@

# Settings of `make run` are described in tools/run/scree-run; they come from
# make's command line or the environment.
CELL ?= cells/services.conf
export CPUS MEMORY PORT RUN_SECONDS IMAGE FILES OPTIONS ACCEL

.PHONY: setup-run setup-test setup-bench run run-built
setup-run setup-test setup-bench: setup-%:
	@CACHE=$(CACHE) tools/setup/setup $*

# A make of its own after the set-up: what it installed decides what is built.
run: setup-run
	@+$(AGAIN) run-built

run-built: all
	@SCREE_LIB=$(BUILD) SCREE_BIN=$(BUILD)/bin CELL=$(CELL) exec \
		tools/run/scree-run

# A disk that boots by BIOS and by UEFI: GRUB hands the bundle over as the one
# module.
ISO := $(BUILD)/scree.iso

.PHONY: iso
iso: $(ISO)

$(ISO): $(HYPERVISOR) $(BUILD)/cells/services.bundle tools/run/grub.cfg
	$(call say,iso,$@)
	@rm -rf $(BUILD)/iso && mkdir -p $(BUILD)/iso/boot/grub
	@cp $(HYPERVISOR) $(BUILD)/iso/boot/scree.elf
	@cp $(BUILD)/cells/services.bundle $(BUILD)/iso/boot/cell.bundle
	@cp tools/run/grub.cfg $(BUILD)/iso/boot/grub/grub.cfg
	$(Q)grub-mkrescue -o $@ $(BUILD)/iso >$(BUILD)/iso.log 2>&1 || \
		{ cat $(BUILD)/iso.log; exit 1; }

# What scree-run looks for stands in lib/scree as it stands in $(BUILD).
SHIPPED := $(patsubst %,$(BUILD)/guests/%.elf,web dns echo hello)
DEST     = $(DESTDIR)$(PREFIX)

.PHONY: install
install: all
	install -d $(DEST)/bin $(DEST)/lib/scree/hypervisor \
		$(DEST)/lib/scree/guests $(DEST)/lib/scree/site \
		$(DEST)/lib/scree/cells $(DEST)/include/scree \
		$(DEST)/share/doc/scree
	install $(BUNDLE_TOOL) tools/run/scree-run $(DEST)/bin
	install -m 644 $(HYPERVISOR) $(DEST)/lib/scree/hypervisor
	install -m 644 $(filter $(SHIPPED),$(GUESTS)) $(DEST)/lib/scree/guests
	install -m 644 $(BUILD)/site/* $(DEST)/lib/scree/site
	install -m 644 cells/*.conf $(DEST)/lib/scree/cells
	install -m 644 pv-abi/scree/*.h $(DEST)/include/scree
	install -m 644 $(wildcard README.md) docs/*.md LICENSE $(DEST)/share/doc/scree

# SPDX-License-Identifier: MIT
#
# One make for everything; no recursion into folders. Each source is compiled
# once per world, into $(BUILD)/WORLD/path/of/source.o, with the flags of that
# world:
#
#   x86    the hypervisor as shipped: portable code + machine/x86
#   host   the same portable code + machine/host, as a sanitized Linux program
#   fuzz   as host, by clang, with coverage feedback
#   guest  programs that run inside domains, without libc
#   tool   ordinary Linux programs
#
# Folders bring their own rules in a build.mk. `make BUILD=/elsewhere` builds
# elsewhere; `make help` lists the targets.

ifeq ($(origin CC),default)
CC := gcc
endif
BUILD    ?= build
CACHE    ?= deps
PREFIX   ?= /usr/local
SANITIZE ?= address,undefined
LTO      ?= -flto=auto

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: FORCE

WARN     := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Werror
INCLUDES := -Ipv-abi -Ihypervisor
BASE     := -std=gnu11 -g $(WARN) -MMD -MP

x86_CC     := $(CC)
x86_FLAGS  := $(BASE) -O2 -ffreestanding -fpie -fvisibility=hidden \
	-mgeneral-regs-only -mno-red-zone -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables \
	-fno-omit-frame-pointer $(LTO) $(INCLUDES)
host_CC    := $(CC)
host_FLAGS := $(BASE) -O1 -fno-omit-frame-pointer $(INCLUDES) -I. \
	-iquote tests/unit -iquote tools/bundle $(COVERAGE) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all) \
	$(if $(findstring thread,$(SANITIZE)),-Wno-tsan)
fuzz_CC    := clang
fuzz_FLAGS := $(BASE) -O1 $(INCLUDES) -I. \
	-iquote tests/unit -iquote tools/bundle -iquote guest-kernel \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
guest_CC    := $(CC)
guest_FLAGS := $(BASE) -O2 -ffreestanding -fno-pie -fno-stack-protector \
	-mgeneral-regs-only -fcf-protection=none \
	-fno-asynchronous-unwind-tables -Ipv-abi \
	-Itests/guests
tool_CC    := $(CC)
tool_FLAGS := $(BASE) -O2 -Ipv-abi -I.

# For a make below this one: all processors, unless -j was given.
AGAIN = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# $(call objects,WORLD,SOURCES)
objects = $(patsubst %,$(BUILD)/$(1)/%.o,$(basename $(2)))

# Recipes show one short line each; make V=1 shows the commands.
Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

define world
$$(BUILD)/$(1)/%.o: %.c $$(BUILD)/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,$(1),$$<)
	$$(Q)$$($(1)_CC) $$($(1)_FLAGS) -c -o $$@ $$<
$$(BUILD)/$(1)/%.o: %.S $$(BUILD)/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,$(1),$$<)
	$$(Q)$$($(1)_CC) $$($(1)_FLAGS) -c -o $$@ $$<
endef
$(foreach w,x86 host fuzz guest tool,$(eval $(call world,$(w))))

# Changes only when compiler or flags do; every object of the world follows.
$(BUILD)/%.flags: FORCE
	@mkdir -p $(@D)
	@echo '$($*_CC) $($*_FLAGS)' | cmp -s - $@ || \
		echo '$($*_CC) $($*_FLAGS)' > $@

# Locks come in two kinds: plain in the product, checked everywhere else.
LOCK_PLAIN   := hypervisor/core/lock_plain.c
LOCK_CHECKED := hypervisor/core/lock_checked.c
PORTABLE := $(filter-out $(LOCK_PLAIN) $(LOCK_CHECKED), \
	$(wildcard hypervisor/base/*.c hypervisor/core/*.c \
	hypervisor/io/*.c hypervisor/system/*.c))

include $(wildcard hypervisor/machine/x86/build.mk guest-kernel/build.mk \
	pv-abi/conformance/build.mk tests/*/build.mk tools/build.mk tools/*/build.mk)

## make              hypervisor, guests, tools and bundles
## make run          install what is missing, build, run a cell in QEMU:
##                   CPUS= MEMORY= PORT= RUN_SECONDS= CELL= IMAGE= FILES=
## make test         install what is missing, build, check, run all tests
.PHONY: all hypervisor guests tools
all: hypervisor guests tools cells
hypervisor: $(HYPERVISOR)
guests: $(GUESTS)
tools: $(TOOLS)

# Everything that may fail, most telling first. A test that a folder brings is
# added to TESTS in its build.mk.
TESTS += all $(CHECKS:%=check-%) unit unit-tsan fuzz system

.PHONY: test
test: setup-test
	@+TALLY_MAKE="$(AGAIN)" BUILD=$(BUILD) tests/tally $(TESTS)

## make unit         the unit tests only; also: unit-tsan, system, check
## make coverage     line coverage of the portable files by the unit tests
## make fuzz         every fuzz target for FUZZ_SECONDS=60
## make bench        measure; see docs/benchmarks.md
## make iso          $(BUILD)/scree.iso, for BIOS and UEFI
## make install      below DESTDIR= and PREFIX=/usr/local
## make clean        remove what was built; distclean: what was fetched, too
## make V=1          show commands; SETUP=no: install nothing; BUILD=DIR
.PHONY: help clean distclean
help:
	@sed -n 's/^## //p' Makefile

clean:
	rm -rf $(BUILD)
distclean: clean
	rm -rf $(CACHE)

-include $(shell find $(BUILD)/x86 $(BUILD)/host $(BUILD)/fuzz \
	$(BUILD)/guest $(BUILD)/tool -name '*.d' -type f 2>/dev/null)

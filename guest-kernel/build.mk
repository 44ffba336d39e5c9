# SPDX-License-Identifier: MIT
# pebble: libc, lwIP, the library, and one guest for each
# guest-kernel/services/NAME.c.
#
# libc is newlib from /usr/src/newlib (package newlib-source), built once into
# $(CACHE)/newlib; lwIP is the Debian source package that tools/setup unpacked
# into $(CACHE)/lwip. `make distclean` forgets both.

NEWLIB         := $(CACHE)/newlib
NEWLIB_A       := $(NEWLIB)/x86_64-elf/lib/libc.a
NEWLIB_SOURCES := $(firstword $(wildcard /usr/src/newlib/newlib-*.tar.xz))
LWIP           := $(CACHE)/lwip
LWIP_READY     := $(LWIP)/src/core/init.c
GUEST_INCLUDES := -Iguest-kernel/net -isystem $(LWIP)/src/include

# Of the host's headers only Xen's.
PEBBLE_XEN   := $(BUILD)/pebble/include

# General registers only: a service needs no FPU, and does not touch its pages.
# Optimised as a whole: where jumps between pages are dear, as in an emulator,
# inlining pays.
PEBBLE_GCC   := $(if $(findstring clang,$(CC)),,yes)
PEBBLE_LTO   := $(if $(PEBBLE_GCC),-flto=auto)
pebble_CC    := $(CC)
pebble_BASE  := -std=gnu11 -g -O2 -MD -MP -fno-pie -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables -ffunction-sections \
	-fdata-sections $(PEBBLE_LTO) -mgeneral-regs-only -U_FORTIFY_SOURCE -nostdinc \
	-isystem $(NEWLIB)/x86_64-elf/include \
	-isystem $(shell $(CC) -print-file-name=include 2>&-) -isystem $(PEBBLE_XEN) \
	-Ipv-abi -I. -Iguest-kernel $(GUEST_INCLUDES)
pebble_FLAGS := $(pebble_BASE) $(WARN)
$(eval $(call world,pebble))

# newlib: small, reentrant structures shared, no system calls of its own.
$(NEWLIB_A):
	@test -n "$(NEWLIB_SOURCES)" || \
		{ echo "package newlib-source is missing: run tools/setup/setup run"; exit 1; }
	@rm -rf $(NEWLIB) $(NEWLIB).build
	@mkdir -p $(NEWLIB).build
	$(call say,libc,"$(NEWLIB_SOURCES) (half a minute)")
	@tar xf $(NEWLIB_SOURCES) -C $(NEWLIB).build --strip-components=1
	@prefix=$$(cd $(CACHE) && pwd)/newlib && cd $(NEWLIB).build && \
	mkdir objects && cd objects && \
	{ ../newlib/configure --host=x86_64-elf --prefix=$$prefix \
		--disable-multilib --disable-newlib-supplied-syscalls \
		--enable-newlib-nano-malloc --enable-newlib-nano-formatted-io \
		--enable-newlib-reent-small --enable-lite-exit \
		--disable-newlib-wide-orient --disable-newlib-mb \
		--disable-newlib-fvwrite-in-streamio \
		--disable-newlib-fseek-optimization \
		--disable-newlib-unbuf-stream-opt --disable-newlib-io-float \
		CC=gcc AR=ar RANLIB=ranlib AS=as \
		CFLAGS="-Os -ffunction-sections -fdata-sections -fno-pie \
		-fno-stack-protector -fcf-protection=none -fno-builtin \
		-fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE" && \
	$(MAKE) -j2 && $(MAKE) install; } > ../log 2>&1 || \
		{ tail -n 20 ../log; echo "libc did not build: $$(pwd)/../log"; \
		exit 1; }
	@rm -rf $(NEWLIB).build

$(LWIP_READY):
	@echo "the source of lwIP is missing from $(LWIP): run tools/setup/setup run"
	@exit 1

LWIP_NAMES := core/def core/inet_chksum core/init core/ip core/mem core/memp \
	core/netif core/pbuf core/stats core/tcp core/tcp_in core/tcp_out \
	core/timeouts core/udp core/ipv4/etharp core/ipv4/icmp core/ipv4/ip4 \
	core/ipv4/ip4_addr core/ipv4/ip4_frag netif/ethernet
LWIP_OBJS  := $(LWIP_NAMES:%=$(BUILD)/lwip/%.o)

# Not our code: without our warnings. Options and port are ours.
$(LWIP_OBJS): $(BUILD)/lwip/%.o: $(LWIP_READY) $(NEWLIB_A) \
		guest-kernel/net/lwipopts.h guest-kernel/net/arch/cc.h
	@mkdir -p $(@D)
	$(call say,lwip,$*.c)
	$(Q)$(pebble_CC) $(pebble_BASE) -w -c -o $@ $(LWIP)/src/$*.c

PEBBLE_SRC  := $(wildcard guest-kernel/*.c guest-kernel/*.S \
	guest-kernel/net/*.c guest-kernel/http/*.c guest-kernel/dns/*.c \
	guest-kernel/xs/*.c \
	drivers-generic/*_pv.c)
# What has no hypercalls in it: unit tests and fuzzers link it on the host.
PEBBLE_PURE := guest-kernel/siphash.c guest-kernel/text.c \
	guest-kernel/xs/client.c \
	guest-kernel/xs/events.c guest-kernel/net/checksum.c \
	guest-kernel/net/tcp_options.c \
	$(filter-out %/server.c,$(wildcard guest-kernel/http/*.c)) \
	$(filter-out %/follow.c %/forward.c,$(wildcard guest-kernel/dns/*.c))
# The control domain, and the store in it: no other service links them.
CONTROL_SRC  := $(wildcard guest-kernel/control/*.c guest-kernel/store/*.c)
CONTROL_OBJS := $(call objects,pebble,$(CONTROL_SRC))
PEBBLE_PURE  += $(filter-out %_pv.c %/heap.c,$(CONTROL_SRC))
host_FLAGS  += -iquote guest-kernel
PEBBLE_OBJS := $(call objects,pebble,$(PEBBLE_SRC))
PEBBLE_LDS  := guest-kernel/guest.ld
PEBBLE_LINK := -nostdlib -static -no-pie -Wl,-T,$(PEBBLE_LDS) \
	-Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096

# These headers must be there before anything of ours compiles.
$(PEBBLE_XEN)/xen:
	@mkdir -p $(@D)
	@ln -sfn /usr/include/xen $@
$(PEBBLE_OBJS) $(CONTROL_OBJS): | $(NEWLIB_A) $(LWIP_READY) $(PEBBLE_XEN)/xen

# memcpy and its family must not become calls of themselves.
$(BUILD)/pebble/guest-kernel/bytes.o: pebble_FLAGS += \
	-fno-builtin -fno-lto $(if $(PEBBLE_GCC),-fno-tree-loop-distribute-patterns)

# A service of pebble.
SERVICES := $(filter-out hello,$(basename $(notdir \
	$(wildcard guest-kernel/services/*.c))))
$(call objects,pebble,$(wildcard guest-kernel/services/*.c)): \
	| $(NEWLIB_A) $(LWIP_READY) $(PEBBLE_XEN)/xen
$(SERVICES:%=$(BUILD)/guests/%.elf): $(BUILD)/guests/%.elf: \
		$(BUILD)/pebble/guest-kernel/services/%.o \
		$(PEBBLE_OBJS) $(LWIP_OBJS) $(PEBBLE_LDS)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(pebble_CC) $(pebble_BASE) $(PEBBLE_LINK) -w -o $@ \
		$(filter %.o,$^) $(NEWLIB_A)

$(BUILD)/guests/control.elf: $(CONTROL_OBJS)

# hello stands alone: no library at all.
$(BUILD)/guests/hello.elf: $(BUILD)/guest/guest-kernel/services/hello.o \
		$(PEBBLE_LDS)
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(guest_CC) $(PEBBLE_LINK) -o $@ $<

GUESTS += $(SERVICES:%=$(BUILD)/guests/%.elf) $(BUILD)/guests/hello.elf
-include $(shell find $(BUILD)/pebble $(BUILD)/lwip -name '*.d' -type f \
	2>/dev/null)

# SPDX-License-Identifier: MIT
# The hypervisor as shipped. mem.c stays outside link-time optimisation: the
# compiler may emit calls of memcpy after it has dropped an unused one.

X86_SRC := $(PORTABLE) $(LOCK_PLAIN) $(wildcard hypervisor/machine/x86/*.c \
	hypervisor/machine/x86/*.S)
X86_LDS := hypervisor/machine/x86/scree.ld

HYPERVISOR := $(BUILD)/hypervisor/scree.elf

# Link-time optimisation first, into one object, because a link at a fixed
# address would drop -fpie; then the addresses.
$(HYPERVISOR): $(call objects,x86,$(X86_SRC)) $(X86_LDS)
	@mkdir -p $(@D)
	$(x86_CC) $(x86_FLAGS) -r -nostdlib \
		$(if $(findstring clang,$(x86_CC)),-fuse-ld=lld,-flinker-output=nolto-rel) \
		-o $(@D)/scree.o $(filter %.o,$^)
	$(x86_CC) -nostdlib -static -no-pie -Wl,-T,$(X86_LDS) \
		-Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,-z,max-page-size=4096 -o $@ $(@D)/scree.o

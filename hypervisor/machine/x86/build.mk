# SPDX-License-Identifier: MIT
#
# The hypervisor's link. In: PORTABLE (the portable sources), the x86 world's
# object rule `$(call objects,x86,SOURCES)` and its flags x86_CC, x86_FLAGS.
# Out: HYPERVISOR = $(BUILD)/hypervisor/scree.elf.
#
# Link-time optimisation runs once, into one relocatable object; that is linked
# twice: without names, and with the table of names that `nm` saw.

X86_DIR    := hypervisor/machine/x86
X86_OUT    := $(BUILD)/hypervisor
HYPERVISOR := $(X86_OUT)/scree.elf
X86_SOURCES := $(PORTABLE) $(LOCK_PLAIN) \
	$(wildcard $(X86_DIR)/*.c) \
	$(filter-out %.lds.S,$(wildcard $(X86_DIR)/*.S))
X86_LINK = $(x86_CC) -nostdlib -static -no-pie \
	-Wno-unused-command-line-argument -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096,-z,noexecstack,--no-warn-rwx-segments \
	-Wl,-T,$(X86_OUT)/scree.lds -fno-lto

$(X86_OUT)/scree.lds: $(X86_DIR)/scree.lds.S $(X86_DIR)/layout.h
	@mkdir -p $(@D)
	$(Q)$(x86_CC) -E -P -x c -D__ASSEMBLER__ $(INCLUDES) -o $@ $<

$(X86_OUT)/all.o: $(call objects,x86,$(X86_SOURCES))
	@mkdir -p $(@D)
	$(call say,lto,$@)
	$(Q)$(x86_CC) $(filter-out -MMD -MP,$(x86_FLAGS)) -r -nostdlib \
		$(if $(findstring clang,$(x86_CC)),-fuse-ld=lld,-flinker-output=nolto-rel) -o $@ $^

$(X86_OUT)/nosymbols.c: $(X86_DIR)/symbols.awk
	@mkdir -p $(@D)
	$(Q)awk -f $< < /dev/null > $@

$(X86_OUT)/first.elf: $(X86_OUT)/all.o $(X86_OUT)/nosymbols.o \
		$(X86_OUT)/scree.lds
	$(call say,link,$@)
	$(Q)$(X86_LINK) -o $@ $(filter %.o,$^)

$(X86_OUT)/symbols.c: $(X86_OUT)/first.elf $(X86_DIR)/symbols.awk
	$(Q)nm -n $< | awk -f $(X86_DIR)/symbols.awk > $@

$(X86_OUT)/symbols.o $(X86_OUT)/nosymbols.o: %.o: %.c
	$(Q)$(x86_CC) $(filter-out -MMD -MP -flto%,$(x86_FLAGS)) -c -o $@ $<

$(HYPERVISOR): $(X86_OUT)/all.o $(X86_OUT)/symbols.o $(X86_OUT)/scree.lds
	$(call say,link,$@)
	$(Q)$(X86_LINK) -o $@ $(filter %.o,$^)

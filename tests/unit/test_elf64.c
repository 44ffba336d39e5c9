/* SPDX-License-Identifier: MIT */
/*
 * The reader of guest images: one good file, built here byte by byte, and one
 * change at a time that must be refused for the right reason. Files are copied
 * to the end of an allocation of their own, so that reading past them is seen.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "elf64.h"
#include "scree/layout.h"
#include "unit.h"

void suite_elf64(void);

#define TEXT_AT   0x1000
#define DATA_AT   0x2000
#define NOTE_AT   0x400
#define SYM_AT    0x500
#define STR_AT    0x600
#define SH_AT     0x700
#define FILE_SIZE 0x2100

struct note_entry {
    Elf64_Nhdr header;
    char name[8];
    uint32_t note[sizeof(struct scree_note) / 4]; /* 4-aligned as in a file */
};

static struct image {
    Elf64_Ehdr h;
    Elf64_Phdr p[4]; /* text, data, note, spare */
    struct note_entry note;
    Elf64_Sym sym[5];
    char str[32];
    Elf64_Shdr s[3];
} good;

static void set_note(struct image *m, struct scree_note n)
{
    memcpy(m->note.note, &n, sizeof(n));
}

static void make_good(struct image *m)
{
    *m = (struct image){
        .h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
                          EV_CURRENT},
              .e_type = ET_EXEC,
              .e_machine = EM_X86_64,
              .e_version = EV_CURRENT,
              .e_entry = 0x100010,
              .e_phoff = sizeof(Elf64_Ehdr),
              .e_phentsize = sizeof(Elf64_Phdr),
              .e_phnum = 3,
              .e_shoff = SH_AT,
              .e_shentsize = sizeof(Elf64_Shdr),
              .e_shnum = 3},
        .p = {{PT_LOAD, PF_R | PF_X, TEXT_AT, 0x100000, 0, 0x100, 0x100,
               0x1000},
              {PT_LOAD, PF_R | PF_W, DATA_AT, 0x101000, 0, 0x100, 0x3000,
               0x1000},
              {PT_NOTE, PF_R, NOTE_AT, 0x100100, 0, sizeof(m->note),
               sizeof(m->note), 4},
              {PT_NULL, 0, 0, 0, 0, 0, 0, 0}},
        .note = {.header = {6, sizeof(struct scree_note), SCREE_NOTE_TYPE},
                 .name = SCREE_NOTE_NAME},
        .sym = {{0, 0, 0, 0, 0, 0},
                {1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x100020, 8},
                {7, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x100010, 16},
                {12, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x100010, 0},
                {1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, 0x101000, 8}},
        .str = "\0start\0main\0label\0evil\x1b",
        .s = {{0},
              {.sh_type = SHT_SYMTAB,
               .sh_offset = SYM_AT,
               .sh_size = sizeof(m->sym),
               .sh_link = 2,
               .sh_entsize = sizeof(Elf64_Sym)},
              {.sh_type = SHT_STRTAB,
               .sh_offset = STR_AT,
               .sh_size = sizeof(m->str)}},
    };
    set_note(m, (struct scree_note){1, 0, 0x10000, 0x1800});
}

/* The file of m, cut to size, at the end of its own allocation. */
static uint8_t *lay_out(const struct image *m, size_t size)
{
    static uint8_t whole[FILE_SIZE];
    uint8_t *file = malloc(size ? size : 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    memset(whole, 0x90, sizeof(whole));
    memcpy(whole, &m->h, sizeof(m->h));
    memcpy(whole + sizeof(m->h), m->p, sizeof(m->p));
    memcpy(whole + NOTE_AT, &m->note, sizeof(m->note));
    memcpy(whole + SYM_AT, m->sym, sizeof(m->sym));
    memcpy(whole + STR_AT, m->str, sizeof(m->str));
    memcpy(whole + SH_AT, m->s, sizeof(m->s));
    memcpy(file, whole, size);
    return file;
}

static void test_good_image(void)
{
    uint8_t *file;
    struct elf_image e;
    struct why w = {""};

    make_good(&good);
    file = lay_out(&good, FILE_SIZE);
    CU_ASSERT_TRUE(elf_read(&e, file, FILE_SIZE, &w));
    CU_ASSERT_STRING_EQUAL(w.text, "");
    CU_ASSERT_EQUAL(e.entry, 0x100010);
    CU_ASSERT_EQUAL_FATAL(e.segment_count, 2);
    CU_ASSERT_EQUAL(e.segments[0].flags, SCREE_SEGMENT_EXEC);
    CU_ASSERT_EQUAL(e.segments[1].flags, SCREE_SEGMENT_WRITE);
    CU_ASSERT_EQUAL(e.segments[1].memory_size, 0x3000);
    CU_ASSERT_EQUAL(e.segments[1].file_size, 0x100);
    CU_ASSERT_EQUAL(e.end, 0x104000);
    /* 4 pages of image, 2 of stack; the note's 16 pages are more */
    CU_ASSERT_EQUAL(elf_least_memory(&e), 0x10000);
    CU_ASSERT_EQUAL_FATAL(e.symbol_count, 2);
    CU_ASSERT_STRING_EQUAL(e.symbols[0].name, "main");
    CU_ASSERT_STRING_EQUAL(e.symbols[1].name, "start");
    elf_free(&e);
    free(file);
}

static void test_least_memory_is_what_image_and_stack_take(void)
{
    uint8_t *file;
    struct elf_image e;
    struct why w;

    make_good(&good);
    set_note(&good, (struct scree_note){1, 0, 0x1000, 0x1800});
    file = lay_out(&good, FILE_SIZE);
    CU_ASSERT_TRUE(elf_read(&e, file, FILE_SIZE, &w));
    CU_ASSERT_EQUAL(elf_least_memory(&e), 0x6000);
    elf_free(&e);
    free(file);
}

static void test_segment_that_begins_inside_a_page(void)
{
    uint8_t *file;
    struct elf_image e;
    struct why w;

    make_good(&good);
    good.p[1].p_vaddr = 0x101080;
    file = lay_out(&good, FILE_SIZE);
    CU_ASSERT_TRUE_FATAL(elf_read(&e, file, FILE_SIZE, &w));
    CU_ASSERT_EQUAL(e.segments[1].address, 0x101000);
    CU_ASSERT_EQUAL(e.segments[1].lead, 0x80);
    CU_ASSERT_EQUAL(e.segments[1].file_size, 0x180);
    CU_ASSERT_EQUAL(e.segments[1].memory_size, 0x3080);
    elf_free(&e);
    free(file);
}

/* One wrong thing each, applied to the good image. */
#define WRONG(name_, change_)                                                  \
    static void name_(struct image *m)                                         \
    {                                                                          \
        change_;                                                               \
    }
WRONG(magic, m->h.e_ident[0] = 0)
WRONG(class32, m->h.e_ident[EI_CLASS] = ELFCLASS32)
WRONG(big_endian, m->h.e_ident[EI_DATA] = ELFDATA2MSB)
WRONG(version, m->h.e_version = 2)
WRONG(machine, m->h.e_machine = EM_AARCH64)
WRONG(pie, m->h.e_type = ET_DYN)
WRONG(object, m->h.e_type = ET_REL)
WRONG(no_headers, m->h.e_phnum = 0)
WRONG(many_headers, m->h.e_phnum = 0xffff)
WRONG(far_headers, m->h.e_phoff = UINT64_MAX - 8)
WRONG(header_size, m->h.e_phentsize = 32)
WRONG(interpreter, m->p[2].p_type = PT_INTERP)
WRONG(dynamic, m->p[2].p_type = PT_DYNAMIC)
WRONG(no_note, m->p[2].p_type = PT_NULL)
WRONG(note_far, m->p[2].p_offset = UINT64_MAX)
WRONG(note_short, m->p[2].p_filesz = 30)
WRONG(note_name_wraps, m->note.header.n_namesz = UINT32_MAX)
WRONG(note_size_wraps, m->note.header.n_descsz = UINT32_MAX)
WRONG(note_major, m->note.note[0] = 2)
WRONG(note_minor, m->note.note[1] = 99)
WRONG(note_memory, m->note.note[3] = UINT32_MAX)
WRONG(note_stack, m->note.note[5] = UINT32_MAX)
WRONG(two_notes, m->h.e_phnum = 4; m->p[3] = m->p[2])
WRONG(entry_data, m->h.e_entry = 0x101000)
WRONG(entry_nowhere, m->h.e_entry = UINT64_MAX)
WRONG(file_bigger, m->p[0].p_filesz = 0x200)
WRONG(contents_far, m->p[1].p_offset = FILE_SIZE - 1)
WRONG(contents_wrap, m->p[1].p_offset = UINT64_MAX - 0x10)
WRONG(too_low, m->p[0].p_vaddr = 0xff000)
WRONG(too_high, m->p[1].p_vaddr = SCREE_GUEST_END)
WRONG(end_wraps, m->p[1].p_memsz = UINT64_MAX - 0x1000)
WRONG(write_exec, m->p[1].p_flags = PF_R | PF_W | PF_X)
WRONG(same_page, m->p[1].p_vaddr = 0x100800)
WRONG(order, m->p[0].p_vaddr = 0x200000)
WRONG(symbols_far, m->s[1].sh_offset = UINT64_MAX)
WRONG(symbol_size, m->s[1].sh_entsize = 8)
WRONG(symbol_link, m->s[1].sh_link = 9)
WRONG(symbol_name, m->sym[1].st_name = 1000)
WRONG(strings_open, memset(m->str, 'x', sizeof(m->str)))
WRONG(sections_far, m->h.e_shoff = UINT64_MAX - 1)

static const struct {
    void (*change)(struct image *m);
    const char *says;
} wrong[] = {
    {magic, "not an ELF file"},
    {class32, "not a 64-bit little-endian"},
    {big_endian, "not a 64-bit little-endian"},
    {version, "unknown ELF version"},
    {machine, "made for machine 183"},
    {pie, "position independent"},
    {object, "not a linked program"},
    {no_headers, "damaged program headers"},
    {many_headers, "damaged program headers"},
    {far_headers, "damaged program headers"},
    {header_size, "damaged program headers"},
    {interpreter, "dynamically linked"},
    {dynamic, "dynamically linked"},
    {no_note, "no scree note"},
    {note_far, "a note is not in the file"},
    {note_short, "no scree note"},
    {note_name_wraps, "no scree note"},
    {note_size_wraps, "no scree note"},
    {note_major, "built for ABI 2.0"},
    {note_minor, "built for ABI 1.99"},
    {note_memory, "asks for more memory"},
    {note_stack, "asks for more memory"},
    {two_notes, "more than one scree note"},
    {entry_data, "entry 0x101000 is not in an executable segment"},
    {entry_nowhere, "entry 0xffffffffffffffff is not"},
    {file_bigger, "contents are not in the file"},
    {contents_far, "contents are not in the file"},
    {contents_wrap, "contents are not in the file"},
    {too_low, "is outside a guest"},
    {too_high, "is outside a guest"},
    {end_wraps, "is outside a guest"},
    {write_exec, "writable and executable"},
    {same_page, "shares a page"},
    {order, "shares a page"},
    {symbols_far, "damaged symbol table"},
    {symbol_size, "damaged symbol table"},
    {symbol_link, "damaged symbol table"},
    {symbol_name, "damaged symbol table"},
    {strings_open, "damaged symbol table"},
    {sections_far, "damaged symbol table"},
};

static void test_refusals(void)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct elf_image e;
        struct why w = {""};
        uint8_t *file;
        bool taken;

        make_good(&good);
        wrong[i].change(&good);
        file = lay_out(&good, FILE_SIZE);
        taken = elf_read(&e, file, FILE_SIZE, &w);
        CU_ASSERT_FALSE(taken);
        if (!strstr(w.text, wrong[i].says)) {
            printf("\nwanted: %s, got: %s\n", wrong[i].says, w.text);
            CU_FAIL("wrong message");
        }
        elf_free(&e);
        free(file);
    }
}

static void test_every_cut_file_is_refused(void)
{
    make_good(&good);
    for (size_t size = 0; size < DATA_AT + 0x100; size += 3) {
        uint8_t *file = lay_out(&good, size);
        struct elf_image e;
        struct why w;

        CU_ASSERT_FALSE(elf_read(&e, file, size, &w));
        elf_free(&e);
        free(file);
    }
}

static void test_too_many_segments(void)
{
    static uint8_t file[0x3000];
    struct elf_image e;
    struct why w;

    make_good(&good);
    good.h.e_phnum = SCREE_SEGMENTS + 1;
    memcpy(file, &good.h, sizeof(good.h));
    for (unsigned i = 0; i <= SCREE_SEGMENTS; i++) {
        Elf64_Phdr p = good.p[0];
        p.p_vaddr += i * 0x1000ul;
        memcpy(file + sizeof(good.h) + i * sizeof(p), &p, sizeof(p));
    }
    CU_ASSERT_FALSE(elf_read(&e, file, sizeof(file), &w));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.text, "more than 8 segments"));
    elf_free(&e);
}

static void test_print_refuses_what_is_no_bundle(void)
{
    struct scree_bundle h = {.magic = SCREE_BUNDLE_MAGIC,
                             .version = SCREE_BUNDLE_VERSION,
                             .header_size = sizeof(h),
                             .size = sizeof(h),
                             .images = UINT64_MAX - 4,
                             .image_count = 1};
    FILE *null = fopen("/dev/null", "w");
    struct why w;

    CU_ASSERT_PTR_NOT_NULL_FATAL(null);
    CU_ASSERT_FALSE(bundle_print((uint8_t *)&h, sizeof(h), null, &w));
    h.images = sizeof(h);
    CU_ASSERT_FALSE(bundle_print((uint8_t *)&h, sizeof(h), null, &w));
    h.image_count = 0;
    CU_ASSERT_TRUE(bundle_print((uint8_t *)&h, sizeof(h), null, &w));
    h.domain_count = UINT32_MAX;
    CU_ASSERT_FALSE(bundle_print((uint8_t *)&h, sizeof(h), null, &w));
    CU_ASSERT_FALSE(bundle_print((uint8_t *)&h, 8, null, &w));
    h.magic = 0;
    CU_ASSERT_FALSE(bundle_print((uint8_t *)&h, sizeof(h), null, &w));
    fclose(null);
}

void suite_elf64(void)
{
    static const struct unit_test tests[] = {
        {"good image", test_good_image},
        {"least memory is what image and stack take",
         test_least_memory_is_what_image_and_stack_take},
        {"a segment that begins inside a page",
         test_segment_that_begins_inside_a_page},
        {"refusals", test_refusals},
        {"every cut file is refused", test_every_cut_file_is_refused},
        {"too many segments", test_too_many_segments},
        {"print refuses what is no bundle",
         test_print_refuses_what_is_no_bundle},
    };
    UNIT_SUITE("elf64", tests);
}

# SPDX-License-Identifier: MIT
# nm -n of the first link -> the table that backtrace.c searches.
# Usage: nm -n scree.first | awk -f symbols.awk > symbols.c
function digit(c) { return index("0123456789abcdef", c) - 1 }
function hex(s,   i, v) {
    v = 0
    for (i = length(s) - 7; i <= length(s); i++)
        v = v * 16 + digit(substr(s, i, 1))
    return v
}
BEGIN {
    print "/* Made by symbols.awk. */"
    print "#include \"machine/x86/backtrace.h\"\n"
    count = 0
    length_so_far = 0
}
$3 == "image_text" { base = hex($1); have = 1 }
have && ($2 == "t" || $2 == "T") && $3 !~ /^\.L/ && $3 != "image_text" &&
        $3 != "image_rodata" {
    name[count] = $3
    offset[count] = hex($1) - base
    count++
}
END {
    place = "__attribute__((section(\".symbols\"), used))"
    print place " const uint32_t symbol_count = " count ";"
    print place " const struct symbol symbols[" count + 1 "] = {"
    at = 0
    for (i = 0; i < count; i++) {
        print "    {" offset[i] ", " at "},"
        at += length(name[i]) + 1
    }
    print "    {0, 0}};"
    print place " const char symbol_names[] ="
    for (i = 0; i < count; i++)
        print "    \"" name[i] "\\0\""
    print "    \"\";"
}

/* SPDX-License-Identifier: MIT */
/* See paths.h. */
#define _GNU_SOURCE
#include "tools/lib/paths.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789-"

static bool join(struct path *out, const char *directory, const char *file,
                 struct error *e)
{
    struct path joined;
    int n = file ? snprintf(joined.text, PATH_ROOM, "%s/%s", directory, file)
                 : snprintf(joined.text, PATH_ROOM, "%s", directory);

    if (n >= PATH_ROOM)
        return error_set(e, "bad-request",
                         "the path of '%.200s...' has more than %d bytes; use "
                         "a shorter SCREE_HOME or SCREE_LIB",
                         directory, PATH_ROOM - 1);
    *out = joined;
    return true;
}

bool paths_is_cell(const char *name)
{
    size_t n = strlen(name);

    return n && n < CELL_NAME_ROOM && name[0] != '-' && name[n - 1] != '-' &&
           strspn(name, NAME_BYTES) == n;
}

static bool is_set(const char *value)
{
    return value && value[0];
}

static bool settle(const char *variable, struct error *e)
{
    const char *value = getenv(variable);
    char here[PATH_MAX];
    struct path p;

    if (!is_set(value) || value[0] == '/')
        return true;
    if (!getcwd(here, sizeof(here)))
        return error_set(e, "bad-request", "%s=%.200s: %s", variable, value,
                         strerror(errno));
    return join(&p, here, value, e) &&
           (!setenv(variable, p.text, 1) ||
            error_set(e, "no-memory", "out of memory"));
}

bool paths_settle(struct error *e)
{
    return settle("SCREE_HOME", e) && settle("SCREE_LIB", e);
}

bool paths_home(struct path *out, struct error *e)
{
    const char *home = getenv("SCREE_HOME");

    if (is_set(home))
        return join(out, home, NULL, e);
    if (geteuid() == 0)
        return join(out, "/var/lib/scree", NULL, e);
    home = getenv("HOME");
    if (!is_set(home))
        return error_set(e, "bad-request",
                         "neither SCREE_HOME nor HOME is set; set SCREE_HOME "
                         "to a directory of yours");
    return join(out, home, ".local/state/scree", e);
}

bool paths_cell(struct path *out, const char *cell, const char *file,
                struct error *e)
{
    struct path home, directory;

    if (!paths_is_cell(cell))
        return error_set(e, "bad-request",
                         "bad name of a cell '%.40s'; use up to %d of a-z, "
                         "0-9 and inner '-'",
                         cell, CELL_NAME_ROOM - 1);
    return paths_home(&home, e) && join(&directory, home.text, cell, e) &&
           join(out, directory.text, file, e);
}

/* The directory of the running program. */
static bool program_directory(struct path *out, struct error *e)
{
    ssize_t n = readlink("/proc/self/exe", out->text, PATH_ROOM - 1);
    char *slash;

    if (n < 0)
        return error_set(e, "not-possible", "/proc/self/exe: %s",
                         strerror(errno));
    out->text[n] = '\0';
    slash = strrchr(out->text, '/');
    if (slash)
        *slash = '\0';
    return true;
}

static bool is_there(const char *directory, const char *file)
{
    struct error ignored;
    struct path p;

    return join(&p, directory, file, &ignored) && !access(p.text, R_OK);
}

static bool library(struct path *out, struct error *e)
{
    static const char *const beside[] = {"../lib/scree", ".."};
    const char *set = getenv("SCREE_LIB");
    struct path here;

    if (is_set(set))
        return join(out, set, NULL, e);
    if (!program_directory(&here, e))
        return false;
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        if (join(out, here.text, beside[i], e) &&
            is_there(out->text, "hypervisor/scree.elf"))
            return true;
    return error_set(e, "not-possible",
                     "no hypervisor/scree.elf in %s/../lib/scree; build it "
                     "with 'make', or set SCREE_LIB",
                     here.text);
}

bool paths_library(struct path *out, const char *file, struct error *e)
{
    struct path directory;

    if (!library(&directory, e) || !join(out, directory.text, file, e))
        return false;
    if (file && access(out->text, R_OK))
        return error_set(e, "not-possible",
                         "%s: %s; build it with 'make', or set SCREE_LIB",
                         out->text, strerror(errno));
    return true;
}

bool paths_program(struct path *out, const char *name, struct error *e)
{
    struct path here;

    if (!program_directory(&here, e) || !join(out, here.text, name, e))
        return false;
    if (access(out->text, X_OK))
        return error_set(e, "not-possible", "%s: %s; build it with 'make'",
                         out->text, strerror(errno));
    return true;
}

static int is_cell_entry(const struct dirent *entry)
{
    return paths_is_cell(entry->d_name);
}

bool paths_cells(char ***names, size_t *count, struct error *e)
{
    struct dirent **entries;
    struct path home;
    int n;

    *names = NULL;
    *count = 0;
    if (!paths_home(&home, e))
        return false;
    n = scandir(home.text, &entries, is_cell_entry, alphasort);
    if (n < 0)
        return errno == ENOENT || error_set(e, "not-possible", "%s: %s",
                                            home.text, strerror(errno));
    *names = calloc((size_t)n + 1, sizeof(**names));
    for (int i = 0; i < n; i++) {
        struct path p;
        if (*names && paths_cell(&p, entries[i]->d_name, CELL_OPTIONS, e) &&
            !access(p.text, F_OK))
            (*names)[(*count)++] = strdup(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return *names || error_set(e, "no-memory", "out of memory");
}

/* It may have been there before: then it must be ours, and ours only. */
static bool make_private(const char *directory, struct error *e)
{
    struct stat st;

    if (lstat(directory, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return error_set(e, "not-possible",
                         "%s is not a directory of yours; remove it, or set "
                         "SCREE_HOME to another one",
                         directory);
    return !(st.st_mode & 077) || !chmod(directory, 0700) ||
           error_set(e, "not-possible", "cannot make %s private: %s", directory,
                     strerror(errno));
}

bool paths_make(const char *directory, struct error *e)
{
    struct path p = {""};

    if (!join(&p, directory, NULL, e))
        return false;
    for (char *at = p.text + 1;; at++) {
        char kept = *at;
        if (kept != '/' && kept)
            continue;
        *at = '\0';
        if (mkdir(p.text, 0700) && errno != EEXIST)
            return error_set(e, "not-possible",
                             "cannot make the directory %s: %s; set SCREE_HOME "
                             "to a directory that you may write to",
                             p.text, strerror(errno));
        *at = kept;
        if (!kept)
            return make_private(p.text, e);
    }
}

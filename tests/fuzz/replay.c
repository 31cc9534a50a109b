// SPDX-License-Identifier: MIT
//
// replay: runs every file of the given folders through a harness. Each input
// lies in memory of just its size, for the sanitizers' sake.

#include "harness.h"

#include <dirent.h>
#include <string.h>

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");

    FUZZ_CHECK(f != NULL && fseek(f, 0, SEEK_END) == 0);
    long size = ftell(f);
    FUZZ_CHECK(size >= 0);
    rewind(f);
    uint8_t *data = malloc((size_t)size + (size == 0));
    FUZZ_CHECK(data != NULL);
    FUZZ_CHECK(fread(data, 1, (size_t)size, f) == (size_t)size);
    fclose(f);
    (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        const struct dirent *entry;
        FUZZ_CHECK(folder != NULL);
        while ((entry = readdir(folder)) != NULL) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            replay_file(path);
            count++;
        }
        closedir(folder);
    }
    printf("%zu inputs\n", count);
    return count == 0; // a corpus that is not there holds nothing
}

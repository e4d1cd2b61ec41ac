/* Any octets as a settings file: refused with one line that names the file, or taken; what was
 * taken is printed, read again, and printed to the same text. */
#include "gateway/config/config.h"
#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory; its path. */
static const char *file_of(const void *data, size_t size)
{
    static int descriptor = -1;
    static char path[64];
    if (descriptor < 0) {
        descriptor = memfd_create("settings", MFD_CLOEXEC);
        CHECK(descriptor >= 0);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
    }
    CHECK(ftruncate(descriptor, 0) == 0);
    CHECK(pwrite(descriptor, data, size, 0) == (ssize_t)size);
    return path;
}

static char *printed(const struct config *config, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    CHECK(out != NULL);
    config_print(config, out);
    CHECK(fclose(out) == 0);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct config *again = NULL;
    struct config_error error = {{0}};
    CHECK(config_create(&config) == STATUS_OK);
    if (config_read_file(config, file_of(data, size), &error) != STATUS_OK) {
        CHECK(error.text[0] != '\0' && strchr(error.text, '\n') == NULL);
    }
    const struct api_config *values = config_values(config); /* whatever came, all is in range */
    CHECK(values->rooms_max >= 1 && values->rooms_max <= 10000);
    CHECK(values->store_queue >= 16 && values->workers <= 64);
    size_t len = 0;
    size_t again_len = 0;
    char *text = printed(config, &len);
    CHECK(config_create(&again) == STATUS_OK);
    if (config_read_file(again, file_of(text, len), &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n%s", error.text, text);
        CHECK(false);
    }
    char *second = printed(again, &again_len);
    CHECK(len == again_len && memcmp(text, second, len) == 0);
    free(text);
    free(second);
    config_destroy(config);
    config_destroy(again);
    return 0;
}

/* Loaded before the C library into a host that is about to lose its power: what it writes to a file of its folder is on the "disk" (a second
 * folder) only once the file was synced. At a given sync the process ends, before or after that sync has reached the disk. Everything that was
 * written since then, and never synced, is lost. Must change nothing that the host can see while it lives. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static long syncs;

/* Copies the file as it is now to the disk, in one step. */
static void reach_the_disk(const char *path, const char *name, const char *disk) {
    char half[PATH_MAX], whole[PATH_MAX], buffer[1 << 16];
    snprintf(half, sizeof half, "%s/%s.half", disk, name);
    snprintf(whole, sizeof whole, "%s/%s", disk, name);
    int from = open(path, O_RDONLY | O_CLOEXEC), to = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) {
        fprintf(stderr, "unsynced: %s: %s\n", path, strerror(errno));
        _exit(99);
    }
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        if (write(to, buffer, (size_t)got) != got) {
            _exit(99);
        }
    }
    close(from);
    close(to);
    if (got < 0 || rename(half, whole) != 0) {
        _exit(99);
    }
}

static int synced(int file) {
    const char *folder = getenv("UNSYNCED_FOLDER"), *disk = getenv("UNSYNCED_DISK"), *die_at = getenv("UNSYNCED_DIE_AT");
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    size_t depth = folder ? strlen(folder) : 0;
    if (!folder || !disk || length <= 0) {
        return 0;
    }
    path[length] = 0;
    /* Only files that lie in the folder itself. */
    if (strncmp(path, folder, depth) != 0 || path[depth] != '/' || strchr(path + depth + 1, '/')) {
        return 0;
    }
    pthread_mutex_lock(&one_at_a_time);
    syncs++;
    long last = die_at ? labs(atol(die_at)) : 0;
    if (last && syncs == last && die_at[0] == '-') {
        _exit(137);
    }
    reach_the_disk(path, path + depth + 1, disk);
    if (last && syncs == last) {
        _exit(137);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return 0;
}

int fsync(int file) { return synced(file); }
int fdatasync(int file) { return synced(file); }

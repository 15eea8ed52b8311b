/* Lets one call fail that a program makes to the system for a file, and moves its clock: loaded before the C library.
 *
 * IO_WITHIN   the folder whose files count
 * IO_EXCEPT   a part of paths that do not count, if any
 * IO_AT       which call fails, from 1; 0: none
 * IO_ERROR    with which number
 * IO_COUNT    the file that gets the number of calls, in the end
 * CLOCK_MOVED by how many seconds the clock of the system is wrong
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;
static long at, moved;
static int number;
static const char *within, *except, *count;

__attribute__((constructor)) static void begin(void) {
    const char *text;
    within = getenv("IO_WITHIN");
    except = getenv("IO_EXCEPT");
    count = getenv("IO_COUNT");
    at = (text = getenv("IO_AT")) ? atol(text) : 0;
    number = (text = getenv("IO_ERROR")) ? atoi(text) : EIO;
    moved = (text = getenv("CLOCK_MOVED")) ? atol(text) : 0;
}

__attribute__((destructor)) static void end(void) {
    if (!count) return;
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", (long)calls);
    long file = syscall(SYS_openat, AT_FDCWD, count, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file >= 0) {
        syscall(SYS_write, file, text, (size_t)length);
        syscall(SYS_close, file);
    }
}

/* Whether this call is the one that fails. */
static int fails_at(const char *path) {
    if (!within || !path || strncmp(path, within, strlen(within))) return 0;
    if (except && strstr(path, except)) return 0;
    if (atomic_fetch_add(&calls, 1) + 1 != at) return 0;
    errno = number;
    return 1;
}

static int fails(int file) {
    char link[64], path[PATH_MAX];
    if (!within) return 0;
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return fails_at(path);
}

/* A path of an open folder. */
static int fails_in(int folder, const char *name) {
    char link[64], path[PATH_MAX];
    if (name[0] == '/' || folder == AT_FDCWD) return fails_at(name);
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return fails_at(path);
}

#define REAL(type, name, ...)                                              \
    static type (*real)(__VA_ARGS__);                                      \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                                         \
    int name(const char *path, int flags, ...) {                           \
        REAL(int, name, const char *, int, ...);                           \
        va_list more;                                                      \
        va_start(more, flags);                                             \
        int mode = va_arg(more, int);                                      \
        va_end(more);                                                      \
        return fails_at(path) ? -1 : real(path, flags, mode);              \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                       \
    int name(int folder, const char *path, int flags, ...) {               \
        REAL(int, name, int, const char *, int, ...);                      \
        va_list more;                                                      \
        va_start(more, flags);                                             \
        int mode = va_arg(more, int);                                      \
        va_end(more);                                                      \
        return fails_in(folder, path) ? -1 : real(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define OF_FILE(type, name, parameters, arguments, ...)                    \
    type name parameters {                                                 \
        REAL(type, name, __VA_ARGS__);                                     \
        return fails(file) ? -1 : real arguments;                          \
    }
OF_FILE(ssize_t, read, (int file, void *to, size_t size), (file, to, size), int, void *, size_t)
OF_FILE(ssize_t, write, (int file, const void *from, size_t size), (file, from, size), int, const void *, size_t)
OF_FILE(ssize_t, pread64, (int file, void *to, size_t size, off64_t place), (file, to, size, place), int, void *, size_t, off64_t)
OF_FILE(ssize_t, pread, (int file, void *to, size_t size, off_t place), (file, to, size, place), int, void *, size_t, off_t)
OF_FILE(ssize_t, pwrite64, (int file, const void *from, size_t size, off64_t place), (file, from, size, place), int, const void *, size_t, off64_t)
OF_FILE(ssize_t, pwrite, (int file, const void *from, size_t size, off_t place), (file, from, size, place), int, const void *, size_t, off_t)
OF_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count), int, const struct iovec *, int)
OF_FILE(int, fsync, (int file), (file), int)
OF_FILE(int, fdatasync, (int file), (file), int)
OF_FILE(int, ftruncate, (int file, off_t size), (file, size), int, off_t)
OF_FILE(int, ftruncate64, (int file, off64_t size), (file, size), int, off64_t)

ssize_t copy_file_range(int from, off64_t *place, int to, off64_t *there, size_t size, unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t, unsigned);
    return fails(to) ? -1 : real(from, place, to, there, size, flags);
}

#define OF_PATH(name, parameters, arguments, ...)                          \
    int name parameters {                                                  \
        REAL(int, name, __VA_ARGS__);                                      \
        return fails_at(path) ? -1 : real arguments;                       \
    }
OF_PATH(rename, (const char *path, const char *to), (path, to), const char *, const char *)
OF_PATH(link, (const char *path, const char *to), (path, to), const char *, const char *)
OF_PATH(unlink, (const char *path), (path), const char *)
OF_PATH(rmdir, (const char *path), (path), const char *)
OF_PATH(mkdir, (const char *path, mode_t mode), (path, mode), const char *, mode_t)

int unlinkat(int folder, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    return fails_in(folder, path) ? -1 : real(folder, path, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(int, clock_gettime, clockid_t, struct timespec *);
    int said = real(clock, now);
    if (said == 0 && clock == CLOCK_REALTIME) now->tv_sec += moved;
    return said;
}

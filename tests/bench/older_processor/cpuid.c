/* Hides instruction sets from one process, so that a new processor answers as an older one would.
 *
 * CPUID is made to fault (arch_prctl, Linux on x86-64 with the processor flag cpuid_fault), and the fault's handler
 * answers in its place with the hidden bits cleared. /proc/cpuinfo is replaced by the file that BEAMSIDE_CPUINFO names.
 * BEAMSIDE_HIDE lists the bits of CPUID's leaf 7 to clear: sub-leaf.register.bit, registers 0 to 3 for EAX to EDX.
 * Loaded by LD_PRELOAD; __main__.py writes both variables.
 *
 * What is hidden can still be executed: this changes which code a library chooses, not what the processor is.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012 /* asm/prctl.h */
#define LEAF 7

static uint32_t hidden[2][4]; /* of sub-leaves 0 and 1: EAX, EBX, ECX, EDX */
static struct sigaction theirs; /* what the program wants to be done with real faults */

static void answer(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    if (info->si_code != SI_KERNEL || code[0] != 0x0f || code[1] != 0xa2) { /* no CPUID: a real fault */
        if (theirs.sa_flags & SA_SIGINFO)
            theirs.sa_sigaction(number, info, context);
        else if (theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN)
            theirs.sa_handler(number);
        else
            signal(SIGSEGV, SIG_DFL); /* returning repeats the fault, which ends the process now */
        return;
    }
    uint32_t leaf = registers[REG_RAX], sub = registers[REG_RCX], value[4];
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    __cpuid_count(leaf, sub, value[0], value[1], value[2], value[3]);
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
    for (int n = 0; n < 4 && leaf == LEAF && sub < 2; n++) value[n] &= ~hidden[sub][n];
    registers[REG_RAX] = value[0];
    registers[REG_RBX] = value[1];
    registers[REG_RCX] = value[2];
    registers[REG_RDX] = value[3];
    registers[REG_RIP] += 2;
}

/* Python's own fault handler, which pytest switches on, must not take the place of ours. */
int sigaction(int number, const struct sigaction *wanted, struct sigaction *before) {
    if (number != SIGSEGV) {
        int (*real)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_NEXT, "sigaction");
        return real(number, wanted, before);
    }
    if (before) *before = theirs;
    if (wanted) theirs = *wanted;
    return 0;
}

static const char *shown(const char *path) {
    const char *instead = getenv("BEAMSIDE_CPUINFO");
    return instead && !strcmp(path, "/proc/cpuinfo") ? instead : path;
}

#define OPEN(NAME)                                                            \
    int NAME(const char *path, int flags, ...) {                              \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                         \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #NAME);        \
        return real(shown(path), flags, mode);                                \
    }
OPEN(open)
OPEN(open64)

#define FOPEN(NAME)                                                          \
    FILE *NAME(const char *path, const char *mode) {                         \
        FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, #NAME); \
        return real(shown(path), mode);                                      \
    }
FOPEN(fopen)
FOPEN(fopen64)

__attribute__((constructor)) static void hide(void) {
    char *list = getenv("BEAMSIDE_HIDE");
    if (!list) return;
    for (char *rest = strdup(list), *one; (one = strsep(&rest, " "));) {
        unsigned sub, reg, bit;
        if (sscanf(one, "%u.%u.%u", &sub, &reg, &bit) == 3 && sub < 2 && reg < 4 && bit < 32)
            hidden[sub][reg] |= 1u << bit;
    }
    int (*real)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_NEXT, "sigaction");
    struct sigaction ours = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    if (real(SIGSEGV, &ours, &theirs) || syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0)) {
        perror("CPUID cannot be made to fault here");
        _exit(3);
    }
}

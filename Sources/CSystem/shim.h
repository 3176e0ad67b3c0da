#ifndef DELIVERY_CSYSTEM_H
#define DELIVERY_CSYSTEM_H
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* _GNU_SOURCE would show accept4, but it also changes types that Glibc's own module declares. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);

static inline int delivery_accept4(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Names the calling thread; prctl is variadic, which Swift does not import. */
static inline void delivery_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

static inline void delivery_interrupt(int signal) { (void)signal; }

/* flock(2) with a limit, which it has not: EWOULDBLOCK once the time is over. A timer interrupts the waiting thread with
   SIGURG, whose default is to be ignored; again and again, since the first one may come before the thread waits. */
static inline int delivery_flock_within(int fd, long milliseconds) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK && errno != EINTR) return -1;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = delivery_interrupt;
    sigemptyset(&action.sa_mask);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGURG;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    if (sigaction(SIGURG, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return -1;
    struct itimerspec wait = {
        .it_interval = {.tv_sec = 0, .tv_nsec = 20000000},
        .it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 + 1},
    };
    /* The thread may have every signal blocked. */
    sigset_t interruption, before;
    sigemptyset(&interruption);
    sigaddset(&interruption, SIGURG);
    pthread_sigmask(SIG_UNBLOCK, &interruption, &before);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + milliseconds;
    timer_settime(timer, 0, &wait, NULL);
    int result, error;
    do {
        result = flock(fd, LOCK_EX);
        error = errno;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (result != 0 && error == EINTR && now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end);
    timer_delete(timer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = result != 0 && error == EINTR ? EWOULDBLOCK : error;
    return result;
}
#endif

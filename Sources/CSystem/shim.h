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

/* _GNU_SOURCE would show accept4, but it also changes types that Glibc's own module declares. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);

static inline int delivery_accept4(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Names the calling thread; prctl is variadic, which Swift does not import. */
static inline void delivery_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}
#endif

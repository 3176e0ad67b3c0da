#ifndef DELIVERY_CSYSTEM_H
#define DELIVERY_CSYSTEM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>

/* accept4 and eventfd's and epoll's flags are enums or hidden behind _GNU_SOURCE in Glibc's own module. */
static inline int delivery_accept4(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Names the calling thread; prctl is variadic, which Swift does not import. */
static inline void delivery_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}
#endif

#ifndef DELIVERY_ALLOCATION_COUNTER_H
#define DELIVERY_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/// Starts or stops to count. While it does not count, an allocation costs one branch more than without this library.
void delivery_count_allocations(bool on);

/// Calls of malloc, calloc, realloc and their aligned variants by all threads while the count was on.
uint64_t delivery_allocation_count(void);

/// Octets that are allocated and not freed, in all arenas (mallinfo2(3)).
uint64_t delivery_heap_in_use(void);

#endif

#pragma once
#include <stddef.h>
#include <stdint.h>

// libFuzzer's own entry (llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a library"): the program keeps its `main`.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

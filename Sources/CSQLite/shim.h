#ifndef DELIVERY_CSQLITE_H
#define DELIVERY_CSQLITE_H
#include <sqlite3.h>
#endif

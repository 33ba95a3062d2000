#ifndef LOG_SINK_H
#define LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "log.h"

/* log_sink: where lines go.  Only log.c calls it; log_open, log_use and log_fd
 * are here too.  Write one whole line with its newline, never waiting; false
 * if it, or a part of it, was lost. */
bool log_sink_write(const char *p, size_t len, enum log_level);

#endif

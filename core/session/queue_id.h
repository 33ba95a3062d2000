#ifndef QUEUE_ID_H
#define QUEUE_ID_H

#include <stddef.h>

/*
 * queue_id: the name that a next hop gave a message, out of its 250.  There is
 * no grammar for it, only habits of servers; "" when none of them fits.
 */
void queue_id_parse(const char *text, char *out, size_t size);

#endif
